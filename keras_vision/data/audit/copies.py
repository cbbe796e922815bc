"""Copies of a picture: the same pixels, or pixels that a shift, brightness and saving as JPEG would make of them.

Pictures that may be copies are found by their fingerprints. Whether two are is decided by their fine details, which
brightness does not change: they must be as like each other, laid over each other in the best place, as such an image
is like its own JPEG. So a noisy picture, of which JPEG leaves little, is not held to the same measure as a clear one.
"""

import collections

import numpy as np
from scipy import fft
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from keras_vision.data.audit.fingerprints import Describer, close_pairs
from keras_vision.data.seen import digests
from keras_vision.data.splits import pieces_of
from keras_vision.system.grey import grey
from keras_vision.system.pictures import through_jpeg

# Files that people save are mostly of quality 75 or better; how much one of them loses varies around what is usual.
JPEG_QUALITY = 60
SHIFT = 1 / 14  # of a side, each way: two pixels of 28
_BRIGHTER = 4 / 3  # which burns out what is bright, and so loses more than darkening
_ASKED = 200  # images that are altered to see how unlike a copy becomes
_MISSED = 0.01  # of these may be missed
_SMALLEST = 8  # pixels: smaller images have no details to compare


def equal_groups(images):
    """Returns an int array [n]: the position of the first image with the same pixels."""
    first = {}
    return np.array([first.setdefault(digest, number) for number, digest in enumerate(digests(images))], np.int64)


def near_pairs(images, asked=None, seed=0):
    """Finds images that show the same picture, shifted, brighter or darker, or saved as JPEG.

    Args:
        images: uint8 array [n, h, w, c] of different images.
        asked: uint8 array [m, h, w, c] of others, to compare with these; None to compare these with one another.
        seed: Chooses the images from which is learned how unlike copies may be.

    Returns:
        int array [p, 2] of positions: in `asked`, where there is one, and in `images`.
    """
    if len(images) < 2 or min(images.shape[1:3]) < _SMALLEST:
        return np.empty((0, 2), np.int64)
    describer = Describer(images, seed)
    rows = describer.describe(images)
    least = _least_likeness(describer, images, seed)
    if asked is None:
        pairs = close_pairs(rows, least=least)
    else:
        pairs = close_pairs(describer.describe(asked), rows, least=least)
    return pairs[_are_copies(images if asked is None else asked, images, pairs)] if len(pairs) else pairs


def _least_likeness(describer, images, seed):
    """How alike the fingerprints of an image and of its copies are, by copies that are made here."""
    chosen = np.random.default_rng(seed).permutation(len(images))[:_ASKED]
    few = images[np.sort(chosen)]
    own, least = describer.describe(few), []
    for altered in (_shifted(few), _brighter(few), _as_jpegs(few)):
        least.append(np.quantile((own * describer.describe(altered)).sum(axis=1), _MISSED))
    return max(0.3, min(least))  # below, unrelated images would be compared by the thousands


def _shifted(images):
    down, right = (max(1, round(SHIFT * side)) for side in images.shape[1:3])
    padded = np.pad(images, ((0, 0), (down, 0), (right, 0), (0, 0)), "edge")
    return padded[:, : images.shape[1], : images.shape[2]]


def _brighter(images):
    return np.minimum(np.rint(np.arange(256) * _BRIGHTER), 255).astype(np.uint8)[images]


def _as_jpegs(images):
    return np.stack([through_jpeg(image, JPEG_QUALITY) for image in images])


def _are_copies(images, others, pairs):
    """Returns a bool array: which pairs of positions, in images and in others, show the same picture."""
    # The poorer of the two tells what may be lost: one of them may be the altered one.
    wanted = np.minimum(_like_altered(images, pairs[:, 0]), _like_altered(others, pairs[:, 1]))
    laid = zip(pieces_of(images, pairs[:, 0]), pieces_of(others, pairs[:, 1]), strict=True)
    return (np.concatenate([likeness(*pieces) for pieces in laid]) >= wanted).all(axis=1)


def _like_altered(images, positions):
    """Returns float32 [n, 2]: how like the images at these positions are to their JPEG or brighter form, the less."""
    asked, places = np.unique(positions, return_inverse=True)
    found = [
        np.minimum(likeness(few, _as_jpegs(few)), likeness(few, _brighter(few))) for few in pieces_of(images, asked)
    ]
    return np.concatenate(found)[places]


def likeness(images, others):
    """Returns how alike images are where their fine details lie best over each other: correlations, 1 for equal ones.

    Args:
        images, others: uint8 arrays [n, h, w, c], compared one by one, shifted by up to `SHIFT` each way.

    Returns:
        float32 [n, 2]: of the brightness of pixels, and of their fine details.
    """
    found = np.empty((len(images), 2), np.float32)
    mine, its = _planes(images), _planes(others)
    height, width = mine[0].shape[1:]
    shifts = _best_shifts(mine[1], its[1])
    for y, x in np.unique(shifts, axis=0):
        those = np.flatnonzero((shifts == (y, x)).all(axis=1))
        here = np.s_[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)]
        there = np.s_[max(-y, 0) : height + min(-y, 0), max(-x, 0) : width + min(-x, 0)]
        for column, (one, other) in enumerate(zip(mine, its, strict=True)):
            found[those, column] = _correlation(one[those][:, *here], other[those][:, *there])
    return found


def _best_shifts(details, others):
    """Returns int [n, 2]: how far, down and right, the second of each pair is to be moved to fit the first best."""
    down, right = (max(1, round(SHIFT * side)) for side in details.shape[1:])
    size = (fft.next_fast_len(details.shape[1] + down, True), fft.next_fast_len(details.shape[2] + right, True))
    product = fft.rfft2(details, size) * np.conj(fft.rfft2(others, size))
    fits = fft.irfft2(product, size)
    ys, xs = np.arange(-down, down + 1), np.arange(-right, right + 1)
    best = fits[:, ys[:, None], xs].reshape(len(fits), -1).argmax(axis=1)
    return np.stack([ys[best // len(xs)], xs[best % len(xs)]], axis=1)


def _planes(images):
    """Returns grey images and their fine details, four times a pixel less its neighbours, both without the border."""
    plain = grey(images)
    inner = plain[:, 1:-1, 1:-1]
    around = plain[:, 2:, 1:-1] + plain[:, :-2, 1:-1] + plain[:, 1:-1, 2:] + plain[:, 1:-1, :-2]
    return inner, 4 * inner - around


def _correlation(images, others):
    images, others = (one.reshape(len(one), -1) for one in (images, others))
    images = images - images.mean(axis=1, keepdims=True)
    others = others - others.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(images, axis=1) * np.linalg.norm(others, axis=1)
    return np.einsum("ij,ij->i", images, others) / np.maximum(lengths, 1e-6)


def joined(pairs, count):
    """Returns an int array [count]: the number of the group of each image, where pairs belong together."""
    pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
    links = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(count, count))
    return connected_components(links, directed=False)[1]


def groups_of(numbers):
    """Returns the groups of two images or more, each an array of positions, from the number of each image's group."""
    members = collections.defaultdict(list)
    for position, number in enumerate(numbers.tolist()):
        members[number].append(position)
    return [np.array(group) for group in members.values() if len(group) > 1]
