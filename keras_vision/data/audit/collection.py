"""Collection: all images of a data set side by side, each with its name, its class and its split."""

import dataclasses
import os
from pathlib import Path

import numpy as np

from keras_vision.data.loading import load_to_audit
from keras_vision.data.split_names import SPLITS, TEST, TRAIN, VALIDATION
from keras_vision.data.words import printable


@dataclasses.dataclass(frozen=True, eq=False)
class Collection:
    """All images of a data set.

    Args:
        images: uint8 array [n, h, w, c].
        labels: int64 array [n].
        splits: Array [n] of `"train"`, `"validation"` or `"test"`, as a training would use them.
        class_names: One name per label.
        names: Array [n] of what each image is called: its path below the folder that holds them all, or its whole path
            where none does; `"train/17"` where it has no file.
        files: Array [n] of paths; None where images have no files of their own.
        own_splits: The splits that the source has; the others were set aside from its training images.
        left_out: (`BadImage`, split) of each file that could not be read.
        fingerprint: As in `Dataset`.
        sentences: What reading it decided and warned of.
    """

    images: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    class_names: tuple[str, ...]
    names: np.ndarray
    files: np.ndarray | None = None
    own_splits: tuple[str, ...] = (TRAIN,)
    left_out: tuple = ()
    fingerprint: str = ""
    sentences: tuple[str, ...] = ()

    def __len__(self):
        return len(self.labels)

    def class_of(self, number):
        """Returns the name of an image's class."""
        return self.class_names[self.labels[number]]


def collect(source, announce=None):
    """Reads all images of a `DataSource`, the test images too, and splits them as a training would.

    Returns:
        A `Collection`.

    Raises:
        BadInput: As in `load_to_audit`.

    Example:

    >>> collection = collect(DataSource("digits"))
    >>> len(collection), collection.names[0]
    (1797, 'train/0')
    """
    opened, dataset = load_to_audit(source, announce)
    parts = {TRAIN: dataset.train, VALIDATION: dataset.validation, TEST: dataset.test()}
    own = {TRAIN: opened.train, VALIDATION: opened.validation, TEST: opened.test and parts[TEST]}
    files = np.concatenate([_files(parts[split], split) for split in SPLITS])
    return Collection(
        images=np.concatenate([parts[split].images for split in SPLITS]),
        labels=np.concatenate([parts[split].labels for split in SPLITS]),
        splits=np.repeat(SPLITS, [len(parts[split]) for split in SPLITS]),
        class_names=dataset.class_names,
        names=_short(files) if isinstance(files[0], Path) else files,
        files=files if isinstance(files[0], Path) else None,
        own_splits=tuple(split for split in SPLITS if own[split] is not None),
        left_out=tuple((bad, split) for split in SPLITS if own[split] is not None for bad in own[split].left_out),
        fingerprint=dataset.fingerprint,
        sentences=(*dataset.decisions, *dataset.warnings, *parts[TEST].warnings),
    )


def _files(part, split):
    """Returns the files of a split, or what its images are called instead."""
    if part.files is not None:
        return part.files
    return np.array([f"{split}/{number}" for number in range(len(part))], object)


def _short(files):
    """Returns the paths of files below the folder that holds them all, or whole paths where none does, as text."""
    whole = [Path(os.path.abspath(file)) for file in files]
    try:
        folder = os.path.commonpath([file.parent for file in whole])
    except ValueError:  # on Windows, of several drives
        return np.array([printable(file) for file in whole], object)
    return np.array([printable(file.relative_to(folder)) for file in whole], object)
