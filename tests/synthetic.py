"""Small made-up images that a network can learn in seconds."""

import numpy as np

from keras_vision.data import Dataset, Split


def make_split(count, *, classes=3, shape=(8, 8, 1), seed=0):
    """Images whose brightness tells the class, in noise: neither shifts nor flips hide it."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = rng.integers(0, 120, (count, *shape)) + (labels * (130 // classes))[:, None, None, None]
    return Split(images.astype("uint8"), labels.astype("int64"))


def never_open():
    """Stands for the test split where nothing may open it."""
    raise AssertionError("the test split was opened")


def make_dataset(*, train=192, validation=96, classes=3, shape=(8, 8, 1), test=None):
    """A `Dataset` of `make_split` images; opening its test split fails unless `test` gives a size."""
    return Dataset(
        name="synthetic",
        train=make_split(train, classes=classes, shape=shape, seed=1),
        validation=make_split(validation, classes=classes, shape=shape, seed=2),
        test=(lambda: make_split(test, classes=classes, shape=shape, seed=3)) if test else never_open,
        class_names=tuple("abcdefghij"[:classes]),
        origin="made up",
        fingerprint="synthetic",
    )
