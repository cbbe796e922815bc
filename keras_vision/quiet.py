"""Keeps what native code writes to standard error away from people, unless something goes wrong."""

import contextlib
import os
import sys
import tempfile


def import_keras():
    """Imports Keras and its backend without the pages that their native code logs.

    TensorFlow 2.21 writes its greeting before any setting of its log level takes effect, so the file descriptor
    itself is turned aside for the length of the import.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with native_output_held_back():
        import keras  # noqa: F401


@contextlib.contextmanager
def native_output_held_back():
    """Holds back what is written to standard error, by any language; shows it only if an exception is raised."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        real = os.dup(2)
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(real, 2)
            os.close(real)
            if failed:
                held.seek(0)
                sys.stderr.write(held.read().decode(errors="replace"))
