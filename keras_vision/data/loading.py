"""From a specification to a data set, split: `load_dataset("fashion_mnist")` and what it returns."""

import dataclasses
import hashlib
from collections.abc import Callable

import numpy as np

from keras_vision.data.checks import (
    check_fits,
    check_labels,
    check_names,
    check_sides,
    checked_test,
    height_and_width,
    training_warnings,
)
from keras_vision.data.evaluation import evaluation_images
from keras_vision.data.images import resize_images
from keras_vision.data.labels import used_classes
from keras_vision.data.sources import open_source
from keras_vision.data.splits import Split
from keras_vision.errors import BadInput, check_choice

TEST_SHARE = 0.1


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
        shape: (height, width, channels) of every image.
        statistics: `Statistics` of `train`.
        source: One line: where the images came from.
        fingerprint: SHA-256 of the training images, labels and class names before the validation split was carved;
            the same for every seed and share.
        warnings: Sentences a person should read before trusting a result.
        decisions: What was decided for the person, a sentence each; see `Source`.
        seed: Chose the validation images; None where these are the source's own.
        pixel_scale: The value that became 255, of each kind of image file with more than eight bits; see
            `data/depths.py`. It travels with the model, whose later images are scaled alike. Empty for all others.
    """

    name: str
    train: Split
    validation: Split
    test: Callable[[], Split]
    class_names: tuple[str, ...]
    shape: tuple[int, int, int]
    statistics: Statistics
    source: str
    fingerprint: str
    warnings: tuple[str, ...]
    decisions: tuple[str, ...] = ()
    seed: int | None = None
    pixel_scale: dict[str, float] = dataclasses.field(default_factory=dict)

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
        share = len(self.validation) / len(self.train)
        rest, validation = _carve(self.train, share, self.seed, part=number - 1, spare=self.validation.labels)
        train = Split(*(np.concatenate([getattr(s, name) for s in (rest, self.validation)]) for name in _ARRAYS))
        return dataclasses.replace(
            self, train=train, validation=validation, statistics=_statistics(train.images), warnings=()
        )


_ARRAYS = ("images", "labels")  # of a `Split`


def load_dataset(
    spec,
    *,
    data_dir=None,
    validation_share=0.1,
    seed=0,
    image_size=None,
    on_bad_image="error",
    announce=None,
    pixel_scale=None,
):
    """Finds a data set, checks it, reads its training images and carves the validation split from them.

    Args:
        spec: A name in `DATASETS`, `"folder:PATH"`, `"npz:PATH"`, `"csv:FILE"`, `"tfds:NAME"` or `"tfds:NAME/CONFIG"`.
        data_dir: For names: the only directory to look in, a TFDS directory or one that holds the four IDX files.
        validation_share: Share of the training images, of each class alike, that becomes the validation split, where
            the source has none of its own.
        seed: Chooses the validation images. A test split that the source does not have is carved first (10%), and
            does not depend on the seed: what one seed trains on must not be what another is tested on.
        image_size: Side in pixels, or (height, width), to resize all images to.
        on_bad_image: "error", or "skip" to leave out training images that cannot be decoded. For `folder:`.
        announce: Called with a line of text before anything slow; None for silence.
        pixel_scale: That of a model, to read images of more than eight bits as its own were read. For `folder:`.

    Returns:
        A `Dataset`.

    Raises:
        BadInput: Unknown name, nothing found, or anything wrong with what was found.

    Example:

    >>> dataset = load_dataset("digits")
    >>> dataset.shape, len(dataset.train), len(dataset.validation), len(dataset.test())
    ((8, 8, 1), 1458, 160, 179)
    """
    if not 0 < validation_share < 1:
        raise BadInput(f"validation_share={validation_share}", "a share between 0 and 1", "For 10% write 0.1.")
    image_size = height_and_width(image_size)
    opened = _open(spec, data_dir, image_size, on_bad_image, announce, pixel_scale)
    if opened.train is None:
        raise BadInput(f"{spec} has no training images. A model can be evaluated on it, but not trained.")
    given, warnings = _resized(opened.train, image_size), list(opened.train.warnings)
    # All else of it is kept, and these images are not: what is carved from them is a copy.
    opened = dataclasses.replace(opened, train=None)
    check_sides(spec, given.images.shape)
    check_names(spec, *opened.class_names)
    check_labels(spec, given.labels, opened.class_names)
    fingerprint = _fingerprint(given, opened.class_names)
    class_names, unused, renumbered = used_classes(given.labels, opened.class_names)
    if unused and on_bad_image == "skip":  # a class must not vanish because its images are damaged
        raise BadInput(f"{spec} has classes of which no image can be decoded. {' '.join(unused)}")

    def fitted(split, what):
        return renumbered(_resized(split, image_size), f"{spec}, {what} images")

    given, carved = renumbered(given, ""), None
    if opened.test is None:
        given, carved = _carve(given, TEST_SHARE, seed=0)
        warnings.append(
            f"There is no test split, so {len(carved)} images were set aside as one, the same for every seed."
        )
    if opened.validation is None:
        train, validation = _carve(given, validation_share, seed)
    else:
        train, validation = given, fitted(opened.validation, "validation")
        check_fits(spec, "validation", validation, train)
        warnings += validation.warnings
    del given  # carved images are copies
    if not len(validation):
        raise BadInput(f"{spec} has only {len(train)} training images. At least one class needs three or more.")
    warnings += training_warnings(train, validation, class_names, is_carved=opened.validation is None)

    def test():
        return checked_test(spec, fitted(opened.test(), "test") if opened.test else carved, (train, validation))

    return Dataset(
        name=spec,
        train=train,
        validation=validation,
        test=test,
        class_names=class_names,
        shape=train.images.shape[1:],
        statistics=_statistics(train.images),
        source=opened.origin,
        fingerprint=fingerprint,
        warnings=tuple(warnings),
        decisions=(*opened.decisions, *unused),
        seed=seed if opened.validation is None else None,
        pixel_scale=opened.pixel_scale,
    )


def load_images(source, *, shape, split=None, announce=None, pixel_scale=None, known=(), own=None):
    """Reads images to measure a model on that it was not trained on; none of them is set aside.

    Args:
        source: A `DataSource`.
        announce, pixel_scale: As in `load_dataset`.
        known: Names of the model's classes.
        shape: (height, width, channels) of the model's input, to which the images are brought.
        split: `"test"`, `"validation"` or `"all"`; by default the test split, and all images where there is none.
        own: The fingerprint of the data that the model was trained on.

    Returns:
        A `keras_vision.data.evaluation.EvaluationImages`; None where this is the model's own data.

    Raises:
        BadInput: Unknown name, nothing found, no such split, or anything wrong with what was found.

    Example:

    >>> found = load_images(DataSource("digits"), shape=(8, 8, 1))
    >>> found.split, len(found.images)
    ('all', 1797)
    """
    image_size = height_and_width(source.image_size)
    reading = (source.data_dir, image_size, source.on_bad_image, announce, pixel_scale)
    opened = _open(source.dataset, *reading, known=tuple(known))
    has_training = opened.train is not None and len(opened.train)
    fingerprint = _fingerprint(_resized(opened.train, image_size), opened.class_names) if has_training else None
    if own and fingerprint == own:
        return None
    return evaluation_images(source.dataset, opened, tuple(shape), split, fingerprint)


def _open(spec, data_dir, image_size, on_bad_image, announce, pixel_scale, known=None):
    check_choice("on_bad_image", on_bad_image, ("error", "skip"))
    return open_source(
        spec,
        data_dir=data_dir,
        image_size=image_size,
        on_bad_image=on_bad_image,
        announce=announce or (lambda line: None),
        pixel_scale=pixel_scale,
        known=known,
    )


def _resized(split, image_size):
    if image_size is None or split.images.shape[1:3] == image_size:
        return split
    return dataclasses.replace(split, images=resize_images(split.images, *image_size))


def _fingerprint(split, class_names):
    digest = hashlib.sha256(repr((split.images.shape, class_names)).encode())
    digest.update(split.labels.tobytes())
    digest.update(np.ascontiguousarray(split.images))
    return digest.hexdigest()


def _carve(split, share, seed, part=0, spare=()):
    """Returns (rest, carved): the share of each class, rounded, at least one image where a class has two or more.

    Other parts, counted from 0, are other images, until a class has no more: then its first come again. Classes in
    `spare` have images elsewhere to be trained on, so that also their only one may be carved.
    """
    generator = np.random.default_rng(seed)
    is_carved = np.zeros(len(split), bool)
    for label in np.unique(split.labels):
        members = np.flatnonzero(split.labels == label)
        count = min(len(members) - (label not in spare), max(1, round(share * len(members))))
        is_carved[np.roll(generator.permutation(members), -part * count)[:count]] = True
    return tuple(Split(split.images[chosen], split.labels[chosen]) for chosen in (~is_carved, is_carved))


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
