"""What a search shows: trials.csv, front.csv and its picture, and TensorBoard's HParams. The ledger is what counts."""

import csv
import io

from keras_vision.analysis.front import COSTS, name_of, on_fronts, plot_front
from keras_vision.reporting.events import EventLog
from keras_vision.reporting.progress import cell
from keras_vision.runs import write_text
from keras_vision.search.ledger import trial_run

METRICS = {
    "parameters": "parameters",
    "macs": "MACs",
    "latency_ms": "ms for one image",
    "seconds": "seconds",
}
MEASURED = (
    *("val_accuracy", "val_balanced_accuracy", "val_crossentropy", "epochs_run", "seconds"),
    *("parameters", "macs", "latency_ms", "stopped"),
)


class Board:
    """The tables, pictures and TensorBoard sessions of one search.

    Args:
        run: The `Run` of the search.
        names: The names of all values that a trial can have.
        metric: What trials are compared by: "accuracy" or "balanced_accuracy".
    """

    def __init__(self, run, names, metric="accuracy"):
        self.run, self.names, self.score = run, names, f"val_{metric}"
        self.metrics = {f"best_{self.score}": name_of(self.score)} | METRICS

    def log_missing(self, trials):
        """Declares the columns of HParams, and logs the sessions that a kill kept from TensorBoard."""
        if not any(self.run.tensorboard.glob("events.*")):
            with EventLog(self.run.tensorboard) as log:
                log.experiment(self.names, self.metrics)
        for trial in trials:
            if trial.status != "OPEN" and not any(self._tensorboard(trial).glob("events.*")):
                self.log_session(trial)

    def log_session(self, trial):
        """Logs a closed trial as one session of HParams; its metrics are the best values, not the last ones."""
        with EventLog(self._tensorboard(trial)) as log:
            shown = trial.result and trial.result | {f"best_{self.score}": trial.score}
            log.session(trial.name, trial.values, shown, self.metrics)

    def _tensorboard(self, trial):
        return trial_run(self.run, trial).tensorboard

    def write_tables(self, trials):
        """Writes trials.csv: all trials; and front.csv: those that no other beats in accuracy and one cost at once."""
        names = list(dict.fromkeys(name for trial in trials for name in trial.values))
        rows = [
            {"trial": trial.name, "status": trial.status}
            | {name: (trial.result or {}).get(name, "") for name in MEASURED}
            | {name: cell(trial.values.get(name, "")) for name in names}
            | {"reason": trial.reason}
            for trial in trials
        ]
        self._write("trials.csv", rows, ["trial", "status", *MEASURED, *names, "reason"])
        fronts = on_fronts([row for row in rows if row["status"] == "COMPLETED"], self.score)
        columns = ["trial", self.score, *COSTS, "smallest_by", *names]
        self._write("front.csv", fronts, columns)

    def _write(self, name, rows, columns):
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.run.path / name, text.getvalue())

    def draw(self, trials, target_acc):
        """Draws the front as figures/front.png and as a TensorBoard image, once a trial is completed."""
        rows = [{"trial": trial.name, **trial.result} for trial in trials if trial.result]
        if not rows:
            return
        self.run.show({"front": plot_front(rows, target_acc, self.score)})
