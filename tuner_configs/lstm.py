"""How large an LSTM over image rows: the search space of

    python -m keras_vision.tune --model lstm --target-acc 0.88 --strategy random

The first trial, with these defaults, should pass 88% of validation images of Fashion-MNIST by itself, on two cores.
"""

LADDER = tuple(
    {"units": units, "layers": layers} for units, layers in ((16, 1), (32, 1), (64, 1), (128, 1), (256, 1), (256, 2))
)


def model_space(hp):
    """Draws settings of `lstm`; images of every size fit."""
    return {
        "units": hp.Choice("units", [64, 128, 256], default=128),
        "layers": hp.Int("layers", 1, 2, default=1),
        "bidirectional": hp.Boolean("bidirectional", default=False),
        "dropout_rate": hp.Float("dropout_rate", 0.0, 0.4, step=0.1, default=0.0),
    }
