"""The normalisation of the images: a network's first layer, whose weights are the statistics of the training images."""

import keras
import numpy as np

from keras_vision.errors import BadInput

LAYER = "normalization"
EPSILON = 1e-12  # added to the variances: too little to change one


def normalize(pixels):
    """Standardises each channel by its statistics; until `set_statistics` sets them, nothing changes.

    A frozen batch norm without scale and offset does this: it reads its statistics at every call, where Keras' own
    Normalization copies them into constants when it is adapted or loaded, and after `model.set_weights` goes on with
    the old ones. It stays in float32 under mixed precision, since bfloat16 would round a mean of 125.3 to 125.5.

    Args:
        pixels: float32 (batch, height, width, channels).
    """
    return keras.layers.BatchNormalization(
        epsilon=EPSILON, center=False, scale=False, trainable=False, dtype="float32", name=LAYER
    )(pixels)


def set_statistics(model, mean, std):
    """Makes a model's first layer subtract `mean` and divide by `std`, channel by channel.

    A channel that is the same everywhere (`std` 0) is centred and left at its scale.

    Args:
        model: A model from `build_model`.
        mean: One number per channel, in pixel units (0-255).
        std: One number per channel, in pixel units (0-255), not negative.

    Raises:
        BadInput: Where the numbers are not one per channel of the model.

    Example:

    >>> set_statistics(model, mean=(72.9,), std=(90.0,))  # Fashion-MNIST
    """
    channels = model.input_shape[-1]
    mean, std = np.asarray(mean, "float64"), np.asarray(std, "float64")
    if mean.shape != (channels,) or std.shape != (channels,):
        raise BadInput(
            f"{mean.size} means and {std.size} standard deviations do not fit {model.name}. Give {channels} of each, "
            "one for each channel."
        )
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std >= 0).all()):
        raise BadInput(f"mean={mean.tolist()} and std={std.tolist()} must be finite numbers, and std not negative.")
    model.get_layer(LAYER).set_weights([mean, np.where(std > 0, std, 1.0) ** 2])
