"""What copies mean: which classes hold the same pictures, which splits share some, what there is twice."""

import collections
import dataclasses

import numpy as np

from keras_vision.data.audit.copies import equal_groups, groups_of, joined, near_pairs
from keras_vision.data.audit.findings import finding
from keras_vision.data.split_names import SPLITS

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

    A picture in several classes or splits is told of for all its copies, one that is there twice from its second copy.
    Of several splits, the copies in the one that is measured stay: test before validation before training images.
    """
    told = set()
    for group in groups_of(copies.same):
        told.update(group.tolist())
        yield from _of_group(collection, group, "same", "the same pixels as")
    for group in groups_of(copies.near):
        if len(set(copies.same[group].tolist())) > 1:
            fresh = [number for number in group.tolist() if number not in told]
            yield from _of_group(collection, group, "near", "nearly the same picture as", fresh)


def _of_group(collection, group, how, words, only=None):
    labels, splits = collection.labels[group], collection.splits[group]
    own = collection.own_splits
    several_splits = {split if split in own else "train" for split in splits}
    last = max(splits, key=SPLITS.index)
    for number in group if only is None else only:
        others = [other for other in group if other != number]
        if len(set(labels)) > 1:
            other = next((one for one in others if collection.labels[one] != collection.labels[number]), others[0])
            kind, leaves_out = f"{how}_other_class", None
        elif len(several_splits) > 1:
            other = next((one for one in others if collection.splits[one] != collection.splits[number]), others[0])
            kind, leaves_out = f"{how}_other_split", collection.splits[number] != last
        else:
            other = group[0] if number != group[0] else group[1]
            kind, leaves_out = how, how == "same" and number != group[0]
        where = f"{collection.names[other]} ({collection.class_of(other)}, {collection.splits[other]})"
        reason = f"{words} {where}" + (f" and {len(others) - 1} more" if len(others) > 1 else "")
        first = [other, *(one for one in others if one != other)]
        yield finding(kind, collection, number, reason, leaves_out=leaves_out, group=int(group[0]), others=first)


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
