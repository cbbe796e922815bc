"""Trackers of other makers beside TensorBoard: MLflow, Weights & Biases, Trackio.

All log alike: a run of the tracker for each training, with its settings, a row for each epoch, and what came of it.
Where a tracker keeps that, and in whose name, is what its own environment variables and settings files say.
"""

import contextlib
import importlib
import io
import math
import numbers
import os
import time
from pathlib import Path

from keras_vision.errors import BadInput, check_choice
from keras_vision.reporting.packages import check_installed
from keras_vision.reporting.progress import cell
from keras_vision.runs.files import read_json, write_json
from keras_vision.system.settings import ChoiceCheck

PROJECT = "keras_vision"
TRACKERS = ("mlflow", "wandb", "trackio")  # each is called as the module and the extra that it needs
# Of a run's result, what a tracker shows.
_RESULTS = ("val_accuracy", "val_balanced_accuracy", "val_crossentropy", "parameters", "macs", "latency_ms", "seconds")


def _check_tracker(name, value):
    check_choice(name, value, TRACKERS)
    check_installed(f"--{name} {value}", [value], value)


TRACKER = ChoiceCheck(_check_tracker, TRACKERS)  # the check of a setting


class Tracker:
    """A tracker, or none.

    Until it has worked once, an error of it ends the command: nothing was trained by then. After that it is only told,
    and no more is logged: a network that is down must not end a search.

    Args:
        name: One of `TRACKERS`; None for none, which takes everything and does nothing.
        say: Called with a line for a person.

    Example:

    >>> with Tracker(None).training("runs/a", {"epochs": 3}) as log:
    ...     log({"accuracy": 0.9}, 1)
    """

    def __init__(self, name=None, say=lambda line: None):
        self.name, self.say = name, say
        self._has_worked = False

    @contextlib.contextmanager
    def training(self, folder, settings):
        """Opens the tracker's run of a run directory, a new one or that of an earlier start; one at a time.

        Args:
            folder: The run directory.
            settings: Dict of its settings.

        Returns:
            For the block, a function of (dict of numbers, epoch or 0) that logs them. An error in the block is one of
            the run.

        Raises:
            BadInput: The tracker does not work, and never has.
        """
        opened = self.name and self._try(lambda: self._open(folder, settings))
        is_failed = True
        try:
            yield lambda values, step=0: opened and self._try(lambda: opened.log(_numbers(values), step))
            is_failed = False
        finally:
            if opened:
                self._try(lambda: opened.end(is_failed))

    def record(self, folder, settings, rows, result):
        """Logs a training that is over: its epochs, and its result as a dict; None where it failed."""
        with contextlib.suppress(_Failed), self.training(folder, settings) as log:
            for row in rows:
                log(row, row["epoch"])
            if result is None:
                raise _Failed
            log(results_of(result), len(rows))

    def _open(self, folder, settings):
        place = Path(folder, "trackers.json")
        known = read_json(place) if place.exists() else {}
        plain = {key: _plain(value) for key, value in settings.items()}
        opened = _KINDS[self.name](_name_of(folder), plain, known.get(self.name))
        write_json(place, known | {self.name: opened.id})
        return opened

    def _try(self, step):
        """Takes a step and returns what it gives; None where the tracker no longer works."""
        if self.name is None:
            return None
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # which is for results
                done = step()
            self._has_worked = True
            return done
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            if not self._has_worked:
                told = f"{self.name} does not work here: {reason.rstrip('.')}. Mend that, or leave out --log."
                raise BadInput(told) from error
            self.say(f"warning: {self.name} does not work any more, so nothing more is logged there: {reason}")
            self.name = None
            return None


class _Failed(Exception):
    """A training that is over had failed."""


def _name_of(folder):
    """Returns what a tracker calls a run directory; trials and folds are called after what they are part of, too."""
    whole, kind, last = ["", "", *Path(folder).resolve().parts][-3:]
    return f"{whole}-{last}" if kind in ("trials", "folds") else last


def results_of(result):
    """Returns of a run's result what a tracker shows, the test accuracy with it where it was measured."""
    found = {name: result[name] for name in _RESULTS if name in result}
    return found | ({"test_accuracy": result["test"]["accuracy"]} if result.get("test") else {})


def _numbers(values):
    """Returns those of a dict's values that are finite numbers, as floats."""
    found = {name: float(value) for name, value in values.items() if isinstance(value, numbers.Real)}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _plain(value):
    value = cell(value)
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _module(name):
    return importlib.import_module(name)


class _Mlflow:
    """A run of MLflow, by its client, which leaves a person's own active run alone."""

    def __init__(self, name, settings, known):
        self._client = _module("mlflow").MlflowClient()
        self._entities = _module("mlflow.entities")
        self.id = known or self._client.create_run(self._experiment(), run_name=name).info.run_id
        parameters = [self._entities.Param(key, str(value)) for key, value in settings.items() if not known]
        self._client.log_batch(self.id, params=parameters)

    def _experiment(self):
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        found = self._client.get_experiment_by_name(name)
        return found.experiment_id if found else self._client.create_experiment(name)

    def log(self, values, step):
        """Logs numbers."""
        now = round(1000 * time.time())
        self._client.log_batch(self.id, [self._entities.Metric(key, one, now, step) for key, one in values.items()])

    def end(self, is_failed):
        """Ends the run."""
        self._client.set_terminated(self.id, "FAILED" if is_failed else "FINISHED")


class _Wandb:
    """A run of Weights & Biases."""

    def __init__(self, name, settings, known):
        wandb = _module("wandb")
        self.id = known or os.urandom(16).hex()
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=name,
            id=self.id,
            resume="allow",
            config=settings,
            settings=wandb.Settings(silent=True, console="off"),
        )

    def log(self, values, step):
        """Logs numbers."""
        self._run.log(values, step=step)

    def end(self, is_failed):
        """Ends the run."""
        self._run.finish(exit_code=int(is_failed))


class _Trackio:
    """A run of Trackio."""

    def __init__(self, name, settings, known):
        self._trackio = _module("trackio")
        self.id = known or f"{name}-{os.urandom(4).hex()}"  # by which it is found again
        project = os.environ.get("TRACKIO_PROJECT", PROJECT)
        self._trackio.init(project=project, name=self.id, config=settings, resume="allow")

    def log(self, values, step):
        """Logs numbers."""
        self._trackio.log(values, step=step)

    def end(self, is_failed):
        """Ends the run."""
        if is_failed:
            self._trackio.log({"failed": 1.0})
        self._trackio.finish()


_KINDS = {"mlflow": _Mlflow, "wandb": _Wandb, "trackio": _Trackio}
