"""Short descriptions of images that shifts, brightness and JPEG hardly change, and the search for close ones.

A description holds the strengths of an image's lowest frequencies, which do not say where a thing lies (the magnitude
of a Fourier transform does not change with a shift), of equal contrast, decorrelated by those of all images, and of
length 1. The product of two is their likeness: 1 for copies, about 0 for unrelated images.
"""

import numpy as np

from keras_vision.data.splits import pieces_of
from keras_vision.system.grey import grey

FREQUENCIES = 8  # in each direction
LENGTH = 64  # numbers of a description, fewer of few images, whose statistics tell fewer
_IMAGES_EACH = 4  # for each number
_SAMPLE = 5_000  # images whose statistics decorrelate
_BLOCK = 1_024  # images compared with all others at a time, at most
_PRODUCTS = 2**22  # numbers that such a comparison gives, at most


class Describer:
    """Describes images by what the statistics of some of them make comparable.

    Args:
        images: uint8 array [n, h, w, c].
        seed: Chooses the images whose statistics are taken.

    Example:

    >>> images = load_dataset("digits").train.images
    >>> Describer(images).describe(images[:5]).shape
    (5, 45)
    """

    def __init__(self, images, seed=0):
        chosen = np.random.default_rng(seed).permutation(len(images))[:_SAMPLE]
        spectra = np.concatenate([_spectra(piece) for piece in pieces_of(images, np.sort(chosen))])
        self._mean = spectra.mean(axis=0)
        variances, directions = np.linalg.eigh(np.atleast_2d(np.cov((spectra - self._mean).T)))
        length = min(LENGTH, max(2, len(chosen) // _IMAGES_EACH))
        variances, directions = variances[::-1][:length], directions[:, ::-1][:, :length]
        # Directions in which the images hardly differ would be nothing but noise.
        scale = np.where(variances > 1e-6 * variances[0], variances, np.inf) ** -0.5
        self._project = (directions * scale).astype(np.float32)

    def describe(self, images):
        """Returns float32 [n, LENGTH or fewer], rows of length 1; of images without any contrast, rows of zeros."""
        found = [np.empty((0, self._project.shape[1]), np.float32)]
        return np.concatenate(found + [self._described(piece) for piece in pieces_of(images)])

    def _described(self, images):
        spectra = _spectra(images)
        rows = (spectra - self._mean) @ self._project
        rows[~spectra.any(axis=1)] = 0
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _spectra(images):
    """Log magnitudes of the lowest frequencies, float32 [n, ...], under a window that softens the borders."""
    height, width = images.shape[1:3]
    across = min(FREQUENCIES, width // 2)
    down = min(FREQUENCIES, height // 2)
    waves_x = _waves(width, np.arange(across + 1)).T
    waves_y = _waves(height, np.arange(-down, down + 1))
    plain = grey(images)
    plain -= plain.mean(axis=(1, 2), keepdims=True)
    plain /= plain.std(axis=(1, 2), keepdims=True) + 1
    strengths = np.abs(waves_y @ (plain.astype(np.complex64) @ waves_x))
    return np.log1p(strengths).reshape(len(images), -1)


def _waves(side, frequencies):
    places = np.arange(side)
    window = np.sqrt(np.hanning(side + 2)[1:-1])
    return (window * np.exp(-2j * np.pi * np.outer(frequencies, places) / side)).astype(np.complex64)


def close_pairs(rows, others=None, *, least, most=6):
    """Finds pairs of alike descriptions, block by block: all products together would take n x n numbers.

    Args:
        rows: float32 [n, LENGTH].
        others: float32 [m, LENGTH] to compare them with; None for one another.
        least: The least likeness of a pair.
        most: For a row at most so many, the likeliest.

    Returns:
        int array [p, 2] of positions in rows and others; among rows themselves the first is the lower, and no pair
        comes twice.
    """
    found = [np.empty((0, 2), np.int64)]
    size = min(_BLOCK, max(1, _PRODUCTS // max(1, len(rows if others is None else others))))
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        first = start if others is None else 0  # earlier blocks have seen the rows before
        products = block @ (rows if others is None else others)[first:].T
        if others is None:
            products[np.tril_indices(len(block))] = -1
        near, far = np.nonzero(products >= least)
        order = np.lexsort((-products[near, far], near))
        near, far = near[order], far[order]
        rank = np.arange(len(near)) - np.searchsorted(near, near)
        found.append(np.stack([near[rank < most] + start, far[rank < most] + first], axis=1))
    return np.concatenate(found)
