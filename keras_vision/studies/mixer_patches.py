"""MLP-Mixer by patch size: accuracy, size and time, and why the parameters are fewest in the middle."""

import itertools
import time

from keras_vision.studies.figures import colours_of, plot_lines
from keras_vision.studies.plan import PLAIN, PLAIN_WORDS, Case, Scale, Study, all_of, smoke
from keras_vision.studies.table import listed
from keras_vision.training.evaluation import predict_logits

ALIKE = 0.05  # accuracies closer than this count as alike, where the worst is not closer still
SIZES = {"smoke": (2, 4), "quick": (2, 4, 8, 16), "full": (2, 4, 8, 16)}
SMALL = {"hidden_dim": 64, "num_blocks": 2, "tokens_mlp_dim": 32, "channels_mlp_dim": 128}
TINY = {"hidden_dim": 8, "num_blocks": 1, "tokens_mlp_dim": 8, "channels_mlp_dim": 8}


def cases(scale):
    """Returns a case for each patch size."""
    return [Case(f"patch {size}", "mlp_mixer", {"patch_size": size}) for size in SIZES[scale]]


def measure(run, model, data):
    """Returns how long the model takes for the validation images."""
    predict_logits(model, data.validation.images)  # the first call of each size of batch compiles
    start = time.perf_counter()
    predict_logits(model, data.validation.images)
    return {"inference_seconds": time.perf_counter() - start}


def answer(table):
    """Small patches alike and the largest worst; the parameters fewest between."""
    *others, largest = table.cases
    reached = listed(f"{table.percent(case)} with {case}" for case in table.cases)
    fewest = table.best("parameters", lowest=True)
    first = (
        f"The validation accuracy is {reached}, and an epoch takes {table.number(others[0], 'epoch_seconds')} s "
        f"with {others[0]} and {table.number(largest, 'epoch_seconds')} s with {largest}."
    )
    second = (
        f"The parameters are fewest, {table.number(fewest, 'parameters')}, with {fewest}: the patches' own layer "
        "grows with the area of a patch, and the token mixing with the number of patches, which falls as fast."
    )
    is_worst = [table.above(other, largest) for other in others]
    gap = max(0.0, min(table.mean(other, "val_accuracy") for other in others) - table.mean(largest, "val_accuracy"))
    apart = [table.above(a, b, by=min(ALIKE, gap)) for a, b in itertools.permutations(others, 2)]
    return f"{first} {second}", all_of([*is_worst, *(None if one is None else not one for one in apart)])


def figures(table):
    """Draws parameters and times by patch size."""
    size = {case: int(case.split()[-1]) for case in table.cases}
    panels = {
        "parameters": {"parameters": "parameters"},
        "times": {"epoch_seconds": "a training epoch", "inference_seconds": "inference on the validation images"},
    }
    places = list(size.values())
    return {
        name: plot_lines(
            {
                label: (places, [table.mean(case, column) for case in size], None, None)
                for column, label in shown.items()
            },
            x="patch size, pixels",
            y="seconds" if name == "times" else "parameters",
            colours=colours_of([Case(label, "") for label in shown.values()]),
            log=("x", "y") if name == "times" else ("x",),
            places=places,
        )
        for name, shown in panels.items()
    }


STUDY = Study(
    question="What does an MLP-Mixer gain and pay with smaller or larger patches?",
    reported=(
        "patches of 2, 4 and 8 pixels do alike, 16 is worst; 2.38M, 2.19M, 2.18M and 2.31M parameters; one epoch over "
        "45,000 images in 34.0, 10.3, 4.6 and 2.9 s, inference on 5,000 in 1.5, 0.5, 0.3 and 0.2 s (its headings have "
        "the two times the other way round)."
    ),
    varied="the side of a patch",
    held_fixed=f"hidden size, blocks, both MLPs' widths; {PLAIN_WORDS}",
    scales={
        "smoke": smoke(TINY),
        "quick": Scale(
            PLAIN | {"epochs": 4},
            SMALL,
            seeds=3,
            note="2 blocks of hidden size 64 (MLPs of 32 and 128), 4 epochs; the source has 4 of 256 (128 and 1024).",
        ),
        "full": Scale(PLAIN | {"epochs": 30}),
    },
    cases=cases,
    measure=measure,
    columns={"epoch_seconds": "seconds an epoch", "inference_seconds": "seconds of inference in float32"},
    answer=answer,
    figures=(figures,),
    background=(
        f"Alike are accuracies less than {100 * ALIKE:.0f} points apart, and closer than the worst is to them; only "
        "accuracies are judged, the times being those of another machine. Why the parameters are fewest in the middle: "
        "with patches of p x p pixels of an s x s image in c channels, a hidden size h, n blocks and a token MLP of t "
        "units, the layer on the patches has c p² h weights and the token mixing has 2 n t (s/p)². The first grows "
        "with the area of a patch and the second shrinks with it; beside them only the n (s/p)² biases of the token "
        "mixing depend on p. The sum of both is least where they are equal, at p⁴ = 2 n t s² / (c h)."
    ),
)
