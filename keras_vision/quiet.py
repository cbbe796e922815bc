"""Imports Keras without the pages that TensorFlow's native code writes to standard error at start-up."""

import contextlib
import os
import sys
import tempfile


def import_keras():
    """Imports Keras and its backend, holding back what their native code logs; shows it only if that fails.

    TensorFlow 2.21 writes its greeting before any setting of its log level takes effect, so the file descriptor
    itself is turned aside for the length of the import.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _standard_error_held_back() as held:
        try:
            import keras  # noqa: F401
        except BaseException:
            held.seek(0)
            sys.stderr.write(held.read().decode(errors="replace"))
            raise


@contextlib.contextmanager
def _standard_error_held_back():
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        real = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield held
        finally:
            os.dup2(real, 2)
            os.close(real)
