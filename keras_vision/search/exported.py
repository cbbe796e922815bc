"""How many bytes a trained network takes as it is exported in int8."""

import tempfile
from pathlib import Path

import numpy as np

from keras_vision.formats import CALIBRATION, FORMATS, format_module
from keras_vision.formats.network import with_probabilities
from keras_vision.runs import load_model
from keras_vision.training.precision import computing_in


@computing_in("float32")  # as every export computes
def int8_bytes(source, images, name):
    """Returns the bytes of all files of an export in int8, which is written to a folder that is deleted at once.

    Args:
        source: A run directory with its model, or a `.keras` file.
        images: uint8 array [n, height, width, channels] of training images, some of which the export is calibrated on.
        name: The format, a name in `FORMATS` that knows int8.

    Raises:
        BadInput: The model cannot be loaded.

    Example:

    >>> int8_bytes("runs/tune-vgg-fashion_mnist", dataset.train.images, "litert")  # doctest: +SKIP
    14256
    """
    classifier = with_probabilities(load_model(source, float32=True))
    chosen = np.random.default_rng(0).permutation(len(images))[:CALIBRATION]  # a class may lie side by side
    with tempfile.TemporaryDirectory() as folder:
        format_module(name).write(classifier, folder, origin={}, calibration=images[chosen])
        paths = (Path(folder, file) for file in FORMATS[name].files)
        return sum(path.stat().st_size for path in paths)
