"""The files of an audit: the list of findings, and contact sheets of what was found."""

import csv
from pathlib import Path

from keras_vision.data.audit.findings import KINDS
from keras_vision.reporting.contact_sheets import COLUMNS, ROWS, contact_sheet
from keras_vision.reporting.style import literal, save_figures
from keras_vision.runs import atomic_path

HEADING = ("image", "split", "class", "kind", "reason", "group", "clean_leaves_out")


def write_list(findings, folder):
    """Writes `findings.csv`, one line for each image and reason, and returns its path."""
    path = Path(folder) / "findings.csv"
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADING)
        for one in findings:
            group = "" if one.group is None else one.group
            row = (one.name, one.split, one.class_name, one.kind, one.reason, group, "yes" if one.leaves_out else "no")
            writer.writerow(row)
    return path


def draw_sheets(collection, findings, folder):
    """Draws a contact sheet of each kind of finding, the first of them, and returns the paths."""
    sheets = {}
    for kind in KINDS:
        those = [one for one in findings if one.kind == kind and one.number is not None]
        if those:
            title = f"{KINDS[kind].title[0].upper()}{KINDS[kind].title[1:]}: {len(those):,} in all"
            sheets[kind] = contact_sheet(title, list(_rows(collection, those)))
    return save_figures(sheets, folder)


def _rows(collection, findings):
    """Rows of a sheet: what belongs together in a row, each group once; of single images as many as a row takes."""

    def tile(number, text):
        return collection.images[number], text

    def plain(number):
        return f"{literal(collection.class_of(number))}, {collection.splits[number]}"

    if findings[0].group is None:
        tiles = [tile(one.number, _text(collection, one)) for one in findings[: COLUMNS * ROWS]]
        yield from (tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS))
        return
    seen = set()
    for one in findings:
        if one.group not in seen and len(seen) < ROWS:
            seen.add(one.group)
            yield [tile(number, plain(number)) for number in (one.number, *one.others)][:COLUMNS]


def _text(collection, one):
    """What stands below a single image: of a label what it looks like, else class and split."""
    head = f"{literal(one.class_name)}, {one.split}"
    return f"{head}\n{literal(one.reason.partition('looks like ')[2])}" if one.kind == "label" else head
