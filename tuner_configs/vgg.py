"""How large a VGG: the search space of

    python -m keras_vision.tune --model vgg --target-acc 0.9

The first trial, with these defaults, should pass 90% of validation images of Fashion-MNIST by itself, on two cores.
"""


def model_space(hp):
    """Draws settings of `vgg` that fit images of 8x8 pixels and more."""
    stages = hp.Int("stages", 2, 3, default=3)
    width = hp.Choice("width", [16, 24, 32, 48, 64], default=32)
    convs = hp.Int("convs_per_stage", 1, 2, default=1)
    return {
        "filters": tuple(width * 2**stage for stage in range(stages)),
        "blocks": (convs,) * stages,
        "kernel_size": hp.Choice("kernel_size", [3, 5], default=3),
        "dropout_rate": hp.Float("dropout_rate", 0.0, 0.3, step=0.1, default=0.0),
    }
