"""The ledger: the durable, append-only record of a search. Its state is what replaying it gives.

One JSON object per line, each with the checksum of its own text, synced to disk before work goes on:

    asked        an oracle proposed the settings `values` for trial `trial`
    started      attempt number `attempt` at it began, with `epochs_done` epochs behind it
    epoch        its epoch number `epoch` ended and is on disk, with this `val_accuracy`
    interrupted  a person or the system asked the attempt to stop
    completed    it ended with `result`
    failed       it ended without one, for `reason`
    rejected     it was over a budget, for `reason`, and cost nothing
"""

import dataclasses
import json
import os
import zlib
from pathlib import Path

import numpy as np

from keras_vision.errors import KerasVisionError

MAX_DEATHS = 2  # attempts that end without a word and without a new epoch, before a trial is given up


@dataclasses.dataclass
class Trial:
    """One trial, as the ledger tells it.

    Args:
        number: Its place in the search, from 0.
        values: The oracle's hyper-parameter values.
        status: "OPEN", "COMPLETED", "FAILED" or "REJECTED".
        result: The training's result, where completed.
        reason: Why it failed or was rejected.
        attempts: How often it was started.
        deaths: Starts in a row that made no progress and were not ended by a request.
    """

    number: int
    values: dict
    status: str = "OPEN"
    result: dict | None = None
    reason: str = ""
    attempts: int = 0
    deaths: int = 0
    epochs_done: int = -1
    last_epoch: int = 0

    @property
    def name(self):
        """Its directory's name."""
        return f"{self.number:04d}"

    def exhausted(self, epochs_done):
        """Returns whether it has died so often without progress that it must not be started again."""
        return epochs_done == self.epochs_done and self.deaths + 1 >= MAX_DEATHS

    @property
    def score(self):
        """The best validation accuracy, or None."""
        return self.result["val_accuracy"] if self.result else None


class Ledger:
    """The trials of one search, kept in a file. Reading it changes nothing.

    Args:
        path: The file; it is made when the first event is recorded.
        warn: Called with a line where the last record is torn: it does not count, and the next one takes its place.

    Raises:
        KerasVisionError: A record before the last is damaged. The file is left as it is.
    """

    def __init__(self, path, warn=print):
        self.path = Path(path)
        self.trials = []
        self._torn = 0  # bytes of half a record at the end of the file
        for event in self._read(warn):
            self._apply(event)

    def record(self, event, trial, **details):
        """Appends one event to the file, syncs it, and applies it to `trials`."""
        entry = {"event": event, "trial": trial, **details}
        line = _encode(entry)
        with open(self.path, "ab") as file:
            if self._torn:
                file.truncate(file.tell() - self._torn)
                self._torn = 0
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._apply(entry)

    @property
    def completed(self):
        """The trials that have a result."""
        return [trial for trial in self.trials if trial.status == "COMPLETED"]

    def best(self, target_acc=None):
        """Returns the best of the completed trials, or None; see `best_of`."""
        return best_of(self.completed, target_acc)

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
                    f"{self.path}, line {number}: the record is damaged. Nothing was changed. Restore the file, or "
                    "give another --workdir."
                )
            events.append(event)
        if tail:
            warn(f"warning: {self.path} ends in half a record, which does not count")
            self._torn = len(tail)
        return events

    def _apply(self, entry):
        details = {k: v for k, v in entry.items() if k not in ("event", "trial")}
        if entry["event"] == "asked":
            self.trials.append(Trial(entry["trial"], details["values"]))
            return
        trial = self.trials[entry["trial"]]
        match entry["event"]:
            case "started":
                trial.deaths = trial.deaths + 1 if details["epochs_done"] == trial.epochs_done else 0
                trial.epochs_done = details["epochs_done"]
                trial.attempts += 1
            case "epoch":
                trial.last_epoch = details["epoch"]
            case "interrupted":
                trial.epochs_done = -1
            case "completed":
                trial.status, trial.result = "COMPLETED", details["result"]
            case "failed" | "rejected" as event:
                trial.status, trial.reason = event.upper(), details["reason"]


def best_of(trials, target_acc=None):
    """Returns the smallest trial that reached the target, else the most accurate one, or None.

    Smaller is fewer parameters; equals are told apart by fewer MACs, then by accuracy, then by age.
    """
    trials = list(trials)
    reached = [trial for trial in trials if target_acc is not None and trial.score >= target_acc]
    if reached:
        return min(reached, key=lambda t: (*_size(t), -t.score, t.number))
    return min(trials, key=lambda t: (-t.score, *_size(t), t.number), default=None)


def ranked(trials, target_acc=None):
    """Returns completed trials, the best first; see `best_of`."""
    left, order = list(trials), []
    while left:
        order.append(best_of(left, target_acc))
        left.remove(order[-1])
    return order


def _size(trial):
    return trial.result["parameters"], trial.result["macs"]


def plain_number(value):
    """Returns a NumPy number as Python's own, for `json.dumps(default=...)`.

    Raises:
        TypeError: It is something else: as text it would come back as another value.

    Example:

    >>> json.dumps({"width": np.int64(16)}, default=plain_number)
    '{"width": 16}'
    """
    if isinstance(value, (np.number, np.bool_)):
        return value.item()
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
