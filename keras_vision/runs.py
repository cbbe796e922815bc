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
import json
import os
import platform
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path, PurePath, PureWindowsPath

from keras_vision import locks, safety
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.keras_settings import pinned
from keras_vision.quiet import import_keras
from keras_vision.safety import CARD
from keras_vision.version_0_1 import stock_file

# Settings that may grow when a run is continued: they say how long to go on, not what is done.
BUDGETS = ("max_trials", "max_minutes", "keep", "confirm")
_NAME_LENGTH = 60  # characters: file systems take names of 255 bytes, of which an umlaut takes two and a kanji three
MAX_SIDE = 1024  # pixels of an image that a network takes
MAX_OUTPUT_BYTES = 2**28  # of a layer, for one image: 64 channels at those sides in float32


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
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no directories, and needs none to be synchronised
        return
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


class WorkdirRefused(BadInput):
    """A run directory that cannot be used as asked."""


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
        """What `start` recorded: settings, versions, machine and more.

        Raises:
            WorkdirRefused: The file was written by something else.
        """
        record = read_json(self.config_path)
        if not (isinstance(record, dict) and isinstance(record.get("settings"), dict)):
            raise WorkdirRefused(
                f"{self.config_path}, which this program did not write",
                "an empty directory or a run of this program",
                "Give another --workdir.",
            )
        return record

    @property
    def result(self):
        return read_json(self.result_path)

    def check_usable(self):
        """Refuses a path that is a file, or a directory of something else, before anything is written there."""
        with self._refused_where_not_writable():
            self.path.is_dir()  # a name that is too long is an error here
        if self.path.is_file():
            raise WorkdirRefused(f"workdir {self.path}", "a directory", "That is a file; give another --workdir.")
        is_own = self.config_path.exists() and bool(self.config)
        if self.path.is_dir() and not is_own and not _is_free(self.path):
            raise WorkdirRefused(
                f"workdir {self.path}", "an empty directory or a run of this program", "Give another --workdir."
            )

    def start(self, settings, **facts):
        """Records `settings`, or checks that the run on disk was started with the same.

        Args:
            settings: Dict of every setting. Keys in `BUDGETS` may differ on a later start.
            **facts: What is worth knowing and may differ, beside versions and machine. Those of later starts are
                added to the list `continued`; the first stay as they are.

        Raises:
            WorkdirRefused: The directory holds a run with other settings (the first that differs is named), holds
                something else, or cannot be written.
        """
        self.check_usable()
        record = {"settings": settings, **facts, **provenance()}
        if self.config_path.exists():
            first = self.config
            theirs, own = _kind_of(first["settings"]), _kind_of(settings)
            if theirs != own:
                expected = f"one of {own}, or an empty directory"
                raise WorkdirRefused(f"{self.path}, a run of {theirs}", expected, "Give another --workdir.")
            if unknown := _not_in(first["settings"], settings):
                raise WorkdirRefused(
                    f"{self.path} was started by another version of this program, which had no setting {unknown!r}, "
                    "and cannot be continued by this one; its model can be used. Give another --workdir to start anew."
                )
            name, old, new = first_difference(first["settings"], settings) or (None, None, None)
            if name:
                raise WorkdirRefused(
                    f"{self.path} with {name}={new!r}",
                    f"{name}={old!r}, with which that run was started",
                    "Give the same setting to go on with it, or another --workdir to start anew.",
                )
            if self.finished and not first_difference(first["settings"], settings, ignore=()):
                return
            record["continued"] = [*first.pop("continued", []), {k: record[k] for k in record if k != "settings"}]
            record |= {name: first[name] for name in first if name != "settings"}
        with self._refused_where_not_writable():
            for leftover in self.path.glob(".*.tmp*"):  # of a process that was killed while writing
                leftover.unlink()
            write_json(self.config_path, record)

    @contextlib.contextmanager
    def _refused_where_not_writable(self):
        try:
            yield
        except OSError as error:
            raise WorkdirRefused(
                f"workdir {self.path} ({error.strerror or error})",
                "a directory that can be written",
                "Give another --workdir.",
            ) from error

    @contextlib.contextmanager
    def locked(self):
        """Holds the directory against other processes for the length of the block.

        Raises:
            WorkdirRefused: Another process holds it (its host and process number are named), or it is not usable.
        """
        self.check_usable()
        with contextlib.ExitStack() as stack:
            with self._refused_where_not_writable():
                self.path.mkdir(parents=True, exist_ok=True)
                try:
                    stack.enter_context(locks.held(self.path))
                except locks.InUse as holder:
                    raise WorkdirRefused(
                        f"workdir {self.path}, in use by {holder}",
                        "a directory that no other process works in",
                        "Wait for it, or give another --workdir.",
                    ) from None
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

    def show(self, figures, step=0):
        """Saves each figure of a dict name -> `Figure` as `figures/name.png`, and the same picture for TensorBoard."""
        from keras_vision.analysis.style import save_figures
        from keras_vision.events import EventLog

        paths = save_figures(figures, self.figures)
        with EventLog(self.tensorboard) as log:
            for path in paths:
                log.picture(path.stem, path.read_bytes(), step)


def _kind_of(settings):
    """Returns which command a run's settings are of."""
    marks = {"study": "study", "strategy": "tune"}
    return next((kind for mark, kind in marks.items() if mark in settings), "train")


def _not_in(old, new):
    """Returns the first of a run's settings, or of its recipe's, that the record of an older run lacks; else None."""
    recipe, older = new.get("recipe"), old.get("recipe")
    missing = [name for name in new if name not in old and name not in BUDGETS]
    if isinstance(recipe, dict) and isinstance(older, dict):
        missing += [f"recipe.{name}" for name in recipe if name not in older]
    return next(iter(missing), None)


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


def _is_free(directory):
    """Whether a directory holds nothing but what a start that came to nothing leaves behind."""
    own = (locks.LOCK, locks.HOLDER)
    return all(path.name in own or (path.name[0] == "." and ".tmp" in path.name) for path in directory.iterdir())


def default_workdir(command, model, dataset, settings):
    """Returns the run directory for a command that named none: `runs/COMMAND-MODEL-DATASET`, with -2, -3, ... added

    where that holds a run with other settings. The same command therefore finds its own run again, and another
    command never meets it.

    Args:
        command: "train" or "tune".
        model: A name in `MODELS`.
        dataset: As in `load_dataset`; of a path the last part counts.
        settings: The run's settings.
    """
    kind, colon, path = dataset.partition(":")
    stem = f"{command}-{model}-{kind}-{_last_part(path)}" if colon else f"{command}-{model}-{dataset}"
    number = 1
    while True:
        run = Run(Path("runs") / (stem if number == 1 else f"{stem}-{number}"))
        if not run.path.exists() or (run.path.is_dir() and not run.config_path.exists() and _is_free(run.path)):
            return run.path
        if run.config_path.exists() and not first_difference(run.config["settings"], settings):
            return run.path
        number += 1


def _last_part(path):
    """Returns the last part of a path, without its suffix, as any system takes it for a name."""
    name = PurePath(path).name if len(PurePath(path).parts) > 1 else PureWindowsPath(path).name
    name = re.sub(r'[<>:"/\\|?*\[\]\x00-\x1f]+', "-", PurePath(name).stem).strip("-. ")
    return name[:_NAME_LENGTH].strip("-. ") or "data"


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
    """Writes a model and its card (class names, data set, ...) as one `.keras` file, whole or not at all.

    How it was trained is left out: plain Keras does not know our learning rate schedule, and an optimiser is as large
    as the model or twice that.
    """
    import keras

    if model.compiled:
        model = keras.Model(model.input, model.output, name=model.name)
    with atomic_path(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(CARD, json.dumps(card, allow_nan=False, default=str))


def model_file(source):
    """Returns the path of the model that `source`, a run directory or a local `.keras` file, stands for.

    Raises:
        BadInput: It is neither, or an archive that no model is.
    """
    expected = "a run directory or a local .keras file"
    if "://" in str(source):
        raise BadInput(f"model {source}", expected, "Nothing is fetched: a model from elsewhere can run code.")
    path = Path(source)
    if path.is_dir():
        path = Run(path).model_path
        if not path.exists():
            raise BadInput(f"run {source}", "a directory with a model.keras", "Has the run saved a model yet?")
    if not path.exists():
        raise BadInput(f"model {source}", expected, "There is nothing of that name.")
    target = path.resolve()
    if {path.suffix, target.suffix} != {".keras"} or not target.is_file():
        leads = f", which is {target}" if path.is_symlink() else ""
        raise BadInput(f"model {source}{leads}", expected, "Other formats can run code.")
    safety.check_members(path)
    return path


def read_card(source):
    """Returns what a model file says of itself: class names, data set, input shape; empty for a foreign file."""
    return safety.read_card(model_file(source))


def load_model(source, *, float32=False):
    """Loads the model of a run directory or a local `.keras` file, uncompiled, once `safety` has nothing against it.

    Args:
        source: The directory or file.
        float32: Whether to rebuild in float32 what was trained in mixed precision: to measure or export it.

    Raises:
        BadInput: `source` is something else, is damaged, or holds code (a Lambda layer, say), which is never run.
    """
    path = model_file(source)
    safety.check_classes(path)
    declared = safety.check_weights(path)
    import_keras(only_to_build=True)
    import keras

    from keras_vision.models.float32 import in_float32

    try:
        with safety.whole(path), pinned(), stock_file(path) as file:
            safety.check_size(path, declared)
            model = keras.saving.load_model(file, compile=False, safe_mode=True)
            check_model_memory(model, source)
            whole = in_float32(model) if float32 else model
            if whole is not model:
                whole.load_weights(file)  # unlike set_weights, it also updates what stock layers derive from them
            return whole
    except BadInput:
        raise
    except Exception as error:  # over descriptions that make no sense Keras raises whatever came up
        raise BadInput(f"model {source}", "a model that Keras can load", safety.reason_of(error)) from error


def check_model_memory(model, source):
    """Refuses what would fill the memory with a few images, however few weights look at them.

    Args:
        model: A Keras model.
        source: What the message calls it.

    Raises:
        BadInput: Its images have too many pixels, or a layer gives too much for one of them.
    """
    from keras_vision.analysis.graph import steps_of

    inputs = model.inputs or ()
    for tensor in inputs:
        shape = tensor.shape[1:]
        if len(shape) == 3 and max(side or 0 for side in shape) > MAX_SIDE:
            sides = "x".join(map(str, shape))
            raise BadInput(f"model {source} for images of {sides}", f"sides of at most {MAX_SIDE} pixels")
    if not inputs or any(None in tensor.shape[1:] for tensor in inputs):
        return  # what such a model takes is not known before there are images
    largest = max(steps_of(model), key=lambda step: step.output_bytes)
    if largest.output_bytes > MAX_OUTPUT_BYTES:
        given = f"model {source}, whose layer {largest.name!r} gives {largest.output_bytes / 2**20:,.0f} MiB"
        raise BadInput(given, f"at most {MAX_OUTPUT_BYTES // 2**20} MiB for one image")
