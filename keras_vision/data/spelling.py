"""How classes are spelled: in which order names stand, and which of them are one class."""

import collections
import re
import unicodedata

import numpy as np

from keras_vision.data.words import some
from keras_vision.errors import BadInput

_DIGITS = re.compile(r"-?\d+")


def sorted_names(names):
    """Returns names of classes in their order: whole numbers as numbers where all are, else as text.

    Example:

    >>> sorted_names(["10", "9", "-1"]), sorted_names(["b", "10", "9"])
    (['-1', '9', '10'], ['10', '9', 'b'])
    """
    names = list(names)
    if all(name.removeprefix("-").isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def plain_name(name):
    """Returns a class's name without case, blanks and signs: two spellings of one class give the same.

    What has no letters stays as it is, because 1-2 is not 12; and so do + and #, because C++ is not C.

    Example:

    >>> plain_name("T-shirt/top"), plain_name("t shirt_top"), plain_name("1-2")
    ('tshirttop', 'tshirttop', '1-2')
    """
    if not any(map(str.isalpha, name)):
        return name
    return re.sub(r"[^\w+#]|_", "", name).casefold()


def plain_texts(labels, what):
    """Returns labels without blanks around them, an accent in one spelling, and whole numbers without a fraction.

    Args:
        labels: Array [n] of strings.
        what: Names it in messages.

    Returns:
        String array [n], and the different numbers that they are; an empty array where they are none.

    Raises:
        BadInput: Some are empty.

    Example:

    >>> plain_texts(np.array(["10.0", "2.0"]), "y_train")[0].tolist()
    ['10', '2']
    """
    values, places = np.unique(labels, return_inverse=True)
    names = [unicodedata.normalize("NFC", value.strip()) for value in values.tolist()]
    counts = np.bincount(places.reshape(-1), minlength=len(names))
    if empty := sum(int(count) for name, count in zip(names, counts, strict=True) if name.lower() in ("", "nan")):
        raise BadInput(f"{what} has {empty} empty labels. Give each image a label, or leave these images out.")
    numbers = np.array(names if all(map(is_numeral, names)) else [], np.float64)
    if numbers.size and (numbers == np.floor(numbers)).all() and np.isfinite(numbers).all():
        names = [name if _DIGITS.fullmatch(name) else str(int(float(name))) for name in names]
    return np.array(names, str)[places.reshape(-1)], numbers


def told_apart(names):
    """Returns a warning, in a list, about classes that differ only in case or blanks; letters may do so: a and A.

    Example:

    >>> told_apart(["A", "a", "cat"])
    []
    >>> told_apart(["Cat", "cat "])
    ["'Cat' and 'cat ' are spelled alike, and kept apart as classes. If they are one, give them one name."]
    """
    spellings = collections.defaultdict(list)
    for name in names:
        spellings["".join(name.casefold().split())].append(repr(name))
    several = [" and ".join(alike) for plain, alike in spellings.items() if len(alike) > 1 and len(plain) > 1]
    told = f"{some(several, 3)} are spelled alike, and kept apart as classes. If they are one, give them one name."
    return [told] if several else []


def is_numeral(text):
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def spelled_alike(given, labels, what):
    """Returns a sentence, in a list, about labels that were taken as one class though they are spelled in two ways.

    Args:
        given, labels: Arrays [n] of labels as they were stored, and as `plain_labels` returns them.
        what: Names them.

    Example:

    >>> spelled_alike(np.array(["cat", "cat "]), np.array(["cat", "cat"]), "y_train")
    ["y_train: 'cat' and 'cat ' are one class."]
    """
    if given.dtype.kind != "U" or given.shape != labels.shape:
        return []
    spellings = collections.defaultdict(list)
    for old, new in zip(*np.unique(np.stack([given, labels.astype(str)]), axis=1).tolist(), strict=True):
        spellings[new].append(repr(old))
    several = [" and ".join(of_one) for of_one in spellings.values() if len(of_one) > 1]
    return [f"{what}: {some(several, 3)} are one class."] if several else []
