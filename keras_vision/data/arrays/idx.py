"""The four gzipped IDX files of MNIST, and of data sets in its form."""

import gzip
import math
import zlib

import numpy as np

from keras_vision.data.places import IDX_FILES
from keras_vision.data.splits import Source, Split, check_memory, unreadable
from keras_vision.errors import BadInput


def open_idx(directory, class_names):
    """Opens the four gzipped IDX files of MNIST and of data sets in its form.

    Args:
        directory: Where the files are.
        class_names: Names of the labels, which the files do not hold.

    Raises:
        BadInput: A file is damaged, or the two files of a split do not fit.
    """

    def read(split):
        images, labels = (_read_idx(directory / name) for name in IDX_FILES[split])
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise BadInput(
                f"The {split} files in {directory} hold arrays of shape {images.shape} and {labels.shape}, but "
                "[n, height, width] and [n] are needed. Copy the files again."
            )
        return Split(images[..., None], labels.astype(np.int64))

    return Source(read("train"), lambda: read("test"), class_names, origin=f"IDX files in {directory}")


def _read_idx(path):
    """IDX: two zero bytes, 8 for unsigned bytes, the number of axes, each axis as a big-endian int32, the values."""
    try:
        with gzip.open(path) as file:
            axes = file.read(4)[3]
            shape = np.frombuffer(file.read(4 * axes), ">i4")
            check_memory(path, math.prod(shape.tolist()))
            return np.frombuffer(file.read(), np.uint8).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise unreadable(path, error) from error
