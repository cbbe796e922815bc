"""The ledger: the durable, append-only record of a search. Its state is what replaying it gives.

One JSON object per line, each with the checksum of its own text, synced to disk before work goes on:

    asked        an oracle proposed the settings `values` for trial `trial`
    started      attempt number `attempt` at it began, with `epochs_done` epochs behind it
    placed       that attempt runs at `where`, where that is not in the search's own process; with `confirmation`, the
                 attempt at that one
    died         the process of that attempt ended without a word, which is told as `reason`; `confirmation` likewise
    epoch        its epoch number `epoch` ended and is on disk, with this `val_accuracy`
    interrupted  a person or the system asked the attempt to stop, or its time was over; with `confirmation`, the
                 attempt at that one
    completed    it ended with `result`
    failed       it ended without one, for `reason`
    rejected     it was over a budget, for `reason`, and cost nothing
    confirming   an attempt at its confirmation number `confirmation` began, with `epochs_done` epochs behind it
    confirmed    trained again with other seeds it came to `accuracies`, with this `mean` and `deviation`; `holds` says
                 whether that shows the target
"""

import bisect
import dataclasses
import errno
import json
import os
import zlib
from pathlib import Path

from keras_vision.errors import KerasVisionError
from keras_vision.runs import Run
from keras_vision.system.numbers import plain
from keras_vision.training.measures import score_of

TURNS = ("asked", "completed", "failed", "rejected", "confirmed")  # the events that a strategy takes part in
MAX_DEATHS = 2  # attempts that end without a word and without a new epoch, before a training is given up


@dataclasses.dataclass
class Attempts:
    """How often a training was started, and whether that led anywhere.

    Args:
        count: Starts in all.
        deaths: Starts in a row that made no progress and were not ended by a request.
        epochs_done: Epochs that were behind the last start; -1 where it was ended by a request.
    """

    count: int = 0
    deaths: int = 0
    epochs_done: int = -1

    def start(self, epochs_done):
        """Counts a start with so many epochs behind it."""
        self.deaths = self.deaths + 1 if epochs_done == self.epochs_done else 0
        self.epochs_done = epochs_done
        self.count += 1

    def excuse(self):
        """Takes note that the last start was ended by a request."""
        self.epochs_done = -1

    def are_used_up(self, epochs_done):
        """Returns whether the training has died so often without progress that it must not be started again."""
        return epochs_done == self.epochs_done and self.deaths + 1 >= MAX_DEATHS


@dataclasses.dataclass
class Attempt:
    """One start of a training.

    Args:
        trial: The trial's number.
        confirmation: That of its confirmation; None where it is the trial itself.
        where: What a person calls the process or the machine; "" where that is not known, or the search's own process.
        died: How its process ended, where that was without a word.
    """

    trial: int
    confirmation: int | None
    where: str = ""
    died: str = ""


@dataclasses.dataclass
class Trial:
    """One trial, as the ledger tells it.

    Args:
        number: Its place in the search, from 0.
        values: The oracle's hyper-parameter values.
        status: "OPEN", "COMPLETED", "FAILED" or "REJECTED".
        result: The training's result, where completed.
        reason: Why it failed or was rejected.
        last_epoch: The last that is on disk.
        is_paused: Whether its last attempt was asked to end, and it has not gone on.
        places: Where it ran, as `Attempt` has it, in their order; confirmations do not count.
        attempts: Its `Attempts`.
        confirming: Those of its confirmations, by their numbers.
        confirmed: What it came to with other seeds, a dict: mean, deviation, accuracies, holds; None where that is not
            known.
    """

    number: int
    values: dict
    status: str = "OPEN"
    result: dict | None = None
    reason: str = ""
    last_epoch: int = 0
    is_paused: bool = False
    places: list = dataclasses.field(default_factory=list)
    attempts: Attempts = dataclasses.field(default_factory=Attempts)
    confirming: dict = dataclasses.field(default_factory=dict)
    confirmed: dict | None = None

    @property
    def name(self):
        """Its directory's name."""
        return f"{self.number:04d}"

    @property
    def state(self):
        """Its status as a person is told it: "PAUSED" of an open one that goes on only where the search needs it."""
        return "PAUSED" if self.status == "OPEN" and self.is_paused else self.status

    def attempts_at(self, confirmation=None):
        """Returns the `Attempts` at a confirmation, by its number; of None those at the trial itself."""
        return self.attempts if confirmation is None else self.confirming.setdefault(confirmation, Attempts())

    @property
    def score(self):
        """What the target is about, of the validation images after the last epoch; or None."""
        return score_of(self.result) if self.result else None


class Ledger:
    """The trials of one search, kept in a file. Reading it changes nothing.

    Args:
        path: The file; it is made when the first event is recorded.
        warn: Called with a line where the last record is torn: it does not count, and the next one takes its place.

    Attributes:
        trials: List of `Trial`.
        completed: Those that have a result.
        closed: Those that count: they ended and were not rejected.
        turns: What a strategy was asked and told, in its order: (event, the `Trial`, the event's details); of the
            events "asked", "completed", "failed", "rejected" and "confirmed".
        history: List of `Attempt`, in their order.

    Raises:
        KerasVisionError: A record before the last is damaged. The file is left as it is.
    """

    def __init__(self, path, warn=print):
        self.path = Path(path)
        self.trials, self.turns, self.history = [], [], []
        self.completed, self.closed = [], []  # kept, since looking through thousands of trials takes as long as a start
        self._torn = 0  # bytes of half a record at the end of the file
        for event in self._read(warn):
            self._apply(event)

    def record(self, event, trial, **details):
        """Appends one event to the file, syncs it, and applies it to `trials`."""
        entry = {"event": event, "trial": trial, **details}
        line = _encode(entry)
        with open(self.path, "ab", buffering=0) as file:
            size = file.tell() - self._torn
            file.truncate(size)
            self._torn = 0
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)  # half a record, with another behind it, would be damage
                raise
        self._apply(entry)

    def _read(self, warn):
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        *lines, tail = data.split(b"\n")
        events = []
        for number, line in enumerate(lines, start=1):
            event = _decode(line)
            if event is None:
                raise KerasVisionError(
                    f"Line {number} of {self.path} is damaged. Nothing was changed. Restore the file, or give another "
                    "--workdir."
                )
            events.append(event)
        if tail:
            warn(f"warning: {self.path} ends in half a record, which is ignored.")
            self._torn = len(tail)
        return events

    def _apply(self, entry):
        details = {k: v for k, v in entry.items() if k not in ("event", "trial")}
        if entry["event"] == "asked":
            self.trials.append(Trial(entry["trial"], details["values"]))
        trial = self.trials[entry["trial"]]
        if entry["event"] in TURNS:
            self.turns.append((entry["event"], trial, details))
        confirmation = details.get("confirmation")
        match entry["event"]:
            case "started" | "confirming":
                trial.attempts_at(confirmation).start(details["epochs_done"])
                trial.is_paused = trial.is_paused and confirmation is not None
                self.history.append(Attempt(trial.number, confirmation))
            case "placed":
                self._newest(trial, confirmation).where = details["where"]
                if confirmation is None and trial.places[-1:] != [details["where"]]:
                    trial.places.append(details["where"])
            case "died":
                self._newest(trial, confirmation).died = details["reason"]
            case "epoch":
                trial.last_epoch = details["epoch"]
            case "interrupted":
                trial.attempts_at(confirmation).excuse()
                trial.is_paused = trial.is_paused or confirmation is None
            case "completed":
                trial.status, trial.result = "COMPLETED", details["result"]
                for trials in (self.completed, self.closed):
                    bisect.insort(trials, trial, key=_number)
            case "failed" | "rejected" as event:
                trial.status, trial.reason = event.upper(), details["reason"]
                if event == "failed":
                    bisect.insort(self.closed, trial, key=_number)
            case "confirmed":
                trial.confirmed = details

    def _newest(self, trial, confirmation):
        """Returns the newest `Attempt` at a trial, or at a confirmation of it."""
        which = (trial.number, confirmation)
        return next(one for one in reversed(self.history) if (one.trial, one.confirmation) == which)


def trial_run(run, trial):
    """Returns the `Run` of a trial of a search's `Run`."""
    return Run(run.path / "trials" / trial.name)


def confirmation_run(run, trial, number):
    """Returns the `Run` of a confirmation of a trial, by its number from 1."""
    return Run(run.path / "confirm" / f"{trial.name}-{number}")


def confirmation_runs(run, trial):
    """Returns the `Run`s of the confirmations of a trial that were begun."""
    return [Run(path) for path in sorted((run.path / "confirm").glob(f"{trial.name}-*"))]


def _number(trial):
    return trial.number


def plain_number(value):
    """Returns a NumPy number as Python's own, for `json.dumps(default=...)`.

    Raises:
        TypeError: It is something else: as text it would come back as another value.

    Example:

    >>> json.dumps({"width": np.int64(16)}, default=plain_number)
    '{"width": 16}'
    """
    if (known := plain(value)) is not value:
        return known
    raise TypeError(f"{value!r:.40} of type {type(value).__name__} cannot be recorded")


def _encode(entry):
    text = json.dumps(entry, allow_nan=False, default=plain_number)
    return f'{{"crc": "{zlib.crc32(text.encode()):08x}", "record": {text}}}\n'.encode()


def _decode(line):
    """Returns the record of a line, or None where the line is damaged."""
    prefix, _, rest = line.partition(b', "record": ')
    text = rest[:-1]
    if prefix != b'{"crc": "%08x"' % zlib.crc32(text) or rest[-1:] != b"}":
        return None
    return json.loads(text)
