"""Blank images, and images unlike all others."""

import numpy as np

from keras_vision.data.splits import pieces_of
from keras_vision.system.grey import grey

BLANK = 1.0  # deviation in grey levels of 255: what is below is rounding
_SIDE = 8  # of the small images that are compared
_LEAST = 0.05  # of the mean variance of a direction: what varies less is hardly seen
_ENOUGH = 30  # images, of which a distribution can be told


def blank_images(images):
    """Returns the positions of images that hardly differ from one colour, an int array."""
    contrasts = [piece.std(axis=(1, 2), dtype=np.float32).max(axis=1) for piece in pieces_of(images)]
    return np.flatnonzero(np.concatenate(contrasts) < BLANK)


def outlying_images(images):
    """Finds images unlike all others, those that are most unlike first.

    Images are compared by small copies of them, their contrast, their fine details and their number of grey levels,
    decorrelated (the Mahalanobis distance). The logarithm of that distance is taken for normally distributed, with a
    median and a median deviation that outliers do not change; outliers lie beyond what the largest of n draws reaches.

    Args:
        images: uint8 array [n, h, w, c].

    Returns:
        Positions, and how many deviations each lies above the median.
    """
    if len(images) < _ENOUGH:
        return np.empty(0, np.int64), np.empty(0)
    distances = np.log(np.maximum(_distances(_features(images)), 1e-6))
    median = np.median(distances)
    above = (distances - median) / max(1.4826 * np.median(np.abs(distances - median)), 1e-6)
    found = np.flatnonzero(above > np.sqrt(2 * np.log(len(images))))
    found = found[np.argsort(-above[found], kind="stable")]
    return found, above[found]


def _distances(features):
    """Returns the length of each row where all directions vary alike; those of nearly no variance as the least ones."""
    centred = features - np.median(features, axis=0)
    variances, directions = np.linalg.eigh(np.cov(centred.T))
    variances = np.maximum(variances, _LEAST * variances.mean())
    return np.linalg.norm(centred @ (directions / np.sqrt(variances)), axis=1)


def _features(images):
    features = np.concatenate([_features_of(piece) for piece in pieces_of(images)])
    spread = 1.4826 * np.median(np.abs(features - np.median(features, axis=0)), axis=0)
    return features / np.maximum(spread, np.maximum(features.std(axis=0) / 10, 1e-6))


def _features_of(images):
    plain = grey(images)
    flat = plain.reshape(len(plain), -1)
    steps = (np.abs(np.diff(plain, axis=axis)).reshape(len(plain), -1) for axis in (1, 2))
    details = sum(one.sum(axis=1) / max(1, one.shape[1]) for one in steps)  # of one row of pixels no step leads down
    levels = [np.count_nonzero(np.bincount(one, minlength=256)) for one in flat.astype(np.uint8)]
    told = np.stack([flat.std(axis=1), np.log1p(details), np.log(levels)], axis=1)
    return np.concatenate([_small(images).reshape(len(images), -1), told], axis=1)


def _small(images):
    """Means over a grid of at most `_SIDE` x `_SIDE` cells, float32 [n, rows, columns, c]."""
    small = images.astype(np.float32)
    for axis in (1, 2):
        edges = np.unique(np.linspace(0, images.shape[axis], _SIDE + 1).astype(int))
        cells = np.diff(edges).reshape([-1 if one == axis else 1 for one in range(4)])
        small = np.add.reduceat(small, edges[:-1], axis=axis) / cells
    return small
