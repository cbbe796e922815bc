"""ResNet18: four stages of two residual blocks (He et al. 2016, "Deep residual learning", table 1 and section 4.2).

For images of about 32 pixels the stem is one 3x3 convolution without pooling, as in the paper's CIFAR-10 networks; the
stages are those of its ImageNet network.
"""

import keras

from keras_vision.models.blocks import activate, add_shortcut, classify, conv_block, conv_norm, drop, take_pixels
from keras_vision.models.checks import check_stages, checked
from keras_vision.models.whitening import whiten


@checked
def resnet18(
    input_shape,
    num_classes,
    *,
    width=64,
    blocks=(2, 2, 2, 2),
    activation="relu",
    residual=True,
    whitening=False,
    dropout_rate=0.0,
):
    """Builds a ResNet of basic blocks. It fits images of every size, with `whitening` from 2x2 pixels.

    Args:
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        width: Filters of the first stage; each later stage has twice those of the one before, on half the image.
        blocks: Residual blocks, one number per stage.
        activation: "relu", "gelu", "tanh", "sigmoid" or "linear".
        residual: False takes the shortcuts away, which leaves the paper's "plain" network.
        whitening: Whether fixed filters that decorrelate patches of 2x2 pixels come first (Jordan 2024,
            arXiv:2404.00498, section 3.2).
        dropout_rate: Share of the features dropped before the logits.

    Raises:
        BadInput: A setting out of range.

    Example:

    >>> resnet18((32, 32, 3), 10)  # 11,173,962 trainable weights
    """
    if whitening:
        check_stages(input_shape, [[(2, 1)]])
    pixels, x = take_pixels(input_shape)
    x = whiten(x) if whitening else x
    x = conv_block(x, width, 3, activation=activation, name="stem_conv")
    for stage, count in enumerate(blocks, start=1):
        for block in range(1, count + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            name = f"stage{stage}_block{block}"
            x = basic_block(x, width * 2 ** (stage - 1), strides, activation, residual, name=name)
    x = keras.layers.GlobalAveragePooling2D(name="head_gap")(x)
    x = drop(x, dropout_rate, name="head_dropout")
    return keras.Model(pixels, classify(x, num_classes), name="resnet18")


def basic_block(x, filters, strides, activation, residual, *, name):
    """Two 3x3 convolutions and a shortcut around both; the activation follows the sum (figure 2)."""
    shortcut = x
    x = conv_block(x, filters, 3, strides=strides, activation=activation, name=f"{name}_conv1")
    x = conv_norm(x, filters, 3, name=f"{name}_conv2")
    if residual:
        x = add_shortcut(x, shortcut, strides=strides, name=name)
    return activate(x, activation, name=f"{name}_activation")
