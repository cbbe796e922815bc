"""Series: images that belong together by their names, as frames of one video or photos by one person do.

`00001_00014.ppm` is number 14 of `00001_`. That such names mean something is believed only where the images say so
too: where the most similar image of the same class is far more often one of the same series than chance would have it.
"""

import re

import numpy as np

_NUMBERED = re.compile(r"(.*?)\d+")
_ASKED = 2_000  # images whose most similar one is looked for
_ERRORS = 5  # standard errors above chance, and so many times as often as by chance
_TIMES = 2
_BLOCK = 1_024


def series_by_name(files, labels):
    """Groups files by class, folder and the part of the name before its last number.

    Args:
        files: Array of paths.
        labels: Int array [n]; what is in two classes is no series.

    Returns:
        Int array [n] of series numbers.

    Example:

    >>> from pathlib import Path
    >>> files = [Path("stop/00001_00.ppm"), Path("stop/00002_00.ppm"), Path("stop/00001_01.ppm")]
    >>> series_by_name(files, [0, 0, 0]).tolist()
    [0, 1, 0]
    """
    numbers = {}
    return np.array(
        [numbers.setdefault(_series_of(file, label), len(numbers)) for file, label in zip(files, labels, strict=True)],
        np.int64,
    )


def _series_of(file, label):
    """What names the series of a file; a file without a number is one of its own."""
    found = _NUMBERED.fullmatch(file.stem)
    return (int(label), file.parent.name, found[1]) if found else file


def series_name(file):
    """Returns the name of a file's series as a person reads it.

    Example:

    >>> from pathlib import Path
    >>> series_name(Path("gtsrb/14/00001_00014.ppm"))
    '14/00001_'
    """
    return f"{file.parent.name}/{_NUMBERED.fullmatch(file.stem)[1]}"


def are_alike(series, labels, rows, seed=0):
    """Returns whether images of one series are more alike than others of their class.

    Args:
        series, labels: Int arrays [n].
        rows: float32 [n, d] of fingerprints; the product of two is their likeness.
        seed: Chooses the images that are asked.
    """
    sizes, of_class = np.bincount(series)[series], np.bincount(labels)[labels]
    may_tell = np.flatnonzero((sizes > 1) & (sizes < of_class))  # else it is alone, or its class is one series
    asked = np.random.default_rng(seed).permutation(may_tell)[:_ASKED]
    if not len(asked):
        return False
    chance = (sizes[asked] - 1) / (of_class[asked] - 1)
    hits = 0
    for label in np.unique(labels[asked]):
        members = np.flatnonzero(labels == label)
        of_label = asked[labels[asked] == label]
        for start in range(0, len(of_label), _BLOCK):
            some = of_label[start : start + _BLOCK]
            products = rows[some] @ rows[members].T
            products[np.arange(len(some)), np.searchsorted(members, some)] = -np.inf
            hits += (series[members[products.argmax(axis=1)]] == series[some]).sum()
    expected, error = chance.sum(), np.sqrt((chance * (1 - chance)).sum())
    return bool(hits > expected + _ERRORS * error and hits > _TIMES * expected)
