"""What "reached" means, in one place: the accuracy on new images is, with a stated confidence, at least the target.

A search chooses among many trainings by the same validation images, and the best of several flatters. So what it found
is trained anew, with other seeds and, where these were carved from the training images, on other validation images for
each. Of these trainings nothing is chosen: not the epoch, not one among them. Their accuracy, less what chance may have
added, is what counts. Chance is in the images that were seen, and in the training: a person gets one network, which
lies beside the mean of such networks.

`Goal` is what is asked, `outcome_of` what came of it; nothing else decides whether a search reached its target.
"""

import dataclasses
import enum
import itertools
import math

from keras_vision.errors import BadInput
from keras_vision.search.bounds import CONFIDENCE, Z, effective_images, lower_bound, needed
from keras_vision.training.measures import METRICS, score_of

CONFIRMATIONS = 3  # at least
# So much of the error that a target allows may go to what is not known: a network is not asked to make far fewer
# mistakes than it may. Where images are few, they are seen in more trainings for that.
UNKNOWN = 1 / 5
# A network that misses by more than so many standard errors of what is known is not trained yet again.
FUTILE = 2.0


@dataclasses.dataclass(frozen=True)
class Goal:
    """What is asked of the networks of a search.

    Args:
        target: The accuracy on new images to be reached; None where there is none.
        metric: "accuracy" or "balanced_accuracy".
        confirmations: How often what was found is trained anew; 0 leaves it at the search's own word.
        images: Validation images of one training, as `effective_images` counts.
        folds: Trainings that have validation images of their own; later ones see the same again, which count once. It
            is 1 where a data set brings these images.
        are_brought: Whether it does. Trainings anew then see the images by which their network was chosen, and which
            flatter it, so that no stated confidence holds for new images.
    """

    target: float | None
    metric: str = "accuracy"
    confirmations: int = 0
    images: float = math.inf
    folds: float = math.inf
    are_brought: bool = False

    @property
    def usual_confirmations(self):
        """How many trainings it takes to show the target of a network that makes less than its mistakes by `UNKNOWN`.

        There are at least `CONFIRMATIONS`, and none more whose validation images others have seen; 0 without a target.
        """
        if self.target is None:
            return 0
        # Where Z standard deviations are that share of the error.
        images = (Z / UNKNOWN) ** 2 * self.target / max(1 - self.target, 1e-9)
        return max(CONFIRMATIONS, min(math.ceil(images / self.images), self.folds))

    @property
    def score(self):
        """What a network must have on validation images to be taken for one that reaches the target; None without one.

        It does not depend on `confirmations`, so that a search can be confirmed later. All images must be right for a
        target of 1, which no number of images shows.
        """
        if self.target is None:
            return None
        return needed(self.target, self._seen(self.usual_confirmations), self.usual_confirmations)

    def bound(self, scores):
        """Returns what trainings with these scores show: such a network's accuracy on new images is at least that."""
        return lower_bound(sum(scores) / len(scores), self._seen(len(scores)), len(scores))

    def holds(self, scores):
        """Returns whether trainings with these scores show that the target is reached."""
        return self.target is None or self.bound(scores) >= self.target - 1e-9

    def check(self):
        """Refuses a target that not even a network that makes no mistake could show.

        Raises:
            BadInput: There are too few validation images; or the target is 1, for which no number is enough.
        """
        if self.target is None or not self.confirmations or self.holds([1.0] * self.confirmations):
            return
        mends = ["a lower target"]
        if self.target < 1:
            faultless = (trainings for trainings in itertools.count(1) if self.holds([1.0] * trainings))
            enough = None if self.folds < math.inf and not self.holds([1.0] * self.folds) else next(faultless)
            mends += ["more images"] + ([f"--confirm {enough}"] if enough else [])
        most = self.bound([1.0] * self.confirmations)
        raise BadInput(
            f"The target {self.target:g} cannot be shown with {self._seen(self.confirmations):,.0f} validation images: "
            f"a network that makes no mistake shows {math.floor(1e4 * most) / 1e4:.4f} with {CONFIDENCE:.0%} "
            f"confidence. Give {', '.join(mends)}, or --confirm 0, which skips the confirmation."
        )

    def is_enough(self, scores):
        """Returns whether so many confirmations tell: all of them, or some that leave no hope for the others."""
        return len(scores) >= self.confirmations or self.is_futile(scores)

    def is_futile(self, scores):
        """Returns whether the first trainings, or one that was chosen, leave no hope that all of them will show it."""
        if self.target is None or not scores:
            return False
        seen, mean = self._seen(len(scores)), sum(scores) / len(scores)
        return mean + FUTILE * math.sqrt(max(mean * (1 - mean), 1 / seen) / seen) < self.score

    def sentence(self):
        """Returns what is asked of the networks, in words; "" where that is just the target."""
        if self.score == self.target:
            return ""
        return (
            f"To show {self.target:g} with {CONFIDENCE:.0%} confidence, the {METRICS[self.metric]} on validation "
            f"images must be at least {self.score:.4f}."
        )

    def _seen(self, trainings):
        return self.images * min(trainings, self.folds)


def make_goal(target, metric, confirmations, data):
    """Returns the `Goal` of a search on a `Dataset`; `confirmations` of None are `Goal.usual_confirmations`."""
    images = effective_images(data.validation.labels, metric)
    folds = 1 if data.seed is None else max(1, len(data.train) // len(data.validation))
    goal = Goal(target, metric, images=images, folds=folds, are_brought=data.seed is None)
    usual = goal.usual_confirmations
    return dataclasses.replace(goal, confirmations=usual if confirmations is None else confirmations)


# ---- of one trial ----


def reaches(trial, needed):
    """Returns whether a completed trial reached what is needed on validation images; never, where that is None."""
    return needed is not None and trial.score >= needed


def is_sound(trial, needed):
    """Returns whether it reached, and not by luck: other seeds decide, where it was trained with these."""
    return needed is not None and _holds(trial.score, trial.confirmed, needed)


def learned_score(trial, confirmed, needed):
    """Returns the score that a strategy is told of a trial once it is trained anew, on the side that this shows.

    What shows the target has reached, even if it is less than a single training was asked for.

    Args:
        trial: The completed `Trial`.
        confirmed: A dict: mean, deviation, accuracies, holds.
        needed: `Goal.score`.
    """
    score = min(confirmed["mean"], trial.score)
    if needed is None:
        return float(score)
    has_held = _holds(trial.score, confirmed, needed)
    return float(max(score, needed) if has_held else min(score, math.nextafter(needed, 0)))


def _holds(score, confirmed, needed):
    if confirmed is None:
        return score >= needed
    return confirmed.get("holds", confirmed["mean"] >= needed)


# ---- of a search ----


class State(enum.StrEnum):
    """How a search stands to its target."""

    REACHED = "reached"
    NOT_REACHED = "not reached"
    UNCONFIRMED = "not confirmed yet"  # it reached, but was not trained anew as often as was asked for
    OUT_OF_TIME = "out of time"  # in the training of what is best so far
    REFUTED = "refuted"  # it reached by luck: trained anew, it does not show the target


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Whether a search reached its target, and what shows it.

    Args:
        state: A `State`; `REACHED` where there is no target.
        target: What was asked of new images, or None; all that follows is None then, too.
        metric: What it is about.
        needed: What a network must have of the validation images.
        trial: The name of the best trial's directory.
        score: What it had when it was tried.
        confirmed: What it came to when it was trained anew, or None.
        at_least: What that shows of new images; None where the images are those by which the trial was chosen.
    """

    state: State
    target: float | None = None
    metric: str = "accuracy"
    needed: float | None = None
    trial: str | None = None
    score: float | None = None
    confirmed: dict | None = None
    at_least: float | None = None

    @property
    def reached(self):
        """Whether the target was reached, as far as it was asked to be shown; True where there is none."""
        return self.state is State.REACHED

    @property
    def exit_code(self):
        """What the search exits with: 0, or 3 where the target was not shown to be reached."""
        return 0 if self.reached else 3

    def record(self):
        """Returns what a search's result.json holds of it."""
        if self.target is None:
            return {"reached": True}
        known = {} if self.at_least is None else {"at_least": self.at_least}
        return {"goal": self.needed, "reached": self.reached, "outcome": str(self.state)} | known

    def sentence(self):
        """Returns the verdict, and what shows it, as a person reads it; "" where there is no target."""
        if self.target is None:
            return ""
        target, metric = f"target {self.target:g}", METRICS[self.metric]
        count = len(self.confirmed["accuracies"]) if self.confirmed else 0
        trainings = "1 training" if count == 1 else f"{count} trainings"
        match self.state:
            case State.OUT_OF_TIME:
                return (
                    f"{target} not reached yet: time ran out while {self.trial} was training; the same command "
                    "continues it"
                )
            case State.REACHED if self.confirmed and self.at_least is None:
                return (
                    f"{target} reached on the validation images of the data set, by which the network was also chosen: "
                    f"its {metric} on these is {self.confirmed['mean']:.4f} on average of {trainings} anew"
                )
            case State.REACHED if self.confirmed:
                return (
                    f"{target} reached: with {CONFIDENCE:.0%} confidence the {metric} on new images is at least "
                    f"{self.at_least:.4f}, by {trainings} on other validation images"
                )
            case State.REACHED:
                return (
                    f"{target} reached on the validation images by which the network was chosen; --confirm 3 checks it"
                )
            case State.REFUTED:
                too_little = "is too little" if self.at_least is None else f"shows no more than {self.at_least:.4f}"
                return (
                    f"{target} not reached: {self.trial} had {self.score:.4f} when it was tried, and "
                    f"{self.confirmed['mean']:.4f} when it was trained anew, which {too_little}"
                )
            case State.UNCONFIRMED:
                return f"{target} not shown yet: the same command trains {self.trial} anew"
        return (
            f"{target} not reached: the best {metric} on validation images is {self.score:.4f}, but {self.needed:.4f} "
            "is needed"
        )


def outcome_of(trial, goal):
    """Returns the `Outcome` of a search.

    Args:
        trial: The best `Trial`, with its result; that of one that ran out of time is what it has so far.
        goal: The `Goal`.
    """
    if goal.target is None:
        return Outcome(State.REACHED)
    accuracies = trial.confirmed["accuracies"] if trial.confirmed else []
    is_enough = len(accuracies) >= goal.confirmations
    shows_new = accuracies and not goal.are_brought
    return Outcome(
        _state(trial.result, trial.confirmed, goal.score, is_enough),
        target=goal.target,
        metric=goal.metric,
        needed=goal.score,
        trial=f"trials/{trial.name}",
        score=trial.score,
        confirmed=trial.confirmed,
        at_least=math.floor(1e4 * goal.bound(accuracies) + 1e-5) / 1e4 if shows_new else None,
    )


def recorded_outcome(result, target):
    """Returns the `Outcome` that a search's result.json holds.

    Args:
        result: What `run_search` returned, or what it wrote.
        target: What was asked of new images.
    """
    if target is None:
        return Outcome(State.REACHED)
    confirmed, needed = result.get("confirmed"), result["goal"]
    return Outcome(
        _state(result, confirmed, needed, is_enough=result["reached"]),
        target=target,
        metric=result.get("metric", "accuracy"),
        needed=needed,
        trial=result["best_trial"],
        score=score_of(result),
        confirmed=confirmed,
        at_least=result.get("at_least"),
    )


def _state(result, confirmed, needed, is_enough):
    """Returns the `State` of the best trial, by its result and by what it came to when it was trained anew."""
    score = score_of(result)
    holds = _holds(score, confirmed, needed)
    if result["stopped"] == "time":
        return State.OUT_OF_TIME
    if holds:
        return State.REACHED if is_enough else State.UNCONFIRMED
    return State.REFUTED if score >= needed else State.NOT_REACHED
