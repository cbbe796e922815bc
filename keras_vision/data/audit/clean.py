"""The cleaned table: which images are left and in which split, as `csv:` reads it."""

import csv
import os
from pathlib import Path

import numpy as np

from keras_vision.data.dataset import carve
from keras_vision.data.loading import TEST_SHARE, VALIDATION_SHARE
from keras_vision.data.split_names import TEST, TRAIN, VALIDATION
from keras_vision.errors import BadInput
from keras_vision.runs import atomic_path
from keras_vision.system.pictures import as_picture


def write_clean(collection, findings, groups, path, seed):
    """Writes a table of the images that no finding leaves out; `train` and `tune` take it as `csv:PATH`.

    The splits that a source has are kept. Where images of one group lie on both sides of a split that would be set
    aside from the training images, whole groups are set aside here, and the table says every image's split. Images
    that are in no files are written as PNG into a folder beside the table, named after it.

    Args:
        collection: A `Collection`.
        findings: A list of `Finding`.
        groups: Int array [n]: images of one group belong into one split.
        path: Where the table is to be.
        seed: Chooses the groups that are set aside for validation; those for testing are the same for every seed, as
            in a training.

    Returns:
        A dict: path, images, left_out, and lost, the classes of which nothing is left.

    Raises:
        BadInput: Fewer than two classes would be left.
    """
    kept = np.ones(len(collection), bool)
    kept[[one.number for one in findings if one.leaves_out and one.number is not None]] = False
    left = set(collection.labels[kept].tolist())
    if len(left) < 2:
        raise BadInput("A cleaned table would hold fewer than two classes. Look at the findings first.")
    numbers = np.flatnonzero(kept)
    numbers = numbers[np.argsort(collection.names[numbers], kind="stable")]  # an order that no seed changes
    splits = clean_splits(collection, numbers, groups, seed)
    files = collection.files if collection.files is not None else _written(collection, kept, path)
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "label", "split") if splits else ("path", "label"))
        for place, number in enumerate(numbers):
            row = (_from(path, files[number]), collection.class_of(number))
            writer.writerow((*row, splits[place]) if splits else row)
    return {
        "path": str(path),
        "images": int(kept.sum()),
        "left_out": int((~kept).sum()),
        "lost": [name for label, name in enumerate(collection.class_names) if label not in left],
    }


def folder_of(path):
    """Returns the folder of those images of a cleaned table that were in no files.

    Example:

    >>> folder_of("tables/clean.csv")
    PosixPath('tables/clean')
    """
    return Path(path).with_suffix("")


def clean_splits(collection, kept, groups, seed):
    """Returns the split of each image that is kept, a list; None where training may set images aside as usual.

    Args:
        collection: A `Collection`.
        kept: Int array of the images that are kept.
        groups, seed: As in `write_clean`.
    """
    own, splits = collection.own_splits, collection.splits[kept].copy()
    crossing = _are_split(groups[kept], splits)
    if len(own) == 1 and not crossing:
        return None
    free = ~np.isin(splits, [split for split in own if split != TRAIN])
    splits[free] = TRAIN
    if crossing:
        for split, share, its_seed in ((TEST, TEST_SHARE, 0), (VALIDATION, VALIDATION_SHARE, seed)):
            if split not in own:
                splits[_set_aside(groups[kept], collection.labels[kept], splits == TRAIN, share, its_seed)] = split
    return splits.tolist()


def _are_split(groups, splits):
    """Returns whether images of one group lie in several splits."""
    _, numbers = np.unique(groups, return_inverse=True)
    found = np.unique(np.stack([numbers, np.unique(splits, return_inverse=True)[1]], axis=1), axis=0)
    return len(found) > len(np.unique(groups))


def _set_aside(groups, labels, may, share, seed):
    """Returns positions of whole groups, about a share of each class."""
    _, first, numbers = np.unique(groups[may], return_index=True, return_inverse=True)
    order = np.argsort(first)  # as the groups come: what number one has depends on how its images were split
    chosen = np.empty(len(first), bool)
    chosen[order] = carve(labels[may][first[order]], share, seed)
    return np.flatnonzero(may)[chosen[numbers]]


def _written(collection, kept, path):
    """Writes images as PNG files and returns the file of each."""
    files = np.array([folder_of(path) / f"{name}.png" for name in collection.names], object)
    for number in np.flatnonzero(kept):
        files[number].parent.mkdir(parents=True, exist_ok=True)
        as_picture(collection.images[number]).save(files[number])
    return files


def _from(path, file):
    """Returns a file as the table names it: from the table's folder where it lies below that, else in full."""
    folder, file = Path(os.path.abspath(path)).parent, Path(os.path.abspath(file))
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
