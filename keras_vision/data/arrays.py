"""From arrays in any usual form to a `Source`: axes, values and labels are read off the training arrays, once.

`axes.py`, `values.py` and `labels.py` hold the rules; what they decide holds for all splits of a source.
"""

import contextlib
import dataclasses
from collections.abc import Callable

import numpy as np

from keras_vision.data.axes import Axes, find_axes
from keras_vision.data.labels import Classes, find_classes, plain_labels
from keras_vision.data.spelling import spelled_alike
from keras_vision.data.split_names import first_split
from keras_vision.data.splits import Source, Split
from keras_vision.data.values import Scale, over_white, to_uint8
from keras_vision.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Part:
    """A split that is not read yet.

    Args:
        images, labels: Read the array of images, and that of labels. Raise `BadInput`.
        images_name, labels_name: Name the arrays in messages.
    """

    images: Callable[[], np.ndarray]
    labels: Callable[[], np.ndarray]
    images_name: str
    labels_name: str


@dataclasses.dataclass(frozen=True)
class Form:
    """How the arrays of a source are read, and sentences about what is in them."""

    axes: Axes
    scale: Scale
    classes: Classes
    sentences: tuple[str, ...] = ()

    @property
    def decisions(self):
        """What a person is told, a tuple of sentences."""
        return tuple(filter(None, (self.axes.sentence, self.scale.sentence, self.classes.sentence, *self.sentences)))


def open_digits():
    """Opens scikit-learn's digits, whose 17 grey levels become 0, 16, 32 ... 255."""
    from sklearn.datasets import load_digits  # which takes a second that no other data set needs

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    return Source(
        train=Split(images, digits.target.astype(np.int64)),
        test=None,
        class_names=tuple(map(str, digits.target_names)),
        origin="scikit-learn's digits",
    )


def open_arrays(parts, origin, class_names=None, decisions=(), known=None):
    """Opens arrays.

    Args:
        parts: Dict from "train", "validation" and "test" to a `Part`; one of them at least.
        origin: One line: where they come from.
        class_names: Tuple of names given beside the labels, or None.
        decisions: Sentences about how the parts were found.
        known: None where a model is trained: its classes are those of the training images. Where one is measured, by
            names that it knows, they are those of all parts.

    Returns:
        A `Source`. Without a train part its `train` is None, and the form is read off the first part there is. Of a
        test part only the labels are read before its `test` is called.

    Raises:
        BadInput: Arrays that are not read as images with one label each, or labels that training lacks.

    Example:

    >>> part = Part(lambda: np.eye(4)[:, None], lambda: np.array(list("abab")), "x", "y")
    >>> source = open_arrays({"train": part}, "an example")
    >>> source.class_names, source.train.images.shape, source.train.images.max()
    (('a', 'b'), (4, 1, 4, 1), np.uint8(255))
    """
    first = first_split(parts)
    others = [part for split, part in parts.items() if split != first] if known is not None else []
    opened, form = _open_first(parts[first], class_names, others)

    def read(split):
        return opened if split == first else _read(parts[split], form)

    warnings = _test_labels(parts["test"], form.classes) if "test" in parts and first != "test" else ()
    train = read("train") if "train" in parts else None
    return Source(
        train=train and dataclasses.replace(train, warnings=train.warnings + warnings),
        test=(lambda: read("test")) if "test" in parts else None,
        class_names=form.classes.names,
        origin=origin,
        validation=read("validation") if "validation" in parts else None,
        decisions=(*decisions, *form.decisions),
    )


def _open_first(part, class_names, others):
    given = part.labels()
    labels, columns = plain_labels(given, part.labels_name)
    images = part.images()
    axes = find_axes(images, len(labels), part.images_name)
    classes = find_classes(*_with_labels_of(others, labels, columns), part.labels_name, class_names)
    images, scale, _ = to_uint8(axes.apply(images), part.images_name)
    form = Form(axes, scale, classes, tuple(spelled_alike(given, labels, part.labels_name)))
    return Split(over_white(images), classes.encode(labels, part.labels_name)), form


def _with_labels_of(others, labels, columns):
    """Labels and columns with those of other parts. What cannot be read of these is told where they are read."""
    for part in others:
        with contextlib.suppress(BadInput):
            more, of_more = plain_labels(part.labels(), part.labels_name)
            columns = columns and max(columns, of_more or 0)
            if "U" in (labels.dtype.kind, more.dtype.kind):
                labels, more = labels.astype(str), more.astype(str)
            labels = np.concatenate([labels, more])
    return labels, columns


def _read(part, form):
    labels, _ = plain_labels(part.labels(), part.labels_name)
    images = part.images()
    images = _axes_of(form.axes, images, len(labels), part.images_name).apply(images)
    if len(images) != len(labels):
        raise BadInput(
            f"{part.images_name} holds {len(images)} images, but {part.labels_name} {len(labels)} labels. "
            "Save one label for each image."
        )
    images, _, warnings = to_uint8(images, part.images_name, form.scale)
    warnings += form.classes.respelled(labels, part.labels_name)
    return Split(over_white(images), form.classes.encode(labels, part.labels_name), tuple(warnings))


def _axes_of(axes, images, count, what):
    """The axes of the training images where they can be those of this split, too, else what its own shape says."""
    if 0 in images.shape or images.ndim != axes.ndim or (axes.order[0] and count != images.shape[axes.order[0]]):
        return find_axes(images, count, what)
    return axes


def _test_labels(part, classes):
    """Labels only: one that training lacks is known before work starts, and an unreadable array stops nothing."""
    try:
        labels, _ = plain_labels(part.labels(), part.labels_name)
    except BadInput as error:
        return (f"The test split cannot be read at the moment: {error}",)
    classes.encode(labels, part.labels_name)
    return ()
