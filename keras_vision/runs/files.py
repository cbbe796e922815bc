"""Files: how they are named; and whole files: what a later start depends on is written completely or not at all."""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_vision.errors import BadInput, KerasVisionError

_CHARACTERS, _BYTES = 80, 180  # of a name: file systems take 255 bytes, and what others add to it needs some


def file_name(words: str) -> str:
    """Returns words as the name of a file or folder, short enough for every file system.

    Example:

    >>> file_name("lr 0.01, dropout 0")
    'lr-0.01-dropout-0'
    """
    name = re.sub(r"[^\w.]+", "-", words).strip("-")[:_CHARACTERS]
    return name.encode()[:_BYTES].decode(errors="ignore")  # without what is left of a character that is cut


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary path beside `path` and, if the block succeeds, moves it there in one step.

    The old file stays until the new one is complete and on disk (write, fsync, replace), so that a crash at any
    moment leaves the one or the other.

    Example:

    >>> with atomic_path("notes.txt") as temporary:  # doctest: +SKIP
    ...     temporary.write_text("whole or not at all")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_directory(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # a write to a full disk does not say where
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no directories, and needs none to be synchronised
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file whole or not at all.

    Example:

    >>> write_text("notes.txt", "whole or not at all")  # doctest: +SKIP
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], record: Any) -> None:
    """Writes strict JSON (NaN and infinity are errors) whole or not at all.

    Example:

    >>> write_json("facts.json", {"accuracy": 0.9})  # doctest: +SKIP
    """
    write_text(path, json.dumps(record, indent=2, allow_nan=False, default=str) + "\n")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Reads a JSON file; a damaged one is an error that names it.

    Example:

    >>> read_json("facts.json")["accuracy"]  # doctest: +SKIP
    0.9
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise KerasVisionError(f"{path} is damaged: {error}. Remove it, or choose another --workdir.") from error


def check_folder(name: str, path: str | os.PathLike[str]) -> None:
    """Refuses a folder that cannot be made or written, before work starts. It is not made yet.

    Args:
        name: Of the setting that named it.
        path: The folder.

    Example:

    >>> check_folder("figures", "/proc/figures")  # doctest: +SKIP
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: figures=/proc/figures is not a folder that can be written. Give another one.
    """
    path = Path(path)
    try:
        place = next(folder for folder in (path, *path.parents) if os.path.lexists(folder))
        tempfile.TemporaryFile(dir=place).close()  # what the permissions say is not all: /proc takes no file from root
    except OSError as error:
        raise BadInput(f"{name}={path} is not a folder that can be written. Give another one.") from error
