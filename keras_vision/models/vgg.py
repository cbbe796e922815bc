"""VGG: stages of 3x3 convolutions, each stage closed by max pooling (Simonyan & Zisserman 2015, table 1).

Two things are newer than the paper: batch norm after each convolution (Ioffe & Szegedy 2015), and global average
pooling (Lin et al. 2014) in the place of two dense layers of 4,096 units, which held most of the weights.
"""

import keras

from keras_vision.models.blocks import HEADS, classify, conv_block, drop, take_pixels
from keras_vision.models.checks import check_same_length, check_stages, checked


@checked
def vgg(
    input_shape,
    num_classes,
    *,
    filters=(64, 128, 256),
    blocks=(1, 1, 2),
    kernel_size=3,
    pool_size=2,
    batch_norm=True,
    dropout_rate=0.0,
    head="gap",
):
    """Builds a VGG for small images.

    Args:
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        filters: Filters of the convolutions, one number per stage.
        blocks: Convolutions, one number per stage.
        kernel_size: Side of the convolutions' kernels, in pixels.
        pool_size: Side and stride of the max pooling that closes each stage, in pixels.
        batch_norm: Whether batch norm follows each convolution.
        dropout_rate: Share of the features dropped before the logits.
        head: "gap" averages over the last stage's positions; "flatten" keeps them apart.

    Raises:
        BadInput: A setting out of range, unequal lengths, or more stages than the image has pixels for.

    Example:

    >>> vgg((32, 32, 3), 10, filters=(64, 128, 256, 512, 512), blocks=(1, 1, 2, 2, 2))  # the paper's column A
    """
    check_same_length(filters=filters, blocks=blocks)
    check_stages(input_shape, len(filters), pool_size)
    pixels, x = take_pixels(input_shape)
    for stage, (width, convs) in enumerate(zip(filters, blocks, strict=True), start=1):
        for conv in range(1, convs + 1):
            x = conv_block(x, width, kernel_size, batch_norm=batch_norm, name=f"block{stage}_conv{conv}")
        x = keras.layers.MaxPooling2D(pool_size, name=f"block{stage}_pool")(x)
    x = HEADS[head](name=f"head_{head}")(x)
    x = drop(x, dropout_rate, name="head_dropout")
    return keras.Model(pixels, classify(x, num_classes), name="vgg")
