"""What a search shows: trials.csv, front.csv and its picture, and TensorBoard's HParams. The ledger is what counts."""

import csv
import io
import time

from keras_vision.analysis.pareto_front import COSTS, name_of, on_fronts, plot_front
from keras_vision.reporting.events import EventLog
from keras_vision.reporting.pictures import show_figures
from keras_vision.reporting.progress import cell
from keras_vision.runs import write_text
from keras_vision.search.ledger import trial_run
from keras_vision.search.sizes import SIZES
from keras_vision.training.trackers import Tracker

SHOWN = {
    "parameters": "parameters",
    "macs": "MACs",
    "latency_ms": "ms for one image",
    "seconds": "seconds",
}
EXPORTED = SIZES["bytes"].result  # which most searches do not measure
MEASURED = (
    *("val_accuracy", "val_balanced_accuracy", "val_crossentropy", "epochs_run", "seconds"),
    *("parameters", "trainable_parameters", "macs", "latency_ms", EXPORTED, "stopped"),
)

# For so many times as long as it took to write the tables they are left as they are while trials end. With thousands of
# trials that is a second.
REST = 20


class Board:
    """The tables, pictures and TensorBoard sessions of one search.

    Args:
        run: The `Run` of the search.
        space: The `Space` or `Ladder`, which knows the names of all values and what is used where one is left out.
        metric: What trials are compared by: "accuracy" or "balanced_accuracy".
        tracker: A `Tracker`, or None.
    """

    def __init__(self, run, space, metric="accuracy", tracker=None):
        self.run, self.space, self.score = run, space, f"val_{metric}"
        self.tracker = tracker or Tracker()
        self.metrics = {f"best_{self.score}": name_of(self.score)} | SHOWN
        self._seen, self._open = 0, []  # how many trials TensorBoard was told of, and those of them that go on
        self._written, self._took = 0.0, 0.0  # when the tables were written, and for how long, in seconds

    def log_missing(self, trials):
        """Declares the columns of HParams, and logs the sessions that a kill kept from TensorBoard."""
        if not any(self.run.tensorboard.glob("events.*")):
            with EventLog(self.run.tensorboard) as log:
                log.experiment(self.space.names, self.metrics)
        found = [*self._open, *trials[self._seen :]]
        for trial in found:
            if trial.status != "OPEN" and not any(self._tensorboard(trial).glob("events.*")):
                self.log_session(trial)
        self._seen, self._open = len(trials), [trial for trial in found if trial.status == "OPEN"]

    def log_session(self, trial):
        """Logs a closed trial as one session of HParams, with the settings that it used and what it came to."""
        values, own = trial.values | self._used(trial, self.space.names), trial_run(self.run, trial)
        if self.tracker.name:  # else the epochs would be read for nothing
            self.tracker.record(own.path, values, own.history, trial.result)
        with EventLog(own.tensorboard) as log:
            shown = trial.result and trial.result | {f"best_{self.score}": trial.score}
            log.session(trial.name, values, shown, self.metrics)

    def _used(self, trial, names):
        """Returns what a trial used of these settings, also where that is the default; settings it lacks are absent."""
        used = self.space.complete(trial.values)
        return {name: used[name] for name in names if name in used}

    def _tensorboard(self, trial):
        return trial_run(self.run, trial).tensorboard

    def refresh_tables(self, trials):
        """Writes the tables, unless they are new: what that takes grows with the trials, as do the times it is done."""
        if time.monotonic() - self._written >= REST * self._took:
            self.write_tables(trials)

    def write_tables(self, trials):
        """Writes trials.csv: all trials; and front.csv: those that no other beats in accuracy and one cost at once.

        A trial that was given up is not on the front: its accuracy is that of a training that was not done.
        """
        begin = time.monotonic()
        names = list(dict.fromkeys(name for trial in trials for name in trial.values))
        measured = [name for name in MEASURED if name != EXPORTED or any(name in (one.result or {}) for one in trials)]
        rows = [
            {"trial": trial.name, "status": trial.state}
            | {name: (trial.result or {}).get(name, "") for name in measured}
            | {"given_up": "yes" if is_given_up(trial) else ""}
            | {name: cell(value) for name, value in self._used(trial, names).items()}
            | {"reason": trial.reason or _why_paused(trial), "ran_on": ", ".join(trial.places)}
            for trial in trials
        ]
        last = ["reason", "ran_on"] if any(trial.places for trial in trials) else ["reason"]
        self._write("trials.csv", rows, ["trial", "status", *measured, "given_up", *names, *last])
        done = [row for row in rows if row["status"] == "COMPLETED" and not row["given_up"]]
        fronts = on_fronts(done, self.score)
        columns = ["trial", self.score, *COSTS, "smallest_by", *names]
        self._write("front.csv", fronts, columns)
        self._written = time.monotonic()
        self._took = self._written - begin

    def _write(self, name, rows, columns):
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.run.path / name, text.getvalue())

    def draw(self, trials, target_acc):
        """Draws the front as figures/front.png and as a TensorBoard image, once a trial is completed."""
        rows = [
            {"trial": trial.name, **trial.result, "given_up": is_given_up(trial)} for trial in trials if trial.result
        ]
        if not rows:
            return
        show_figures(self.run, {"front": plot_front(rows, target_acc, self.score)})


def is_given_up(trial):
    """Returns whether a trial was ended early, since it would not have come to the target."""
    return bool(trial.result) and trial.result["stopped"] == "hopeless"


def _why_paused(trial):
    """Returns what has become of a trial that was asked to end before its last epoch, in words, or ""."""
    return f"ended after epoch {trial.last_epoch}, and goes on if it is needed" if trial.state == "PAUSED" else ""
