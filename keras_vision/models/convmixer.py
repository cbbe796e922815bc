"""ConvMixer: depthwise convolutions mix positions, pointwise ones mix channels (Trockman & Kolter 2022, figure 2).

Weights: h[d(k^2 + h + 6) + c p^2 + n + 3] + n for hidden_dim h, depth d, kernel_size k, patch_size p, c channels in and
n classes. Kernels start as in the published code, which leaves PyTorch's default: uniform, of variance 1 / (3 fan-in);
those of the head start Glorot-uniform.
"""

import keras

from keras_vision.models.blocks import activate, classify, normalized, take_pixels
from keras_vision.models.checks import check_patches, checked


@checked
def convmixer(input_shape, num_classes, *, patch_size=2, hidden_dim=256, depth=8, kernel_size=5):
    """Builds a ConvMixer.

    Args:
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        patch_size: Side of a patch in pixels; divides both sides of the image.
        hidden_dim: Channels of every patch, from the first layer to the last.
        depth: Number of blocks.
        kernel_size: Side of the depthwise kernels, in patches.

    Raises:
        BadInput: A setting out of range, or patches that do not tile the image.

    Example:

    >>> convmixer((32, 32, 3), 10)  # ConvMixer-256/8
    """
    check_patches(input_shape, patch_size)
    pixels, x = take_pixels(input_shape)
    x = patch_embedding(x, hidden_dim, patch_size, name="patches")
    for block in range(1, depth + 1):
        x = mixer_block(x, hidden_dim, kernel_size, name=f"block{block}")
    x = keras.layers.GlobalAveragePooling2D(name="head_gap")(x)
    return keras.Model(pixels, classify(x, num_classes), name="convmixer")


def patch_embedding(x, hidden_dim, patch_size, *, activation="gelu", name):
    """Turns each patch into `hidden_dim` channels."""
    x = keras.layers.Conv2D(
        hidden_dim, patch_size, strides=patch_size, kernel_initializer=uniform(), name=f"{name}_conv"
    )(x)
    return activate_norm(x, activation, name=name)


def mixer_block(x, hidden_dim, kernel_size, *, skips=True, activation="gelu", name):
    """Mixes positions, with a skip around them unless `skips` is False, then channels."""
    y = keras.layers.DepthwiseConv2D(
        kernel_size,
        padding="same",
        # Keras counts all channels into the fan-in, but each depthwise filter sees one.
        depthwise_initializer=uniform(scale=hidden_dim),
        name=f"{name}_depthwise_conv",
    )(x)
    y = activate_norm(y, activation, name=f"{name}_depthwise")
    x = keras.layers.Add(name=f"{name}_depthwise_add")([x, y]) if skips else y
    x = keras.layers.Conv2D(hidden_dim, 1, kernel_initializer=uniform(), name=f"{name}_pointwise_conv")(x)
    return activate_norm(x, activation, name=f"{name}_pointwise")


def activate_norm(x, activation, *, name):
    """The activation, then batch norm: the other way round than most networks have it."""
    x = activate(x, activation, name=f"{name}_{activation}")
    return normalized(x, name=f"{name}_norm")


def uniform(scale=1):
    """Uniform initialisation of variance scale / (3 fan-in)."""
    return keras.initializers.VarianceScaling(scale / 3, mode="fan_in", distribution="uniform")
