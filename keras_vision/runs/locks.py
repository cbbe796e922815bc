"""One process at a time in a directory, by a lock of the system's: it ends with its holder, however that ends."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

LOCK, HOLDER = "lock", "in_use_by.txt"  # on Windows nobody can read a file that is locked, so the name has its own


class InUse(Exception):
    """Another process holds the directory; the message names it."""


@contextlib.contextmanager
def held(directory: str | os.PathLike[str]) -> Iterator[None]:
    """Holds a directory against other processes for the length of the block.

    Raises:
        InUse: Another process holds it: its number and host are named.
        OSError: Nothing can be written there, or its file system has no locks.
    """
    import filelock  # which takes 0.03 s that `--help` has not

    directory = Path(directory)
    lock, holder = filelock.FileLock(directory / LOCK), directory / HOLDER
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InUse(_text(holder) or "another process") from None
    except NotImplementedError as error:
        raise OSError(None, str(error)) from error
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink()
        lock.release()


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8").strip()
    return ""
