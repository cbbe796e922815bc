"""What "reached" means, in one place: the accuracy on new images is, with a stated confidence, at least the target.

A search chooses among many trainings by the same validation images, and the best of several flatters. So what it found
is trained anew, with other seeds and, where these were carved from the training images, on other validation images for
each. Of these trainings nothing is chosen: not the epoch, not one among them. Their accuracy, less what chance may have
added, is what counts. Chance is in the images that were seen, and in the training: a person gets one network, which
lies beside the mean of such networks.
"""

import dataclasses
import itertools
import math

import numpy as np

from keras_vision.errors import BadInput
from keras_vision.training.scores import METRICS

CONFIDENCE = 0.95  # one in twenty of the networks that just meet a target may miss it on new images
Z = 1.6448536269514722  # the normal quantile of that confidence, one-sided
CONFIRMATIONS = 3  # at least
# The standard deviation of equal trainings with other seeds, as a share of their error; docs/results/search.md says how
# it was measured.
DEVIATION = 0.03
# A network that misses by more than so many standard errors of what is known is not trained yet again.
FUTILE = 2.0


def lower_bound(score, images, trainings=math.inf):
    """Returns what the accuracy of such a network on new images is at least, with the confidence `CONFIDENCE`.

    Args:
        score: The accuracy on images by which nothing was chosen, mean over trainings.
        images: Their number; of balanced accuracy, `effective_images` of them.
        trainings: How many equal trainings the mean is of. By default the bound is of their mean and not of one more.

    Example:

    >>> round(lower_bound(0.9, 1_000), 4), round(lower_bound(0.9, 1_000, trainings=3), 4)
    (0.8833, 0.8819)

    Source: Wilson 1927, the lower limit of the score interval, with the variance between trainings added.
    """
    # The error q for which score = 1 - q + Z sqrt(q (1 - q) / images + extra q^2): a quadratic equation.
    error, chance, extra = 1 - score, Z**2 / images, Z**2 * _variance_of_one(trainings)
    square, linear = 1 + chance - extra, 2 * error + chance
    return max(0.0, 1 - (linear + math.sqrt(linear**2 - 4 * square * error**2)) / (2 * square))


def needed(target, images, trainings=math.inf):
    """Returns the smallest accuracy on so many images that shows that a target is reached; arguments as `lower_bound`.

    Example:

    >>> goal = needed(0.9, 18_000, trainings=3)
    >>> round(goal, 4), round(lower_bound(goal, 18_000, trainings=3), 4)
    (0.9068, 0.9)
    """
    error = 1 - target
    return min(1.0, target + Z * math.sqrt(target * error / images + _variance_of_one(trainings) * error**2))


def _variance_of_one(trainings):
    """Returns the variance of one training about the mean of others, as a share of the error squared."""
    return 0.0 if trainings == math.inf else DEVIATION**2 * (1 + 1 / trainings)


def effective_images(labels, metric):
    """Returns how many images, each as likely of any class, would tell as much as these.

    Of balanced accuracy, the mean of the classes' recalls, the rarest classes decide how much is known: its variance is
    that of as many images as the harmonic mean of the classes' numbers says.

    Args:
        labels: Int array [n].
        metric: "accuracy" or "balanced_accuracy".

    Example:

    >>> round(effective_images(np.array([0] * 970 + [1] * 30), "balanced_accuracy"))
    116
    """
    if metric == "accuracy":
        return float(len(labels))
    counts = np.unique(labels, return_counts=True)[1]
    return len(counts) ** 2 / float((1 / counts).sum())


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
    """

    target: float | None
    metric: str = "accuracy"
    confirmations: int = 0
    images: float = math.inf
    folds: float = math.inf

    @property
    def usual_confirmations(self):
        """How many trainings it takes to show the target of a network that makes half the mistakes it may make.

        There are at least `CONFIRMATIONS`, and none more whose validation images others have seen; 0 without a target.
        """
        if self.target is None:
            return 0
        images = 4 * Z**2 * self.target / max(1 - self.target, 1e-9)  # where Z standard deviations are half the error
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
            f"confidence. Give {', '.join(mends)}, or --confirm 0, which leaves it at the images of the search."
        )

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
        of = "the validation images" if self.metric == "accuracy" else f"{METRICS[self.metric]} on validation images"
        return f"To show {self.target:g} with {CONFIDENCE:.0%} confidence, a network needs {self.score:.4f} of {of}."

    def _seen(self, trainings):
        return self.images * min(trainings, self.folds)


def make_goal(target, metric, confirmations, data):
    """Returns the `Goal` of a search on a `Dataset`; `confirmations` of None are `Goal.usual_confirmations`."""
    images = effective_images(data.validation.labels, metric)
    folds = 1 if data.seed is None else max(1, len(data.train) // len(data.validation))
    goal = Goal(target, metric, images=images, folds=folds)
    usual = goal.usual_confirmations
    return dataclasses.replace(goal, confirmations=usual if confirmations is None else confirmations)
