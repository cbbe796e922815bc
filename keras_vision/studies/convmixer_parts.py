"""ConvMixer without one part at a time: what each contributes, and how signals and gradients flow without it."""

import keras

from keras_vision.models.blocks import HEADS, classify, take_pixels
from keras_vision.models.checks import check_patches
from keras_vision.models.convmixer import mixer_block, patch_embedding
from keras_vision.studies.claims import Claim, Judgement, below
from keras_vision.studies.figures import colours_of, plot_lines, spread_of
from keras_vision.studies.plan import Case, Scale, Study, shortened, smoke
from keras_vision.studies.probes import GRADIENT, kernel_gradients, kernel_layers, signal_strengths
from keras_vision.studies.table import listed, number, points

WHOLE = "whole"
# case -> (the part that it lacks, what differs in `without`)
PARTS = {
    "patches averaged": ("the patch encoding", {"encodes_patches": False}),
    "no skips": ("the skip connections", {"skips": False}),
    "flattened": ("the average pooling", {"head": "flatten"}),
    "ReLU": ("GELU", {"activation": "relu"}),
}
NAMED = ("patches averaged", "no skips", "flattened")  # what the source names as the largest contributions
FEW = 1_000_000  # weights; a ResNet18 has eleven times as many
FULL = Scale({"epochs": 20})


def without(
    input_shape,
    num_classes,
    *,
    patch_size=2,
    hidden_dim=256,
    depth=8,
    kernel_size=5,
    encodes_patches=True,
    skips=True,
    head="gap",
    activation="gelu",
):
    """Builds a ConvMixer without some of its parts; with the defaults, `convmixer` itself.

    Args:
        input_shape, num_classes, patch_size, hidden_dim, depth, kernel_size: As in `convmixer`.
        encodes_patches: False takes the mean of each patch in the place of its pixels.
        skips: Whether a shortcut leads around each depthwise convolution.
        head: "gap", or "flatten" to keep the positions apart.
        activation: "gelu" or "relu".
    """
    check_patches(input_shape, patch_size)
    pixels, x = take_pixels(input_shape)
    if not encodes_patches:
        x, patch_size = keras.layers.AveragePooling2D(patch_size, name="patches_mean")(x), 1
    x = patch_embedding(x, hidden_dim, patch_size, activation=activation, name="patches")
    for block in range(1, depth + 1):
        x = mixer_block(x, hidden_dim, kernel_size, skips=skips, activation=activation, name=f"block{block}")
    x = HEADS[head](name=f"head_{head}")(x)
    return keras.Model(pixels, classify(x, num_classes), name="convmixer")


def cases(scale):
    """Returns the whole network, and one case for each part that is taken away."""
    names = ("no skips",) if scale == "smoke" else PARTS
    parts = [Case(name, "convmixer", settings=PARTS[name][1], builder=without) for name in names]
    return [Case(WHOLE, "convmixer"), *parts]


def measure(run, model, data):
    """Returns signal and gradient at each layer with kernels, and how much of the gradient reaches the first."""
    gradients = kernel_gradients(model, data)
    return {
        "gradient_ratio": gradients[0] / gradients[-1] if gradients[-1] else None,
        "layers": [name.replace("_conv", "").replace("_", " ") for name in kernel_layers(model)],
        "gradients": gradients,
        "signals": signal_strengths(model, data),
    }


def answer(table):
    """What the whole network loses without each part, and what its gradients do."""
    changes = {case: table.mean(case, "val_accuracy") - table.mean(WHOLE, "val_accuracy") for case in table.cases[1:]}
    words = listed(f"{points(change)} without {PARTS[case][0]}" for case, change in changes.items())
    largest = min(changes, key=changes.get)
    return (
        f"The whole network's validation accuracy of {table.percent(WHOLE)} changes by {words}. "
        f"The largest contribution is that of {PARTS[largest][0]}; relative to the weights, the gradient at the first "
        f"layer is {table.number(WHOLE, 'gradient_ratio')} times that at the logits in the whole network and "
        f"{table.number(largest, 'gradient_ratio')} times without it."
    )


def has_few_parameters(table):
    """Judges whether the whole network has fewer parameters than are few."""
    counted = table.mean(WHOLE, "parameters")
    return Judgement(counted < FEW, f"{number(counted)}; few are taken to be fewer than {number(FEW)}")


CLAIMS = (
    Claim("A ConvMixer has few parameters", has_few_parameters, is_of_networks=True),
    *(
        Claim(f"It loses accuracy without {PARTS[case][0]}, and more than without GELU", below(case, WHOLE, "ReLU"))
        for case in NAMED
    ),
)


def figures(table):
    """Draws signal and gradient from layer to layer."""
    panels = {"signals": "output, standard deviation", "gradients": GRADIENT}
    names = dict(enumerate(table.values(WHOLE, "layers")[0], start=1))
    drawn = {}
    for column, label in panels.items():
        vectors = {case: table.values(case, column) for case in table.cases if table.values(case, column)}
        series = {case: (range(1, len(found[0]) + 1), *spread_of(found)) for case, found in vectors.items()}
        look = {"colours": colours_of(cases(table.scale)), "log": ("y",), "places": names}
        drawn[column] = plot_lines(series, x="layer, from pixels to logits", y=label, **look)
    return drawn


STUDY = Study(
    question="What does each part of a ConvMixer contribute, and how do signals and gradients flow without it?",
    reported=(
        "few parameters, and that the largest contributions come from the patch encoding, the skip connections and the "
        "average pooling; nothing of it was measured."
    ),
    varied="the part that is missing (of the patch encoding, each patch's mean is left; of the pooling, a flattening)",
    held_fixed="patch size, hidden size, depth, kernel size, and the family's recipe",
    scales={
        "smoke": smoke({"patch_size": 2, "hidden_dim": 8, "depth": 1, "kernel_size": 3}),
        "quick": Scale(
            {"epochs": 3},
            {"patch_size": 4, "hidden_dim": 64, "depth": 4},
            seeds=3,
            note="ConvMixer-64/4 on patches of 4 pixels for 3 epochs, in the place of ConvMixer-256/8 on 2.",
        ),
        "source": shortened(FULL, by=4),
        "full": FULL,
    },
    cases=cases,
    measure=measure,
    columns={"gradient_ratio": f"{GRADIENT}: first layer / logits"},
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
)
