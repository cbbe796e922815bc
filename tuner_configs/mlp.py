"""How large an MLP: the search space of

    python -m keras_vision.tune --model mlp --target-acc 0.88 --strategy random

The first trial, with these defaults, should pass 88% of validation images of Fashion-MNIST by itself, on two cores.
"""

LADDER = tuple({"hidden_units": units} for units in ((16,), (32,), (64,), (128,), (256,), (256, 256), (512, 512)))


def model_space(hp):
    """Draws settings of `mlp`; images of every size fit."""
    layers = hp.Int("hidden_layers", 1, 3, default=2)
    units = hp.Choice("units", [128, 256, 512, 1024], default=512)
    return {
        "hidden_units": (units,) * layers,
        "activation": hp.Choice("activation", ["relu", "gelu", "tanh"], default="relu"),
        "dropout_rate": hp.Float("dropout_rate", 0.0, 0.4, step=0.1, default=0.0),
    }
