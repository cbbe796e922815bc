"""Once more, with other seeds and on other validation images: whether a network reached its target by luck."""

import statistics
import time

from keras_vision.search.executors import Job
from keras_vision.search.ledger import confirmation_run
from keras_vision.training.checkpoint import latest_epoch
from keras_vision.training.scores import score_of
from keras_vision.training.trainer import TrainingDiverged

CONFIRMING = 1_000_000  # the seeds of confirmations begin where those of trials never come


class Confirmer:
    """Trains networks anew.

    The trainings are runs in the folder `confirm`, to the end of the recipe; those that are finished are not run again.
    One that diverges counts as 0, and so does one that ended its process twice without progress.

    Args:
        plan: The `SearchPlan`.
        run: The `Run` of the search.
        ledger: Its `Ledger`, which is told of every start.
        executor: Where trainings run; see `keras_vision.search.executors`.
        say: Called with lines for the person.
    """

    def __init__(self, plan, run, ledger, executor, say):
        self.plan, self.run, self.ledger, self.executor, self.say = plan, run, ledger, executor, say

    def train_anew(self, trial):
        """Returns what the trainings of a trial's network with other seeds came to.

        Args:
            trial: A completed `Trial`.

        Returns:
            A dict: mean, deviation (of the sample), accuracies, and holds, whether these show the target. None where
            there was no time for all of them.
        """
        goal, accuracies = self.plan.goal, []
        while not goal.is_enough(accuracies):
            accuracy = self._train(trial, len(accuracies) + 1)
            if accuracy is None:
                return None
            accuracies.append(accuracy)
        return {
            "mean": statistics.mean(accuracies),
            "deviation": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
            "accuracies": accuracies,
            "holds": goal.holds(accuracies),
        }

    def _train(self, trial, number):
        """Returns the accuracy of one confirmation, by its number from 1; None where its time is over."""
        run, deadline = confirmation_run(self.run, trial, number), self.plan.deadline
        if not run.finished and deadline is not None and time.monotonic() > deadline:
            return None
        self.say(f"confirming {number} of {self.plan.goal.confirmations}: {run.path}")
        attempts, epochs_done = trial.attempts_at(number), latest_epoch(run.checkpoints)
        if not run.finished:
            if attempts.are_used_up(epochs_done):
                self.say(f"  gave up after {attempts.deaths + 1} crashes, which counts as an accuracy of 0")
                return 0.0
            self.ledger.record("confirming", trial.number, confirmation=number, epochs_done=epochs_done)
        job = Job(str(run.path), trial.values, CONFIRMING + number - 1, fold=number, is_admitted=True)
        try:
            with self.ledger.excused(trial, confirmation=number):
                result = self.executor.run(job)
        except TrainingDiverged as error:
            self.say(f"  diverged, which counts as an accuracy of 0: {error}")
            return 0.0
        if result["stopped"] == "time":
            self.ledger.record("interrupted", trial.number, confirmation=number)
            return None
        return score_of(result)
