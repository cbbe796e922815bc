"""The loop of a search: ask the strategy for settings, run trials, tell the strategy; and go on where it ended.

A strategy proposes, and nothing else: Keras Tuner's own loop loses seeds, precision and work (a trial's exception, a
kill), so the loop is here. What a strategy proposes depends on its seed and on what it was asked and told, so replaying
the ledger to a fresh one brings it to the state it had. As many trials run at once as the executor takes.
"""

import dataclasses
import math
import shutil
import time

from keras_vision.errors import KerasVisionError
from keras_vision.reporting.progress import Progress
from keras_vision.runs import write_text
from keras_vision.search import ranking, winner
from keras_vision.search.board import Board
from keras_vision.search.confirming import Confirmer
from keras_vision.search.costs import costs_of
from keras_vision.search.executors import Failure
from keras_vision.search.executors.choosing import here
from keras_vision.search.executors.runner import SearchContext
from keras_vision.search.failures import check_first_trials, why_none
from keras_vision.search.families import by_family
from keras_vision.search.ledger import Ledger, trial_run
from keras_vision.search.networks import Networks
from keras_vision.search.outcome import is_sound, outcome_of, reaches
from keras_vision.search.proposals import Proposals
from keras_vision.search.trainings import Trainings

# Seconds until a training of a small network has begun: it is built and traced, and ways to compute it are timed.
SETTING_UP = 10


def run_search(plan, dataset, space, run, progress=None, make_executor=here, tracker=None):
    """Searches, or goes on with a search; trains what was found anew, and goes on where that was luck.

    Args:
        plan: A `SearchPlan`.
        dataset: A `Dataset`; its test split is not opened.
        space: A `Space`, a `Ladder` or `Families`, as the strategy needs: what its values mean.
        run: The `Run` of the search. Trials are runs in its folder `trials`.
        progress: A `Progress`.
        make_executor: Returns the executor, on which trainings run; see `executors.choosing`.
        tracker: A `Tracker` that is told of each trial once it is over.

    Returns:
        The result as a dict, which is also on disk: the best trial's, with what the search found and cost.

    Raises:
        KerasVisionError: No trial completed; or the ledger on disk is damaged, or is not what this strategy would have
            proposed.
    """
    search = Search(plan, dataset, space, run, progress, make_executor, tracker)
    try:
        return search.find()
    finally:
        search.executor.close()


class Search:
    """A search in a run directory; arguments and errors as of `run_search`.

    Attributes:
        ledger: The `Ledger`: all that happened.
        unfinished: The trials that ran out of time, with their results so far.
    """

    def __init__(self, plan, dataset, space, run, progress=None, make_executor=here, tracker=None):
        self.plan, self.space, self.run, self.progress = plan, space, run, progress or Progress()
        self.needed = plan.goal.score
        self.ledger = Ledger(run.path / "trials.jsonl", warn=self.progress.say)
        self.board = Board(run, space, plan.goal.metric, tracker)
        self.networks = Networks(plan.model, dataset, plan.limits, self.progress.say, plan.size.counted)
        self._count_anew()
        context = SearchContext(plan, dataset, space, self.networks, self.progress)
        folder = run.path / "workers"
        shutil.rmtree(folder, ignore_errors=True)  # of a search that was killed; what may still run of it ends
        self.executor = make_executor(context, folder)
        self.trainings = Trainings(run, self.ledger, self.executor, self._is_time_to_confirm)
        self.confirmer = Confirmer(plan, run, self.trainings, self.progress.say)
        self.proposals = Proposals(plan, space, self.networks, self.ledger, self.progress.say)
        self.unfinished = []
        self._unpruned = [trial for trial in self.ledger.trials if trial.status != "OPEN"]

    def _count_anew(self):
        """Counts the networks of trials of long ago, whose parameters were those that training moves."""
        for trial in self.ledger.completed:
            if "trainable_parameters" not in trial.result:
                trial.result |= self.networks.sizes_of(self.space.resolve(trial.values)[0])

    # ---- the whole of it ----

    def find(self):
        """Runs trials, trains what they find anew, and goes on where that was luck; returns the result."""
        while True:
            known = len(self.ledger.turns)
            ended = self.go()
            result = self.conclude(ended)
            if self.plan.goal.confirmations and not self.unfinished:
                result = self.conclude(self.confirm() or ended)
            is_over = result["ended"] == "time" or (result["reached"] and self.plan.stops_at_target)
            if is_over or self._left() <= 0 or len(self.ledger.turns) == known:
                return result

    def _most(self):
        """Returns how many trials there may be in all; some more than were planned where luck left a gap."""
        spare = self.plan.spare_trials
        if spare and not ranking.has_gap(self.ledger.completed, self.needed, self.plan.size):
            spare = 0
        return self.plan.max_trials + spare

    def _left(self):
        """Returns how many more trials there may be."""
        return self._most() - len(self.ledger.closed)

    def go(self):
        """Runs trials until the target, their number, the deadline or the space's end is reached.

        Returns:
            Why it ended: "target", "trials", "time" or "space".
        """
        self._prune()
        while True:
            ended = self._ended()
            if not ended:
                self._start_trials()
            self.board.log_missing(self.ledger.trials)
            if not self.trainings.running:
                self.board.write_tables(self.ledger.trials)
                self.board.draw(self.ledger.trials, self.needed)
                return ended or ("target" if self.has_reached() else "space")
            self._pause_useless(has_ended=ended == "target")
            for job, came in self.trainings.wait():
                self._settle(self.ledger.trials[job.trial], came)

    def confirm(self):
        """Trains the best network anew, with other seeds and on other validation images.

        Where that does not show the target, the next smallest that reached takes its place; where none holds, the
        smallest stays. A trial that was confirmed with as many trainings, or more, keeps what it came to.

        Returns:
            "time" where there was no time for all of them; else None.
        """
        goal = self.plan.goal
        whole = [trial for trial in self._ranking() if trial_run(self.run, trial).model_path.exists()]
        ended = None
        for trial in ranking.to_confirm(whole, goal):
            is_known = trial.confirmed is not None and goal.is_enough(trial.confirmed["accuracies"])
            confirmed = trial.confirmed if is_known else self.confirmer.train_anew(trial)
            if confirmed is None:
                self.progress.say("  out of time; the same command continues the confirmation")
                ended = "time"
                break
            if not is_known:
                self.proposals.confirm(trial, confirmed)
            if not reaches(trial, self.needed) or is_sound(trial, self.needed):
                break
            if not is_known:
                mean = confirmed["mean"]
                self.progress.say(f"  {mean:.4f} on average: trials/{trial.name} had reached the goal by luck")
        self._prune()
        return ended

    def conclude(self, ended):
        """Puts the best trial's model into the search's own directory and writes its result; returns the result.

        Where none reached the target, one that ran out of time counts with its last epoch, until it is continued.

        Args:
            ended: What `go` or `confirm` returned.

        Raises:
            KerasVisionError: No trial completed.
        """
        trials = self.ledger.trials
        ranked = self._ranking(*(() if self.has_reached() else self.unfinished))
        if not ranked:
            raise KerasVisionError(f"No trial completed: {why_none(trials, ended)}.")
        families = by_family(self.space.families, self.ledger.completed, self.needed, self.plan.size)
        best = ranked[0]
        result = best.result | {
            "best_trial": f"trials/{best.name}",
            "best_values": best.values,
            **winner.tally(trials),
            "ended": ended,
            **costs_of(self.run, trials, best, self.needed, self.space, self.networks),
            **({"confirmed": best.confirmed} if best.confirmed else {}),
            **({"families": families} if families else {}),
            **outcome_of(best, self.plan.goal).record(),
        }
        return winner.hand_over(self.run, best, result)

    # ---- the best so far ----

    def _ranking(self, *more):
        # Only those whose models were not deleted can be first; to look at all others, too, would take the longer, the
        # more trials there were.
        whole = [trial for trial in self._unpruned if trial.status == "COMPLETED"] or self.ledger.completed
        return ranking.ranking(self.run, [*whole, *more], self.needed, self.plan.size)

    @property
    def best(self):
        """The best completed trial, or None."""
        return next(iter(self._ranking()), None)

    def has_reached(self):
        """Returns whether a completed trial reached the target, and not by luck."""
        return self.best is not None and is_sound(self.best, self.needed)

    def _crown(self, best):
        winner.take_model(self.run, best)
        if is_sound(best, self.needed):
            further = "" if self.plan.stops_at_target else "; looking for a smaller one"
            size = self.plan.size.words_of(best.result)
            self.progress.say(f"  reached {self.needed:.4f} with {size} ({best.score:.4f}){further}")

    def _prune(self):
        kept = ranking.kept(self._ranking(), self.plan.goal, self.plan.keep)
        winner.prune(self.run, self._unpruned, kept)
        self._unpruned = kept

    def _ended(self):
        if self.plan.stops_at_target and self.has_reached():
            return "target"
        if self.unfinished or (self.ledger.closed and self._is_late()):
            return "time"
        if self._left() <= 0:
            return "trials"
        return None

    def _is_late(self):
        """Returns whether no trial is to start: the deadline is over, or the rest is needed to confirm the best."""
        deadline = self.plan.deadline
        return deadline is not None and time.monotonic() > deadline - self._time_to_confirm()

    def _is_time_to_confirm(self):
        """Returns whether trials that run are to end, because the rest of the time is needed to confirm the best."""
        return self._is_late() and self._time_to_confirm() > 0

    def _time_to_confirm(self):
        """Returns how many seconds it takes to train anew what reached the target; 0 where there is nothing to do."""
        best = self.best
        if best is None or best.confirmed or not is_sound(best, self.needed):
            return 0.0
        rounds = math.ceil(self.plan.goal.confirmations / self.executor.slots)
        return rounds * (SETTING_UP + best.result["seconds"])

    # ---- one trial ----

    def _start_trials(self):
        """Starts trials as long as there is room for them, and something to try."""
        while self.trainings.has_room and len(self.trainings.running) < self._left():
            trial = self.proposals.next(self.trainings.trials)
            if trial is None:
                return
            number = len(self.ledger.closed) + len(self.trainings.running) + 1
            self.progress.trial_started(number, self._most(), trial.values)
            failure = self.trainings.start(trial, is_judged=self._is_judged(trial))
            if failure:
                self._settle(trial, failure)

    def _pause_useless(self, has_ended):
        """Pauses trials that lead to nothing now. Where what was found turns out to be luck, they go on."""
        self.trainings.pause(lambda trial: has_ended or not self.proposals.wants(trial))

    def _is_judged(self, trial):
        # One of Hyperband's short trainings need not come near the target: it is there to be compared with its like.
        # And how an error shrinks says nothing of when it is none.
        full = self.space.recipe.epochs
        return (self.needed or 1) < 1 and trial.values.get("tuner/epochs", full) >= full

    def _settle(self, trial, came):
        """Takes note of what came of a trial: a result or a `Failure`."""
        before = self.best
        if not isinstance(came, Failure):
            self._settle_result(trial, came)
        elif came.kind == "too slow":
            self._close(trial, "rejected", reason=came.reason)
        else:
            if came.details:
                write_text(trial_run(self.run, trial).path / "error.txt", came.details)
            self._close(trial, "failed", reason=came.reason)
        if self.best is not before:
            self._crown(self.best)
        self._prune()
        self.board.refresh_tables(self.ledger.trials)
        if trial.status == "FAILED":
            check_first_trials(self.run, self.ledger.trials)

    def _settle_result(self, trial, result):
        match result["stopped"]:
            case "time":
                self.unfinished.append(dataclasses.replace(trial, result=result))
            case "paused":
                pass
            case stopped:
                if stopped == "hopeless":
                    self.progress.say(f"  given up: it can no longer reach {self.needed:.4f}")
                self._close(trial, "completed", result=result)

    def _close(self, trial, event, **details):
        self.proposals.close(trial, event, **details)
        self._unpruned.append(trial)
        if trial.status == "FAILED":
            self.progress.say(f"  failed: {trial.reason}")
