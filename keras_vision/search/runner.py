"""The runner: asks the strategy for settings, runs the trial, tells the strategy; and goes on where a search ended.

A strategy proposes, and nothing else: Keras Tuner's own loop loses seeds, precision and work (a trial's exception, a
kill), so the loop is here. What a strategy proposes depends on its seed and on what it was told, so replaying the
ledger to a fresh one brings it to the state it had.
"""

import contextlib
import dataclasses
import json
import time
import traceback

import keras
import numpy as np

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.analysis.latency import latency_ms
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.models import build_model, model_settings
from keras_vision.reporting.progress import Progress, settings_line
from keras_vision.runs import WorkdirRefused, write_text
from keras_vision.search.board import Board
from keras_vision.search.ending import ENDINGS
from keras_vision.search.ledger import Ledger, trial_run
from keras_vision.search.winner import Winner
from keras_vision.training.checkpoint import latest_epoch
from keras_vision.training.memory import forget_models
from keras_vision.training.precision import set_precision, suit_network
from keras_vision.training.trainer import fit

# A search whose first trials all fail is a fault of the space or the data, not of the settings.
FAILURES_THAT_END_A_SEARCH = 3
# A strategy that only proposes what the budgets forbid has nothing more to offer.
REJECTIONS_THAT_END_A_SEARCH = 100


def trial_seed(seed, number):
    """Returns the seed of a trial: its own, and a function of the search's seed alone.

    Example:

    >>> trial_seed(0, 0) != trial_seed(0, 1)
    True
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)


@dataclasses.dataclass(frozen=True)
class Limits:
    """The most that a network may cost; None is no limit.

    Args:
        max_params: Trainable parameters.
        max_macs: Multiply-accumulates of inference, for one image.
        max_latency_ms: Milliseconds that inference of one image takes on this machine.
    """

    max_params: int | None = None
    max_macs: int | None = None
    max_latency_ms: float | None = None

    def broken_by(self, counts):
        """Returns which limit a network of these `ModelCounts` is over, in words, or ""."""
        for name, value, limit in (
            ("parameters", counts.trainable_parameters, self.max_params),
            ("MACs", counts.macs, self.max_macs),
        ):
            if limit is not None and value > limit:
                return f"{value:,} {name}, more than the {limit:,} allowed"
        return ""

    def broken_in_time(self, milliseconds):
        """Returns that a latency is over its limit, in words, or ""."""
        if self.max_latency_ms is not None and milliseconds > self.max_latency_ms:
            return f"{milliseconds:.2f} ms for one image, more than the {self.max_latency_ms:g} allowed"
        return ""


class Search:
    """A search in a run directory.

    Args:
        run: The `Run` of the search. Trials are runs in its folder `trials`.
        model: A name in `MODELS`.
        dataset: A `Dataset`; its test split is not opened.
        space: A `Space` or a `Ladder`: what the strategy's values mean.
        make_strategy: Function from this search to its strategy: an object with `ask`, `tell` and `confirm`.
        seed: With its number, seeds each trial.
        goal: A `Goal`: the target, and what a network must have on validation images to reach it.
        ending: A name in `ENDINGS`: when a training is given up.
        stop_at_target: Whether the search ends there; a strategy may go on to smaller networks.
        limits: A `Limits`.
        keep: How many model files are kept: those of the best trials.
        precision: As in `set_precision`, which each trial calls: Keras forgets it between models.
        card: Dict kept inside each trial's model file.
        progress: A `Progress`.

    Attributes:
        winner: The `Winner`: the best of what was found, and what a search ends with.

    Raises:
        KerasVisionError: The ledger on disk is damaged, or is not what this strategy would have proposed.
    """

    def __init__(self, run, *, model, dataset, space, make_strategy, seed, goal, ending="hopeless", stop_at_target=True,
                 limits=None, keep=3, precision="auto", card=None, progress=None):  # fmt: skip
        self.run, self.model, self.dataset, self.space = run, model, dataset, space
        self.seed, self.goal, self.target_acc, self.stop_at_target = seed, goal, goal.score, stop_at_target
        self.is_to_end = ENDINGS[ending]
        self.limits, self.keep, self.precision, self.card = limits or Limits(), keep, precision, card or {}
        self.progress = progress or Progress()
        self.ledger = Ledger(run.path / "trials.jsonl", warn=self.progress.say)
        self.board = Board(run, space.names, goal.metric)
        self.winner = Winner(self)
        self._counts, self._unfit = {}, {}
        self.strategy = make_strategy(self)
        for trial in self.ledger.trials:
            self._replay_confirmations(trial.number)
            self._replay(trial)
        self._replay_confirmations(len(self.ledger.trials))
        self.unfinished = None  # the trial that ran out of time, with its result so far

    def counts_of(self, settings):
        """Returns the `ModelCounts` of a network without allocating it, or None where its settings do not fit."""
        key = json.dumps(settings, sort_keys=True)
        if key not in self._counts:
            try:
                self._counts[key] = count_unbuilt(lambda: self._build(settings))
            except Exception as error:  # its trial, if it has one, builds it again, and fails with the reason
                self._counts[key] = None
                self._unfit[key] = f"{type(error).__name__}: {error}".splitlines()[0]
        return self._counts[key]

    def size_of(self, settings):
        """Returns the number of trainable parameters, or None, having said why, where the settings do not fit."""
        counts = self.counts_of(settings)
        if counts is None and (reason := self._unfit.pop(json.dumps(settings, sort_keys=True), None)):
            self.progress.say(f"left out: {settings_line(settings)}: {reason}")
        return counts and counts.trainable_parameters

    def allows(self, settings):
        """Returns whether a network that can be built is within the limits on parameters and MACs."""
        return not self.limits.broken_by(self.counts_of(settings))

    def _build(self, settings):
        return build_model(self.model, self.dataset.shape, len(self.dataset.class_names), **settings)

    def find(self, max_trials, deadline=None):
        """Runs trials, trains what they find anew, and goes on where that was luck; arguments as in `go`.

        Returns:
            What `Winner.conclude` does.
        """
        while True:
            known = self._known()
            ended = self.go(max_trials, deadline)
            result = self.winner.conclude(ended)
            if self.goal.confirmations and not self.unfinished:
                result = self.winner.confirm(self.goal.confirmations, ended, deadline)
            if result["reached"] or result["ended"] in ("trials", "time") or self._known() == known:
                return result

    def _known(self):
        """Returns numbers that grow with what there is to go on from."""
        return len(self.ledger.trials), len(self.ledger.confirmations)

    def go(self, max_trials, deadline=None):
        """Runs trials until the target, the number of trials, the deadline or the space's end is reached.

        Args:
            max_trials: Trials in all, those of earlier starts included, rejected ones not.
            deadline: In the time of `time.monotonic()`.

        Returns:
            Why it ended: "target", "trials", "time" or "space".
        """
        self.board.log_missing(self.ledger.trials)
        self.winner.prune()
        while True:
            ended = self._ended(max_trials, deadline)
            trial = None if ended else self._open_trial() or self._ask()
            if trial is None:
                self.board.write_tables(self.ledger.trials)
                self.board.draw(self.ledger.trials, self.target_acc)
                return ended or ("target" if self.winner.reached else "space")
            before = self.winner.best
            self._run_trial(trial, max_trials, deadline)
            if self.winner.best is not before:
                self.winner.crown()
            self.winner.prune()
            self.board.write_tables(self.ledger.trials)
            if trial.status == "FAILED":
                self._check_first_trials()

    def _closed(self):
        """Returns how many trials count: those that ended and were not rejected."""
        return sum(trial.status in ("COMPLETED", "FAILED") for trial in self.ledger.trials)

    def _ended(self, max_trials, deadline):
        closed = self._closed()
        if self.stop_at_target and self.winner.reached:
            return "target"
        if self.unfinished or (closed and deadline is not None and time.monotonic() > deadline):
            return "time"
        if closed >= max_trials:
            return "trials"
        return None

    # ---- the strategy and the ledger, kept in step ----

    def _ask(self):
        """Returns the next trial that is within the limits, or None where there is none."""
        while not self._all_rejected():
            values = self.strategy.ask()
            if values is None:
                return None
            self.ledger.record("asked", len(self.ledger.trials), values=values)
            trial = self.ledger.trials[-1]
            if not self._is_over(trial):
                return trial
        self.progress.say(f"the last {REJECTIONS_THAT_END_A_SEARCH} proposals were all over a limit")
        return None

    def _all_rejected(self):
        last = self.ledger.trials[-REJECTIONS_THAT_END_A_SEARCH:]
        return len(last) == REJECTIONS_THAT_END_A_SEARCH and all(trial.status == "REJECTED" for trial in last)

    def _is_over(self, trial):
        """Rejects a trial that is over a limit, by count, before anything is allocated; returns whether it was."""
        try:
            counts = self.counts_of(self.space.resolve(trial.values)[0])
        except BadInput:  # values that do not go together: the trial fails as any other does
            counts = None
        reason = self.limits.broken_by(counts) if counts else ""
        if reason:
            self._close(trial, "rejected", reason=reason)
        return bool(reason)

    def _replay(self, trial):
        values = self.strategy.ask()
        if values is None or json.loads(json.dumps(values)) != trial.values:
            raise KerasVisionError(
                f"{self.ledger.path}: trial {trial.name} has settings that this search would not have proposed. Was it "
                "made by another version? Nothing was changed; give another --workdir."
            )
        if trial.status != "OPEN":
            self.strategy.tell(trial.score, trial.reason)

    def _replay_confirmations(self, asked):
        """Tells the strategy of the confirmations that came when so many trials had been asked for."""
        for asked_then, trial, confirmed in self.ledger.confirmations:
            if asked_then == asked:
                self._tell_confirmed(trial, confirmed)

    def record_confirmation(self, trial, confirmed):
        """Records what a completed trial came to with other seeds, and tells the strategy.

        Args:
            trial: The `Trial`.
            confirmed: A dict: mean, deviation, accuracies, holds.
        """
        self.ledger.record("confirmed", trial.number, **confirmed)
        self._tell_confirmed(trial, confirmed)

    def _tell_confirmed(self, trial, confirmed):
        score = min(confirmed["mean"], trial.score)
        if self.target_acc is not None:
            # What shows the target has reached, even if it is less than a single training was asked for.
            reached = dataclasses.replace(trial, confirmed=confirmed).is_sound(self.target_acc)
            score = max(score, self.target_acc) if reached else min(score, np.nextafter(self.target_acc, 0))
        self.strategy.confirm(trial.values, float(score))

    def _open_trial(self):
        trial = next((trial for trial in self.ledger.trials if trial.status == "OPEN"), None)
        return None if trial and self._is_over(trial) else trial

    # ---- one trial ----

    def _run_trial(self, trial, max_trials, deadline):
        run = trial_run(self.run, trial)
        epochs_done = latest_epoch(run.checkpoints)
        self.progress.trial_started(self._closed() + 1, max_trials, trial.values)
        if not run.finished and trial.exhausted(epochs_done):
            self._close(trial, "failed", reason=f"CRASHED: ended its process {trial.deaths + 1} times in vain")
            return
        self.ledger.record("started", trial.number, attempt=trial.attempts + 1, epochs_done=epochs_done)
        try:
            result = self._train_trial(trial, run, deadline)
        except _TooSlow as error:
            self._close(trial, "rejected", reason=str(error))
            return
        except KeyboardInterrupt:
            self.ledger.record("interrupted", trial.number)
            raise
        except (OSError, WorkdirRefused):
            # A full disk or a foreign directory is no fault of the trial's settings, and no death of it.
            with contextlib.suppress(OSError):
                self.ledger.record("interrupted", trial.number)
            raise
        except Exception as error:
            # Settings can be at fault in ways that only building or training shows, in whichever library.
            write_text(run.path / "error.txt", traceback.format_exc())
            self._close(trial, "failed", reason=f"{type(error).__name__}: {error}".splitlines()[0])
            return
        if result["stopped"] == "time":
            self.ledger.record("interrupted", trial.number)
            self.unfinished = dataclasses.replace(trial, result=result)
        else:
            if result["stopped"] == "hopeless":
                self.progress.say(f"  given up: {self.target_acc:.4f} is out of its reach")
            self._close(trial, "completed", result=result)

    def _train_trial(self, trial, run, deadline):
        _, recipe = self.space.resolve(trial.values)
        full = self.space.recipe.epochs
        # One of Hyperband's short trainings need not come near the target: it is there to be compared with its like.
        # And how an error shrinks says nothing of when it is none.
        is_judged = (self.target_acc or 1) < 1 and trial.values.get("tuner/epochs", full) >= full

        def judge(rows):
            if len(rows) > trial.last_epoch:
                self.ledger.record("epoch", trial.number, epoch=len(rows), val_accuracy=rows[-1]["val_accuracy"])
            is_over = is_judged and self.is_to_end(rows, recipe.epochs, self.target_acc, self.goal.metric)
            return "hopeless" if is_over else None

        return self.train(run, trial.values, trial.number, deadline=deadline, judge=judge)

    def train(self, run, values, number, *, fold=0, is_admitted=False, **until):
        """Trains one network in a run of its own, unless that is finished.

        Args:
            run: The `Run`.
            values: A trial's values.
            number: What its seed is made from, with the search's own.
            fold: Of the data set, as in `Dataset.fold`; 0 is the data set itself.
            is_admitted: Whether its latency was within the limit when it was tried first, and is not judged again.
            **until: As in `fit`: deadline, judge.

        Returns:
            The result of `fit` with what the network costs.
        """
        settings, recipe = self.space.resolve(values)
        seed = trial_seed(self.seed, number)
        result = run.result if run.finished else self._fit(run, settings, recipe, seed, fold, is_admitted, **until)
        return result | {
            "macs": self.counts_of(settings).macs,
            "latency_ms": run.config["latency_ms"],
            "training_flops": self.training_flops(settings, result["epochs_run"]),
        }

    def training_flops(self, settings, epochs):
        """Returns the FLOPs of training a network that can be built for so many epochs."""
        return self.counts_of(settings).training_flops * len(self.dataset.train) * epochs

    def _fit(self, run, settings, recipe, seed, fold, is_admitted, **until):
        forget_models()
        precision = set_precision(self.precision)
        keras.utils.set_random_seed(seed)
        model = self._build(settings)
        precision = suit_network(precision, model)
        latency = run.config["latency_ms"] if run.config_path.exists() else round(latency_ms(model), 3)
        if not is_admitted and (reason := self.limits.broken_in_time(latency)):
            raise _TooSlow(reason)
        config = {
            "model": self.model,
            "settings": settings,
            "recipe": recipe.as_dict(),
            "seed": seed,
            "fold": fold,
            "fingerprint": self.dataset.fingerprint,
        }
        in_full = model_settings(self.model) | settings
        run.start(config, precision=precision, latency_ms=latency, model_settings=in_full)
        card = self.card | {"settings": settings}
        dataset = self.dataset.fold(fold) if fold else self.dataset
        # The weights of the last epoch, and its accuracy: the best of many epochs flatters.
        how = {"metric": self.goal.metric, "keep": "last", "card": card, "progress": self.progress}
        return fit(model, dataset, recipe, run, seed=seed, **how, **until)

    def _close(self, trial, event, **details):
        self.ledger.record(event, trial.number, **details)
        self.strategy.tell(trial.score, trial.reason)
        self.board.log_session(trial)
        if trial.status == "FAILED":
            self.progress.say(f"  failed: {trial.reason}")

    def _check_first_trials(self):
        if self.ledger.completed:
            return
        first = [t for t in self.ledger.trials if t.status != "REJECTED"][:FAILURES_THAT_END_A_SEARCH]
        if len(first) == FAILURES_THAT_END_A_SEARCH and all(t.status == "FAILED" for t in first):
            told = [path for t in first if (path := trial_run(self.run, t).path / "error.txt").exists()]
            see = f" (see {told[0]})" if told else ""
            raise KerasVisionError(
                f"the first {FAILURES_THAT_END_A_SEARCH} trials all failed, the first with {first[0].reason}{see}"
            )


class _TooSlow(Exception):
    """A network over the limit of latency."""
