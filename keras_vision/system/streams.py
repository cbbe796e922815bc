"""Standard streams as they may be: closed, missing, full, or unable to encode a name. A print must not end work."""

import contextlib
import io
import os
import sys
from typing import Any, TextIO


class Nowhere(io.TextIOBase):
    """A stream that takes everything and keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


def open_missing() -> None:
    """Opens the standard descriptors that are closed, on nothing.

    Else the next file to be opened, a checkpoint say, would get the number 2, and all that native code logs.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)


def usable(stream: Any) -> Any:
    """Returns a stream that takes any text: `stream`, escaping what it cannot encode, or nothing's where it is closed.

    Args:
        stream: A text stream, or None, which `sys.stdout` is under pythonw and where it was closed.

    Example:

    >>> usable(None).write("Müll")
    4
    """
    if stream is None or getattr(stream, "closed", False):
        return Nowhere()
    if getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
        with contextlib.suppress(OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")
    return stream


def write_line(stream: TextIO, text: str) -> None:
    """Prints a line at once; what the stream cannot encode is escaped.

    Raises:
        OSError: It could not be written.
    """
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:  # of a stream that could not be told to escape
        print(text.encode("ascii", "backslashreplace").decode("ascii"), file=stream, flush=True)


def tell(text: str) -> None:
    """Prints a last word on standard error, or nothing where that cannot be."""
    with contextlib.suppress(OSError, ValueError):
        write_line(usable(sys.stderr), text)
