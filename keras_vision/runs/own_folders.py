"""Folders that commands write their files into: nobody else's files are replaced there, and none is read as a photo."""

import os
from pathlib import Path

from keras_vision.errors import BadInput
from keras_vision.runs.files import check_folder
from keras_vision.runs.run import is_run

MARK = ".keras_vision"
_MEANING = "keras_vision writes its files here and may replace them. It reads no images of a data set from here.\n"


def claim_folder(name: str, path: str | os.PathLike[str]) -> None:
    """Makes and marks a folder for files of a command, before work starts.

    Args:
        name: Of the setting that named it.
        path: The folder: new, empty, marked earlier, or in a run.

    Raises:
        BadInput: It cannot be written, or it holds what this program did not write there.

    Example:

    >>> claim_folder("out", "photos")  # doctest: +SKIP
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: out=photos holds files that this program did not write there. Give a new or empty \
folder.
    """
    path = Path(path)
    check_folder(name, path)
    if is_own(path) or any(map(is_run, path.resolve().parents)):
        return
    if any(not one.name.startswith(".") for one in path.iterdir()):
        raise BadInput(f"{name}={path} holds files that this program did not write there. Give a new or empty folder.")
    (path / MARK).write_text(_MEANING, encoding="utf-8")


def is_own(folder: str | os.PathLike[str]) -> bool:
    """Returns whether this program writes a folder: a run, or one that `claim_folder` marked.

    Example:

    >>> is_own("photos")
    False
    """
    return os.path.isfile(os.path.join(folder, MARK)) or is_run(folder)
