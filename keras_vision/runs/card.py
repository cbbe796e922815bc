"""The card inside a model file: what Keras does not keep of it, read as what a stranger may have written."""

import json
import math
import zipfile
from pathlib import Path

from keras_vision.runs.archive import CARD, STEERING, damaged, read_json, whole
from keras_vision.runs.files import atomic_path

_SEEDS = range(2**31)


def card_in(path):
    """Returns the card of a model file; empty where it has none.

    Args:
        path: A local `.keras` file that passed `check_members`.

    Raises:
        BadInput: The card is damaged: no JSON, or a part of it is not what `CARD_PARTS` says, or text in it would steer
            a terminal.
    """
    with whole(path), zipfile.ZipFile(path) as archive:
        if CARD not in archive.namelist():
            return {}
    card = read_json(path, CARD)
    _check_parts(path, CARD, card, CARD_PARTS)
    if "data_source" in card:
        _check_parts(path, "its data_source", {"spec": None} | card["data_source"], SOURCE_PARTS)
    return card


def replace_card(path, card):
    """Writes a model file anew with another card, whole or not at all; the model in it stays as it is, byte for byte.

    Args:
        path: A local `.keras` file that passed `check_members`; a link to one stays a link.
        card: A dict that JSON can hold.

    Raises:
        BadInput: The file is damaged.
        OSError: It cannot be written.

    Example:

    >>> replace_card("model.keras", read_card("model.keras") | {"class_names": ["cat", "dog"]})  # doctest: +SKIP
    """
    path = Path(path).resolve()
    with whole(path), zipfile.ZipFile(path) as archive:
        members = [(member, archive.read(member)) for member in archive.infolist() if member.filename != CARD]
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for member, content in members:
            archive.writestr(member, content)
        archive.writestr(CARD, json.dumps(card, allow_nan=False, default=str))


def _check_parts(path, what, parts, table):
    """Refuses what is no object, or one with a part that its row in a table does not let through."""
    if not isinstance(parts, dict):
        raise damaged(path, f"{what} is not an object")
    for name, (is_right, meaning) in table.items():
        if name in parts and not is_right(parts[name]):
            raise damaged(path, f"{name} in {what} is not {meaning}")


def is_text(value):
    """Returns whether a value is a text that can stand in a card: nothing in it steers a terminal.

    Example:

    >>> is_text("ankle boot"), is_text("ankle boot\\n")
    (True, False)
    """
    return isinstance(value, str) and not STEERING.search(value)


def _is_text_or_none(value):
    return value is None or is_text(value)


def _is_list_of_texts_or_none(value):
    return value is None or (isinstance(value, list) and all(map(is_text, value)))


def _is_fold(value):
    is_pair = isinstance(value, list) and [type(one) for one in value] == [int, int]
    return is_pair and 1 <= value[0] <= value[1]


def _is_positive(number):
    return type(number) in (int, float) and 0 < number < math.inf


def _is_finite(number):
    return type(number) in (int, float) and math.isfinite(number)


def _is_scale(value):
    return isinstance(value, dict) and all(map(_is_positive, value.values()))


def _are_statistics(value):
    """Returns whether a value is None, or what `keras_vision.data.brightness.pixel_statistics` returns."""
    if value is None:
        return True
    rows = (
        [value.get(name) for name in ("border", "contrast")] + list(value.values()) if isinstance(value, dict) else [0]
    )
    is_row = (
        isinstance(row, dict) and {"mean", "std"} <= set(row) and all(map(_is_finite, row.values())) for row in rows
    )
    return all(is_row)


def _is_calibration(value):
    """Returns whether a value is what `keras_vision.training.calibration.calibrate` returns."""
    is_whole = isinstance(value, dict) and all(_is_positive(value.get(name)) for name in ("temperature", "images"))
    rows = value.get("answered") if is_whole else None
    return isinstance(rows, list) and bool(rows) and all(map(_is_row_of_answers, rows))


def _is_row_of_answers(row):
    if not isinstance(row, dict) or any(type(row.get(name)) is not int for name in ("answered", "right")):
        return False
    shares = (row.get("threshold"), row.get("shown"))
    are_shares = all(type(one) in (int, float) and 0 <= one <= 1 for one in shares)
    return 0 <= row["right"] <= row["answered"] > 0 and are_shares


# Part of a card -> (whether a value is let through, what it is to be). All else in a card is shown at most.
CARD_PARTS = {
    "class_names": (_is_list_of_texts_or_none, "a list of texts"),
    "dataset": (_is_text_or_none, "a text"),
    "training_images": (_is_list_of_texts_or_none, "a list of texts"),
    "pixel_scale": (_is_scale, "made of numbers"),
    "pixel_statistics": (_are_statistics, "made of numbers"),
    "fold": (_is_fold, "the number of a fold, and how many there are"),
    "calibration": (_is_calibration, "what a calibration gives"),
    "data_source": (lambda source: isinstance(source, dict), "an object"),
}
# `image_size` and `on_bad_image` are checked where data sets are loaded, whoever gives them.
SOURCE_PARTS = {
    "spec": (is_text, "a text"),
    "data_dir": (_is_text_or_none, "a text"),
    "seed": (lambda seed: type(seed) is int and seed in _SEEDS, "a random seed"),
}
