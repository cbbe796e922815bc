"""Aim: which epoch of a training is kept, and what ends it before its last one."""

import dataclasses
from collections.abc import Callable

from keras_vision.errors import check_choice
from keras_vision.training.measures import METRICS, score_of

KEPT = ("best", "last")  # epochs whose weights a training may leave behind
UNFINISHED = ("time", "paused")  # why a training stopped that goes on when it is started again
LEARNED = 0.999  # of the training images: the rest may be labelled wrongly
FEWEST_SETTLED = 5  # epochs


def meets_target(result, target):
    """Returns whether a training reached its target on validation images; True where there is none.

    Args:
        result: What `fit` returned.
        target: The share that was asked for, or None.

    Example:

    >>> meets_target({"val_accuracy": 0.91}, 0.9), meets_target({"val_accuracy": 0.91}, None)
    (True, True)
    """
    return target is None or score_of(result) >= target


@dataclasses.dataclass(frozen=True)
class Aim:
    """What a training is for: the epoch that it keeps, and what ends it early.

    A history is the list of rows of metrics.jsonl, one for each epoch so far.

    Args:
        metric: A name in `METRICS`: what the best epoch has most of on validation images, and the target is about.
        keep: A name in `KEPT`: whether the weights of the best epoch by validation are kept, or those of the last.
        target_acc: Stop after the epoch whose validation accuracy, or what `metric` names, reaches this share.
        deadline: Stop after the epoch during which `time.monotonic()` passes this.
        judge: Called after every epoch with the history, once it is on disk, and as often as it takes; returns why the
            training should stop, in a word, or None: for good, unless the word is in `UNFINISHED`. It must answer the
            same on the same history.

    Raises:
        BadInput: Unknown metric, or epoch to keep.
    """

    metric: str = "accuracy"
    keep: str = "best"
    target_acc: float | None = None
    deadline: float | None = None
    judge: Callable[[list], str | None] | None = None

    def __post_init__(self):
        check_choice("metric", self.metric, METRICS)
        check_choice("keep", self.keep, KEPT)

    def score(self, row):
        """Returns what the metric is on validation images in an epoch."""
        return row[f"val_{self.metric}"]

    def kept(self, history):
        """Returns the row of the epoch whose weights are kept; {} where there is none. Of equal ones it is the first.

        Example:

        >>> history = [{"epoch": 1, "val_accuracy": 0.5}, {"epoch": 2, "val_accuracy": 0.5}]
        >>> Aim().kept(history)["epoch"], Aim(keep="last").kept(history)["epoch"]
        (1, 2)
        """
        if self.keep == "last":
            return history[-1] if history else {}
        return max(history, key=self.score, default={})

    def stop_reason(self, history, recipe, is_late=False):
        """Returns why a training should stop now: "target", the judge's word, "settled" or "time"; else None.

        After what is `UNFINISHED` it may go on later. A training that is through all its epochs can only have reached
        its target.

        Args:
            history: The rows so far.
            recipe: The `Recipe`, with its `epochs` and its `patience`.
            is_late: Whether the deadline has passed.
        """
        verdict = self.judge(history) if self.judge and history else None  # it sees the epoch that reaches, too
        if self.target_acc is not None and any(self.score(row) >= self.target_acc for row in history):
            return "target"
        if len(history) >= recipe.epochs:
            return None
        if verdict:
            return verdict
        if self.has_settled(history, recipe):
            return "settled"
        return "time" if is_late else None

    def has_settled(self, history, recipe):
        """Returns whether nothing is left to learn: see `Recipe.patience`.

        Example:

        >>> Aim().has_settled([{"accuracy": 1.0, "val_accuracy": 0.9}] * 6, Recipe(epochs=10, patience=0.5))
        True
        """
        length = max(FEWEST_SETTLED, round(recipe.patience * recipe.epochs))
        if not recipe.patience or len(history) <= length:
            return False
        before, last = history[:-length], history[-length:]
        most = max(map(self.score, before))
        return all(row["accuracy"] >= LEARNED and self.score(row) <= most for row in last)
