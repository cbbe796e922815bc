"""What copies mean: which classes hold the same pictures, which splits share some, what there is twice."""

import collections
import dataclasses

import numpy as np

from keras_vision.data.audit.copies import equal_groups, groups_of, joined, near_pairs
from keras_vision.data.audit.findings import finding
from keras_vision.data.split_names import SPLITS, TRAIN

# Two classes are told of where at least so many images, and this share of the smaller one, are in the other, too.
_PICTURES, _SHARE = 3, 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class Copies:
    """The copies in a `Collection`.

    Args:
        same: Int array [n]: the first image with the same pixels.
        near: Int array [n]: the number of the group of images that show nearly the same picture.
    """

    same: np.ndarray
    near: np.ndarray


def find_copies(collection):
    """Returns the `Copies` in a `Collection`; blank images, which are all alike, are compared by their pixels alone."""
    same = equal_groups(collection.images)
    different = np.unique(same)
    pairs = different[near_pairs(collection.images[different])]
    count = len(collection)
    return Copies(same, joined(np.concatenate([pairs, np.stack([np.arange(count), same], axis=1)]), count))


def copy_findings(collection, copies):
    """Yields a `Finding` for each image that is there more than once.

    Of each picture the first in the split that is measured stays: test before validation before training images. Of
    images that are only nearly the same, all in that split stay. One with the same pixels in another class never does.
    """
    # What was set aside from the training images leaks nothing: a cleaned table keeps groups together.
    splits = np.where(np.isin(collection.splits, collection.own_splits), collection.splits, TRAIN)
    for group in groups_of(copies.near):
        measured = group[splits[group] == max(splits[group], key=SPLITS.index)]
        stay = measured[np.unique(copies.same[measured], return_index=True)[1]]
        for number in group:
            others = group[group != number]
            equal = others[copies.same[others] == copies.same[number]]
            kind, other = _kind(number, equal, others, collection.labels, splits)
            yield finding(
                kind,
                collection,
                number,
                _reason(collection, kind, other, equal, others),
                leaves_out=kind == "same_other_class" or number not in stay,
                group=int(group[0]),
                others=[other, *others[others != other]],
            )


def _kind(number, equal, others, labels, splits):
    """Returns the gravest kind that an image is of, and the first image that makes it so."""
    kinds = (
        ("same_other_class", equal[labels[equal] != labels[number]]),
        ("same_other_split", equal[splits[equal] != splits[number]]),
        ("near_other_class", others[labels[others] != labels[number]]),
        ("near_other_split", others[splits[others] != splits[number]]),
        ("same", equal),
        ("near", others),
    )
    return next((kind, those[0]) for kind, those in kinds if len(those))


def _reason(collection, kind, other, equal, others):
    words, alike = ("the same pixels", equal) if kind.startswith("same") else ("nearly the same picture", others)
    where = f"{collection.names[other]} ({collection.class_of(other)}, {collection.splits[other]})"
    return f"{words} as {where}" + (f" and {len(alike) - 1} more" if len(alike) > 1 else "")


def classes_alike(collection, copies):
    """Finds pairs of classes that share pictures.

    Returns:
        A list of (one class, the other, how many images of the smaller one are also in the other, its size), as names
        and numbers.
    """
    shared = collections.Counter()
    for group in groups_of(copies.near):
        counts = np.bincount(collection.labels[group], minlength=len(collection.class_names))
        present = np.flatnonzero(counts).tolist()
        for place, one in enumerate(present):
            for other in present[place + 1 :]:
                shared[one, other] += int(min(counts[one], counts[other]))
    sizes, names = np.bincount(collection.labels, minlength=len(collection.class_names)), collection.class_names
    return [
        (names[one], names[other], count, int(min(sizes[one], sizes[other])))
        for (one, other), count in shared.most_common()
        if count >= max(_PICTURES, _SHARE * min(sizes[one], sizes[other]))
    ]
