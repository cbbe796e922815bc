"""What every kind of source gives, how much of it is looked at at once, and how a source is refused."""

import dataclasses
import os
from collections.abc import Callable

import numpy as np

from keras_vision.errors import BadInput


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels.

    Args:
        images: uint8 array [n, h, w, c].
        labels: int64 array [n].
        warnings: Sentences about this split that a person should read.
    """

    images: np.ndarray
    labels: np.ndarray
    warnings: tuple[str, ...] = ()

    def __len__(self):
        return len(self.labels)


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """A source that was opened.

    Args:
        train: Its training images; None where it has none, and can only serve to evaluate.
        test: Reads its test images; None where it has none.
        class_names: One name per label.
        origin: One line: where the images came from.
        validation: Its validation images; None where it has none of its own.
        decisions: What was decided for the person, a sentence each: how values were scaled, which split is which.
    """

    train: Split | None
    test: Callable[[], Split] | None
    class_names: tuple[str, ...]
    origin: str
    validation: Split | None = None
    decisions: tuple[str, ...] = ()


def images_at_once(shape):
    """Returns how many images of a shape (height, width, channels) are evaluated at a time: fewer of large ones.

    Example:

    >>> images_at_once((32, 32, 3)), images_at_once((224, 224, 3))
    (512, 10)
    """
    return min(512, max(1, 512 * 32 * 32 // (shape[0] * shape[1])))


def check_memory(what, num_bytes):
    """Refuses to read what would not leave half of this machine's memory free.

    Args:
        what: Name for the message.
        num_bytes: Size in memory.

    Raises:
        BadInput: Too large.

    Example:

    >>> check_memory("photos", 60_000 * 28 * 28)
    """
    limit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    if num_bytes > limit:
        raise BadInput(
            f"{what} ({num_bytes / 1e9:.1f} GB in memory)", f"at most {limit / 1e9:.1f} GB", "Smaller images take less."
        )


def unreadable(path, error):
    """Returns the `BadInput` for a file or directory whose reader raised `error`.

    Example:

    >>> str(unreadable("a.npz", EOFError("no data left")))
    'a.npz (no data left): expected data that can be read to the end. Copy or prepare it again.'
    """
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return BadInput(f"{path} ({reason})", "data that can be read to the end", "Copy or prepare it again.")
