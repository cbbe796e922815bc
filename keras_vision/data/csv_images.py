"""CSV files that say where image files are, and the class of each."""

import dataclasses

from keras_vision.data.classes import Listing, class_names_of
from keras_vision.data.csv_table import (
    LABEL_NAMES,
    PATH_NAMES,
    find_split_column,
    is_file_name,
    is_number,
    split_of_row,
)
from keras_vision.data.images import FORMATS, printable
from keras_vision.data.labels import sorted_names
from keras_vision.data.reading import Reader
from keras_vision.data.split_names import first_split, split_named
from keras_vision.data.splits import Source, some
from keras_vision.errors import BadInput


@dataclasses.dataclass(frozen=True)
class _Row:
    value: str
    label: str
    split: str


def open_images(table, reading):
    """Opens a table of paths and labels.

    Args:
        table: A `Table`.
        reading: A `Reading`.

    Returns:
        A `Source`. Of test images only the names are read before its `test` is called.

    Raises:
        BadInput: No column of paths or of labels, files that are missing, or images that cannot be read.
    """
    rows, decisions = _read_rows(table)
    listings = {}
    for row, file in zip(rows, _find_files(table, rows), strict=True):
        listing = listings.setdefault(row.split, Listing(table.path.parent))
        listing.files.append(file)
        listing.classes.append(row.label)
    first = first_split(listings)
    class_names = class_names_of(listings, reading.known)
    _check_classes(table, rows, class_names, first)
    reading.announce(f"Reading {len(listings[first]):,} images that {printable(table.path)} names")
    reader = Reader(class_names, reading)
    opened = {split: reader.read(listings[split]) for split in ("train", "validation") if split in listings}
    return Source(
        train=opened.get("train"),
        # What a test leaves out, it does not measure.
        test=(lambda: reader.read(listings["test"], skips=False)) if "test" in listings else None,
        class_names=class_names,
        origin=f"image files that {printable(table.path)} names",
        validation=opened.get("validation"),
        decisions=(*decisions, *reader.decisions),
        pixel_scale=dict(reader.pixel_scale),
    )


def _read_rows(table):
    """Returns a list of `_Row`, and sentences about the columns."""
    label = table.named(LABEL_NAMES)
    split, read_split = find_split_column(table, {label})
    path = _path_column(table, {label, split})
    if path is None:
        raise BadInput(
            f"{table.path} has no column of image files; its columns are {some(table.heading)}. Name the right one "
            "path, or write paths relative to the folder of the table."
        )
    rest = [index for index in range(len(table.heading)) if index not in (path, split)]
    one_hot = _one_hot(table, rest) if label is None else None
    if label is None and one_hot is None:
        label = _label_column(table, rest)
    rows = []
    for number, row in table.rows():
        name = row[label] if label is not None else _hot(table, one_hot, row, number)
        if not name or not row[path]:
            lacks = "path" if name else "label"
            raise BadInput(f"{table.path}: row {number} has no {lacks}. Fill it in, or take the row out.")
        rows.append(_Row(row[path], name, split_of_row(table, row, number, split, read_split)))
    is_plain = table.has_heading and label is not None and table.named(LABEL_NAMES) == label
    what = f"column {table.heading[label]} as the label" if label is not None else "one column for each class"
    told = [] if is_plain else [f"{table.path.name}: {table.heading[path]} is taken as the path, {what}."]
    return _whole_labels(rows), told


def _whole_labels(rows):
    """`7.0` is class 7."""
    labels = {row.label for row in rows}
    if not all(is_number(label) and float(label).is_integer() for label in labels) or all(map(str.isdigit, labels)):
        return rows
    return [dataclasses.replace(row, label=str(int(float(row.label)))) for row in rows]


def _path_column(table, others):
    """The column most of whose first values are files; without any, one that is named or looks like it."""
    candidates = [index for index in range(len(table.heading)) if index not in others]
    places = _Places(table.path.parent)
    hits = {index: sum(bool(places.find(value)) for value in table.column(index)) for index in candidates}
    looks = {
        index: sum(is_file_name(value, table.path.parent) for value in table.column(index)) for index in candidates
    }
    named = table.named(PATH_NAMES)
    # Numbers of rows may be names of files without their suffix: what is spelled as a file comes before them.
    best = max(candidates, key=lambda index: (hits[index], looks[index], index == named, -index), default=None)
    return best if best is not None and (hits[best] or looks[best]) else named


def _label_column(table, candidates):
    """The column with the fewest different values, which is named as the label where no name says it."""
    distinct = {index: len(set(table.column(index))) for index in candidates}
    repeats = [index for index in candidates if distinct[index] < len(table.sample) or len(candidates) == 1]
    if not repeats:
        raise BadInput(
            f"{table.path} has no column of labels; its columns are {some(table.heading)}. Name the right one label."
        )
    varied = [index for index in repeats if distinct[index] > 1] or repeats
    return min(varied, key=lambda index: (distinct[index], index))


def _one_hot(table, candidates):
    """Columns of which each row has one 1, and else 0; None where there are none."""
    columns = [i for i in candidates if all(is_number(value) and float(value) in (0, 1) for value in table.column(i))]
    is_one_hot = all(sum(float(row[index]) for index in columns) == 1 for row in table.sample)
    return columns if table.has_heading and len(columns) > 1 and is_one_hot else None


def _hot(table, columns, row, number):
    hot = [index for index in columns if is_number(row[index]) and float(row[index]) == 1]
    if len(hot) != 1:
        raise BadInput(f"{table.path}: row {number} has {len(hot)} classes. Each image needs exactly one.")
    return table.heading[hot[0]]


class _Places:
    """Where a name may be: as it is written, beside the table, in a folder beside it; with or without a suffix."""

    def __init__(self, folder):
        beside = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        self._folders, self._usual = [folder, *beside], (folder, "")

    def find(self, value, split=""):
        """Returns the file that a value means, else None; of equal names that in the folder of the row's split."""
        if not value or "\0" in value:
            return None
        value = value.replace("\\", "/")
        own = [folder for folder in self._folders if split and split_named(folder.name) == split]
        # What held one file holds the next: it is asked first, unless each split has a folder of its own.
        first = [] if own else [self._usual]
        others = [(folder, suffix) for suffix in ("", *FORMATS) for folder in (*own, *self._folders)]
        for folder, suffix in (*first, *others):
            try:
                if (file := folder / f"{value}{suffix}").is_file():
                    self._usual = (folder, suffix)
                    return file
            except OSError:  # a name that is too long
                return None
        return None


def _find_files(table, rows):
    places = _Places(table.path.parent)
    several = len({row.split for row in rows}) > 1
    files = [places.find(row.value, row.split if several else "") for row in rows]
    if missing := [row.value for row, file in zip(rows, files, strict=True) if file is None]:
        raise BadInput(
            f"{len(missing)} of the {len(rows)} images that {printable(table.path)} names are missing: "
            f"{some([*map(printable, missing)])}. Paths are relative to the folder of the table or to one in it."
        )
    return files


def _check_classes(table, rows, class_names, first):
    if unknown := {row.label for row in rows} - set(class_names):
        raise BadInput(
            f"{table.path} has labels that no {first} image has: {some(sorted_names(unknown))}. Add training images of "
            "them, or take them out."
        )
