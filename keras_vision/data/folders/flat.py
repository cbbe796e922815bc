"""Images that lie in one folder: their classes from the beginning of their names, or from a table beside them."""

import collections
import csv
import re

from keras_vision.data.words import printable

_NUMBER = re.compile(r"(?<![A-Za-z0-9])\d")  # not one that is part of a word, as in n01440764
_SYNSET = re.compile(r"n\d{8}")  # of ImageNet
_EDGES = " _.-([#"
# What cameras, phones and programs call everything.
_EMPTY_WORDS = """
    img dsc dscn dscf pxl mvi vid image images imagen bild photo photos foto pic pict picture frame frames scan snap
    screenshot whatsapp file sample untitled download im test train val fig figure page
"""
_SAYS_NOTHING = frozenset(_EMPTY_WORDS.split())
_ROWS = 50


def classes_from_names(files):
    """Returns the class of each file from its name: what stands before the first number.

    None where that is hardly meant: not all names have such a beginning, they are what cameras write, there is one
    class only, a class has one image, or there are fewer than three images for each class.

    Args:
        files: Paths.

    Example:

    >>> from pathlib import Path
    >>> classes_from_names([Path(f"{name}.{n}.jpg") for name in ("cat", "dog") for n in range(3)])
    ['cat', 'cat', 'cat', 'dog', 'dog', 'dog']
    """
    classes = [_beginning(printable(file.stem)) for file in files]
    counts = collections.Counter(classes)
    meant = all(name and re.split(r"[\W_]+", name.lower())[0] not in _SAYS_NOTHING for name in counts)
    if not meant or len(counts) < 2 or min(counts.values()) < 2 or len(files) < 3 * len(counts):
        return None
    return classes


def _beginning(stem):
    number = _NUMBER.search(stem)
    name = stem[: number.start()] if number else stem
    name = name.rstrip(_EDGES)
    if name and not _SYNSET.fullmatch(name):
        name = name.rstrip("0123456789").rstrip(_EDGES)
    has_number = name != stem.rstrip(_EDGES)
    return name if has_number and any(sign.isalpha() for sign in name) else ""


def classes_among(files, known):
    """Returns the class of each file where all names begin with one of the known classes, else None.

    Example:

    >>> from pathlib import Path
    >>> classes_among([Path("A_test.jpg"), Path("del_test.jpg")], ["A", "B", "del"])
    ['A', 'del']
    """
    by_length = sorted(known, key=len, reverse=True)
    classes = [next((name for name in by_length if _begins_with(printable(file.stem), name)), None) for file in files]
    return classes if classes and all(classes) and len(set(classes)) > 1 else None


def _begins_with(stem, name):
    rest = stem[len(name) :]
    # A number may be a class or a count: 3.jpg is no image of class 3.
    return stem.startswith(name) and not name.isdigit() and (not rest or rest[0] in " _.-(0123456789")


def find_table(tables, files):
    """Returns the first of these .csv files of which a column names these image files, or None.

    Args:
        tables: Paths.
        files: Paths of images.
    """
    names = {name for file in files for name in (file.name, file.stem)}
    return next((table for table in tables if _names_files(table, names)), None)


def _names_files(table, names):
    try:
        with table.open(encoding="utf-8", errors="replace", newline="") as file:
            header = file.readline()
            reader = csv.reader(file, delimiter=max(",;\t", key=header.count))
            rows = [row for row, _ in zip(reader, range(_ROWS), strict=False)]
    except (OSError, csv.Error):
        return False
    columns = list(zip(*rows, strict=False))
    found = [sum(re.split(r"[/\\]", value)[-1] in names for value in column) for column in columns]
    return len(columns) > 1 and max(found) > len(rows) / 2
