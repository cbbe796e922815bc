"""How large a VGG: the search space of

    python -m keras_vision.tune --model vgg --target-acc 0.9

On Fashion-MNIST the first trial, with these defaults, passes 90% of the validation images in its fourth epoch: 0.9085,
after 61 s from the start of the command on two cores (seed 0).
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
