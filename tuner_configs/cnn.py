"""How large a plain CNN: the search space of

    python -m keras_vision.tune --model cnn --dataset cifar10 --target-acc 0.78 --strategy random

The first trial, with these defaults, passes 78% of the validation images in its seventh epoch: 0.7830, after 1 min 47 s
from the start of the command on two cores (seed 0, images that had been stored as JPEG).
"""

LADDER = tuple(
    {"filters": filters, "convs_per_stage": convs, "head": "gap"}
    for filters, convs in (
        ((8,), 1),
        ((8, 16), 1),
        ((16, 32), 1),
        ((16, 32, 64), 1),
        ((32, 64, 128), 1),
        ((32, 64, 128), 2),
        ((64, 128, 256), 2),
    )
)

ALTERNATIVES = {"convolution": ("separable",)}  # about a ninth of the parameters at equal width


def model_space(hp):
    """Draws settings of `cnn` that fit images of 8x8 pixels and more."""
    settings = {
        "head": hp.Choice("head", ["flatten", "gap"], default="flatten"),
        "residual": hp.Boolean("residual", default=False),
        "pooling": hp.Choice("pooling", ["max", "average"], default="max"),
        "kernel_size": hp.Choice("kernel_size", [3, 5], default=3),
        "convs_per_stage": hp.Int("convs_per_stage", 1, 3, default=1),
    }
    stages = hp.Int("stages", 1, 3, default=3)
    width = hp.Choice("width", [16, 24, 32, 48, 64], default=32)
    return settings | {"filters": tuple(width * 2**stage for stage in range(stages))}
