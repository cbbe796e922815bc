"""A data set as other processes are given it, without its test split, which a search does not open.

As files its images lie in memory only once for all processes of a machine, by the page cache.
"""

import dataclasses
from pathlib import Path

import numpy as np

from keras_vision.data.dataset import Dataset
from keras_vision.data.splits import Split
from keras_vision.errors import KerasVisionError
from keras_vision.runs import read_json, write_json

_SPLITS, _ARRAYS, _FIELDS = ("train", "validation"), ("images", "labels"), "dataset.json"


def packed(dataset):
    """Returns a `Dataset` as plain data, for `unpacked`: (fields, a dict that JSON can hold; arrays by their names)."""
    fields = {field.name: getattr(dataset, field.name) for field in dataclasses.fields(Dataset)}
    arrays = {f"{split}_{name}": getattr(fields[split], name) for split in _SPLITS for name in _ARRAYS}
    return {name: value for name, value in fields.items() if name not in (*_SPLITS, "test")}, arrays


def unpacked(fields, arrays):
    """Returns the `Dataset` of which `packed` made fields and arrays, without a test split; copies nothing.

    Example:

    >>> unpacked(*packed(dataset)).fingerprint == dataset.fingerprint  # doctest: +SKIP
    True
    """
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    splits = {split: Split(*(arrays[f"{split}_{name}"] for name in _ARRAYS)) for split in _SPLITS}
    return Dataset(**fields | lists | splits | {"test": _absent})


def share(dataset, folder):
    """Writes a `Dataset` into a folder, for `shared` to open."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    fields, arrays = packed(dataset)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    write_json(folder / _FIELDS, fields)


def shared(folder):
    """Returns the `Dataset` that `share` wrote; its images stay on disk until they are read."""
    folder = Path(folder)
    arrays = {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in folder.glob("*.npy")}
    return unpacked(read_json(folder / _FIELDS), arrays)


def _absent():
    raise KerasVisionError("a search does not open the test split")
