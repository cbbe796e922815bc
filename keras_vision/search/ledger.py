"""The ledger: the durable, append-only record of a search. Its state is what replaying it gives.

One JSON object per line, each with the checksum of its own text, synced to disk before work goes on:

    asked        an oracle proposed the settings `values` for trial `trial`
    started      an attempt at it began, with `epochs_done` epochs behind it
    interrupted  a person or the system asked the attempt to stop
    completed    it ended with `result`
    failed       it ended without one, for `reason`
"""

import dataclasses
import json
import os
import zlib
from pathlib import Path

from keras_vision.errors import KerasVisionError

MAX_DEATHS = 2  # attempts that end without a word and without a new epoch, before a trial is given up


@dataclasses.dataclass
class Trial:
    """One trial, as the ledger tells it.

    Args:
        number: Its place in the search, from 0.
        values: The oracle's hyper-parameter values.
        status: "OPEN", "COMPLETED" or "FAILED".
        result: The training's result, where completed.
        reason: Why it failed, where failed.
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
    """The trials of one search, kept in a file.

    Args:
        path: The file; it is made when the first event is recorded.
        warn: Called with a line where a torn last record is cut off.

    Raises:
        KerasVisionError: A record before the last is damaged. The file is left as it is.
    """

    def __init__(self, path, warn=print):
        self.path = Path(path)
        self.trials = []
        for event in self._read(warn):
            self._apply(event)

    def record(self, event, trial, **details):
        """Appends one event to the file, syncs it, and applies it to `trials`."""
        entry = {"event": event, "trial": trial, **details}
        with open(self.path, "ab") as file:
            file.write(_encode(entry))
            file.flush()
            os.fsync(file.fileno())
        self._apply(entry)

    def best(self):
        """Returns the best of the completed trials, or None."""
        return best_of(trial for trial in self.trials if trial.status == "COMPLETED")

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
            warn(f"warning: {self.path} ended in half a record, which was cut off")
            with open(self.path, "rb+") as file:
                file.truncate(len(data) - len(tail))
                os.fsync(file.fileno())
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
            case "interrupted":
                trial.epochs_done = -1
            case "completed":
                trial.status, trial.result = "COMPLETED", details["result"]
            case "failed":
                trial.status, trial.reason = "FAILED", details["reason"]


def best_of(trials):
    """Returns the trial with the highest validation accuracy, of equals the one with fewest parameters, or None."""
    return max(trials, key=lambda t: (t.score, -t.result["parameters"], -t.number), default=None)


def _encode(entry):
    text = json.dumps(entry, allow_nan=False, default=str)
    return f'{{"crc": "{zlib.crc32(text.encode()):08x}", "record": {text}}}\n'.encode()


def _decode(line):
    """Returns the record of a line, or None where the line is damaged."""
    prefix, _, rest = line.partition(b', "record": ')
    text = rest[:-1]
    if prefix != b'{"crc": "%08x"' % zlib.crc32(text) or rest[-1:] != b"}":
        return None
    return json.loads(text)
