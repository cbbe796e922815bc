"""Once more, with other seeds and on other validation images: whether a network reached its target by luck."""

import statistics
import time

from keras_vision.errors import KerasVisionError
from keras_vision.runs import write_text
from keras_vision.search.executors import Failure
from keras_vision.search.ledger import confirmation_run
from keras_vision.training.aim import UNFINISHED
from keras_vision.training.measures import score_of


class Confirmer:
    """Trains networks anew.

    The trainings are runs in the folder `confirm`, to the end of the recipe; those that are finished are not run again.
    One that diverges counts as 0, and so does one that ended its process twice without progress.

    Args:
        plan: The `SearchPlan`.
        run: The `Run` of the search.
        trainings: Its `Trainings`.
        say: Called with lines for the person.
    """

    def __init__(self, plan, run, trainings, say):
        self.plan, self.run, self.trainings, self.say = plan, run, trainings, say

    def train_anew(self, trial):
        """Returns what the trainings of a trial's network with other seeds came to.

        What counts is the first of them, as many as tell, in the order of their numbers: which of several that ran side
        by side was faster does not matter.

        Args:
            trial: A completed `Trial`.

        Returns:
            A dict: mean, deviation (of the sample), accuracies, and holds, whether these show the target. None where
            there was no time for all of them.

        Raises:
            KerasVisionError: A training failed for a reason that has nothing to do with the network's accuracy.
        """
        goal, found = self.plan.goal, {}
        numbers = iter(range(1, goal.confirmations + 1))
        while not goal.is_enough(_in_order(found)):
            number = next(numbers, None) if self.trainings.has_room else None
            if number is not None:
                self._begin(trial, number, found)
            elif self.trainings.running:
                self._collect(trial, found)
            else:
                return None  # there was no time for more
        self.trainings.pause()  # what runs beyond those that tell
        while self.trainings.running:
            self.trainings.wait()
        accuracies = _in_order(found)
        return {
            "mean": statistics.mean(accuracies),
            "deviation": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
            "accuracies": accuracies,
            "holds": goal.holds(accuracies),
        }

    def _begin(self, trial, number, found):
        """Starts one confirmation, if there is time, by its number from 1."""
        run, deadline = confirmation_run(self.run, trial, number), self.plan.deadline
        if not run.finished and deadline is not None and time.monotonic() > deadline:
            return
        self.say(f"confirming {number} of {self.plan.goal.confirmations}: {run.path}")
        failure = self.trainings.start(trial, number)
        if failure:
            found[number] = self._score(trial, number, failure)

    def _collect(self, trial, found):
        """Waits for a confirmation, and notes its accuracy by its number."""
        for job, came in self.trainings.wait():
            if isinstance(came, Failure) or came["stopped"] not in UNFINISHED:
                found[job.confirmation] = self._score(trial, job.confirmation, came)

    def _score(self, trial, number, came):
        if not isinstance(came, Failure):
            return score_of(came)
        if came.kind == "error":
            path = confirmation_run(self.run, trial, number).path / "error.txt"
            write_text(path, came.details)
            raise KerasVisionError(f"a confirmation failed: {came.reason} (see {path})")
        self.say(f"  {came.reason}, which counts as an accuracy of 0")
        return 0.0


def _in_order(found):
    """Returns the accuracies of the first confirmations, as far as none is missing."""
    accuracies = []
    while len(accuracies) + 1 in found:
        accuracies.append(found[len(accuracies) + 1])
    return accuracies
