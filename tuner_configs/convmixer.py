"""How large a ConvMixer: the search space of

    python -m keras_vision.tune --model convmixer --target-acc 0.91 --strategy random

The first trial, with these defaults, should pass 91% of validation images of Fashion-MNIST by itself, on two cores.
"""

LADDER = tuple(
    {"hidden_dim": dim, "depth": depth}
    for dim, depth in ((16, 1), (32, 1), (32, 2), (64, 2), (64, 4), (128, 4), (128, 8), (256, 8))
)


def model_space(hp):
    """Draws settings of `convmixer` that fit images whose sides are multiples of four pixels."""
    return {
        "patch_size": hp.Choice("patch_size", [2, 4], default=2),
        "hidden_dim": hp.Choice("hidden_dim", [64, 96, 128, 192, 256], default=96),
        "depth": hp.Int("depth", 2, 8, default=4),
        "kernel_size": hp.Choice("kernel_size", [3, 5, 7], default=5),
    }
