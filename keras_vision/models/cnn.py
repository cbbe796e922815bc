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
    convolution="full",
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
        convolution: "full", or "separable": a filter for each channel, then a 1x1 convolution. Full for pixels.
        activation: "relu", "gelu", "tanh", "sigmoid", "linear", or "prelu", which learns a slope for negative values.
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
    form = {"kernel_size": kernel_size, "activation": activation, "batch_norm": batch_norm}
    for stage, width in enumerate(filters, start=1):
        kinds = ["full" if stage == 1 else convolution] + [convolution] * (convs_per_stage - 1)
        x = conv_stage(x, width, kinds, residual, form, name=f"block{stage}")
        if pooling:
            x = POOLINGS[pooling](2, name=f"block{stage}_pool")(x)
    x = HEADS[head](name=f"head_{head}")(x)
    for layer, units in enumerate(hidden_units, start=1):
        x = dense_block(x, units, activation=activation, name=f"hidden{layer}")
    return keras.Model(pixels, classify(x, num_classes), name="cnn")


def conv_stage(x, filters, kinds, residual, form, *, name):
    """Convolutions of equal width; with `residual`, a shortcut joins them before the last activation.

    Args:
        x: (batch, height, width, channels).
        filters: Of each convolution.
        kinds: What kind each is, in their order.
        residual: Whether there is a shortcut.
        form: What all have in common: kernel_size, activation, batch_norm.
        name: Of the stage.
    """
    stage_input, whole = x, len(kinds) - residual
    for conv, convolution in enumerate(kinds[:whole], start=1):
        x = conv_block(x, filters, **form, convolution=convolution, name=f"{name}_conv{conv}")
    if not residual:
        return x
    norm = {one: form[one] for one in ("kernel_size", "batch_norm")}
    x = conv_norm(x, filters, **norm, convolution=kinds[-1], name=f"{name}_conv{len(kinds)}")
    x = add_shortcut(x, stage_input, batch_norm=form["batch_norm"], name=name)
    return activate(x, form["activation"], name=f"{name}_activation")
