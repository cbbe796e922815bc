"""Folders and files that commands write: nobody else's files are replaced, and none of ours is read as a photo."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from keras_vision.errors import BadInput
from keras_vision.runs.files import check_folder, read_json, write_json
from keras_vision.runs.run import is_run

MARK = ".keras_vision"
_WRITTEN = "written.json"  # of files elsewhere, in a folder that is marked: their digests by path
_MEANING = "keras_vision writes its files here and may replace them. It reads no images of a data set from here.\n"


@contextlib.contextmanager
def claim_folder(name: str, path: str | os.PathLike[str] | None) -> Iterator[None]:
    """Makes and marks a folder for files of a command; where the command ends without one, takes that back.

    Args:
        name: Of the setting that named it.
        path: The folder: new, empty, marked earlier, or in a run. None where the command writes no files.

    Raises:
        BadInput: It cannot be written, or it holds files and is not marked.

    Example:

    >>> with claim_folder("out", "photos"):  # doctest: +SKIP
    ...     write_figures("photos")
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: out=photos holds files, and no mark that they are this program's. Give a new or \
empty folder.
    """
    if path is None:
        yield
        return
    path = Path(path)
    check_folder(name, path)
    if any(map(is_run, (path, *path.resolve().parents))):
        yield
        return
    whole = Path(os.path.abspath(path))
    new = [folder for folder in (whole, *whole.parents) if not folder.exists()]
    if not (new or is_own(path) or _is_empty(path)):
        raise BadInput(
            f"{name}={path} holds files, and no mark that they are this program's. Give a new or empty folder."
        )
    _mark(path)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # somebody else has removed it, or written there
            if _is_empty(path):
                (path / MARK).unlink()
                for folder in new:
                    folder.rmdir()
            else:
                _mark(path)  # again, if another command that wrote nothing here took its own back


def _mark(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(_MEANING, encoding="utf-8")


def is_own(folder: str | os.PathLike[str]) -> bool:
    """Returns whether this program writes a folder: a run, or one that `claim_folder` marked.

    Example:

    >>> is_own("photos")
    False
    """
    return os.path.isfile(os.path.join(folder, MARK)) or is_run(folder)


def remember(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Notes in a folder of a command how a file is that the command wrote elsewhere.

    Args:
        folder: A claimed one.
        path: The file.

    Example:

    >>> remember("audit", "clean.csv")  # doctest: +SKIP
    """
    write_json(Path(folder) / _WRITTEN, _remembered(folder) | {str(Path(path).resolve()): _digest(path)})


def is_as_remembered(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> bool:
    """Returns whether a file is as a command wrote it, and nobody has changed it since.

    Example:

    >>> is_as_remembered("audit", "README.md")
    False
    """
    known = _remembered(folder).get(str(Path(path).resolve()))
    return known is not None and os.path.isfile(path) and known == _digest(path)


def _remembered(folder: str | os.PathLike[str]) -> dict[str, str]:
    file = Path(folder) / _WRITTEN
    return read_json(file) if is_own(folder) and file.is_file() else {}


def _is_empty(folder: Path) -> bool:
    return all(one.name.startswith(".") for one in folder.iterdir())


def _digest(path: str | os.PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
