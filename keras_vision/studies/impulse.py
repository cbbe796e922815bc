"""A linear layer that commutes with shifts is a convolution: its kernel, read back from its answers to impulses."""

from keras.utils import set_random_seed

from keras_vision.analysis.impulse import impulse_response, plot_impulse
from keras_vision.models import build_model
from keras_vision.studies.plan import SCALES, Scale, Study
from keras_vision.studies.table import number

SHAPE, CLASSES = (16, 16, 3), 10
EQUAL = 1e-4  # far above rounding in float32, far below a weight
# case -> (family, its settings, the layer)
LAYERS = {
    "convolution 3x3": ("vgg", {"filters": (8, 8), "blocks": (1, 1)}, "block1_conv1"),
    "convolution 3x3, stride 2": ("resnet18", {"width": 4, "blocks": (1, 1)}, "stage2_block1_conv1"),
    "patches 2x2, stride 2": ("convmixer", {"hidden_dim": 8, "depth": 1}, "patches_conv"),
    "depthwise convolution 5x5": ("convmixer", {"hidden_dim": 8, "depth": 1}, "block1_depthwise_conv"),
    "dense layer": ("mlp", {"hidden_units": (8,)}, "block1_dense"),
}
DRAWN = ("convolution 3x3", "depthwise convolution 5x5")


def respond(case, seed=0):
    """Returns the `Impulse` of a case, with fresh weights."""
    family, settings, layer = LAYERS[case]
    set_random_seed(seed)
    return impulse_response(build_model(family, SHAPE, CLASSES, **settings), layer)


def conduct(job):
    """Returns a row for each layer and seed."""
    found = {(case, seed): respond(case, seed) for case in LAYERS for seed in range(job.seeds)}
    return [
        {
            **{"case": case, "seed": seed, "layer": f"{LAYERS[case][0]}, {LAYERS[case][2]}"},
            **{"kernel": "x".join(map(str, one.read.shape)), "difference": one.difference},
        }
        for (case, seed), one in found.items()
    ]


def answer(table):
    """What is read back is what is stored."""
    largest = max(row["difference"] for row in table.rows)
    text = (
        f"Over {len(table.rows)} layers with random weights, the kernel read from the answers to unit impulses differs "
        f"from the stored one by at most {number(largest)}. "
        "So the answers to impulses are the kernel, mirrored, as the derivation says."
    )
    return text, largest < EQUAL


def figures(table):
    """Draws answers, what is read from them, and what is stored."""
    return {f"impulse_{case.split()[0]}": plot_impulse(respond(case)) for case in DRAWN}


STUDY = Study(
    name="impulse",
    summary="Kernels read back from unit impulses",
    source="report 003, theory 1 (E14)",
    question="Is a linear layer that commutes with shifts a convolution, whose kernel is its answer to an impulse?",
    reported="a derivation that it is; nothing measured.",
    varied="the kind of layer, and its random weights by seed",
    held_fixed="images of 16x16 in 3 channels; biases and activations are left out",
    scales=dict.fromkeys(SCALES, Scale()),
    dataset=None,
    conduct=conduct,
    columns={"layer": "layer", "kernel": "kernel", "difference": "largest difference"},
    answer=answer,
    figures=(figures,),
)
