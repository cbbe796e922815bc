"""MLP-Mixer by patch size: accuracy, size and time, and why the parameters are fewest in the middle."""

import itertools
import time

from keras_vision.studies.claims import Claim, Judgement, apart, below, counts, falls, no_number_of
from keras_vision.studies.figures import colours_of, plot_lines
from keras_vision.studies.plan import PLAIN, PLAIN_WORDS, Case, Scale, Study, all_of, shortened, smoke
from keras_vision.studies.table import listed
from keras_vision.training.evaluation import predict_logits

ALIKE = 0.05  # accuracies closer than this count as alike, where the worst is not closer still
SIZES = {"smoke": (2, 4), "quick": (2, 4, 8, 16)}
SIZES["source"] = SIZES["full"] = SIZES["quick"]
PATCHES, LARGEST = ("patch 2", "patch 4", "patch 8"), "patch 16"
# as reported, in millions
PARAMETERS = {"patch 2": 2.38, "patch 4": 2.19, "patch 8": 2.18, "patch 16": 2.31}
SMALL = {"hidden_dim": 64, "num_blocks": 2, "tokens_mlp_dim": 32, "channels_mlp_dim": 128}
TINY = {"hidden_dim": 8, "num_blocks": 1, "tokens_mlp_dim": 8, "channels_mlp_dim": 8}
FULL = Scale(PLAIN | {"epochs": 30})


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
    """Accuracy and time by patch size, and where the parameters are fewest."""
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
    return f"{first} {second}"


def are_alike(table):
    """Judges whether the smaller patches reach about the same, and are closer to each other than the largest is."""
    missing = [case for case in (*PATCHES, LARGEST) if not table.values(case, "val_accuracy")]
    if missing:
        return Judgement(None, "", no_number_of(listed(missing)))
    lowest = min(table.mean(case, "val_accuracy") for case in PATCHES)
    border = min(ALIKE, max(0.0, lowest - table.mean(LARGEST, "val_accuracy")))
    apart_by = {pair: table.above(*pair, by=border) for pair in itertools.permutations(PATCHES, 2)}
    held = all_of(None if one is None else not one for one in apart_by.values())
    words = "; ".join(apart(table, *pair) for pair in itertools.combinations(PATCHES, 2))
    border_words = f"{100 * border:.1f} points"
    because = f"the 95% interval of two of them holds {border_words}" if held is None else ""
    lacks = {b: table.difference(a, b).mean - border for (a, b), is_apart in apart_by.items() if is_apart}
    return Judgement(held, f"{words}; alike are taken to be less than {border_words} apart", because, (lacks,))


CLAIMS = (
    Claim("Patches of 2, 4 and 8 pixels do alike", are_alike),
    Claim("Patches of 16 pixels are worst", below(LARGEST, *PATCHES)),
    Claim(
        "There are 2.38, 2.19, 2.18 and 2.31 million parameters, by patch size",
        counts({case: 1e6 * millions for case, millions in PARAMETERS.items()}, about=0.003),  # as they are rounded
        is_of_networks=True,
    ),
    Claim(
        "The larger the patches, the shorter an epoch",
        falls("epoch_seconds", (*PATCHES, LARGEST), "seconds an epoch:"),
        is_of_networks=True,
    ),
    Claim(
        "The larger the patches, the shorter inference",
        falls("inference_seconds", (*PATCHES, LARGEST), "seconds of inference:"),
        is_of_networks=True,
    ),
)


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
        "source": shortened(FULL, by=3),
        "full": FULL,
    },
    cases=cases,
    measure=measure,
    columns={"epoch_seconds": "seconds an epoch", "inference_seconds": "seconds of inference in float32"},
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
    background=(
        f"Alike are accuracies less than {100 * ALIKE:.0f} points apart, and closer than the worst is to them; of the "
        "times, those of another machine, only their order is judged. Why the parameters are fewest in the middle: "
        "with patches of p x p pixels of an s x s image in c channels, a hidden size h, n blocks and a token MLP of t "
        "units, the layer on the patches has c p² h weights and the token mixing has 2 n t (s/p)². The first grows "
        "with the area of a patch and the second shrinks with it; beside them only the n (s/p)² biases of the token "
        "mixing depend on p. The sum of both is least where they are equal, at p⁴ = 2 n t s² / (c h)."
    ),
)
