"""A data set in files that several processes read at once: its images lie in memory only once, by the page cache."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_vision.data.dataset import Dataset
from keras_vision.data.splits import Split
from keras_vision.errors import KerasVisionError
from keras_vision.runs import read_json, write_json

_SPLITS, _ARRAYS, _FIELDS = ("train", "validation"), ("images", "labels"), "dataset.json"


def share(dataset, folder):
    """Writes a `Dataset` into a folder, without its test split, for `shared` to open."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for split in _SPLITS:
        for name in _ARRAYS:
            np.save(folder / f"{split}_{name}.npy", getattr(getattr(dataset, split), name), allow_pickle=False)
    fields = {field.name: getattr(dataset, field.name) for field in dataclasses.fields(Dataset)}
    write_json(folder / _FIELDS, {name: value for name, value in fields.items() if name not in (*_SPLITS, "test")})


def shared(folder):
    """Returns the `Dataset` that `share` wrote, without a test split; its images stay on disk until they are read.

    Example:

    >>> share(dataset, "images")  # doctest: +SKIP
    >>> shared("images").fingerprint == dataset.fingerprint  # doctest: +SKIP
    True
    """
    folder = Path(folder)
    fields = read_json(folder / _FIELDS)
    arrays = {
        split: [np.load(folder / f"{split}_{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS]
        for split in _SPLITS
    }
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    splits = {split: Split(*of) for split, of in arrays.items()}
    return Dataset(**fields | lists | splits | {"test": _absent})


def _absent():
    raise KerasVisionError("a search does not open the test split")
