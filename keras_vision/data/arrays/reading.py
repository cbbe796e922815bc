"""From arrays in any usual form to a `Source`: axes, values and labels are read off the training arrays, once.

`axes.py`, `values.py` and `labels.py` hold the rules; what they decide holds for all splits of a source.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable

import numpy as np

from keras_vision.data.arrays.axes import Axes, find_axes
from keras_vision.data.arrays.labels import Classes, find_classes, plain_labels
from keras_vision.data.arrays.values import PixelScale, check_fourth_channel, over_white, to_uint8
from keras_vision.data.spelling import spelled_alike
from keras_vision.data.split_names import first_split
from keras_vision.data.splits import Source, Split
from keras_vision.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Part:
    """A split that is not read yet.

    Args:
        images, labels: Read the array of images, and that of labels. Raise `BadInput`.
        images_name, labels_name: Name the arrays in messages.
        header: (shape, dtype) of the images where that is known before they are read, else None.
    """

    images: Callable[[], np.ndarray]
    labels: Callable[[], np.ndarray]
    images_name: str
    labels_name: str
    header: tuple | None = None


@dataclasses.dataclass(frozen=True)
class Form:
    """How the arrays of a source are read, the shape of an image before transparency is gone, and sentences."""

    axes: Axes
    scale: PixelScale
    classes: Classes
    shape: tuple[int, ...]
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

    is_for_training = known is None and "train" in parts
    test_shape, warnings = _look_at_test(parts["test"], form) if is_for_training and "test" in parts else (None, ())
    train = read("train") if "train" in parts else None
    return Source(
        train=train and dataclasses.replace(train, warnings=train.warnings + warnings),
        test=(lambda: read("test")) if "test" in parts else None,
        class_names=form.classes.names,
        origin=origin,
        validation=read("validation") if "validation" in parts else None,
        decisions=(*decisions, *form.decisions),
        test_shape=test_shape,
    )


def _open_first(part, class_names, others):
    given = part.labels()
    labels, columns = plain_labels(given, part.labels_name)
    images = part.images()
    axes = find_axes(images, len(labels), part.images_name)
    classes = find_classes(*_with_labels_of(others, labels, columns), part.labels_name, class_names)
    images, scale, _ = to_uint8(axes.apply(images), part.images_name)
    form = Form(axes, scale, classes, images.shape[1:])
    said = (*check_fourth_channel(images, part.images_name), *spelled_alike(given, labels, part.labels_name))
    split = Split(over_white(images), classes.encode(labels, part.labels_name))
    return split, dataclasses.replace(form, sentences=said)


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
    images = _in_order(part, form, images, labels)
    images, _, warnings = to_uint8(images, part.images_name, form.scale)
    warnings += form.classes.respelled(labels, part.labels_name)
    return Split(over_white(images), form.classes.encode(labels, part.labels_name), tuple(warnings))


def _in_order(part, form, images, labels):
    """Returns images as [n, h, w, c], by the axes of the training images where these give images like those."""
    axes = form.axes
    fits = 0 not in images.shape and images.ndim == axes.ndim
    fits = fits and (axes.shape is None or math.prod(images.shape[1:]) == math.prod(form.shape))
    if not fits or axes.apply(images).shape[1:] != form.shape:
        axes = find_axes(images, len(labels), part.images_name)
    images = axes.apply(images)
    if len(images) != len(labels):
        raise BadInput(
            f"{part.images_name} holds {len(images)} images, but {part.labels_name} {len(labels)} labels. "
            "Save one label for each image."
        )
    return images


def _look_at_test(part, form):
    """Looks at a test split without its images: at its labels, and at what the head of the array says.

    Returns:
        The shape of an image, None where it is not known; and sentences about what cannot be read now.

    Raises:
        BadInput: Labels that training lacks, or a shape that holds no images.
    """
    try:
        labels, _ = plain_labels(part.labels(), part.labels_name)
    except BadInput as error:
        return None, (f"The test split cannot be read at the moment: {error}",)
    form.classes.encode(labels, part.labels_name)
    if part.header is None:
        return None, ()
    shape, dtype = part.header
    like = np.broadcast_to(np.zeros((), dtype), shape)  # as large, and takes no memory
    height, width, channels = _in_order(part, form, like, labels).shape[1:]
    told = f"{part.images_name} holds {dtype}, unlike the training images. Whether its values fit is seen at the end."
    is_alike = (dtype.kind == "f") == (form.scale.kind == "f")
    return (height, width, 3 if channels == 4 else channels), () if is_alike else (told,)
