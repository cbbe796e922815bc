"""What a person sees while work goes on: bars on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import shutil
import sys
import time
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TextIO, cast

from keras_vision.system.streams import usable, write_line


class Progress:
    """Silent progress, and the interface of the others.

    Work is reported as trials (of a search) that hold epochs that hold steps. All methods may be called in any order.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> Any:
        return None

    def say(self, text: str = "") -> None:
        """Prints one line for the person."""

    def print(self, table: Any) -> None:
        """Prints a `keras_vision.reporting.tables.TextTable`."""

    def trial_started(self, number: int, total: int | None, settings: Mapping[str, Any]) -> None:
        """Reports that trial `number` (from 1) of `total` (or None) starts with `settings` (a dict)."""

    def fit_started(self, epochs: int, steps: int, done: int = 0, best: float | None = 0.0) -> None:
        """Reports a training of `epochs` x `steps` steps.

        Args:
            epochs, steps: How long it is.
            done: How many epochs are behind it.
            best: The highest validation accuracy in these; None where the last epoch counts, and not the best.
        """

    def step_ended(self, images: int) -> None:
        """Reports one training step over `images` images."""

    def epoch_ended(self, epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        """Reports the end of epoch `epoch` (from 1) with its metrics (a dict of floats)."""

    def fit_ended(self) -> None:
        """Reports the end of a training."""


class PlainProgress(Progress):
    """One line per event: for logs, pipes and continuous integration.

    Args:
        stream: Where to; None is nowhere.
        must_be_read: Whether a line that cannot be written is an error, as of a result. Of progress it is not: a full
            disk or a terminal that was closed must not end a training. A pipe that its reader has closed always is.
    """

    def __init__(self, stream: TextIO | None, *, must_be_read: bool = False) -> None:
        self.stream, self.must_be_read = usable(stream), must_be_read

    def say(self, text: str = "") -> None:
        self._write(lambda: write_line(self.stream, text))

    def print(self, table: Any) -> None:
        self._write(lambda: _rich().print_table(table, self.stream))

    def _write(self, write: Callable[[], object]) -> None:
        try:
            write()
        except (OSError, ValueError) as error:
            if self.must_be_read or (isinstance(error, BrokenPipeError) and self.stream is sys.stdout):
                raise
            self.stream = usable(None)

    def trial_started(self, number: int, total: int | None, settings: Mapping[str, Any]) -> None:
        self.say(f"trial {number}{f' of {total}' if total else ''}: {settings_line(settings)}")

    def fit_started(self, epochs: int, steps: int, done: int = 0, best: float | None = 0.0) -> None:
        self.best, self.clock = best, time.monotonic()
        self.epoch_seconds: list[float] = []
        if done:
            self.say(f"  continues after epoch {done} of {epochs}")

    def epoch_ended(self, epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        self.say("  ".join(("", *self.epoch_words(epoch, epochs, metrics))))

    def epoch_words(self, epoch: int, epochs: int, metrics: Mapping[str, float]) -> tuple[str, str]:
        """Returns how an epoch ended and how long the training still takes, in words, and counts its time."""
        now = time.monotonic()
        self.epoch_seconds.append(now - self.clock)
        self.clock = now
        left = (epochs - epoch) * sum(self.epoch_seconds) / len(self.epoch_seconds)
        words = [metrics_line(metrics)]
        if self.best is not None:
            self.best = max(self.best, metrics.get("val_balanced_accuracy", metrics.get("val_accuracy", 0.0)))
            words.append(f"best {self.best:.4f}")
        return "  ".join([f"epoch {epoch} of {epochs}", *words]), f"{clock_text(left)} left at most"


class LiveProgress(PlainProgress):
    """Bars that move in place, with the finished epochs as lines above them.

    Without a `with` block around it, the bars are there during each training.
    """

    def __init__(self, stream: TextIO | None, *, must_be_read: bool = False) -> None:
        super().__init__(stream, must_be_read=must_be_read)
        self.bars = _rich().new_bars(self.stream)
        self.trials = self.steps = cast(Any, None)
        self.is_entered = False

    def __enter__(self) -> Self:
        self.is_entered = True
        self._write(self.bars.start)
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_entered = False
        self._write(self.bars.stop)

    def say(self, text: str = "") -> None:
        self._write(lambda: self.bars.console.print(text, markup=False, soft_wrap=True))

    def print(self, table: Any) -> None:
        self._write(lambda: self.bars.console.print(_rich().drawn(table)))

    def _write(self, write: Callable[[], object]) -> None:
        before = self.stream
        super()._write(write)
        if self.stream is not before:
            self.bars.console.file = self.stream

    def trial_started(self, number: int, total: int | None, settings: Mapping[str, Any]) -> None:
        super().trial_started(number, total, settings)
        if self.trials is None:
            self.trials = self.bars.add_task("trial", total=total, note="")
        self.bars.update(self.trials, completed=number - 1, description=f"trial {number} of {total or '?'}")

    def fit_started(self, epochs: int, steps: int, done: int = 0, best: float | None = 0.0) -> None:
        super().fit_started(epochs, steps, done, best)
        self.images, self.first_step = 0, cast(Any, None)
        description = f"epoch {done + 1} of {epochs}"
        self.steps = self.bars.add_task(description, total=epochs * steps, completed=done * steps, note="compiling")
        if not self.is_entered:
            self._write(self.bars.start)

    def step_ended(self, images: int) -> None:
        now = time.monotonic()
        if self.first_step is None:
            self.first_step = now  # it holds the compilation, so the rate is counted from its end
        else:
            self.images += images
        rate = self.images / max(now - self.first_step, 1e-9)
        best = f", best {self.best:.4f}" if self.best else ""
        self.bars.update(self.steps, advance=1, note=f"{rate:,.0f} images/s{best}")

    def epoch_ended(self, epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        super().epoch_ended(epoch, epochs, metrics)
        self.bars.update(self.steps, description=f"epoch {min(epoch + 1, epochs)} of {epochs}")

    def fit_ended(self) -> None:
        if self.steps is not None:
            self.bars.remove_task(self.steps)
            self.steps = None
        if not self.is_entered:
            self._write(self.bars.stop)


class NotebookProgress(PlainProgress):
    """A bar in a notebook, with the epoch that ended last under it: a notebook is kept, and epochs are many."""

    words, bar = "", cast(Any, None)

    def trial_started(self, number: int, total: int | None, settings: Mapping[str, Any]) -> None:
        super().trial_started(number, total, settings)
        self.words = f"trial {number}{f' of {total}' if total else ''}, "

    def fit_started(self, epochs: int, steps: int, done: int = 0, best: float | None = 0.0) -> None:
        from keras_vision.reporting.notebook import Bar

        super().fit_started(epochs, steps, done, best)
        self.epoch, self.epochs, self.step, self.ended = done + 1, epochs, done * steps, ("compiling", "")
        self.bar = Bar(epochs * steps)

    def step_ended(self, images: int) -> None:
        self.step += 1
        self.bar.move(self.step, f"{self.words}epoch {self.epoch} of {self.epochs}", "  ".join(self.ended))

    def epoch_ended(self, epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        self.epoch, self.ended = min(epoch + 1, epochs), self.epoch_words(epoch, epochs, metrics)

    def fit_ended(self) -> None:
        if self.bar is not None:
            self.bar.end(self.ended[0])
            self.bar = None


def _rich() -> types.ModuleType:
    """Returns the module that draws; `--help` does without its 0.05 s, and the doctor where rich is not installed."""
    from keras_vision.reporting import terminal

    return terminal


def make_progress(*, quiet: bool = False, stream: TextIO | None = None, must_be_read: bool = False) -> Progress:
    """Returns the progress that suits `stream`: live on a terminal, plain elsewhere, silent when `quiet`."""
    if quiet:
        return Progress()
    stream = usable(stream or sys.stdout)
    kind = LiveProgress if stream.isatty() else PlainProgress
    return kind(stream, must_be_read=must_be_read)


def suitable_progress(given: Progress | None = None) -> Progress:
    """Returns the progress of a front door that was called from Python: what was given, or what suits.

    In a notebook and at Python's prompt somebody waits and wants to see something; a script prints for itself.

    Args:
        given: A `Progress`; None for what suits.

    Example:

    >>> progress = suitable_progress()  # silent in a script
    >>> progress.say("Nobody reads this.")
    """
    if given is not None:
        return given
    if hasattr(_shell(), "kernel"):  # Jupyter's own, in place of a terminal
        return NotebookProgress(sys.stdout)
    return make_progress(quiet=not is_interactive())


def is_interactive() -> bool:
    """Returns whether a person types what is run: at Python's prompt, in IPython or in a notebook."""
    return hasattr(sys, "ps1") or _shell() is not None


def _shell() -> Any:
    """Returns the shell of IPython that this runs in, in a terminal or in a notebook; None in a script."""
    ipython = sys.modules.get("IPython")
    return getattr(ipython, "get_ipython", lambda: None)() if ipython else None


def settings_line(settings: Mapping[str, Any]) -> str:
    """Returns settings as `name=value` words: numbers with four significant digits, several with commas between.

    Example:

    >>> settings_line({"filters": (16, 32), "learning_rate": 0.01234567})
    'filters=16,32  learning_rate=0.01235'
    """
    return "  ".join(f"{name}={_value_text(value)}" for name, value in settings.items())


def cell(value: Any) -> Any:
    """Returns a setting as one cell of a table holds it: several values joined.

    Example:

    >>> cell((16, 32))
    '16-32'
    """
    return "-".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _value_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(_value_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def metrics_line(metrics: Mapping[str, float]) -> str:
    """Returns an epoch's metrics as a line: accuracies, cross-entropies and speed, as far as they are given."""
    names = {
        "accuracy": ("accuracy", ".4f"),
        "val_accuracy": ("validation", ".4f"),
        "val_balanced_accuracy": ("balanced", ".4f"),
        "crossentropy": ("cross-entropy", ".3f"),
        "val_crossentropy": ("validation", ".3f"),
        "images_per_second": ("images/s", ",.0f"),
    }
    return "  ".join(f"{label} {metrics[key]:{form}}" for key, (label, form) in names.items() if key in metrics)


def clock_text(seconds: float) -> str:
    """Returns a duration as people say it.

    Example:

    >>> clock_text(75)
    '1 min 15 s'
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def installed(name: str) -> str:
    """Returns how a program of this Python is called: by its name where that finds it, else by its path.

    Example:

    >>> installed("tensorboard")  # doctest: +SKIP
    '.venv/bin/tensorboard'
    """
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    if (found and Path(found) == beside) or not beside.exists():
        return name
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
