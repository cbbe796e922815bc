"""CNN: the plain convolutional network whose every part can be taken away (LeCun et al. 1998, figure 2).

Its settings span the small experiments: how many filters, with or without pooling, skips, batch norm, dense layers.
With activation="linear" and pooling=None or "average" nothing non-linear is left.
"""

import keras

from keras_vision.models.blocks import (
    HEADS,
    POOLINGS,
    activate,
    add_shortcut,
    classify,
    conv_block,
    conv_norm,
    dense_block,
    take_pixels,
)
from keras_vision.models.checks import check_stages, checked


@checked
def cnn(
    input_shape,
    num_classes,
    *,
    filters=(32, 64, 128),
    convs_per_stage=1,
    kernel_size=3,
    activation="relu",
    pooling="max",
    residual=False,
    batch_norm=True,
    head="flatten",
    hidden_units=(),
):
    """Builds a plain convolutional network.

    Args:
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        filters: Filters of the convolutions, one number per stage.
        convs_per_stage: Convolutions in each stage.
        kernel_size: Side of the convolutions' kernels, in pixels.
        activation: "relu", "gelu", "tanh", "sigmoid" or "linear".
        pooling: "max" or "average" halves the image after each stage; None keeps its size.
        residual: Whether a shortcut leads around each stage's convolutions.
        batch_norm: Whether batch norm follows each convolution.
        head: "flatten" keeps the last stage's positions apart; "gap" averages over them.
        hidden_units: Units of the dense layers before the logits.

    Raises:
        BadInput: A setting out of range, or more pooled stages than the image has pixels for.

    Example:

    >>> cnn((28, 28, 1), 10, filters=(16,), pooling=None, head="gap")  # one convolution, then a global average
    """
    if pooling:
        check_stages(input_shape, [[(2, 2)]] * len(filters))
    pixels, x = take_pixels(input_shape)
    for stage, width in enumerate(filters, start=1):
        x = conv_stage(x, width, convs_per_stage, kernel_size, activation, batch_norm, residual, name=f"block{stage}")
        if pooling:
            x = POOLINGS[pooling](2, name=f"block{stage}_pool")(x)
    x = HEADS[head](name=f"head_{head}")(x)
    for layer, units in enumerate(hidden_units, start=1):
        x = dense_block(x, units, activation=activation, name=f"hidden{layer}")
    return keras.Model(pixels, classify(x, num_classes), name="cnn")


def conv_stage(x, filters, convs, kernel_size, activation, batch_norm, residual, *, name):
    """Convolutions of equal width; with `residual`, a shortcut joins them before the last activation."""
    stage_input = x
    for conv in range(1, convs + 1 - residual):
        x = conv_block(x, filters, kernel_size, activation=activation, batch_norm=batch_norm, name=f"{name}_conv{conv}")
    if not residual:
        return x
    x = conv_norm(x, filters, kernel_size, batch_norm=batch_norm, name=f"{name}_conv{convs}")
    x = add_shortcut(x, stage_input, batch_norm=batch_norm, name=name)
    return activate(x, activation, name=f"{name}_activation")
