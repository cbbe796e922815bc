"""Imports Keras as our networks need it, and keeps what native code logs from people unless something goes wrong."""

import contextlib
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO

from keras_vision.errors import KerasVisionError
from keras_vision.system import keras_settings
from keras_vision.system.streams import open_missing, usable

_LOCK = threading.RLock()  # two threads that turned the one descriptor aside would restore each other's file


def import_keras(*, only_to_build: bool = False) -> None:
    """Imports Keras and its backend, without the pages that their native code logs and with our settings.

    It comes before the first import of a module that imports Keras at its top: a front door's `carry_out` calls it, and
    so does what a person's own program may start with, such as `build_model`.

    TensorFlow 2.21 writes its greeting before any setting of its log level takes effect, so the file descriptor
    itself is turned aside for the length of the import.

    Args:
        only_to_build: Whether any backend will do, and what a person has set of an imported Keras stays as it is.

    Raises:
        BadInput: Keras was imported before, on another backend.
        KerasVisionError: It or its backend cannot be loaded on this machine.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" not in sys.modules:
        with keras_settings.stock_import(any_backend=only_to_build):
            _import()
    if sys.modules["keras"].config.backend() == keras_settings.BACKEND:
        from keras_vision.system.conv_gradient import mend_gradient

        mend_gradient()
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not only_to_build:
        keras_settings.check_backend(sys.modules["keras"])
        keras_settings.pin(sys.modules["keras"])


def _import() -> None:
    try:
        with native_output_held_back():
            import keras  # noqa: F401
    except (ImportError, MemoryError, OSError) as error:
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise KerasVisionError(
            f"Keras or TensorFlow cannot be loaded ({reason}). python -m keras_vision.doctor shows what is missing."
        ) from error


@contextlib.contextmanager
def errors_only(name: str) -> Iterator[None]:
    """Has a library's logger tell of errors alone in the block."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def native_output_held_back() -> Iterator[None]:
    """Holds back what is written to standard error, by any language; shows it only if an exception is raised."""
    open_missing()
    with _LOCK, _held() as held:
        _flush()
        real = os.dup(2)
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            _flush()
            os.dup2(real, 2)
            os.close(real)
            if failed:
                held.seek(0)
                _show(held.read().decode(errors="replace"))


def _held() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError:  # no folder for temporary files, or a full one
        return open(os.devnull, "w+b")


def _flush() -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()


def _show(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        usable(sys.stderr).write(text)
