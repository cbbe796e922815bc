"""From a specification to images: `load_dataset` to train on, `load_images` to measure on, `load_to_audit` to audit."""

import dataclasses
import hashlib

import numpy as np

from keras_vision.data.arrays.labels import used_classes
from keras_vision.data.checks import (
    check_fits,
    check_labels,
    check_names,
    check_shape,
    check_sides,
    checked_test,
    height_and_width,
    training_warnings,
)
from keras_vision.data.dataset import Dataset, carve
from keras_vision.data.evaluation import evaluation_images
from keras_vision.data.files.images import resize_images
from keras_vision.data.opening import open_source
from keras_vision.data.splits import Reading
from keras_vision.data.words import some
from keras_vision.errors import BadInput
from keras_vision.system.numbers import is_number
from keras_vision.system.settings import SEED

TEST_SHARE = 0.1
VALIDATION_SHARE = 0.1


def load_dataset(
    spec,
    *,
    data_dir=None,
    validation_share=VALIDATION_SHARE,
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
    if not (is_number(validation_share) and 0 < validation_share < 1):
        raise BadInput(
            f"validation_share must be a share between 0 and 1, not {validation_share!r}. For 10% write 0.1."
        )
    SEED("seed", seed)
    reading = Reading(height_and_width(image_size), on_bad_image, announce, pixel_scale)
    source, fingerprint = _usable_source(spec, data_dir, reading)
    return _split(spec, source, fingerprint, validation_share, seed, uses_up=True)


def load_to_audit(source, announce=None):
    """Reads all images that can be read, to look at them; an image that cannot be read stops nothing.

    Args:
        source: A `DataSource`.
        announce: As in `load_dataset`.

    Returns:
        The `Source`, which says what is its own, and the `Dataset` that a training would get of it.

    Raises:
        BadInput: As in `load_dataset`, but not for damaged images, which the splits of the source list.

    Example:

    >>> source, dataset = load_to_audit(DataSource("digits"))
    >>> source.test is None, len(dataset.test())
    (True, 179)
    """
    reading = Reading(height_and_width(source.image_size), tell=announce, audits=True)
    opened, fingerprint = _usable_source(source.dataset, source.data_dir, reading)
    if opened.train.files is None:
        numbers = np.array([f"train/{number}" for number in range(len(opened.train))], object)
        opened = dataclasses.replace(opened, train=dataclasses.replace(opened.train, files=numbers))
    return opened, _split(source.dataset, opened, fingerprint, VALIDATION_SHARE, source.seed)


def _usable_source(spec, data_dir, reading):
    """Returns the `Source` that a specification names, as it is trained on, and its fingerprint."""
    source = _fit_for_training(spec, open_source(spec, data_dir, reading), reading)
    fingerprint = _fingerprint(source.train, source.class_names)
    return _of_used_classes(spec, source, reading), fingerprint


def _fit_for_training(spec, source, reading):
    """Returns a source whose training images are resized, and sound as far as they tell by themselves."""
    if source.train is None:
        raise BadInput(f"{spec} has no training images. A model can be evaluated on it, but not trained.")
    train = _resized(source.train, reading.image_size)
    check_sides(spec, train.images.shape)
    check_names(spec, *source.class_names)
    check_labels(spec, train.labels, source.class_names)
    return dataclasses.replace(source, train=train)


def _of_used_classes(spec, source, reading):
    """Returns a source whose splits have the size of its training images, and no classes but those these show."""
    class_names, unused, renumbered = used_classes(source.train.labels, source.class_names)
    if unused and reading.skips:  # a class must not vanish because its images are damaged
        raise BadInput(f"{spec} has classes of which no image can be decoded. {' '.join(unused)}")

    def fitted(split, what):
        return renumbered(_resized(split, reading.image_size), f"{spec}, {what} images")

    train, validation, open_test = fitted(source.train, "training"), source.validation, source.test
    if validation is not None:
        validation = fitted(validation, "validation")
        check_fits(spec, "validation", validation, train)
    if shape := source.test_shape:
        check_shape(spec, "test", (*(reading.image_size or shape[:2]), shape[2]), train)
    return dataclasses.replace(
        source,
        train=train,
        validation=validation,
        test=open_test and (lambda: fitted(open_test(), "test")),
        class_names=class_names,
        decisions=(*source.decisions, *unused),
    )


def _split(spec, source, fingerprint, validation_share, seed, uses_up=False):
    """Returns the `Dataset` of a source; the splits that it lacks are carved from its training images.

    With `uses_up` nobody needs the source any more, so that the memory of its images can be taken.
    """
    given, open_own, validation, aside = source.train, source.test, source.validation, None
    class_names = source.class_names
    warnings, left = list(given.warnings), np.arange(len(given))
    if open_own is None:
        left, aside = _set_aside(given, left, TEST_SHARE, seed=0)
        warnings.append(
            f"There is no test split, so {len(aside)} images were set aside as one, the same for every seed."
        )
    if is_carved := validation is None:
        left, validation = _set_aside(given, left, validation_share, seed)
    if not len(validation):
        raise BadInput(
            f"{spec} has {len(given)} training images in {len(source.class_names)} classes "
            f"({some(source.class_names, 3)}), too few to set some of each aside. At least one class needs three or "
            "more."
        )
    train = given if len(left) == len(given) else given.moved_together(left) if uses_up else given.at(left)
    warnings += [*validation.warnings, *training_warnings(train, validation, source.class_names, is_carved)]

    def open_test():  # holds on to the splits, and not to the images that they were carved from
        return checked_test(spec, open_own() if open_own else aside, (train, validation), class_names)

    return Dataset(
        name=spec,
        train=train,
        validation=validation,
        test=open_test,
        class_names=source.class_names,
        origin=source.origin,
        fingerprint=fingerprint,
        warnings=tuple(warnings),
        decisions=(*source.decisions, *_told(source.class_names, train, validation, aside, is_carved)),
        seed=seed if is_carved else None,
        pixel_scale=source.pixel_scale,
    )


def _told(class_names, train, validation, aside, is_carved):
    """Which classes there are and how many images serve for what, in two sentences."""
    counts = [f"{len(train):,} for training", f"{len(validation):,} for validation{is_carved * ' (set aside)'}"]
    counts += [f"{len(aside):,} for testing (set aside)"] if aside else []
    return f"{len(class_names):,} classes: {some(class_names, 10)}.", f"Images: {', '.join(counts)}."


def _set_aside(split, left, share, seed):
    """Returns the numbers of the images that are left, and a `Split` of the others.

    Numbers are carved from numbers, so that no image is copied twice.
    """
    is_carved = carve(split.labels[left], share, seed)
    return left[~is_carved], split.at(left[is_carved])


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
    reading = Reading(image_size, source.on_bad_image, announce, pixel_scale, tuple(known))
    opened = open_source(source.dataset, source.data_dir, reading)
    has_training = opened.train is not None and len(opened.train)
    fingerprint = _fingerprint(_resized(opened.train, image_size), opened.class_names) if has_training else None
    if own and fingerprint == own:
        return None
    return evaluation_images(source.dataset, opened, tuple(shape), split, fingerprint)


def _resized(split, image_size):
    if image_size is None or split.images.shape[1:3] == image_size:
        return split
    return dataclasses.replace(split, images=resize_images(split.images, *image_size))


def _fingerprint(split, class_names):
    digest = hashlib.sha256(repr((split.images.shape, class_names)).encode())
    digest.update(split.labels.tobytes())
    digest.update(np.ascontiguousarray(split.images))
    return digest.hexdigest()
