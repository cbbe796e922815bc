"""Which columns of a table say the split, and which split each of their values means."""

import collections
import dataclasses

from keras_vision.data.csv.table import plain
from keras_vision.data.split_names import SPLITS, TEST, TRAIN, VALIDATION, split_named
from keras_vision.data.words import some
from keras_vision.errors import BadInput

_NAMES = frozenset({"split", "splits", "splitname", "datasplit", "traintestsplit", "subset", "partition"})
_LIKELY_NAMES = frozenset({"usage", "set", "phase"})  # they are, where a value names a split
_FLAGS = {  # column -> the split of the rows in which it is true
    **dict.fromkeys(("istrain", "istraining", "istrainingimg", "istrainingimage"), TRAIN),
    **dict.fromkeys(("isval", "isvalid", "isvalidation"), VALIDATION),
    **dict.fromkeys(("istest", "istesting"), TEST),
}
_PLAIN_FLAGS = {"train": TRAIN, "val": VALIDATION, "validation": VALIDATION, "test": TEST}
_TRUE, _FALSE = {"1", "true", "yes", "1.0"}, {"0", "false", "no", "0.0"}
_BLANK = {"", "nan", "na", "n/a", "none", "null"}
# Where no flag is true, a row belongs to the first of these that has no flag.
_ELSE = (TRAIN, TEST, VALIDATION)
_OF_CELEBA = {"0": TRAIN, "1": VALIDATION, "2": TEST}
_UNKNOWN = "unknown"
_PURPOSES = {TRAIN: "training", VALIDATION: "validation", TEST: "testing"}


@dataclasses.dataclass(frozen=True)
class SplitColumns:
    """Which columns say the split of a row; none where no column does, and all rows are for training.

    Args:
        columns: Their numbers.
        meaning: Dict from their values in a row to its split; None of a row that is left out.
        decisions: What a person is told, a tuple of sentences.
    """

    columns: tuple[int, ...] = ()
    meaning: dict = dataclasses.field(default_factory=lambda: {(): TRAIN})
    decisions: tuple[str, ...] = ()

    def of_row(self, row):
        """Returns "train", "validation" or "test", or None of a row that is left out."""
        return self.meaning[self.values(row)]

    def values(self, row):
        """Returns what a row says."""
        return tuple(row[column] for column in self.columns)


def find_splits(table, label=None):
    """Returns the `SplitColumns` of a table. All rows are read where there are such columns.

    Args:
        table: A `CsvFile`.
        label: The column that is named as the label's, or None.

    Raises:
        BadInput: A column is called as one that says the split, but some values mean none.

    Example:

    >>> from keras_vision.data.csv.table import CsvFile
    >>> find_splits(CsvFile("a.csv", "utf-8", ",", ("path", "label"), True, [["a", "cat"]])).of_row(["a", "cat"])
    'train'
    """
    flags = _flags(table, label)
    columns = tuple(flags) if flags else _column(table, label)
    if not columns:
        return SplitColumns()
    found = SplitColumns(columns)
    counts = collections.Counter(found.values(row) for _, row in table.rows())
    titles = " and ".join(table.titled(column) for column in columns)
    read = _read_flags(flags.values()) if flags else _read_words(table, columns[0], counts)
    meaning = {values: read(tuple(map(str.lower, values))) for values in counts}
    if unknown := {values: count for values, count in counts.items() if meaning[values] == _UNKNOWN}:
        seen = some([f"{'/'.join(values)!r} ({count:,} rows)" for values, count in unknown.items()])
        raise BadInput(
            f"{table.path}: {titles} should say the split, but some values name none: {seen}. Write train, validation "
            "or test, or rename the column if it says something else."
        )
    if not any(meaning.values()):
        return SplitColumns()
    return SplitColumns(columns, meaning, (_told(table, titles, meaning, counts),))


def _flags(table, label):
    """Dict from the number of each column of true and false to the split of the rows in which it is true."""
    if not table.has_heading:
        return {}
    names = [plain(name) for name in table.heading]
    words = [{value.lower() for value in table.column(index)} - _BLANK for index in range(len(names))]
    binary = [bool(of_column) and of_column <= _TRUE | _FALSE for of_column in words]
    flags = {index: _FLAGS[name] for index, name in enumerate(names) if name in _FLAGS}
    plain_flags = {i: _PLAIN_FLAGS[name] for i, name in enumerate(names) if name in _PLAIN_FLAGS and binary[i]}
    others = sum(binary) - len(plain_flags) - sum(binary[index] for index in flags)
    # A train is a class beside a bus, where other columns of 0 and 1 are classes.
    return flags | (plain_flags if label is not None or not others else {})


def _column(table, label):
    """The column that is called so, or all of whose values name splits; as a tuple of one or none."""
    for index, name in enumerate(map(plain, table.heading)):
        words = {value.lower() for value in table.column(index)} - _BLANK
        known = set(filter(split_named, words))
        is_called = table.has_heading and (name in _NAMES or (name in _LIKELY_NAMES and known))
        if index != label and (is_called or (known and known == words)):
            return (index,)
    return ()


def _read_flags(splits):
    """A function from the values of flags to a split, None where one is blank, or _UNKNOWN where they mean none."""
    splits = tuple(splits)

    def read(values):
        if not {*values} <= _TRUE | _FALSE | _BLANK:
            return _UNKNOWN
        if _BLANK & {*values}:
            return None
        chosen = [split for split, value in zip(splits, values, strict=True) if value in _TRUE]
        if len(chosen) > 1:
            return _UNKNOWN
        return chosen[0] if chosen else next((split for split in _ELSE if split not in splits), None)

    return read


def _read_words(table, column, counts):
    """The same for the values of one column. 0, 1 and 2 mean what they mean in CelebA where it is a partition."""
    words = {value.lower().removesuffix(".0") for (value,) in counts} - _BLANK
    is_numbered = plain(table.heading[column]) == "partition" and words == {*_OF_CELEBA}
    known = _OF_CELEBA.get if is_numbered else split_named

    def read(values):
        return None if values[0] in _BLANK else known(values[0].removesuffix(".0")) or _UNKNOWN

    return read


def _told(table, titles, meaning, counts):
    parts = []
    for split in SPLITS:
        values = [one for one in counts if meaning[one] == split]
        if values:
            words = some(["/".join(one) for one in values], 3)
            parts.append(f"{words} is for {_PURPOSES[split]} ({sum(counts[one] for one in values):,} rows)")
    left_out = sum(count for one, count in counts.items() if meaning[one] is None)
    rest = f"; rows that say none are left out ({left_out:,} rows)" if left_out else ""
    say = "say" if " and " in titles else "says"
    return f"{table.path.name}: {titles} {say} the split: {', '.join(parts)}{rest}."
