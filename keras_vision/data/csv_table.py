"""What a CSV file looks like: its separator, its heading, what its columns are called."""

import csv
import dataclasses
import re
from pathlib import Path

from keras_vision.data.images import FORMATS
from keras_vision.data.split_names import split_named
from keras_vision.data.splits import refuse_folder, unreadable
from keras_vision.errors import BadInput

SEPARATORS = (",", ";", "\t", "|", " ")
_SAMPLE = 50
LABEL_NAMES = (
    *("label", "labels", "class", "classname", "labelname", "category", "categoryname", "target", "y", "emotion"),
    *("classid", "labelid", "categoryid", "species", "breed", "diagnosis", "dx", "digit", "letter", "character"),
)
PATH_NAMES = (
    *("path", "filepath", "imagepath", "imgpath", "file", "filename", "imagefile", "image", "imagename", "img"),
    *("imageid", "imgid", "id", "name", "paths", "files", "filenames", "images"),
)
_FLAG_NAMES = {  # column -> (split where it is true, split where it is false)
    **dict.fromkeys(("istrain", "istraining", "istrainingimg", "istrainingimage"), ("train", "test")),
    **dict.fromkeys(("istest", "istesting"), ("test", "train")),
    **dict.fromkeys(("isval", "isvalid", "isvalidation"), ("validation", "train")),
}
_TRUE, _FALSE = {"1", "true", "yes", "1.0"}, {"0", "false", "no", "0.0"}


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV file that is not read yet.

    Args:
        path: The file.
        encoding: Of its text.
        separator: Between its columns.
        heading: Name of each column; of a file without a heading "column 1", "column 2" ...
        has_heading: Whether the first line is one.
        sample: Its first rows, lists of strings.
    """

    path: Path
    encoding: str
    separator: str
    heading: tuple[str, ...]
    has_heading: bool
    sample: list

    def lines(self):
        """Yields the lines below the heading, without empty ones."""
        try:
            with open(self.path, encoding=self.encoding, newline="") as file:
                for number, line in enumerate(line for line in file if line.strip()):
                    if number or not self.has_heading:
                        yield line
        except (OSError, UnicodeError) as error:
            raise unreadable(self.path, error) from error

    def rows(self):
        """Yields (number from 1, list of strings) for each row below the heading.

        Raises:
            BadInput: A row of another length than the heading's.
        """
        for number, row in enumerate(_rows(self.lines(), self.separator), 1):
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
        letters = [plain(name) for name in self.heading]
        return next((letters.index(name) for name in names if name in letters), None) if self.has_heading else None


def plain(name):
    """Returns a column's name without case, digits and signs."""
    return re.sub(r"[^a-z]", "", name.lower())


def is_number(text):
    """Whether a value is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_table(path):
    """Looks at the first rows of a CSV file.

    Args:
        path: The file.

    Returns:
        A `Table`.

    Raises:
        BadInput: No file, no text, one column, or no row.

    Example:

    >>> read_table("labels.csv").heading  # doctest: +SKIP
    ('path', 'label')
    """
    refuse_folder(path)
    if not path.is_file():
        raise BadInput(f"There is no file {path}. csv: takes a CSV file of paths and labels, or of pixels and labels.")
    encoding, lines = _first_lines(path)
    separator = _separator(lines)
    if separator is None:
        raise BadInput(f"{path} has no columns. Each row needs a path and a label, or a label and pixels.")
    rows = list(_rows(lines, separator))
    has_heading = _has_heading(rows, path)
    heading = rows[0] if has_heading else [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    sample = [row for row in rows[int(has_heading) :] if len(row) == len(heading)]
    if not sample:
        raise BadInput(f"{path} has no rows. Each row needs a path and a label, or a label and pixels.")
    return Table(path, encoding, separator, tuple(name.strip() for name in heading), has_heading, sample)


def _first_lines(path):
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            lines = []
            with open(path, encoding=encoding, newline="") as file:
                for line in file:
                    if "\0" in line:
                        raise BadInput(f"{path} is not a text file. csv: takes a CSV file.")
                    lines += [line] if line.strip() else []
                    if len(lines) > _SAMPLE:
                        break
            return encoding, lines
        except UnicodeError:
            continue
        except OSError as error:
            raise unreadable(path, error) from error
    raise BadInput(f"{path} is not a text file in UTF-8. csv: takes a CSV file.")


def _rows(lines, separator):
    for row in csv.reader(lines, delimiter=separator, skipinitialspace=True):
        yield [value.strip() for value in row]


def _separator(lines):
    """The first that cuts all lines of the sample into the same number of columns, two or more."""
    for separator in SEPARATORS:
        widths = {len(row) for row in _rows(lines, separator)}
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
    if any(not is_number(a) and is_number(b) for a, b in zip(first, second, strict=False)):
        return True
    names = {*LABEL_NAMES, *PATH_NAMES}
    return any(plain(value) in names for value in first) or (
        not any(map(is_number, first)) and any(is_file_name(value, path.parent) for value in second)
    )


def is_file_name(value, folder):
    """Whether a value ends as image files do, or is a file beside the table."""
    return Path(value).suffix.lower() in FORMATS or (bool(value) and "\0" not in value and (folder / value).is_file())


def split_of_row(table, row, number, column, read_split):
    """Returns the split that a row says, "train" where no column says any.

    Args:
        table: A `Table`.
        row, number: A row of it, as `Table.rows` yields them.
        column, read_split: What `find_split_column` returned.

    Raises:
        BadInput: What it says names no split.
    """
    if column is None:
        return "train"
    if split := read_split(row[column]):
        return split
    raise BadInput(
        f"{table.path}: row {number} says {row[column]!r} in column {table.heading[column]}, which is not a split. "
        "Write train, validation or test."
    )


def find_split_column(table, others):
    """Returns the number of the column that says the split, and a function from a value to it; None and None else.

    Args:
        table: A `Table`.
        others: Columns that it cannot be.

    Example:

    >>> table = Table(Path("a.csv"), "utf-8", ",", ("path", "label", "split"), True, [["a", "cat", "Training"]])
    >>> column, read = find_split_column(table, {1})
    >>> column, read("val")
    (2, 'validation')
    """
    for index, name in enumerate(table.heading):
        values = {value.lower() for value in table.column(index)}
        if table.has_heading and plain(name) in _FLAG_NAMES and values <= _TRUE | _FALSE:
            yes, no = _FLAG_NAMES[plain(name)]
            return index, lambda value, yes=yes, no=no: yes if value.lower() in _TRUE else no
        if index not in others and all(map(split_named, values)):
            return index, split_named
    return None, None
