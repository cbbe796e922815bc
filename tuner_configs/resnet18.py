"""How wide a ResNet18: the search space of

    python -m keras_vision.tune --model resnet18 --target-acc 0.92 --strategy random

The defaults are a quarter as wide as the paper's network, with 0.7 million weights for its 11: sixteen times less work,
which two cores can do, and enough to pass 92% of validation images of Fashion-MNIST.
"""

LADDER = (
    {"width": 4, "blocks": (1, 1)},
    {"width": 8, "blocks": (1, 1)},
    {"width": 8, "blocks": (1, 1, 1)},
    {"width": 16, "blocks": (1, 1, 1)},
    {"width": 16, "blocks": (2, 2, 2, 2)},
    {"width": 32, "blocks": (2, 2, 2, 2)},
    {"width": 64, "blocks": (2, 2, 2, 2)},
)


def model_space(hp):
    """Draws settings of `resnet18`; images of every size fit."""
    return {
        "width": hp.Choice("width", [8, 16, 32, 64], default=16),
        "dropout_rate": hp.Float("dropout_rate", 0.0, 0.3, step=0.1, default=0.0),
    }
