"""Convolutions that start as the identity. Source: Jordan 2024, arXiv:2404.00498, section 3.3."""

import functools

import numpy as np
from keras import ops


def start_as_identity(convolution, x):
    """Calls a new convolution whose first filters, one per channel, start by passing each channel on as it is.

    The other filters, and all of a convolution with fewer filters than channels, start as its initializer says. That
    is also what its config says, so that plain Keras can load the model.

    Args:
        convolution: A layer that has not been called yet.
        x: (batch, height, width, channels).

    Example:

    >>> start_as_identity(keras.layers.Conv2D(64, 3, padding="same", kernel_initializer="he_normal"), pixels)
    """
    others = convolution.kernel_initializer
    convolution.kernel_initializer = functools.partial(_identity_first, others)
    x = convolution(x)
    convolution.kernel_initializer = others
    return x


def _identity_first(others, shape, dtype=None):
    *sides, channels, filters = shape
    kernel = others(shape, dtype)
    if filters < channels:
        return kernel
    identity = np.zeros((*sides, channels, channels), "float32")
    identity[tuple(side // 2 for side in sides)] = np.eye(channels)
    return ops.concatenate([ops.convert_to_tensor(identity, kernel.dtype), kernel[..., channels:]], axis=-1)
