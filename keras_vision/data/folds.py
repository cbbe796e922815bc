"""Folds: the images of a data set dealt out so that each is left out of one training, with its copies."""

import dataclasses

import numpy as np

from keras_vision.data.seen import digests
from keras_vision.data.splits import Split
from keras_vision.errors import BadInput


def fold_numbers(labels, groups, count, seed=0):
    """Deals images out into folds, each class and each group alike.

    Args:
        labels: Int array [n].
        groups: Int array [n]; images of one group come into one fold, as copies must: a network that has seen one
            knows the label of the other.
        count: Number of folds.
        seed: Decides which.

    Returns:
        Int array [n], from 0 to count - 1.

    Example:

    >>> np.bincount(fold_numbers(np.array([0] * 8 + [1] * 4), np.arange(12), 4)).tolist()
    [3, 3, 3, 3]
    """
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(first))
    in_order = shuffled[np.argsort(labels[first[shuffled]], kind="stable")]
    fold = np.empty(len(first), np.int64)
    fold[in_order] = np.arange(len(first)) % count
    return fold[group_of]


def same_pixels(images):
    """Returns groups of images by their pixels, an int array [n]: equal images have the same number.

    Example:

    >>> same_pixels(np.zeros((3, 8, 8, 1), "uint8")).tolist()
    [0, 0, 0]
    """
    return np.unique(digests(images), return_inverse=True)[1]


def cross_fold(dataset, number, count, seed):
    """Returns a data set with one of several folds of its images for validation, and the others for training.

    Its training and validation images are joined before; its test images stay what they are. Each class is dealt out
    alike, and images of the same pixels come into one fold.

    Args:
        dataset: A `Dataset`.
        number: From 1 to `count`.
        count: How many folds.
        seed: Decides which image is in which.

    Raises:
        BadInput: There are too few images for so many folds.

    Example:

    >>> folds = [cross_fold(load_dataset("digits"), number, 4, seed=0) for number in (1, 2, 3, 4)]
    >>> sum(len(fold.validation) for fold in folds) == len(folds[0].train) + len(folds[0].validation)
    True
    """
    now = (dataset.train, dataset.validation)
    files = [split.files for split in now]
    whole = Split(
        np.concatenate([split.images for split in now]),
        np.concatenate([split.labels for split in now]),
        files=None if any(one is None for one in files) else np.concatenate(files),
    )
    groups = same_pixels(whole.images)
    if len(np.unique(groups)) < 2 * count:
        raise BadInput(f"{dataset.name} has only {len(whole)} images, too few for {count} folds. Give a lower --folds.")
    is_left_out = fold_numbers(whole.labels, groups, count, seed) == number - 1
    train, validation = whole.at(~is_left_out), whole.at(is_left_out)
    return dataclasses.replace(dataset, train=train, validation=validation, warnings=())
