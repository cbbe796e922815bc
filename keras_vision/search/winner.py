"""The winner of a search: which trial it is, its model and result in the search's own directory, and its confirmation.

result.json is always that of the model.keras beside it: it goes before another model comes, and the next end of the
search writes it anew.
"""

import json
import math
import shutil
import statistics
import time

from keras_vision.errors import KerasVisionError
from keras_vision.runs import Run, atomic_path, write_json
from keras_vision.search.ledger import ranking, trial_run
from keras_vision.training.checkpoint import Checkpoints
from keras_vision.training.scores import score_of
from keras_vision.training.trainer import TrainingDiverged

CONFIRMING = 1_000_000  # the seeds of confirmations begin where those of trials never come
REASONS = 3  # of so many trials it is said why none of them completed


class Winner:
    """The best of what a search has found so far.

    A trial whose trainings with other seeds do not show the target reached it by luck. It stands behind all others that
    reached, also in later starts.

    Args:
        search: The `Search`. Its ledger tells the trials; it trains the confirmations.
    """

    def __init__(self, search):
        self.search, self.run, self.target_acc = search, search.run, search.target_acc

    @property
    def best(self):
        """The best completed trial, or None."""
        return next(iter(self._ranking()), None)

    @property
    def reached(self):
        """Whether a completed trial reached the target, and not by luck."""
        return self.best is not None and self.best.is_sound(self.target_acc)

    def _ranking(self, *more):
        return ranking(self.run, [*self.search.ledger.completed, *more], self.target_acc)

    # ---- its model and its result ----

    def crown(self):
        """Puts the best trial's model into the search's own directory, so that an interrupt finds it there."""
        self._take_model(self.best)
        if self.reached:
            further = "" if self.search.stop_at_target else "; now for a smaller one"
            size = f"{self.best.result['parameters']:,} parameters"
            self.search.progress.say(f"  reached {self.target_acc:.4f} with {size} ({self.best.score:.4f}){further}")

    def prune(self):
        """Deletes what no later start needs: checkpoints of closed trials, and models of all but the `keep` best.

        What may yet take the best one's place, if that was luck, is kept until the best is confirmed.
        """
        ranking = self._ranking()
        kept = ranking[: self.search.keep]
        if self.search.goal.confirmations and not (self.reached and self.best.confirmed):
            kept += [trial for trial in ranking if trial.is_sound(self.target_acc)]
        for trial in self.search.ledger.trials:
            run = trial_run(self.run, trial)
            if trial.status != "OPEN":
                Checkpoints(run.checkpoints).remove()
                if trial not in kept:
                    run.model_path.unlink(missing_ok=True)

    def conclude(self, ended):
        """Puts the best trial's model into the search's own directory and writes its result; returns the result.

        A trial that ran out of time counts with its best epoch so far, until it is continued.

        Args:
            ended: What `Search.go` returned.

        Raises:
            KerasVisionError: No trial completed.
        """
        ranking = self._ranking(*filter(None, [self.search.unfinished]))
        if not ranking:
            raise KerasVisionError(f"no trial completed: {self._why_none(ended)}")
        best = ranking[0]
        result = best.result | {
            "best_trial": f"trials/{best.name}",
            "best_values": best.values,
            **self._tally(),
            "ended": ended,
            **self._costs(best),
        }
        if best.confirmed:
            result["confirmed"] = best.confirmed
        result |= self._outcome(best)
        earlier = self.run.result if self.run.finished else {}
        if any(earlier.get(name) != result[name] for name in ("best_trial", "best_epoch", "val_accuracy")):
            self._take_model(best)
        elif "test" in earlier:
            result["test"] = earlier["test"]
        write_json(self.run.result_path, result)
        return result

    def _outcome(self, best):
        """Returns what is shown of new images: whether the target is reached, and what their accuracy is at least."""
        goal = self.search.goal
        if goal.target is None:
            return {"reached": True}
        outcome = {"goal": goal.score, "reached": best.is_sound(goal.score)}
        accuracies = best.confirmed["accuracies"] if best.confirmed else []
        if accuracies:
            outcome["at_least"] = math.floor(1e4 * goal.bound(accuracies) + 1e-5) / 1e4
        if len(accuracies) < goal.confirmations:
            outcome["reached"] = False
        return outcome

    def _why_none(self, ended):
        reasons = list(dict.fromkeys(trial.reason for trial in self.search.ledger.trials if trial.reason))
        if not reasons:
            return (
                "no network is within the limits and fits the images"
                if ended == "space"
                else "the search ended before one did"
            )
        more = f"; and {len(reasons) - REASONS} other reasons" if len(reasons) > REASONS else ""
        return "; ".join(reasons[:REASONS]) + more

    def _take_model(self, trial):
        self.run.result_path.unlink(missing_ok=True)
        with atomic_path(self.run.model_path) as temporary:
            shutil.copyfile(trial_run(self.run, trial).model_path, temporary)

    def _tally(self):
        statuses = [trial.status for trial in self.search.ledger.trials]
        return {
            "trials": len(statuses) - statuses.count("REJECTED"),
            "failed": statuses.count("FAILED"),
            "rejected": statuses.count("REJECTED"),
        }

    # ---- what it cost ----

    def _costs(self, best):
        """Returns what the search cost, with its confirmations: seconds, and FLOPs as multiples of one full training.

        That is the training, to the end of its recipe, of the first network that reached the target; of the best where
        none did.
        """
        trials = self.search.ledger.trials
        first = next((trial for trial in self.search.ledger.completed if trial.reaches(self.target_acc)), None)
        reference = first or best
        epochs = self.search.space.resolve(reference.values)[1].epochs
        full = reference.result["training_flops"] / reference.result["epochs_run"] * epochs

        def cost(costs, suffix=""):
            seconds, flops = (sum(column) for column in zip(*costs, strict=True))
            return {f"search_seconds{suffix}": round(seconds, 2), f"full_trainings{suffix}": round(flops / full, 2)}

        costs = [self._cost_of(trial) for trial in trials]
        anew = [self._cost_so_far(trial, run) for trial in trials for run in self._confirmations(trial)]
        return cost(costs + anew) | (cost(costs[: first.number + 1], "_to_target") if first else {})

    def _confirmations(self, trial):
        """Returns the `Run`s in which a trial's network was trained anew."""
        return [Run(path) for path in sorted((self.run.path / "confirm").glob(f"{trial.name}-*"))]

    def _cost_of(self, trial):
        """Returns (seconds, training FLOPs) of a trial."""
        if trial.result:
            return trial.result["seconds"], trial.result["training_flops"]
        return self._cost_so_far(trial, trial_run(self.run, trial))

    def _cost_so_far(self, trial, run):
        """Returns (seconds, training FLOPs) of the finished epochs of a `Run` that trains a trial's network."""
        if not run.metrics_path.exists():
            return 0.0, 0
        rows = [json.loads(line) for line in run.metrics_path.read_text(encoding="utf-8").splitlines()]
        settings, _ = self.search.space.resolve(trial.values)
        return sum(row["seconds"] for row in rows), self.search.training_flops(settings, len(rows))

    # ---- once more, with other seeds ----

    def confirm(self, seeds, ended, deadline=None):
        """Trains the best network anew, to the end of its recipe, with other seeds and on other validation images.

        Where that does not show the target, the next smallest that reached the goal takes its place; where none holds,
        the smallest stays. Where no trial reached the goal, the best is trained anew if it missed by no more than
        chance may have taken. The trainings are runs in the folder `confirm`; those that are finished are not run
        again. One that diverges counts as 0.

        Args:
            seeds: How many. A trial that was confirmed with as many, or more, keeps what it came to.
            ended: What `Search.go` returned.
            deadline: In the time of `time.monotonic()`: no training starts after it, and none goes on for longer than
                an epoch.

        Returns:
            The search's result, also on disk, with `confirmed`: mean, deviation (of the sample), and accuracies on the
            validation images. Without it, and with "time" for `ended`, where there was no time for all of them.
        """
        kept = [trial for trial in self._ranking() if trial_run(self.run, trial).model_path.exists()]
        near = [trial for trial in kept[:1] if not self.search.goal.is_futile([trial.score])]
        for trial in [trial for trial in kept if trial.reaches(self.target_acc)] or near:
            is_known = trial.confirmed is not None and self._is_enough(trial.confirmed["accuracies"], seeds)
            confirmed = trial.confirmed if is_known else self._train_again(trial, seeds, deadline)
            if confirmed is None:
                ended = "time"
                self.search.progress.say("  out of time; the same command goes on with the confirmation")
                break
            if not is_known:
                self.search.record_confirmation(trial, confirmed)
            if not trial.reaches(self.target_acc) or trial.is_sound(self.target_acc):
                break
            if not is_known:
                mean = confirmed["mean"]
                self.search.progress.say(f"  on average {mean:.4f}: trials/{trial.name} reached the goal by luck")
        self.prune()
        return self.conclude(ended)

    def _is_enough(self, accuracies, seeds):
        """Returns whether so many confirmations tell: all of them, or some that leave no hope for the others."""
        return len(accuracies) >= seeds or self.search.goal.is_futile(accuracies)

    def _train_again(self, trial, seeds, deadline):
        """Returns what the trainings with other seeds came to, or None where the time is over before they are done."""
        accuracies = []
        for number in range(seeds):
            if self._is_enough(accuracies, seeds):
                break
            run = Run(self.run.path / "confirm" / f"{trial.name}-{number + 1}")
            if not run.finished and deadline is not None and time.monotonic() > deadline:
                return None
            self.search.progress.say(f"confirming {number + 1} of {seeds}: {run.path}")
            how = {"fold": number + 1, "is_admitted": True, "deadline": deadline}
            try:
                result = self.search.train(run, trial.values, CONFIRMING + number, **how)
            except TrainingDiverged as error:
                self.search.progress.say(f"  diverged, which counts as an accuracy of 0: {error}")
                result = {"stopped": "diverged", "val_accuracy": 0.0}
            if result["stopped"] == "time":
                return None
            accuracies.append(score_of(result))
        deviation = statistics.stdev(accuracies) if len(accuracies) > 1 else None
        holds = self.search.goal.holds(accuracies)
        return {"mean": statistics.mean(accuracies), "deviation": deviation, "accuracies": accuracies, "holds": holds}
