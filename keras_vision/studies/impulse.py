"""A linear map that commutes with shifts is a convolution: its answers, put together from those to impulses."""

import numpy as np
from keras.utils import set_random_seed

from keras_vision.analysis.impulse import impulse_response, linear_part, plot_impulse, superposed
from keras_vision.analysis.linearity import TEXTBOOK_SHAPE, measure, relative_error, textbook_maps
from keras_vision.models import build_model
from keras_vision.studies.claims import Claim, Judgement
from keras_vision.studies.plan import ALL_ALIKE, Study
from keras_vision.studies.table import number

SHAPE, CLASSES = (16, 16, 3), 10
EQUAL = 1e-4  # far above rounding in float32, far below a weight
BORDER = (2, 2)  # rows and columns that the padding of the largest kernel reaches
# case -> (family, its settings, the layer)
LAYERS = {
    "convolution 3x3": ("vgg", {"filters": (8, 8), "blocks": (1, 1)}, "block1_conv1"),
    "convolution 3x3, stride 2": ("resnet18", {"width": 4, "blocks": (1, 1)}, "stage2_block1_conv1"),
    "patches 2x2, stride 2": ("convmixer", {"hidden_dim": 8, "depth": 1}, "patches_conv"),
    "depthwise convolution 5x5": ("convmixer", {"hidden_dim": 8, "depth": 1}, "block1_depthwise_conv"),
}
DRAWN = ("convolution 3x3", "depthwise convolution 5x5")


def network_of(case, seed=0):
    """Returns (model with fresh weights, name of the layer) of a case."""
    family, settings, layer = LAYERS[case]
    set_random_seed(seed)
    return build_model(family, SHAPE, CLASSES, **settings), layer


def conduct(job):
    """Returns a row for each layer and each textbook map, with every seed."""
    rows = []
    for seed in range(job.seeds):
        rows += [_layer_row(case, seed) for case in LAYERS]
        rows += [
            {"case": case, "seed": seed} | _superposition(function, TEXTBOOK_SHAPE, strides, seed)
            for case, (function, strides) in textbook_maps(seed).items()
        ]
    return rows


def _layer_row(case, seed):
    model, name = network_of(case, seed)
    layer, found = model.get_layer(name), impulse_response(model, name)
    shape = layer.input.shape[1:]
    linear = linear_part(layer, shape)
    return {
        **{"case": case, "seed": seed},
        **_superposition(lambda images: np.asarray(linear(images)), shape, layer.strides, seed, BORDER),
        **{"kernel": "x".join(map(str, found.read.shape)), "difference": found.difference},
    }


def _superposition(function, shape, strides, seed, margins=(0, 0)):
    """Returns whether a map has both properties, and how far its answer to noise is from that made of impulses."""
    verdicts = measure(function, [shape], kind="", strides=strides, margins=margins, seed=seed).verdicts()
    image = np.random.default_rng(seed).standard_normal((1, *shape)).astype("float32")
    is_linear = verdicts["additivity"] and verdicts["homogeneity"]
    return {
        **{"linear": "yes" if is_linear else "no", "commutes": "yes" if verdicts["stride_shifts"] else "no"},
        **{"error": relative_error(superposed(function, image[0], strides), function(image)[0])},
    }


def answer(table):
    """How far answers are from those made of impulses: of maps with both properties, and of others."""
    maps, others = (len({row["case"] for row in rows}) for rows in split(table))
    return (
        f"The answers of {maps} maps that are linear and commute with shifts differ from sums of shifted answers to "
        f"impulses by at most {number(farthest(table))} of their size, those of {others} maps that lack one of the two "
        f"by at least {number(nearest(table))}. The kernels read from these answers, mirrored, differ from the stored "
        f"ones by at most {number(differing(table))}."
    )


def split(table):
    """Returns (rows of the maps that are linear and commute with shifts, rows of the others)."""
    has_both = {True: [], False: []}
    for row in table.rows:
        has_both[row["linear"] == row["commutes"] == "yes"].append(row)
    return has_both[True], has_both[False]


def farthest(table):
    """Returns the largest error of the maps with both properties."""
    return max(row["error"] for row in split(table)[0])


def nearest(table):
    """Returns the smallest error of the other maps."""
    return min(row["error"] for row in split(table)[1])


def differing(table):
    """Returns the largest difference of a kernel from the stored one."""
    return max(row["difference"] for row in table.rows if "difference" in row)


CLAIMS = (
    Claim(
        "A linear map that commutes with shifts is a convolution with its answer to an impulse",
        lambda table: Judgement(farthest(table) < EQUAL, f"relative error {number(farthest(table))} at most"),
        reason="An image is a sum of shifted impulses, and such a map takes sums to sums and shifts to shifts.",
    ),
    Claim(
        "A map that lacks one of the two properties is none",
        lambda table: Judgement(nearest(table) > EQUAL, f"relative error {number(nearest(table))} at least"),
        reason="A convolution has both.",
        is_ours=True,
    ),
    Claim(
        "The kernel that is read from the answer is the one that is stored, mirrored",
        lambda table: Judgement(differing(table) < EQUAL, f"they differ by {number(differing(table))} at most"),
        is_ours=True,
    ),
)


def figures(table):
    """Draws answers, what is read from them, and what is stored."""
    return {f"impulse_{case.split()[0]}": plot_impulse(impulse_response(*network_of(case))) for case in DRAWN}


STUDY = Study(
    question="Is a linear map that commutes with shifts a convolution, whose kernel is its answer to an impulse?",
    reported="a derivation that it is; nothing measured.",
    varied="the map: layers of the families, with random weights by seed, and maps that lack one of the properties",
    held_fixed="biases and activations of the layers are left out; the answers are those to one image of noise",
    scales=ALL_ALIKE,
    dataset=None,
    conduct=conduct,
    columns={
        "linear": "linear",
        "commutes": "commutes with shifts by its stride",
        "error": "answer from impulses, relative error",
        "kernel": "kernel",
        "difference": "kernel read back, largest difference",
    },
    answer=answer,
    claims=CLAIMS,
    figures=(figures,),
)
