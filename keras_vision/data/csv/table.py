"""What a CSV file looks like: its separator, its heading, what its columns are called."""

import codecs
import csv
import dataclasses
import itertools
import os
import re
from pathlib import Path

from keras_vision.data.files.images import FORMATS
from keras_vision.data.spelling import is_numeral
from keras_vision.data.split_names import sibling
from keras_vision.data.splits import unreadable
from keras_vision.data.words import some
from keras_vision.errors import BadInput

SEPARATORS = (",", ";", "\t", "|", " ")
_SAMPLE = 50
_PIECE = 2**20
_OLD = "cp1252"  # what Windows writes that is not UTF-8
LABEL_NAMES = (
    *("label", "labels", "class", "classname", "labelname", "category", "categoryname", "target", "y", "emotion"),
    *("classid", "labelid", "categoryid", "species", "breed", "diagnosis", "dx", "digit", "letter", "character"),
)
PATH_NAMES = (
    *("path", "filepath", "imagepath", "imgpath", "file", "filename", "imagefile", "image", "imagename", "img"),
    *("imageid", "imgid", "id", "name", "paths", "files", "filenames", "images"),
)
# What may stand above a heading: comments, and the line in which Excel names the separator.
_ABOVE = re.compile(r'#(\s|[^,;\t|]*$)|"?sep=(?P<separator>.)"?\s*$', re.IGNORECASE)
# A line behind the last one: in a value that it ends up in, a quote is open. No text file has it.
_END = "\0"
csv.field_size_limit(2**31 - 1)  # all pixels of an image may stand in one value


@dataclasses.dataclass(frozen=True)
class CsvFile:
    """A CSV file that is not read yet.

    Args:
        path: The file.
        encoding: Of its text.
        separator: Between its columns.
        heading: Name of each column; of a file without a heading "column 1", "column 2" ...
        has_heading: Whether the first line is one.
        sample: Its first rows, lists of strings.
        above: Number of lines above all this, which are left out.
    """

    path: Path
    encoding: str
    separator: str
    heading: tuple[str, ...]
    has_heading: bool
    sample: list
    above: int = 0

    def lines(self):
        """Yields the lines below the heading, without empty ones."""
        try:
            with open(self.path, encoding=self.encoding, newline="") as file:
                lines = (line for line in file if line.strip())
                yield from itertools.islice(lines, self.above + self.has_heading, None)
        except (OSError, UnicodeError) as error:
            raise unreadable(self.path, error) from error

    def rows(self):
        """Yields (number from 1, list of strings) for each row below the heading.

        Raises:
            BadInput: A row of another length than the heading's, or a quote that is not closed.
        """
        for number, row in enumerate(_rows(self.lines(), self.separator), 1):
            if row[-1].endswith(_END):
                raise BadInput(f"{self.path}: a quote in row {number} is not closed. Close it, or take it out.")
            if len(row) != len(self.heading):
                raise BadInput(
                    f"{self.path}: row {number} has {len(row)} values, but there are {len(self.heading)} columns. "
                    "Give every row one value for each column, in quotes where a value holds the separator."
                )
            yield number, row

    def column(self, index):
        """The first values of a column."""
        return [row[index] for row in self.sample]

    def named(self, names):
        """Returns the number of the column that bears the first of these names, else None."""
        letters = [plain(name) for name in self.heading] if self.has_heading else []
        return next((letters.index(name) for name in names if name in letters), None)

    def titled(self, index):
        """What a column is called in a sentence: "column label", or "column 2" where there is no heading."""
        return f"column {self.heading[index]}" if self.has_heading else self.heading[index]

    @property
    def told(self):
        """What is to be said of how its text was read, a list of sentences."""
        if self.encoding != _OLD:
            return []
        return [
            f"{self.path.name} is not in UTF-8 and was read as {_OLD}, as Windows writes it. If names look wrong, save "
            "it as CSV UTF-8."
        ]

    def unused(self, used):
        """Returns a sentence about the columns that are not among these, in a list; none about numbers of rows."""
        rest = [name for i, name in enumerate(self.heading) if i not in used and plain(name) not in ("", "unnamed")]
        rest = rest if self.has_heading else [name for i, name in enumerate(self.heading) if i not in used]
        return [f"{self.path.name}: these columns are not used: {some(rest)}."] if rest else []


def plain(name):
    """Returns a column's name without case, digits and signs."""
    return re.sub(r"[^a-z]", "", name.lower())


def read_table(path):
    """Looks at the first rows of a CSV file.

    Args:
        path: The file.

    Returns:
        A `CsvFile`.

    Raises:
        BadInput: No text, one column, or no row.

    Example:

    >>> read_table("labels.csv").heading  # doctest: +SKIP
    ('path', 'label')
    """
    encoding, lines = _first_lines(path)
    above = next((number for number, line in enumerate(lines) if not _ABOVE.match(line)), len(lines))
    told = [match["separator"] for line in lines[:above] if (match := _ABOVE.match(line))["separator"]]
    lines = lines[above:]
    separator = told[0] if told else _separator(lines)
    if separator is None or not lines:
        what = "only one column" if lines else "no rows"
        raise BadInput(f"{path} has {what}. Each row needs a path and a label, or a label and pixels.")
    rows = _sample(lines, separator)
    has_heading = _has_heading(rows, path)
    heading = rows[0] if has_heading else [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    sample = [row for row in rows[int(has_heading) :] if len(row) == len(heading)]
    if not sample and len(rows) < len(list(_rows(lines, separator))):
        raise BadInput(f"{path}: a quote in row 1 is not closed. Close it, or take it out.")
    if not sample:
        raise BadInput(f"{path} has no rows. Each row needs a path and a label, or a label and pixels.")
    return CsvFile(path, encoding, separator, tuple(name.strip() for name in heading), has_heading, sample, above)


def _first_lines(path):
    lines = []
    try:
        encoding = _encoding(path)
        with open(path, encoding=encoding, newline="") as file:
            for line in file:
                if "\0" in line:
                    raise BadInput(f"{path} is not a text file. csv: takes a CSV file.")
                lines += [line] if line.strip() else []
                if len(lines) > _SAMPLE:
                    break
    except UnicodeError:
        raise BadInput(f"{path} is not a text file in UTF-8. csv: takes a CSV file.") from None
    except OSError as error:
        raise unreadable(path, error) from error
    return encoding, lines


def _encoding(path):
    """Excel writes its "Unicode text" in UTF-16, which begins with a mark."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        decode = codecs.getincrementaldecoder("utf-8")().decode
        try:  # to the end: the first accent may be in the last row
            while piece := file.read(_PIECE):
                decode(piece)
            decode(b"", final=True)
        except UnicodeError:
            return _OLD
    return "utf-8-sig"


def _rows(lines, separator):
    """Yields lists of values; the last value of a row in which a quote is open ends with `_END`."""
    for row in csv.reader(itertools.chain(lines, [_END]), delimiter=separator, skipinitialspace=True):
        if row != [_END]:
            yield [value.strip() for value in row]


def _sample(lines, separator):
    """The rows of the first lines, without a last one that goes on behind them."""
    return [row for row in _rows(lines, separator) if not row[-1].endswith(_END)]


def _separator(lines):
    """The first that cuts all lines of the sample into the same number of columns, two or more."""
    for separator in SEPARATORS:
        widths = {len(row) for row in _sample(lines, separator)}
        if len(widths) == 1 and widths.pop() > 1:
            return separator
    # A row may be wrong: then the one that cuts the first line decides, and the row is named when it is read.
    return next((separator for separator in SEPARATORS[:4] if lines and separator in lines[0]), None)


def _has_heading(rows, path):
    """A heading is words where the rows below have numbers, or known names, or a count of columns; never a file."""
    first, second = rows[0], rows[1] if len(rows) > 1 else []
    if any(is_file_name(value, path.parent) for value in first):
        return False
    if len(first) > 2 and first == [str(number) for number in range(len(first))]:
        return True
    if any(not is_numeral(a) and is_numeral(b) for a, b in zip(first, second, strict=False)):
        return True
    names = {*LABEL_NAMES, *PATH_NAMES}
    return any(plain(value) in names for value in first) or (
        not any(map(is_numeral, first)) and any(is_file_name(value, path.parent) for value in second)
    )


def is_file_name(value, folder):
    """Whether a value ends as image files do, or is a file beside the table."""
    return Path(value).suffix.lower() in FORMATS or os.path.isfile(folder / value)


def table_beside(table, labels):
    """Returns the table that is named like one for training with test in place of train, and sentences about it.

    Args:
        table: A `CsvFile`.
        labels: Its columns of labels.

    Returns:
        A `CsvFile`, or None where there is none or it has no labels; and a list of sentences.

    Raises:
        BadInput: It cannot be read.
    """
    path = sibling(table.path)
    if path is None:
        return None, []
    heading = read_heading(path)
    lacks = [table.titled(index) for index in labels if table.heading[index] not in heading]
    if table.has_heading and lacks:
        why = f"it has no {some(lacks)}"
    elif len(heading) == len(table.heading) - len(labels):
        why = f"it has {len(heading)} columns, and {table.path.name} has {len(table.heading)}"
    else:
        return read_table(path), [f"{path.name} is taken as the test split of {table.path.name}."]
    return None, [f"{path.name} holds no labels, so it is not used as a test split: {why}."]


def read_heading(path):
    """Returns the values of the first line of a table, which may be of one column."""
    lines = _first_lines(path)[1]
    return _sample(lines, _separator(lines) or ",")[0] if lines else []
