"""Labels as people store them, brought to int64 from 0 with a name for each class.

    integers, floats without fraction   classes by number; their names are the numbers as text
    [n, 1], [1, n]                      as [n]
    one-hot rows [n, k]                 the number of the column
    strings, bytes                      classes by name, sorted; names that are whole numbers, 7 or 7.0, as numbers
    booleans                            False and True

The classes are those of the training labels. Names given beside them are used in the order in which they stand.
"""

import dataclasses

import numpy as np

from keras_vision.data.spelling import plain_name, plain_texts, sorted_names
from keras_vision.data.words import some
from keras_vision.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Classes:
    """Which label is which class.

    Args:
        names: One for each class.
        codes: Dict from a label as it is stored, an int or a string, to the number of its class.
        sentence: What a person is told; "" where labels are numbers from 0 and keep them.
    """

    names: tuple[str, ...]
    codes: dict
    sentence: str = ""

    def encode(self, labels, what):
        """Returns labels, as `plain_labels` gives them, as int64 numbers of classes.

        Raises:
            BadInput: There are labels that the training images do not have.
        """
        values, places = np.unique(labels, return_inverse=True)
        keys = self._keys(values)
        if unknown := [key for key in keys if key not in self.codes]:
            raise BadInput(
                f"{what} has labels that no training image has: {some(sorted_names(map(str, unknown)))}. "
                "Add training images of them, or take them out."
            )
        return np.array([self.codes[key] for key in keys], np.int64)[places.reshape(-1)]

    def respelled(self, labels, what):
        """Returns a sentence, in a list, about labels that the training images have in another spelling."""
        values = np.unique(labels)
        pairs = [f"{old} is {new}" for old, new in zip(values, self._keys(values), strict=True) if str(old) != str(new)]
        return [f"Classes of {what} are spelled as in training: {some(pairs)}."] if pairs else []

    def _keys(self, values):
        """What training calls these labels, as far as it has them."""
        # A split may hold as text what another holds as numbers.
        texts = {str(key): key for key in self.codes}
        plain = {plain_name(text): key for text, key in texts.items()}
        loose = plain if len(plain) == len(texts) else {}  # C and C++
        return [
            value if value in self.codes else texts.get(str(value), loose.get(plain_name(str(value)), value))
            for value in values.tolist()
        ]


def count_labels(shape):
    """Returns how many labels an array of this shape holds.

    Example:

    >>> count_labels((60000, 1)), count_labels((1, 60000)), count_labels((60000, 10))
    (60000, 60000, 60000)
    """
    if not shape:
        return 0
    return shape[1] if len(shape) == 2 and shape[0] == 1 else shape[0]


def plain_labels(labels, what):
    """Returns labels as a flat array.

    Args:
        labels: Array, as the head of this file lists.
        what: Names it in messages.

    Returns:
        int64 or string array [n], and the number of columns of one-hot rows, else None.

    Raises:
        BadInput: Several labels an image, fractions, or neither numbers nor text.

    Example:

    >>> plain_labels(np.array([[0.0, 1.0], [1.0, 0.0]]), "y_train")
    (array([1, 0]), 2)
    """
    columns = None
    if labels.ndim == 2 and 1 in labels.shape:
        labels = labels.reshape(-1)
    if labels.ndim == 2 and labels.dtype.kind in "biuf":
        labels, columns = _columns(labels, what), labels.shape[1]
    if labels.ndim != 1:
        raise BadInput(
            f"{what} has the shape {labels.shape}. Save one label for each image, [n], or one-hot rows, [n, classes]."
        )
    kind = labels.dtype.kind
    if kind == "f":
        _check_whole(labels, what)
        labels = labels.astype(np.int64)
    elif kind == "S":
        labels = np.char.decode(labels, "utf-8", "backslashreplace")
    elif kind == "b":
        labels = labels.astype(str)
    elif kind not in "iuUT":
        raise BadInput(f"{what} holds {labels.dtype}. Save labels as integers, or as strings with astype(str).")
    if labels.dtype.kind in "iu" and labels.max(initial=0) <= np.iinfo(np.int64).max:
        return labels.astype(np.int64), columns
    labels, numbers = plain_texts(labels.astype(str), what)
    _check_whole(numbers, what)
    return labels, columns


def _columns(labels, what):
    low, high = labels.min(initial=0), labels.max(initial=0)
    is_high = labels == high
    if not (is_high | (labels == low)).all():
        raise BadInput(
            f"{what} has rows of {labels.shape[1]} values that are not one-hot. If they are probabilities, save the "
            "most probable class: y.argmax(axis=1)."
        )
    if not (is_high.sum(axis=1) == 1).all():
        raise BadInput(
            f"{what} has rows with no class or with several. Each image needs exactly one: leave out the others."
        )
    return is_high.argmax(axis=1)


def _check_whole(labels, what):
    if not np.isfinite(labels).all():
        raise BadInput(f"{what} has labels that are not finite (NaN). Leave these images out.")
    if (labels != np.floor(labels)).any():
        raise BadInput(
            f"{what} has labels with fractions, such as {labels[labels != np.floor(labels)][0]:g}. Labels must be "
            "classes, not measurements: save integers or names."
        )


def find_classes(labels, columns, what, class_names=None):
    """Says which classes there are.

    Args:
        labels, columns: Of the training images, as `plain_labels` returns them.
        what: Names them in messages.
        class_names: Tuple of names that were given beside them, else None.

    Returns:
        `Classes`.

    Raises:
        BadInput: The names do not fit the labels.

    Example:

    >>> classes = find_classes(np.array([3, 9, 5]), None, "y_train")
    >>> classes.names, classes.encode(np.array([9]), "y_test").tolist()
    (('3', '5', '9'), [2])
    """
    values = np.unique(labels).tolist()
    if class_names is not None:
        return _named(values, what, columns, class_names)
    if columns is not None:
        values = list(range(columns))
    elif labels.dtype.kind == "U":
        values = sorted_names(values)
    names = tuple(map(str, values))
    is_plain = labels.dtype.kind == "i" and values == list(range(len(values)))
    told = f"{what}: the labels {some(names)} became classes 0 to {len(names) - 1}."
    sentence = "" if is_plain or labels.dtype.kind == "U" else told
    return Classes(names, {value: number for number, value in enumerate(values)}, sentence)


def _named(values, what, columns, names):
    numbers = {name: number for number, name in enumerate(names)}
    if columns is not None and columns != len(names):
        raise BadInput(
            f"{what} has rows of {columns} classes, but there are {len(names)} class names. Give one for each."
        )
    if columns is not None:
        return Classes(names, {number: number for number in range(columns)})
    if all(str(value) in numbers for value in values):
        return Classes(names, numbers)
    try:
        integers = sorted(int(value) for value in values)
    except ValueError:
        unknown = [value for value in values if value not in numbers]
        raise BadInput(
            f"{what} has labels that are not among the class names: {some(unknown)}. Name all classes."
        ) from None
    first, last, most = integers[0], integers[-1], len(names) - 1
    if first >= 0 and last <= most:
        return Classes(names, {number: number for number in range(len(names))})
    if (first, last) == (1, len(names)):
        sentence = f"{what}: labels count from 1, so 1 is {names[0]} and {last} is {names[-1]}."
        return Classes(names, {number + 1: number for number in range(len(names))}, sentence)
    if len(values) == len(names):
        sentence = f"{what}: the labels {some(integers)} are, in this order, {some(names)}."
        return Classes(names, {value: number for number, value in enumerate(integers)}, sentence)
    raise BadInput(
        f"{what} has {len(values)} different labels from {first} to {last}, but there are {len(names)} class names. "
        "Give one name for each label, in the same order."
    )


def read_names(names, what):
    """Returns class names as a tuple of strings.

    Args:
        names: Array of strings, bytes or integers.
        what: Names it in messages.

    Raises:
        BadInput: Neither, or the same name twice.

    Example:

    >>> read_names(np.array([b"cat", b"dog"]), "class_names")
    ('cat', 'dog')
    """
    if names.dtype.kind not in "USTiu":
        raise BadInput(f"{what} holds {names.dtype}. Save the names of the classes as strings.")
    names = names.reshape(-1)
    names = np.char.decode(names, "utf-8", "backslashreplace") if names.dtype.kind == "S" else names
    texts = tuple(str(name) for name in names.tolist())
    if twice := sorted({name for name in texts if texts.count(name) > 1}):
        raise BadInput(f"{what} names a class twice: {some(twice)}. Give each class a name of its own.")
    return texts


def used_classes(labels, class_names):
    """Leaves out the names that no training image has: a class of which nothing is learned is no class.

    Args:
        labels: Of the training images: int64 from 0.
        class_names: Tuple of names.

    Returns:
        The names that are left; sentences about the others; and a function that takes a `Split` and what to call it in
        messages, and returns it with labels that fit. It raises `BadInput` for labels that training lacks.

    Example:

    >>> names, told, _ = used_classes(np.array([0, 2, 2]), ("ant", "bee", "cow"))
    >>> names, told
    (('ant', 'cow'), ('These classes have no training images and are left out: bee.',))
    """
    is_used = np.bincount(labels, minlength=len(class_names)) > 0
    used, unused = ([class_names[label] for label in np.flatnonzero(kept)] for kept in (is_used, ~is_used))
    numbers, last = np.cumsum(is_used) - 1, len(class_names) - 1

    def renumbered(split, what):
        outside = split.labels[(split.labels < 0) | (split.labels > last)]
        if len(outside):
            raise BadInput(f"{what} have the label {outside[0]}, but labels go from 0 to {last}.")
        if unlearned := [class_names[label] for label in np.unique(split.labels) if not is_used[label]]:
            raise BadInput(
                f"{what} show classes that no training image shows: {some(unlearned)}. Add training images of them, or "
                "take them out."
            )
        return dataclasses.replace(split, labels=numbers[split.labels]) if unused else split

    told = (f"These classes have no training images and are left out: {some(unused)}.",)
    return tuple(used), told if unused else (), renumbered
