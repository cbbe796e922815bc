"""Rows of tables, from records and from CSV files of runs."""

import csv
from pathlib import Path
from typing import Any


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """Returns what a record holds beside dicts and lists: one row of a table."""
    return {name: value for name, value in record.items() if not isinstance(value, (dict, list))}


def rows_in(path: Path) -> list[dict[str, Any]]:
    """Returns the rows of a CSV file of a run, numbers and truths as such; none where there is no such file."""
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: _read([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _read(texts: list[str]) -> list[Any]:
    """Returns a column of texts as what all of them can be: truths, whole numbers, numbers; an empty one is None."""
    given = [text for text in texts if text]
    truths = {"True": True, "False": False}
    for kind, is_one in ((truths.get, truths.__contains__), (int, _is_whole), (float, _is_number)):
        if all(map(is_one, given)):
            return [kind(text) if text else None for text in texts]
    return [text or None for text in texts]


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and (text == "0" or text[0] != "0")  # 0003 is a name


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not (text.isdecimal() and text[0] == "0")
