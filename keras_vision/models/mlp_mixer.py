"""MLP-Mixer: dense layers across patches, then across channels (Tolstikhin et al. 2021, figure 1).

Kernels start LeCun-normal, as in the published code. The head, which that code starts at zero, starts Glorot-uniform,
so that every weight has a gradient from the first step.
"""

import keras

from keras_vision.models.blocks import activate, classify, drop, take_pixels
from keras_vision.models.checks import check_patches, checked


@checked
def mlp_mixer(
    input_shape,
    num_classes,
    *,
    patch_size=4,
    hidden_dim=256,
    num_blocks=4,
    tokens_mlp_dim=128,
    channels_mlp_dim=1024,
    dropout_rate=0.0,
):
    """Builds an MLP-Mixer.

    Args:
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        patch_size: Side of a patch in pixels; divides both sides of the image.
        hidden_dim: Channels of every patch, from the first layer to the last.
        num_blocks: Number of mixer blocks.
        tokens_mlp_dim: Hidden units of the MLP that mixes patches.
        channels_mlp_dim: Hidden units of the MLP that mixes channels.
        dropout_rate: Share of the units dropped after each dense layer of both MLPs.

    Raises:
        BadInput: A setting out of range, or patches that do not tile the image.

    Example:

    >>> mlp_mixer((32, 32, 3), 10, patch_size=8)
    """
    check_patches(input_shape, patch_size)
    pixels, x = take_pixels(input_shape)
    x = keras.layers.Conv2D(
        hidden_dim, patch_size, strides=patch_size, kernel_initializer="lecun_normal", name="patches_conv"
    )(x)
    x = keras.layers.Reshape((-1, hidden_dim), name="patches_flatten")(x)
    for block in range(1, num_blocks + 1):
        x = mixer_block(x, tokens_mlp_dim, channels_mlp_dim, dropout_rate, name=f"block{block}")
    x = keras.layers.LayerNormalization(epsilon=1e-6, name="head_norm")(x)
    x = keras.layers.GlobalAveragePooling1D(name="head_gap")(x)
    return keras.Model(pixels, classify(x, num_classes), name="mlp_mixer")


def mixer_block(x, tokens_mlp_dim, channels_mlp_dim, dropout_rate, *, name):
    """Mixes (batch, patches, channels) along the patches, then along the channels, with a skip around each."""
    y = keras.layers.LayerNormalization(epsilon=1e-6, name=f"{name}_token_mixing_norm")(x)
    y = keras.layers.Permute((2, 1), name=f"{name}_token_mixing_transpose1")(y)
    y = mixing_mlp(y, tokens_mlp_dim, dropout_rate, name=f"{name}_token_mixing")
    y = keras.layers.Permute((2, 1), name=f"{name}_token_mixing_transpose2")(y)
    x = keras.layers.Add(name=f"{name}_token_mixing_add")([x, y])
    y = keras.layers.LayerNormalization(epsilon=1e-6, name=f"{name}_channel_mixing_norm")(x)
    y = mixing_mlp(y, channels_mlp_dim, dropout_rate, name=f"{name}_channel_mixing")
    return keras.layers.Add(name=f"{name}_channel_mixing_add")([x, y])


def mixing_mlp(x, mlp_dim, dropout_rate, *, name):
    """Dense - GELU - dense over the last axis, whose length it keeps."""
    out_dim = x.shape[-1]
    x = keras.layers.Dense(mlp_dim, kernel_initializer="lecun_normal", name=f"{name}_dense1")(x)
    x = activate(x, "gelu", name=f"{name}_gelu")
    x = drop(x, dropout_rate, name=f"{name}_dropout1")
    x = keras.layers.Dense(out_dim, kernel_initializer="lecun_normal", name=f"{name}_dense2")(x)
    return drop(x, dropout_rate, name=f"{name}_dropout2")
