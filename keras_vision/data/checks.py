"""What is refused of a data set before work starts, and what a person is warned of: sizes, names, labels, leaks."""

import collections
import dataclasses

import numpy as np

from keras_vision.data.seen import digests
from keras_vision.data.spelling import told_apart
from keras_vision.data.words import some
from keras_vision.errors import BadInput
from keras_vision.runs.archive import MAX_SIDE
from keras_vision.runs.card import is_text
from keras_vision.system.numbers import is_number

_NOTHING = 16  # grey levels


def height_and_width(image_size):
    """Returns what was given as an image size as (height, width); None for None."""
    if image_size is None:
        return None
    sides = tuple(image_size) if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    if len(sides) != 2 or not all(is_number(side, whole=True) and 1 <= side <= MAX_SIDE for side in sides):
        raise BadInput(
            f"image_size must be a side, or a height and a width, of 1 to {MAX_SIDE} pixels, not {image_size!r}."
        )
    return tuple(map(int, sides))


def check_sides(spec, shape):
    """Refuses images, of shape [n, height, width, channels], that no model takes."""
    if max(shape[1:3]) > MAX_SIDE:
        raise BadInput(
            f"The images of {spec} have {shape[1]}x{shape[2]} pixels, and no side may have more than {MAX_SIDE}. "
            "Make them smaller, for example with --image-size 64."
        )


def check_names(*names):
    """Refuses names that cannot be shown in a line."""
    if odd := [name for name in names if not is_text(name)]:
        raise BadInput(f"The name {odd[0]!r} contains line ends or other control characters. Rename it.")


def check_labels(spec, labels, class_names):
    """Refuses training labels that are none, of one class alone, or without a name."""
    if len(class_names) < 2:
        named = f"only one class, {class_names[0]!r}" if class_names else "no classes"
        raise BadInput(f"{spec} has {named}. At least two are needed.")
    if not len(labels):
        raise BadInput(f"{spec} has no training images. Give some of every class.")
    for label in (labels.min(), labels.max()):
        if not 0 <= label < len(class_names):
            raise BadInput(
                f"{spec} has the label {label}, but its {len(class_names)} class names are for the labels from 0 to "
                f"{len(class_names) - 1}."
            )


def _without_images(split, class_names):
    """The names of classes that a split has no images of, as text."""
    return some([name for label, name in enumerate(class_names) if label not in set(split.labels.tolist())])


def _plain(split, name):
    """A warning, in a list, of images that show nothing: black, white, or of one colour."""
    low, high = int(split.images.min(initial=255)), int(split.images.max(initial=0))
    if high < _NOTHING:
        return [f"The {name} images are nearly black: no value is above {high} of 255."]
    if 0 <= high - low < _NOTHING:
        return [
            f"The {name} images are nearly of one colour: all values lie between {low} and {high} of 255. White shapes "
            "on transparent ground look so, because transparency is laid over white: put them on another ground."
        ]
    return []


def training_warnings(train, validation, class_names, is_carved):
    """Returns what makes validation tell less than it seems to, a sentence each."""
    warnings, labels = [*told_apart(class_names), *_plain(train, "training")], collections.defaultdict(set)
    trained, validated = digests(train.images), digests(validation.images)
    for digest, label in zip(trained + validated, np.concatenate([train.labels, validation.labels]), strict=True):
        labels[digest].add(int(label))
    if ambiguous := sum(len(of_image) > 1 for of_image in labels.values()):
        warnings.append(f"{ambiguous} different training images appear with more than one label.")
    known = set(trained)
    if shared := sum(digest in known for digest in validated):
        warnings.append(f"{shared} validation images are also training images: the validation accuracy is too high.")
    if names := _without_images(validation, class_names):
        which = "There are no validation images of these classes"
        if is_carved:
            which = "These classes have one image each, too few to validate them"
        warnings.append(f"{which}: {names}.")
    return warnings


def check_shape(spec, name, shape, train):
    """Refuses images, each of this shape, that differ from the training images in it."""
    expected = train.images.shape[1:]
    if shape != expected:
        raise BadInput(
            f"The {name} images of {spec} have the shape {shape}, but its training images have {expected}. "
            "Save them all in the same shape."
        )


def check_fits(spec, name, split, train):
    """Refuses a split without images, or with others than the training images in shape."""
    check_shape(spec, name, split.images.shape[1:], train)
    if not len(split):
        raise BadInput(f"{spec} has no {name} images. Give at least one.")


def checked_test(spec, split, known_splits, class_names):
    """Returns a test split that fits, with warnings of classes it lacks and images it shares with the known splits."""
    check_fits(spec, "test", split, known_splits[0])
    known = {}
    for known_split in known_splits:
        known.update(zip(digests(known_split.images), known_split.labels.tolist(), strict=True))
    test_labels = zip(digests(split.images), split.labels.tolist(), strict=True)
    shared = [known[digest] == label for digest, label in test_labels if digest in known]
    warnings = [*split.warnings, *_plain(split, "test")]
    if missing := _without_images(split, class_names):
        warnings.append(f"There are no test images of these classes: {missing}.")
    if shared:
        others = f", {shared.count(False)} of them with another label" if not all(shared) else ""
        are = "is also a training image" if len(shared) == 1 else "are also training images"
        warnings.append(f"{len(shared)} of {len(split)} test images {are}{others}: do not trust the test accuracy.")
    return dataclasses.replace(split, warnings=tuple(warnings))
