"""CSV files that say where image files are, and the class of each."""

import dataclasses

import numpy as np

from keras_vision.data.arrays.labels import plain_labels
from keras_vision.data.csv.labels import class_of_row, label_columns, named_label
from keras_vision.data.csv.places import Places, find_files
from keras_vision.data.csv.splits import find_splits
from keras_vision.data.csv.table import PATH_NAMES, is_file_name, table_beside
from keras_vision.data.files.reading import Reader
from keras_vision.data.folders.classes import Listing, class_names_of, match_names
from keras_vision.data.spelling import sorted_names, spelled_alike
from keras_vision.data.split_names import TEST, first_split, split_named
from keras_vision.data.splits import Source
from keras_vision.data.words import printable, some
from keras_vision.errors import BadInput


@dataclasses.dataclass(frozen=True)
class _Columns:
    path: int
    labels: list[int]
    splits: object
    sentences: list[str]


def open_images(table, reading):
    """Opens a table of paths and labels.

    Args:
        table: A `CsvFile`.
        reading: A `Reading`.

    Returns:
        A `Source`. Of test images only the names are read before its `test` is called. A table beside it that is named
        like it with test in place of train holds its test images, where it has none of its own.

    Raises:
        BadInput: No column of paths or of labels, files that are missing, or images that cannot be read.
    """
    listings, decisions, labels = _listings(table)
    if TEST not in listings:
        beside, told = table_beside(table, labels)
        decisions += told
        if beside:
            of_beside, more, _ = _listings(beside, TEST)
            listings, decisions = listings | of_beside, [*decisions, *more]
    first = first_split(listings)
    if reading.known is None:
        known = listings[first].names()
        for split, listing in listings.items():
            decisions += match_names(listing, known, f"the {split} images")
    class_names = class_names_of(listings, reading.known)
    _check_classes(table, listings, class_names, first)
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


def _listings(table, split=None):
    """Returns a dict from split to `Listing`, sentences about the columns, and the columns of labels.

    Args:
        table: A `CsvFile`.
        split: That of all its rows; None where its columns say it, or else its name, or else it is for training.
    """
    rows = list(table.rows())
    columns = _find_columns(table, [row for _, row in rows])
    kept = [(number, row, split or columns.splits.of_row(row)) for number, row in rows]
    kept = [one for one in kept if one[2]]
    names = []
    for number, row, _ in kept:
        name = class_of_row(table, columns.labels, row, number)
        for value, what in ((name, "label"), (row[columns.path], "path")):
            _check_value(table, value, what, number)
        names.append(name)
    texts = np.array(names)
    classes, _ = plain_labels(texts, str(table.path))
    is_said = split or columns.splits.columns
    of_file = split_named(table.path.stem)  # train.csv names the files in train/
    pairs = [(row[columns.path], its if is_said else of_file) for _, row, its in kept]
    listings = {}
    files = find_files(table, pairs, Places(table.path.parent))
    for (_, _, its), file, name in zip(kept, files, classes.astype(str).tolist(), strict=True):
        listing = listings.setdefault(its, Listing(table.path.parent))
        listing.files.append(file)
        listing.classes.append(name)
    told = [] if split else [*columns.splits.decisions]
    return (
        listings,
        [*table.told, *columns.sentences, *told, *spelled_alike(texts, classes, table.path.name)],
        columns.labels,
    )


def _check_value(table, value, what, number):
    if not value:
        raise BadInput(f"{table.path}: row {number} has no {what}. Fill it in, or take the row out.")
    if len(value.splitlines()) > 1:
        raise BadInput(
            f"{table.path}: the {what} in row {number} goes over several lines, so a quote in it is probably not "
            "closed. Close it, or take it out."
        )


def _find_columns(table, rows):
    label = named_label(table)
    splits = find_splits(table, label)
    path = _path_column(table, {label, *splits.columns})
    if path is None:
        raise BadInput(
            f"{table.path} has no column of image files; its columns are {some(table.heading)}. Rename the right "
            "one to path, or write paths relative to the folder of the table."
        )
    free = [index for index in range(len(table.heading)) if index not in (path, *splits.columns)]
    labels = [label] if label is not None else label_columns(table, rows, free)
    unused = table.unused({path, *labels, *splits.columns})
    if label is not None and not unused:
        return _Columns(path, labels, splits, [])
    what = f"{table.heading[labels[0]]} as the label" if len(labels) == 1 else "one column for each class"
    return _Columns(
        path, labels, splits, [f"{table.path.name}: {table.heading[path]} is taken as the path, {what}.", *unused]
    )


def _path_column(table, others):
    """The column most of whose first values are files; without any, one that is named or looks like it."""
    candidates = [index for index in range(len(table.heading)) if index not in others]
    folder, places = table.path.parent, Places(table.path.parent)
    found = {index: [places.find(value) for value in table.column(index)] for index in candidates}
    hits = {index: sum(map(bool, files)) for index, files in found.items()}
    looks = {index: sum(is_file_name(value, folder) for value in table.column(index)) for index in candidates}
    named = table.named(PATH_NAMES)
    # Numbers of rows may be names of files without their suffix: what is spelled as a file comes before them.
    ranks = {index: (hits[index], looks[index], index == named) for index in candidates}
    best = max(candidates, key=lambda index: (ranks[index], -index), default=None)
    if best is None or not (hits[best] or looks[best]):
        return named
    if rivals := [i for i in candidates if ranks[i] == ranks[best] and found[i] != found[best]]:
        raise BadInput(
            f"{table.path} does not say which image of a row is meant: it names some in "
            f"{some([table.heading[index] for index in (best, *rivals)])}. Rename the right column to path."
        )
    return best


def _check_classes(table, listings, class_names, first):
    if unknown := {name for listing in listings.values() for name in listing.classes} - set(class_names):
        raise BadInput(
            f"{table.path} has labels that no {first} image has: {some(sorted_names(unknown))}. Add training images of "
            "them, or take them out."
        )
