"""VGG: stages of 3x3 convolutions, each stage closed by max pooling (Simonyan & Zisserman 2015, table 1).

Newer than the paper are batch norm after each convolution (Ioffe & Szegedy 2015); convolutions that start as the
identity (Jordan 2024); and global average pooling (Lin et al. 2014) in the place of two dense layers of 4,096 units,
which held most of the weights.
"""

import dataclasses
import math

import keras

from keras_vision.models.blocks import HEADS, classify, conv_block, drop, take_pixels
from keras_vision.models.checks import check_same_length, check_stages, checked
from keras_vision.models.whitening import whiten

LEAST_SIDE = 32  # of images, in pixels, that the network for small ones is made for


def default_strides(input_shape):
    """Returns the step of the first convolution: 2 where images have twice the pixels that small ones have, else 1.

    Example:

    >>> default_strides((32, 32, 3)), default_strides((64, 64, 3))
    (1, 2)
    """
    return 2 if halvings(input_shape) else 1


def default_filters(input_shape, strides=1):
    """Returns the filters of each stage: 64, 128 and 256, with narrower stages before these where images are larger.

    Each of them halves the image, as long strides do, so that what follows sees as many positions, and costs as much,
    as with small images.

    Example:

    >>> default_filters((32, 32, 3)), default_filters((64, 64, 3)), default_filters((64, 64, 3), strides=2)
    ((64, 128, 256), (32, 64, 128, 256), (64, 128, 256))
    """
    more = min(3, max(0, halvings(input_shape) - round(math.log2(strides))))
    return tuple(64 >> more << stage for stage in range(3 + more))


def halvings(input_shape):
    """Returns how often images are to be halved to be as small as `LEAST_SIDE`, roughly."""
    return max(0, round(math.log2(min(input_shape[:2]) / LEAST_SIDE)))


@checked
def vgg(
    input_shape,
    num_classes,
    *,
    filters=None,
    blocks=None,
    kernel_size=3,
    strides=None,
    padding="same",
    pool_size=2,
    pool_stride=None,
    early_pooling=False,
    whitening=False,
    convolution="full",
    activation="relu",
    batch_norm=True,
    dropout_rate=0.0,
    head="gap",
):
    """Builds a VGG for small images.

    Args:
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        filters: Filters of the convolutions, one number per stage; None is `default_filters`.
        blocks: Convolutions, one number per stage; None is one in each stage and two in the last.
        kernel_size: Side of the convolutions' kernels, in pixels.
        strides: Step of the first convolution's kernel over the image, in pixels; None is `default_strides`. The others
            step by one.
        padding: "same" puts zeros around what each convolution sees, to keep its size; "valid" puts none.
        pool_size: Side of the max pooling that closes each stage, in pixels.
        pool_stride: Step of that pooling; None is `pool_size`, less lets pools overlap.
        early_pooling: Whether a stage pools between its first convolution and that one's batch norm, and not at its
            end: what follows then costs a quarter (Jordan 2024, section 3.1).
        whitening: Whether fixed filters that decorrelate patches of 2x2 pixels come first (Jordan 2024, section 3.2).
        convolution: "full", or "separable": a filter for each channel, then a 1x1 convolution. Full for pixels.
        activation: "relu", "gelu", "tanh", "sigmoid", "linear", or "prelu", which learns a slope for negative values.
        batch_norm: Whether batch norm follows each convolution.
        dropout_rate: Share of the features dropped before the logits.
        head: "gap" averages over the last stage's positions; "flatten" keeps them apart.

    Raises:
        BadInput: A setting out of range, unequal lengths, or more stages than the image has pixels for.

    Example:

    >>> vgg((32, 32, 3), 10, filters=(64, 128, 256, 512, 512), blocks=(1, 1, 2, 2, 2))  # the paper's column A
    """
    strides = strides or default_strides(input_shape)
    filters = filters or default_filters(input_shape, strides)
    blocks = blocks or (1,) * (len(filters) - 1) + (2,)
    check_same_length(filters=filters, blocks=blocks)
    pools = (pool_size, pool_stride or pool_size, early_pooling)
    stages = Stages(kernel_size, strides, padding, *pools, convolution, activation, batch_norm)
    check_stages(input_shape, stages.windows(blocks, whitening))
    pixels, x = take_pixels(input_shape)
    x = whiten(x) if whitening else x
    x = stages.build(x, filters, blocks, first=convolution if whitening else "full")
    x = drop(HEADS[head](name=f"head_{head}")(x), dropout_rate, name="head_dropout")
    return keras.Model(pixels, classify(x, num_classes), name="vgg")


@dataclasses.dataclass(frozen=True)
class Stages:
    """What all stages of a VGG have in common; fields as the arguments of `vgg`."""

    kernel_size: int
    strides: int
    padding: str
    pool_size: int
    pool_stride: int
    early_pooling: bool
    convolution: str
    activation: str
    batch_norm: bool

    def windows(self, blocks, whitening):
        """Returns the windows of each stage, in the order in which the image meets them, as `check_stages` takes them.

        Example:

        >>> stages = Stages(3, 1, "valid", 2, 2, True, convolution="full", activation="relu", batch_norm=True)
        >>> stages.windows((1, 2), whitening=False)
        [[(3, 1), (2, 2)], [(3, 1), (2, 2), (3, 1)]]
        """
        side = self.kernel_size if self.padding == "valid" else 1
        stages = [[(side, 1)] * convs for convs in blocks]
        stages[0][0] = (side, self.strides)
        for windows in stages:
            windows.insert(1 if self.early_pooling else len(windows), (self.pool_size, self.pool_stride))
        if whitening:
            stages[0].insert(0, (2, 1))
        return stages

    def build(self, x, filters, blocks, first):
        """Applies all stages; the first convolution of all has a kind of its own, and alone may step over pixels."""
        for stage, (width, convs) in enumerate(zip(filters, blocks, strict=True), start=1):
            x = self.build_stage(x, width, convs, self.strides if stage == 1 else 1, first, name=f"block{stage}")
            first = self.convolution
        return x

    def build_stage(self, x, filters, convs, strides, first, *, name):
        """Applies convolutions of equal width; the first has `strides` and is of the kind `first`. Pools."""
        pool = keras.layers.MaxPooling2D(self.pool_size, self.pool_stride, name=f"{name}_pool")
        for conv in range(1, convs + 1):
            x = conv_block(
                x,
                filters,
                self.kernel_size,
                strides=strides if conv == 1 else 1,
                padding=self.padding,
                pooling=pool if self.early_pooling and conv == 1 else None,
                batch_norm=self.batch_norm,
                convolution=first if conv == 1 else self.convolution,
                activation=self.activation,
                identity=True,
                name=f"{name}_conv{conv}",
            )
        return x if self.early_pooling else pool(x)
