"""Which images a model was trained on: kept in its file as few short numbers, so that an evaluation can tell them."""

import hashlib

import numpy as np

from keras_vision.data.places import PATH_KINDS

_MOST = 2000  # of more images those with the lowest numbers are kept: 26 kB in a model file
_BYTES = 6  # two different images among 2,000 and 10,000 have one number in 1 of 10 million cases


def digests(images):
    """Returns 16 bytes for each image of an array [n, ...]: the same for equal pixels."""
    return [hashlib.blake2b(image, digest_size=16).digest() for image in np.ascontiguousarray(images)]


def numbers_of(dataset):
    """Returns what a model file keeps of the training images of a `Dataset`: a list of texts, at most 2,000.

    Data sets that are known by name are told by it: of these nothing is kept, and an empty list returned.
    """
    if dataset.name.partition(":")[0] not in PATH_KINDS:
        return []
    return sorted(set(_numbers(dataset.train.images)))[:_MOST]


def seen_in_training(images, kept):
    """Returns in a sentence how many images a model was trained on; None where it was trained on none of them.

    Args:
        images: uint8 array [n, h, w, c], as the model takes them.
        kept: What `numbers_of` returned for its training images; None of a model that does not carry it.

    Example:

    >>> seen_in_training(np.zeros((9, 8, 8, 1), "uint8"), None)
    """
    kept = set(kept or ())
    count = sum(number in kept for number in _numbers(images))
    if not count:
        return None
    most = "" if len(kept) < _MOST else "at least "
    return (
        f"The model was trained on {most}{count:,} of these {len(images):,} images, so the accuracy is too high. Give "
        "images that it has not seen."
    )


def _numbers(images):
    return [digest[:_BYTES].hex() for digest in digests(images)]
