"""CSV files with the pixels in them: a label and a column for each pixel, or a column that holds all of an image.

MNIST, Sign-MNIST and FER2013 are distributed so.
"""

import dataclasses
import functools
import itertools

import numpy as np

from keras_vision.data.arrays.reading import Part, open_arrays
from keras_vision.data.csv.labels import named_label, only_label
from keras_vision.data.csv.splits import SplitColumns, find_splits
from keras_vision.data.csv.table import plain, table_beside
from keras_vision.data.spelling import is_numeral
from keras_vision.data.split_names import SPLITS
from keras_vision.data.splits import check_memory
from keras_vision.data.words import some
from keras_vision.errors import BadInput

_AT_ONCE = 2048  # rows whose numbers are floats at a time
_FEWEST = 16  # pixels
_INDEX_NAMES = ("", "index", "id", "unnamed", "rowid", "imageid")


@dataclasses.dataclass(frozen=True)
class Columns:
    """Which columns of a table are what.

    Args:
        label: The label's.
        pixels: One column that holds all pixels, blank-separated, or a list of columns, one for each.
        splits: `SplitColumns`, those which say the split.
    """

    label: int
    pixels: int | list
    splits: SplitColumns


def holds_pixels(table):
    """Whether a table holds pixels and not paths."""
    return _packed(table) is not None or sum(map(is_numeral, table.sample[0])) > _FEWEST


def _packed(table):
    """The column in which each value is a list of numbers, or None."""
    for index, value in enumerate(table.sample[0]):
        numbers = value.split()
        if len(numbers) >= _FEWEST and all(map(is_numeral, numbers)):
            return index
    return None


def open_pixels(table, known=None):
    """Opens a table of pixels.

    Args:
        table: A `CsvFile`.
        known: As in `open_arrays`.

    Returns:
        A `Source`. A file beside it that is named like it with test in place of train is its test split, where it has
        none of its own.

    Raises:
        BadInput: No label column, rows of different lengths, values that are no numbers, or no square images.
    """
    columns, decisions = _find_columns(table)
    check_memory(table.path, _estimate(table))
    parts = _parts(table, columns)
    if "test" not in parts:
        beside, told = table_beside(table, [columns.label])
        decisions += told
        if beside:
            parts["test"] = _part_beside(beside, columns, table)
    return open_arrays(parts, str(table.path), decisions=tuple(decisions), known=known)


def _estimate(table):
    """Bytes of the pixels: each has at least two signs in the file."""
    return table.path.stat().st_size / 2


def _find_columns(table):
    packed, label = _packed(table), named_label(table)
    splits = find_splits(table, label)
    free = [index for index in range(len(table.heading)) if index not in (packed, *splits.columns)]
    decisions = [*table.told, *splits.decisions]
    if packed is not None:
        if label is None:
            label = only_label(table, *_values(table, free))
            decisions.append(f"{table.path.name}: {table.titled(label)} is taken as the label.")
        return Columns(label, packed, splits), [*decisions, *table.unused({label, packed, *splits.columns})]
    if table.has_heading:
        names = {index: plain(table.heading[index]) for index in (free[0], free[-1])}
        is_count = all(name.isdecimal() for name in table.heading)
        free = [i for i in free if is_count or i == label or names.get(i) not in _INDEX_NAMES or _is_pixel(table, i)]
    if label is None:
        label = _label_at_an_end(table, free)
        place = "first" if label == free[0] else "last"
        decisions.append(f"{table.path.name}: the {place} column, {table.heading[label]}, is taken as the label.")
    pixels = [index for index in free if index != label]
    odd = [table.heading[i] for i in pixels if not all(map(is_numeral, filter(None, table.column(i))))]
    if odd:
        raise BadInput(f"{table.path} has columns that are neither label nor pixels: {some(odd)}. Take them out.")
    return Columns(label, pixels, splits), decisions


def _label_at_an_end(table, free):
    """The first or the last column: that which is not called as the others are, else the likelier one."""
    ends = [free[0], free[-1]]
    usual = plain(table.heading[free[len(free) // 2]]) if table.has_heading else ""
    others = [index for index in ends if plain(table.heading[index]) != usual]
    if usual and not others:
        raise BadInput(
            f"{table.path} has pixels, {table.heading[ends[0]]} to {table.heading[ends[1]]}, and no column of labels. "
            "Training needs one label for each image, in a column named label."
        )
    return others[0] if len(others) == 1 else _likeliest(table, ends)


def _is_pixel(table, index):
    """Columns that are numbered, 0 to 783, are pixels; one without a name at all is the number of the row."""
    return table.heading[index].isdecimal()


def _likeliest(table, candidates):
    """The label's column: words, else whole numbers that are few but not one, else the first."""

    values_of, _ = _values(table, candidates)

    def rank(index):
        values = values_of[index]
        if not all(map(is_numeral, values)):
            return (0, 0)
        is_whole = all(float(value).is_integer() for value in values)
        distinct = len(set(values))
        return (1 if is_whole and distinct > 1 else 2, distinct)

    return min(candidates, key=rank)


def _values(table, indices):
    """Dict from each column to all its different values, as rows may be sorted by them; and the number of rows."""
    found, count = {index: set() for index in indices}, 0
    lines = table.lines()
    while some_lines := list(itertools.islice(lines, _AT_ONCE)):
        try:
            values = np.loadtxt(some_lines, str, usecols=sorted(found), ndmin=2, **_form(table))
        except (ValueError, IndexError) as error:
            raise BadInput(f"{table.path} has rows of different lengths: {_reason(error)}.") from error
        count += len(values)
        for index, column in zip(sorted(found), values.T, strict=True):
            found[index].update(column.tolist())
    return found, count


def _reason(error):
    """What NumPy says of a row, which may hold a long value."""
    return str(error).rstrip(".")[:200]


def _form(table):
    return {"delimiter": table.separator, "quotechar": '"', "comments": None}


def _parts(table, columns):
    """A `Part` for each split; the file is read once, when the first array is asked for."""
    read = functools.cache(lambda: _read(table, columns))
    label, where = table.heading[columns.label], f"{table.path.name}: pixels"
    splits = _splits(table, columns.splits)
    splits_found = [split for split in SPLITS if split in splits]
    is_whole = len(splits) == 1

    def part(split):
        def chosen(array):
            return lambda: array() if is_whole else array()[splits == split]

        name = where if len(splits_found) == 1 else f"{where} of the {split} rows"
        return Part(chosen(lambda: read()[0]), chosen(lambda: read()[1]), name, f"{table.path.name}: {label}")

    return {split: part(split) for split in splits_found}


def _splits(table, splits):
    """Array with the split of each row, "" of one that is left out; of one string where no column says it."""
    if not splits.columns:
        return np.array(["train"])
    return np.array([splits.of_row(row) or "" for _, row in table.rows()])


def _part_beside(table, columns, trained):
    if table.has_heading != trained.has_heading or (table.has_heading and table.heading != trained.heading):
        raise BadInput(
            f"{table.path} does not have the columns of {trained.path}. Give both the same ones, in the same order."
        )
    read = functools.cache(lambda: _read(table, columns))
    name, label = table.path.name, trained.heading[columns.label]
    return Part(lambda: read()[0], lambda: read()[1], f"{name}: pixels", f"{name}: {label}")


def _read(table, columns):
    """Returns pixels [n, p], of the smallest type that holds them, and labels [n] as strings."""
    packed = isinstance(columns.pixels, int)
    read = _read_packed if packed else _read_columns
    pieces, labels, start = [], [], 0
    source = table.rows() if packed else table.lines()
    while some_rows := list(itertools.islice(source, _AT_ONCE)):
        pixels, names = read(table, columns, some_rows, start)
        pieces.append(_smallest(pixels))
        labels.append(names)
        start += len(some_rows)
    pixels = np.concatenate(pieces)
    if pixels.max(initial=0) <= 16:  # text has no type: bytes of so few levels may be of any
        pixels = pixels.astype(np.promote_types(pixels.dtype, np.uint16))
    return pixels, np.concatenate(labels)


def _read_packed(table, columns, rows, start):
    numbers = [row[columns.pixels].split() for _, row in rows]
    length = len(table.sample[0][columns.pixels].split())
    for (number, _), values in zip(rows, numbers, strict=True):
        if len(values) != length:
            raise BadInput(f"{table.path}: row {number} has {len(values)} pixels, but the first row has {length}.")
    try:
        pixels = np.array(numbers, np.float32)
    except ValueError as error:
        raise BadInput(f"{table.path} has pixels that are not numbers, after row {start}: {_reason(error)}.") from error
    return pixels, np.array([row[columns.label] for _, row in rows])


def _read_columns(table, columns, lines, start):
    try:
        pixels = np.loadtxt(lines, np.float32, usecols=columns.pixels, ndmin=2, **_form(table))
        labels = np.loadtxt(lines, str, usecols=[columns.label], ndmin=1, **_form(table))
    except (ValueError, IndexError) as error:
        raise BadInput(
            f"{table.path} has rows that cannot be read, after row {start}: {_reason(error)}. Give every row a "
            "label and a number for each pixel."
        ) from error
    return pixels, labels


def _smallest(pixels):
    """Bytes where that loses nothing: a file of 60,000 MNIST digits is 47 MB so, and 188 MB as floats."""
    for kind in (np.uint8, np.uint16):
        most = np.iinfo(kind).max
        if pixels.min() >= 0 and pixels.max() <= most and (pixels == np.floor(pixels)).all():
            return pixels.astype(kind)
    return pixels
