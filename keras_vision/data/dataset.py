"""Dataset: images to train on, to validate with and to test on; and how such splits are carved from one another."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from keras_vision.data.splits import Split


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation per channel, in pixel units (0-255)."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, split.

    Args:
        name: What was asked for, `"fashion_mnist"` or `"folder:photos"`.
        train, validation: `Split`s; validation is the source's own, or carved from its training images.
        test: Opens the test split, which nothing reads before; its `warnings` tell of images shared with training.
        class_names: One name per label.
        origin: One line: where the images came from.
        fingerprint: SHA-256 of the training images, labels and class names before the validation split was carved;
            the same for every seed and share.
        warnings: Sentences a person should read before trusting a result.
        decisions: What was decided for the person, a sentence each; see `Source`.
        seed: Chose the validation images; None where these are the source's own.
        pixel_scale: The value that became 255, of each kind of image file with more than eight bits; see
            `data/files/depths.py`. It travels with the model, whose later images are scaled alike. Else empty.

    Example:

    >>> data = load_dataset("digits")
    >>> data.train.images.shape, data.class_names[:3]
    ((1458, 8, 8, 1), ('0', '1', '2'))
    """

    name: str
    train: Split
    validation: Split
    test: Callable[[], Split]
    class_names: tuple[str, ...]
    origin: str
    fingerprint: str
    warnings: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    seed: int | None = None
    pixel_scale: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def shape(self):
        """(height, width, channels) of every image."""
        return self.train.images.shape[1:]

    @functools.cached_property
    def statistics(self):
        """`Statistics` of the training images."""
        return _statistics(self.train.images)

    def fold(self, number):
        """Returns this data set with other images for validation: those of now are trained on in their place.

        Args:
            number: From 1. The validation images of different numbers are different, as far as there are enough.
                Where the validation images are the source's own there are no others: these stay.

        Example:

        >>> dataset = load_dataset("digits")
        >>> fold = dataset.fold(1)
        >>> len(fold.train), len(fold.validation)
        (1459, 159)
        """
        if self.seed is None:
            return self
        now, share = self.validation, len(self.validation) / len(self.train)
        is_carved = carve(self.train.labels, share, self.seed, part=number - 1, spare=now.labels)
        rest, carved = self.train.at(~is_carved), self.train.at(is_carved)
        train = Split(np.concatenate([rest.images, now.images]), np.concatenate([rest.labels, now.labels]))
        return dataclasses.replace(self, train=train, validation=carved, warnings=())


def carve(labels, share, seed, part=0, spare=()):
    """Chooses the share of each class, rounded, at least one image where a class has two or more.

    Args:
        labels: int64 array [n].
        share: Between 0 and 1.
        seed: Decides which images.
        part: Other parts, counted from 0, are other images, until a class has no more: then its first come again.
        spare: Labels of classes that have images elsewhere to be trained on, so that also their only one may be chosen.

    Returns:
        bool array [n].

    Example:

    >>> int(carve(np.array([0] * 20 + [1]), share=0.1, seed=0).sum())  # none of class 1, which has one image
    2
    """
    generator = np.random.default_rng(seed)
    is_carved = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = min(len(members) - (label not in spare), max(1, round(share * len(members))))
        is_carved[np.roll(generator.permutation(members), -part * count)[:count]] = True
    return is_carved


def _statistics(images):
    """Exact sums of integers, in pieces, so that no float copy of the images is ever made."""
    count, channels = images[..., 0].size, images.shape[-1]
    total, squares = np.zeros(channels), np.zeros(channels)
    step = max(1, 2**18 // images[0].size)
    for start in range(0, len(images), step):
        piece = images[start : start + step].reshape(-1, channels)
        total += piece.sum(axis=0, dtype=np.uint64)
        squares += np.square(piece, dtype=np.uint16).sum(axis=0, dtype=np.uint64)
    mean = total / count
    # A constant channel would divide by zero: one grey level is the least deviation that 8 bits can show.
    std = np.maximum(np.sqrt(np.maximum(squares / count - mean**2, 0)), 1.0)
    return Statistics(tuple(mean.tolist()), tuple(std.tolist()))
