"""The runner: asks the oracle for settings, runs the trial, tells the oracle; and goes on where a search ended.

Keras Tuner proposes, and nothing else: its own loop loses seeds, precision and work (a trial's exception, a kill), so
the loop is here. An oracle's proposals depend on its seed and on what it was told, so replaying the ledger to a fresh
oracle brings it to the state it had.
"""

import csv
import dataclasses
import gc
import io
import shutil
import time
import traceback

import keras
import numpy as np

from keras_vision.errors import KerasVisionError
from keras_vision.events import EventLog
from keras_vision.models import build_model
from keras_vision.progress import Progress
from keras_vision.runs import Run, WorkdirRefused, atomic_path, write_json, write_text
from keras_vision.search.ledger import Ledger, best_of
from keras_vision.search.oracles import make_oracle
from keras_vision.training.checkpoint import latest_epoch
from keras_vision.training.precision import set_precision
from keras_vision.training.trainer import fit

METRICS = {
    "best_val_accuracy": "validation accuracy",
    "parameters": "parameters",
    "seconds": "seconds",
}
# A search whose first trials all fail is a fault of the space or the data, not of the settings.
FAILURES_THAT_END_A_SEARCH = 3


def trial_seed(seed, number):
    """Returns the seed of a trial: its own, and a function of the search's seed alone.

    Example:

    >>> trial_seed(0, 0) != trial_seed(0, 1)
    True
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)


class Search:
    """A search in a run directory.

    Args:
        run: The `Run` of the search. Trials are runs in its folder `trials`.
        model: A name in `MODELS`.
        dataset: A `Dataset`; its test split is not opened.
        space: A `Space`.
        strategy: A key of `STRATEGIES`.
        seed: Seeds the oracle and, with its number, each trial.
        target_acc: Validation accuracy at which the search ends, or None.
        precision: As in `set_precision`, which each trial calls: Keras forgets it between models.
        card: Dict kept inside each trial's model file.
        progress: A `Progress`.

    Raises:
        KerasVisionError: The ledger on disk is damaged, or is not what this oracle would have proposed.
    """

    def __init__(self, run, *, model, dataset, space, strategy, seed, target_acc=None, precision="auto", card=None,
                 progress=None):  # fmt: skip
        self.run, self.model, self.dataset, self.space = run, model, dataset, space
        self.seed, self.target_acc, self.precision, self.card = seed, target_acc, precision, card or {}
        self.progress = progress or Progress()
        self.ledger = Ledger(run.path / "trials.jsonl", warn=self.progress.say)
        self.oracle = make_oracle(strategy, space, seed)
        for trial in self.ledger.trials:
            self._replay(trial)
        self.unfinished = None  # the result so far of a trial that ran out of time

    def _log_unlogged(self):
        """Logs the sessions of closed trials that a kill kept from TensorBoard."""
        for trial in self.ledger.trials:
            logged = any(self.trial_run(trial).tensorboard.glob("events.*"))
            if trial.status != "OPEN" and not logged:
                self._log_session(trial)

    def go(self, max_trials, deadline=None):
        """Runs trials until the target, the number of trials, the deadline or the space's end is reached.

        Args:
            max_trials: Trials in all, those of earlier starts included.
            deadline: In the time of `time.monotonic()`.

        Returns:
            Why it ended: "target", "trials", "time" or "space".
        """
        if not self.ledger.trials:
            self._declare()
        self._log_unlogged()
        while True:
            ended = self._ended(max_trials, deadline)
            if ended:
                self._write_table()
                return ended
            trial = self._open_trial() or self._ask()
            if trial is None:
                return "space"
            self._run_trial(trial, max_trials, deadline)
            self._write_table()

    def conclude(self, ended):
        """Puts the best trial's model into the search's own directory and writes its result; returns the result.

        A trial that ran out of time counts with its best epoch so far, until it is continued.

        Raises:
            KerasVisionError: No trial completed.
        """
        best = best_of(filter(None, [self.ledger.best(), self.unfinished]))
        if best is None:
            reasons = "; ".join(dict.fromkeys(trial.reason for trial in self.ledger.trials if trial.reason))
            raise KerasVisionError(f"no trial completed: {reasons or 'the search ended before one did'}")
        result = best.result | {
            "best_trial": f"trials/{best.name}",
            "best_values": best.values,
            "trials": len(self.ledger.trials),
            "failed": sum(trial.status == "FAILED" for trial in self.ledger.trials),
            "ended": ended,
            "search_seconds": round(sum(t.result["seconds"] for t in self.ledger.trials if t.result), 2),
        }
        earlier = self.run.result if self.run.finished else {}
        same_model = all(earlier.get(name) == result[name] for name in ("best_trial", "best_epoch", "val_accuracy"))
        if not same_model:
            with atomic_path(self.run.model_path) as temporary:
                shutil.copyfile(self.trial_run(best).model_path, temporary)
        elif "test" in earlier:
            result["test"] = earlier["test"]
        write_json(self.run.result_path, result)
        return result

    def _ended(self, max_trials, deadline):
        best = self.ledger.best()
        if best and self.target_acc is not None and best.score >= self.target_acc:
            return "target"
        closed = sum(trial.status != "OPEN" for trial in self.ledger.trials)
        if self.unfinished or (closed and deadline is not None and time.monotonic() > deadline):
            return "time"
        if closed >= max_trials:
            return "trials"
        return None

    # ---- the oracle and the ledger, kept in step ----

    def _ask(self):
        proposal = self.oracle.create_trial("runner")
        if proposal.status != "RUNNING":
            return None
        self.ledger.record("asked", len(self.ledger.trials), values=proposal.hyperparameters.values)
        return self.ledger.trials[-1]

    def _replay(self, trial):
        proposal = self.oracle.create_trial("runner")
        if proposal.status != "RUNNING" or _plain(proposal.hyperparameters.values) != trial.values:
            raise KerasVisionError(
                f"{self.ledger.path}: trial {trial.name} has settings that this search would not have proposed. Was it "
                "made by another version? Nothing was changed; give another --workdir."
            )
        if trial.status != "OPEN":
            self._tell(trial)

    def _tell(self, trial):
        (ongoing,) = self.oracle.ongoing_trials.values()
        if trial.status == "COMPLETED":
            self.oracle.update_trial(ongoing.trial_id, {"val_accuracy": trial.score})
        ongoing.status = trial.status
        ongoing.message = trial.reason
        self.oracle.end_trial(ongoing)

    def _open_trial(self):
        return next((trial for trial in self.ledger.trials if trial.status == "OPEN"), None)

    def trial_run(self, trial):
        """Returns the run directory of a trial."""
        return Run(self.run.path / "trials" / trial.name)

    # ---- one trial ----

    def _run_trial(self, trial, max_trials, deadline):
        run = self.trial_run(trial)
        epochs_done = latest_epoch(run.checkpoints)
        self.progress.trial_started(trial.number + 1, max_trials, trial.values)
        if not run.finished and trial.exhausted(epochs_done):
            self._close(trial, "failed", reason=f"CRASHED: ended its process {trial.attempts} times")
            return
        self.ledger.record("started", trial.number, epochs_done=epochs_done)
        try:
            result = run.result if run.finished else self._train(trial, run, deadline)
        except KeyboardInterrupt:
            self.ledger.record("interrupted", trial.number)
            raise
        except (OSError, WorkdirRefused):
            raise  # a full disk or a foreign directory is no fault of the trial's settings
        except Exception as error:
            # Settings can be at fault in ways that only building or training shows, in whichever library.
            write_text(run.path / "error.txt", traceback.format_exc())
            self._close(trial, "failed", reason=f"{type(error).__name__}: {error}".splitlines()[0])
            return
        if result["stopped"] == "time":
            self.ledger.record("interrupted", trial.number)
            self.unfinished = dataclasses.replace(trial, result=result)
        else:
            self._close(trial, "completed", result=result)

    def _train(self, trial, run, deadline):
        settings, recipe = self.space.resolve(trial.values)
        seed = trial_seed(self.seed, trial.number)
        keras.utils.clear_session()
        gc.collect()
        precision = set_precision(self.precision)
        keras.utils.set_random_seed(seed)
        model = build_model(self.model, self.dataset.shape, len(self.dataset.class_names), **settings)
        config = {
            "model": self.model,
            "settings": settings,
            "recipe": recipe.as_dict(),
            "seed": seed,
            "fingerprint": self.dataset.fingerprint,
        }
        run.start(config, precision=precision)
        return fit(
            model,
            self.dataset,
            recipe,
            run,
            seed=seed,
            target_acc=self.target_acc,
            deadline=deadline,
            card=self.card | {"settings": settings},
            progress=self.progress,
        )

    def _close(self, trial, event, **details):
        self.ledger.record(event, trial.number, **details)
        self._tell(trial)
        self._log_session(trial)
        if trial.status == "FAILED":
            self.progress.say(f"  failed: {trial.reason}")
            if all(t.status == "FAILED" for t in self.ledger.trials[:FAILURES_THAT_END_A_SEARCH]) and (
                len(self.ledger.trials) >= FAILURES_THAT_END_A_SEARCH
            ):
                raise KerasVisionError(
                    f"the first {FAILURES_THAT_END_A_SEARCH} trials all failed, the last with {trial.reason} "
                    f"(see {self.trial_run(trial).path / 'error.txt'})"
                )

    # ---- for people: TensorBoard and a table ----

    def _declare(self):
        names = [hp.name for hp in self.space.hyperparameters.space]
        with EventLog(self.run.tensorboard) as log:
            log.experiment(names, METRICS)

    def _log_session(self, trial):
        """Logs a closed trial as one session of HParams; its metrics are the best values, not the last ones."""
        with EventLog(self.trial_run(trial).tensorboard) as log:
            log.session_start(trial.name, trial.values)
            if trial.result:
                shown = {"best_val_accuracy": trial.score, **{k: trial.result[k] for k in ("parameters", "seconds")}}
                log.scalars(shown, step=trial.result["epochs_run"])
            log.session_end(succeeded=trial.status == "COMPLETED")

    def _write_table(self):
        """Writes trials.csv, the ledger as a table for people; the ledger itself is what counts."""
        names = list(dict.fromkeys(name for trial in self.ledger.trials for name in trial.values))
        measured = ("val_accuracy", "val_crossentropy", "epochs_run", "seconds", "parameters", "stopped")
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["trial", "status", *measured, *names, "reason"])
        for trial in self.ledger.trials:
            result = trial.result or {}
            values = [trial.values.get(name, "") for name in names]
            writer.writerow([trial.name, trial.status, *(result.get(m, "") for m in measured), *values, trial.reason])
        write_text(self.run.path / "trials.csv", text.getvalue())


def _plain(values):
    """Returns values as they are after a turn through JSON, for comparison."""
    return {name: float(value) if isinstance(value, np.floating) else value for name, value in values.items()}
