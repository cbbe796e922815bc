"""The files of an audit: the list of findings, and contact sheets of what was found."""

import csv
from pathlib import Path

from keras_vision.data.audit.findings import KINDS
from keras_vision.data.words import printable
from keras_vision.reporting.contact_sheets import COLUMNS, NAME, ROWS, contact_sheet
from keras_vision.reporting.style import literal, save_figures
from keras_vision.runs import atomic_path

HEADING = ("image", "split", "class", "kind", "reason", "group", "clean_leaves_out")


def write_list(collection, findings, folder):
    """Writes `findings.csv`, one line for each image and reason, and returns its path."""
    path = Path(folder) / "findings.csv"
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADING)
        for one in findings:
            group = "" if one.group is None else one.group
            row = (
                _place(collection, one),
                one.split,
                one.class_name,
                one.kind,
                one.reason,
                group,
                "yes" if one.leaves_out else "no",
            )
            writer.writerow(row)
    return path


def _place(collection, one):
    """Returns where an image is: its whole path, which finds it from any folder, or what it is called."""
    has_file = one.number is not None and collection.files is not None
    return printable(collection.files[one.number]) if has_file else one.name


def draw_sheets(collection, findings, folder):
    """Draws a contact sheet of each kind of finding, the first of them, and returns the paths."""
    sheets = {}
    for kind in KINDS:
        those = [one for one in findings if one.kind == kind and one.number is not None]
        if those:
            title = f"{KINDS[kind].title[0].upper()}{KINDS[kind].title[1:]}: {len(those):,} in all"
            sheets[kind] = contact_sheet(title, _rows(collection, those))
    return save_figures(sheets, folder)


def _rows(collection, findings):
    """Rows of a sheet: images that belong together side by side, each group once, with a gap before the next."""
    if findings[0].group is None:
        tiles = [(collection.images[one.number], _text(collection, one)) for one in findings[: COLUMNS * ROWS]]
        return [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]
    rows, seen = [], set()
    for one in findings:
        if one.group in seen:
            continue
        seen.add(one.group)
        numbers = (one.number, *one.others)[:COLUMNS]
        group = [(collection.images[number], _plain(collection, number)) for number in numbers]
        if rows and len(rows[-1]) + 1 + len(group) <= COLUMNS:
            rows[-1] += [None, *group]
        elif len(rows) < ROWS:
            rows.append(group)
        else:
            break
    return rows


def _plain(collection, number):
    return f"{literal(collection.class_of(number), NAME)}\n{collection.splits[number]}"


def _text(collection, one):
    """What stands below a single image: of a label what it looks like, else its split."""
    if one.kind != "label":
        return _plain(collection, one.number)
    return f"{literal(one.class_name, NAME)}?\n{literal(one.reason.partition('looks like ')[2], NAME)}"
