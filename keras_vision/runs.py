"""The run directory: what is written where, whole or not at all.

runs/<name>/ config.json   every resolved setting, seed, versions, machine
             metrics.jsonl one line per epoch
             result.json   what came of it; a run that has one is finished
             model.keras   the best weights by validation; class names and data set travel inside
             checkpoint/   to resume; gone once the run is finished
             tensorboard/  figures/
a search adds trials.jsonl, trials.csv and trials/<id>/, which are runs of their own
"""

import contextlib
import fcntl
import json
import os
import platform
import socket
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.quiet import import_keras

# The member of a .keras file that holds what Keras does not keep: class names, data set, how it was made.
CARD = "keras_vision.json"
# Settings that may grow when a run is continued: they say how long to go on, not what is done.
BUDGETS = ("max_trials", "max_minutes")


@contextlib.contextmanager
def atomic_path(path):
    """Gives a temporary path beside `path` and, if the block succeeds, moves it there in one step.

    The old file stays until the new one is complete and on disk (write, fsync, replace), so that a crash at any
    moment leaves the one or the other.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_directory(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_directory(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path, text):
    """Writes a text file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, record):
    """Writes strict JSON (NaN and infinity are errors) whole or not at all."""
    write_text(path, json.dumps(record, indent=2, allow_nan=False, default=str) + "\n")


def read_json(path):
    """Reads a JSON file; a damaged one is an error that names it."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise KerasVisionError(f"{path} is damaged: {error}. Remove it, or choose another --workdir.") from error


class Run:
    """One run directory.

    Example:

    >>> run = Run("runs/example")
    >>> run.finished
    False
    """

    def __init__(self, path):
        self.path = Path(path)
        self.config_path = self.path / "config.json"
        self.metrics_path = self.path / "metrics.jsonl"
        self.result_path = self.path / "result.json"
        self.model_path = self.path / "model.keras"
        self.checkpoints = self.path / "checkpoint"
        self.tensorboard = self.path / "tensorboard"
        self.figures = self.path / "figures"

    @property
    def finished(self):
        """Whether the run came to its end and has a result."""
        return self.result_path.exists()

    @property
    def config(self):
        return read_json(self.config_path)

    @property
    def result(self):
        return read_json(self.result_path)

    def start(self, config):
        """Records `config`, or checks that the run on disk was started with the same.

        Args:
            config: Dict of every resolved setting. Keys in `BUDGETS` may differ on a later start.

        Raises:
            BadInput: The directory holds a run with other settings (the first that differs is named), holds
                something else, or cannot be written.
        """
        if self.config_path.exists():
            name, old, new = first_difference(self.config["settings"], config) or (None, None, None)
            if name:
                raise BadInput(
                    f"{self.path} with {name}={new!r}",
                    f"{name}={old!r}, with which that run was started",
                    "Give the same setting to go on with it, or another --workdir to start anew.",
                )
        elif self.path.is_file():
            raise BadInput(f"workdir {self.path}", "a directory", "That is a file; give another --workdir.")
        elif self.path.is_dir() and any(p for p in self.path.iterdir() if p.name != "lock"):
            raise BadInput(
                f"workdir {self.path}", "an empty directory or a run of this program", "Give another --workdir."
            )
        try:
            write_json(self.config_path, {"settings": config, **provenance()})
        except OSError as error:
            raise BadInput(
                f"workdir {self.path} ({error.strerror})", "a directory that can be written", "Give another --workdir."
            ) from error

    @contextlib.contextmanager
    def locked(self):
        """Holds the directory against other processes for the length of the block.

        Raises:
            BadInput: Another process holds it; its host and process number are named.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = open(self.path / "lock", "a+", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise BadInput(
                f"workdir {self.path} ({error.strerror})", "a directory that can be written", "Give another --workdir."
            ) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise BadInput(
                    f"workdir {self.path}, in use by {file.read().strip() or 'another process'}",
                    "a directory that no other process works in",
                    "Wait for it, or give another --workdir.",
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            file.flush()
            yield self

    def count_look(self):
        """Counts one more look at the test split and returns how many there have been."""
        path = self.path / "test_looks.json"
        looks = (read_json(path)["looks"] if path.exists() else 0) + 1
        write_json(path, {"looks": looks})
        return looks

    def log_metrics(self, history):
        """Writes the epochs so far, one JSON object per line."""
        write_text(self.metrics_path, "".join(json.dumps(row, allow_nan=False) + "\n" for row in history))


def first_difference(old, new, ignore=BUDGETS, prefix=""):
    """Returns (name, old value, new value) of the first setting that differs, or None."""
    new = json.loads(json.dumps(new, default=str))
    for name in {**old, **new}:
        if name in ignore:
            continue
        a, b = old.get(name), new.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            inner = first_difference(a, b, ignore, f"{prefix}{name}.")
            if inner:
                return inner
        elif a != b:
            return f"{prefix}{name}", a, b
    return None


def default_workdir(stem, settings):
    """Returns the run directory for a command that named none: `runs/<stem>`, or the first `runs/<stem>-2`, `-3`, ...

    that is free or was started with the same settings. The same command therefore finds its own run again, and
    another command never meets it.
    """
    number = 1
    while True:
        path = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        config = path / "config.json"
        if not path.exists() or (config.exists() and not first_difference(read_json(config)["settings"], settings)):
            return path
        number += 1


def provenance():
    """Returns when, with which versions and on what machine a run is made."""
    from importlib import metadata

    packages = ("keras-vision", "keras", "tensorflow", "keras-tuner", "numpy")
    versions = {"python": platform.python_version()}
    for name in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions,
        "machine": {"system": platform.platform(), "processor": processor_name(), "cores": os.cpu_count()},
    }


def processor_name():
    """Returns the processor's model name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def save_model(model, path, card):
    """Writes a model and its card (class names, data set, ...) as one `.keras` file, whole or not at all."""
    with atomic_path(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(CARD, json.dumps(card, allow_nan=False, default=str))


def model_file(source):
    """Returns the path of the model that `source`, a run directory or a local `.keras` file, stands for.

    Raises:
        BadInput: It is neither.
    """
    path = Path(source)
    if path.is_dir():
        path = Run(path).model_path
        if not path.exists():
            raise BadInput(f"run {source}", "a directory with a model.keras", "Has the run saved a model yet?")
    if not path.exists():
        raise BadInput(f"model {source}", "a run directory or a local .keras file", "There is nothing of that name.")
    if path.suffix != ".keras" or not path.is_file() or not zipfile.is_zipfile(path):
        raise BadInput(f"model {source}", "a run directory or a local .keras file", "Other formats can run code.")
    return path


def read_card(source):
    """Returns what a model file says of itself: class names, data set, input shape; empty for a foreign file."""
    with zipfile.ZipFile(model_file(source)) as archive:
        return json.loads(archive.read(CARD)) if CARD in archive.namelist() else {}


def load_model(source):
    """Loads the model of a run directory or a local `.keras` file, uncompiled.

    Raises:
        BadInput: `source` is something else, or holds code (a Lambda layer, say), which is never run.
    """
    path = model_file(source)
    import_keras()
    import keras

    import keras_vision.models.layers  # noqa: F401  registers the custom layers

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError) as error:
        raise BadInput(f"model {source}", "a model that loads in safe mode", str(error).splitlines()[0]) from error
