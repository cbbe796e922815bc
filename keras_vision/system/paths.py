"""Paths as a person writes them, with a ~."""

import os
from pathlib import Path

from keras_vision.errors import BadInput


def at_home(path: str | os.PathLike[str]) -> Path:
    """Returns a path with its leading ~ replaced by the home directory.

    Raises:
        BadInput: It starts with a ~, and there is no such home: no user of the name, or none of this number.

    Example:

    >>> at_home("photos")
    PosixPath('photos')
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise BadInput(
            f"{path} starts with a home directory that this machine does not know. Write the path in full."
        ) from None
