"""The settings of Keras and TensorFlow that our networks stand on, whatever another project has left on this machine.

A `keras.json` or a variable of the environment can turn the axes of images, shorten trainings or round products. None
of that is said in a run's record, so none of it is heeded: the same command gives the same network everywhere.
"""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from keras_vision.errors import BadInput
from keras_vision.system.onednn import use_onednn

BACKEND = "tensorflow"
SETTINGS = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}
# Variables whose names start so change what is computed; see KEPT.
FOREIGN = (
    *("KERAS_", "KERASTUNER_"),  # the second makes a search one worker of many
    *("TF_USE_LEGACY_KERAS", "TF2_BEHAVIOR"),  # other code under the same names
    *("TF_ENABLE_AUTO_MIXED_PRECISION", "TF_AUTO_MIXED_PRECISION_", "TF_FP16_"),  # other precisions than are recorded
    *("TF_SET_ONEDNN_FPMATH_MODE", "ONEDNN_DEFAULT_FPMATH_MODE", "NVIDIA_TF32_OVERRIDE"),
)
KEPT = ("KERAS_HOME", "KERAS_BACKEND", "KERAS_TORCH_DEVICE", "KERAS_VISION_CACHE")


def foreign_variables() -> list[str]:
    """Returns the names of the environment's variables that would change what is computed."""
    return sorted(name for name in os.environ if name.upper().startswith(FOREIGN) and name.upper() not in KEPT)


def foreign_file() -> Path | None:
    """Returns the `keras.json` that Keras would read, where it says something else than our settings; else None."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        base = os.path.expanduser("~")
        home = os.path.join(base if os.access(base, os.W_OK) else "/tmp", ".keras")  # as Keras does
    path = Path(os.path.expanduser(os.path.join(home, "keras.json")))
    try:
        if not os.path.exists(path):
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        is_ours = {**SETTINGS, "backend": BACKEND, **found} == {**SETTINGS, "backend": BACKEND}
    except (OSError, ValueError, TypeError):  # of a damaged one Keras makes a traceback
        is_ours = False
    return None if is_ours else path


@contextlib.contextmanager
def stock_import(*, any_backend: bool = False) -> Iterator[None]:
    """Makes an import of Keras in the block heed neither its file of settings nor the environment.

    Args:
        any_backend: Whether the backend that `KERAS_BACKEND` names is left as it is.
    """
    for name in foreign_variables():
        del os.environ[name]
    if not (any_backend and os.environ.get("KERAS_BACKEND")):
        os.environ["KERAS_BACKEND"] = BACKEND
    use_onednn()
    has_home = os.path.expanduser("~") != "~"  # else TensorFlow's own copy of Keras writes into a folder of that name
    if has_home and foreign_file() is None:
        yield
        return
    with _other_home():
        yield


@contextlib.contextmanager
def _other_home() -> Iterator[None]:
    """Lets Keras look for its file in an empty folder for the length of the block; it reads it only when imported."""
    before = os.environ.get("KERAS_HOME")
    with contextlib.ExitStack() as stack:
        try:
            empty = stack.enter_context(tempfile.TemporaryDirectory())
        except OSError:  # no folder for temporary files: one that does not exist serves as well, if it stays so
            empty = os.path.join(os.devnull, "keras")
        os.environ["KERAS_HOME"] = empty
        try:
            yield
        finally:
            if before is None:
                del os.environ["KERAS_HOME"]
            else:
                os.environ["KERAS_HOME"] = before


def check_backend(keras: ModuleType) -> None:
    """Refuses a Keras that was imported earlier, on a backend that cannot train here."""
    if keras.config.backend() != BACKEND:
        raise BadInput(
            f"Keras runs on {keras.config.backend()} in this process, but keras_vision trains on TensorFlow. "
            "Restart Python with KERAS_BACKEND=tensorflow in the environment."
        )


def pin(keras: ModuleType) -> None:
    """Gives the imported Keras our settings: another project's may have come with the import."""
    for name in foreign_variables():  # some are read late
        del os.environ[name]
    _forget_policy_of(keras.config.floatx(), keras)
    for name, value in SETTINGS.items():
        getattr(keras.config, f"set_{name}")(value)
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)


@contextlib.contextmanager
def pinned() -> Iterator[None]:
    """Has Keras build by our settings in the block and gives it back its own, for a person who imported it first."""
    keras = sys.modules["keras"]
    before = {name: getattr(keras.config, name)() for name in SETTINGS}
    if before == SETTINGS:
        yield
        return
    policy = keras.config.dtype_policy()
    _forget_policy_of(before["floatx"], keras)
    try:
        for name, value in SETTINGS.items():
            getattr(keras.config, f"set_{name}")(value)
        yield
    finally:
        for name, value in before.items():
            getattr(keras.config, f"set_{name}")(value)
        keras.config.set_dtype_policy(policy)


def _forget_policy_of(floatx: str, keras: ModuleType) -> None:
    """Makes the policy float32 where it is but what Keras made of another floatx; a chosen one stays."""
    if floatx != SETTINGS["floatx"] and keras.config.dtype_policy().name == floatx:
        keras.config.set_dtype_policy(SETTINGS["floatx"])
