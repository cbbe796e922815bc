"""The run directory: what is written where, whole or not at all.

runs/<name>/ config.json   every resolved setting, seed, versions, machine
             metrics.jsonl one line per epoch
             result.json   what came of it; a run that has one is finished
             model.keras   the best weights by validation, of trials and folds the last; class names and data set inside
             checkpoint/   to resume; gone once the run is finished
             index.html    its page
             tensorboard/  figures/
a search adds trials.jsonl, trials.csv and trials/<id>/, which are runs of their own
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.runs.files import read_json, write_json, write_text
from keras_vision.runs.locks import HOLDER, LOCK, InUse, held
from keras_vision.runs.provenance import provenance

# Settings that may grow when a run is continued: they say how long to go on, not what is done.
BUDGETS = ("max_trials", "max_minutes", "keep", "confirm")
_NAME_LENGTH = 60  # characters: file systems take names of 255 bytes, of which an umlaut takes two and a kanji three


class WorkdirRefused(BadInput):
    """A run directory that cannot be used as asked."""


class Run:
    """One run directory.

    Example:

    >>> run = Run("runs/example")
    >>> run.finished
    False
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.config_path = self.path / "config.json"
        self.metrics_path = self.path / "metrics.jsonl"
        self.result_path = self.path / "result.json"
        self.model_path = self.path / "model.keras"
        self.checkpoints = self.path / "checkpoint"
        self.tensorboard = self.path / "tensorboard"
        self.figures = self.path / "figures"
        self.page_path = self.path / "index.html"

    @property
    def finished(self) -> bool:
        """Whether the run came to its end and has a result."""
        return self.result_path.exists()

    @property
    def config(self) -> dict[str, Any]:
        """What `start` recorded: settings, versions, machine and more.

        Raises:
            WorkdirRefused: The file was written by something else.
        """
        record = read_json(self.config_path)
        if not (isinstance(record, dict) and isinstance(record.get("settings"), dict)):
            raise WorkdirRefused(f"{self.config_path} was not written by this program. Give another --workdir.")
        return record

    @property
    def result(self) -> dict[str, Any]:
        record = read_json(self.result_path)
        if not isinstance(record, dict):
            raise KerasVisionError(f"{self.result_path} is damaged. Remove it, or choose another --workdir.")
        return record

    def check_usable(self) -> None:
        """Refuses a path that is a file, or a directory of something else, before anything is written there."""
        with self._refused_where_not_writable():
            self.path.is_dir()  # a name that is too long is an error here
        if self.path.is_file():
            raise WorkdirRefused(f"The workdir {self.path} is a file, not a directory. Give another --workdir.")
        is_own = self.config_path.exists() and bool(self.config)
        if self.path.is_dir() and not is_own and not _is_free(self.path):
            raise WorkdirRefused(
                f"The workdir {self.path} is neither empty nor a run of this program. Give another --workdir."
            )

    def start(self, settings: dict[str, Any], **facts: Any) -> None:
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
                raise WorkdirRefused(f"{self.path} holds a run of {theirs}, not of {own}. Give another --workdir.")
            if unknown := _not_in(first["settings"], settings):
                raise WorkdirRefused(
                    f"{self.path} was started by another version of this program, which had no setting {unknown!r}. "
                    "This version cannot continue it, but can use its model. Give another --workdir for a new run."
                )
            name, old, new = first_difference(first["settings"], settings) or (None, None, None)
            if name:
                raise WorkdirRefused(
                    f"The run in {self.path} was started with {name}={old!r}, not with {name}={new!r}. "
                    "Give the same setting to continue it, or another --workdir for a new run."
                )
            if self.finished and not first_difference(first["settings"], settings, ignore=()):
                return
            record["continued"] = [*first.pop("continued", []), {k: record[k] for k in record if k != "settings"}]
            record |= {name: first[name] for name in first if name != "settings"}
        with self._refused_where_not_writable():
            for leftover in self.path.glob(".*.tmp*"):  # of a process that was killed while writing
                leftover.unlink()
            write_json(self.config_path, record)

    @property
    def newest_start(self) -> dict[str, Any]:
        """What was recorded when the run was last started with something new.

        Raises:
            WorkdirRefused: As of `config`.
        """
        return latest_start(self.config)

    def note_end(self) -> None:
        """Records that what the run was last started for came to its end: a search has results before."""
        record = self.config
        latest_start(record)["ended"] = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.config_path, record)

    @contextlib.contextmanager
    def _refused_where_not_writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise WorkdirRefused(
                f"The workdir {self.path} cannot be used ({error.strerror or error}). Give another --workdir."
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[Run]:
        """Holds the directory against other processes for the length of the block.

        Raises:
            WorkdirRefused: Another process holds it (its host and process number are named), or it is not usable.
        """
        self.check_usable()
        with contextlib.ExitStack() as stack:
            with self._refused_where_not_writable():
                self.path.mkdir(parents=True, exist_ok=True)
                try:
                    stack.enter_context(held(self.path))
                except InUse as holder:
                    raise WorkdirRefused(
                        f"The workdir {self.path} is in use by {holder}. Wait for it, or give another --workdir."
                    ) from None
            yield self

    @property
    def history(self) -> list[dict[str, Any]]:
        """Its epochs so far, as a list of dicts."""
        lines = self.metrics_path.read_bytes().splitlines() if self.metrics_path.exists() else []
        try:
            rows = [json.loads(line) for line in lines]
        except ValueError:
            rows = [None]
        if not all(isinstance(row, dict) and "epoch" in row for row in rows):
            raise KerasVisionError(f"{self.metrics_path} is damaged. Restore it, or choose another --workdir.")
        return rows

    def count_look(self) -> int:
        """Counts one more look at the test split and returns how many there have been."""
        path = self.path / "test_looks.json"
        looks = (read_json(path)["looks"] if path.exists() else 0) + 1
        write_json(path, {"looks": looks})
        return looks

    def log_metrics(self, history: list[dict[str, Any]]) -> None:
        """Writes the epochs so far, one JSON object per line."""
        write_text(self.metrics_path, "".join(json.dumps(row, allow_nan=False) + "\n" for row in history))


def latest_start(record: dict[str, Any]) -> dict[str, Any]:
    """Returns what a run's record says of its latest start."""
    newest: dict[str, Any] = record.get("continued", [record])[-1]
    return newest


def is_run(folder: str | os.PathLike[str]) -> bool:
    """Returns whether a folder is a run directory that this program wrote.

    Example:

    >>> is_run("photos")
    False
    """
    try:
        return bool(Run(folder).config["versions"])
    except (OSError, KeyError, KerasVisionError):  # there is no record, or it is another program's
        return False


def _kind_of(settings: dict[str, Any]) -> str:
    """Returns which command a run's settings are of."""
    marks = {"study": "study", "strategy": "tune"}
    return next((kind for mark, kind in marks.items() if mark in settings), "train")


def _not_in(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """Returns the first of a run's settings, or of its recipe's, that the record of an older run lacks; else None."""
    recipe, older = new.get("recipe"), old.get("recipe")
    missing = [name for name in new if name not in old and name not in BUDGETS]
    if isinstance(recipe, dict) and isinstance(older, dict):
        missing += [f"recipe.{name}" for name in recipe if name not in older]
    return next(iter(missing), None)


def first_difference(
    old: dict[str, Any], new: dict[str, Any], ignore: Collection[str] = BUDGETS, prefix: str = ""
) -> tuple[str, Any, Any] | None:
    """Returns (name, old value, new value) of the first setting that differs, or None.

    Example:

    >>> first_difference({"seed": 0, "recipe": {"epochs": 5}}, {"seed": 0, "recipe": {"epochs": 9}})
    ('recipe.epochs', 5, 9)
    """
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


def _is_free(directory: Path) -> bool:
    """Whether a directory holds nothing but what a start that came to nothing leaves behind."""
    own = (LOCK, HOLDER)
    return all(path.name in own or (path.name[0] == "." and ".tmp" in path.name) for path in directory.iterdir())


def usual_runs(command: str, model: str, dataset: str) -> Iterator[Run]:
    """Yields the runs that a command without a --workdir may have: `runs/COMMAND-MODEL-DATASET`, then with -2, -3, ...

    Args:
        command: "train" or "tune".
        model: A name in `MODELS`.
        dataset: As in `load_dataset`; of a path the last part counts.

    Example:

    >>> runs = usual_runs("train", "cnn", "folder:my/photos")
    >>> next(runs).path.name, next(runs).path.name
    ('train-cnn-folder-photos', 'train-cnn-folder-photos-2')
    """
    kind, colon, path = dataset.partition(":")
    stem = f"{command}-{model}-{kind}-{_last_part(path)}" if colon else f"{command}-{model}-{dataset}"
    for number in itertools.count(1):
        yield Run(Path("runs") / (stem if number == 1 else f"{stem}-{number}"))


def default_workdir(command: str, model: str, dataset: str, settings: dict[str, Any]) -> Path:
    """Returns the run directory for a command that named none: the first of its `usual_runs` that holds nothing else.

    The same command therefore finds its own run again, and another command never meets it.

    Args:
        command, model, dataset: As in `usual_runs`.
        settings: The run's settings.

    Example:

    >>> default_workdir("tune", "vgg", "digits", {"seed": 0}).name  # doctest: +SKIP
    'tune-vgg-digits'
    """
    return next(run.path for run in usual_runs(command, model, dataset) if _is_for(run, settings))


def _is_for(run: Run, settings: dict[str, Any]) -> bool:
    """Returns whether a run directory is free, or that of a run with these settings."""
    if run.config_path.exists():
        return not first_difference(run.config["settings"], settings)
    return not run.path.exists() or (run.path.is_dir() and _is_free(run.path))


def _last_part(path: str) -> str:
    """Returns the last part of a path, without its suffix, as any system takes it for a name."""
    name = PurePath(path).name if len(PurePath(path).parts) > 1 else PureWindowsPath(path).name
    name = re.sub(r'[<>:"/\\|?*\[\]\x00-\x1f]+', "-", PurePath(name).stem).strip("-. ")
    return name[:_NAME_LENGTH].strip("-. ") or "data"
