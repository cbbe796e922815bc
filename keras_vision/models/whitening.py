"""Patch whitening: fixed first filters, made from training images, with uncorrelated outputs of equal variance.

Neighbouring pixels are nearly equal, so that a network spends its first epochs on learning to take differences. Here it
starts with them. Source: Jordan 2024, arXiv:2404.00498, section 3.2.
"""

import math

import keras
import numpy as np

from keras_vision.models.blocks import activate
from keras_vision.models.normalization import LAYER as NORMALIZATION

LAYER = "stem_whitening"
IMAGES = 5_000  # as many as the source takes: 12 x 12 numbers are known well from their five million patches
# Added to the variances (of standardised pixels): directions in which images hardly vary are not blown up.
EPSILON = 5e-4


def whiten(x, patch_size=2):
    """Returns the whitened patches of x, each direction twice, with both signs, and of both what is above zero.

    The filters are not trained. Until `set_whitening` they are what Keras draws.

    Args:
        x: Standardised pixels (batch, height, width, channels).
        patch_size: Side of the patches, in pixels; each side of x loses patch_size - 1.
    """
    filters = 2 * patch_size**2 * x.shape[-1]
    x = keras.layers.Conv2D(filters, patch_size, use_bias=False, trainable=False, name=LAYER)(x)
    return activate(x, "relu", name="stem_activation")


def set_whitening(model, images):
    """Makes the filters of a model's whitening from images. Models without any are left as they are.

    Args:
        model: A model from `build_model`, with the statistics of its pixels set.
        images: uint8 array [n, height, width, channels]; up to 5,000 are taken, spread over all of it.

    Example:

    >>> set_whitening(model, dataset.train.images)
    """
    for layer in model.layers:
        if layer.name == LAYER:
            some = images[:: math.ceil(len(images) / IMAGES)]  # not the first ones: they may be all of one class
            filters = _filters(_patches(model, some, layer.kernel_size[0]))
            layer.set_weights([filters.reshape(layer.kernel.shape)])


def _patches(model, images, side):
    """Yields the standardised patches of a few images at a time, as arrays [patches, numbers of a patch]."""
    for start in range(0, len(images), 500):
        pixels = model.get_layer(NORMALIZATION)(images[start : start + 500].astype("float32"))
        windows = np.lib.stride_tricks.sliding_window_view(
            keras.ops.convert_to_numpy(pixels), (side, side), axis=(1, 2)
        )
        yield windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, side * side * windows.shape[3])


def _filters(patches):
    """Returns an array [numbers of a patch, filters]: the directions, at equal variance, then their negatives."""
    products, count = 0, 0
    for some in patches:
        products, count = products + some.T @ some, count + len(some)
    variances, directions = np.linalg.eigh(products / count)
    whitening = directions / np.sqrt(np.maximum(variances, 0) + EPSILON)
    return np.concatenate([whitening, -whitening], axis=1)
