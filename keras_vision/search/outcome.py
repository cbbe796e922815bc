"""What "reached" means, in one place: the accuracy on new images is, with a stated confidence, at least the target.

A search chooses among many trainings by the same validation images, and the best of several flatters. So what it found
is trained anew, with other seeds and, where these were carved from the training images, on other validation images for
each. Of these trainings nothing is chosen: not the epoch, not one among them. Their accuracy, less what chance may have
added, is what counts.
"""

import dataclasses
import math

import numpy as np

from keras_vision.errors import BadInput
from keras_vision.training.scores import METRICS

CONFIDENCE = 0.9  # one in ten of the networks that just meet a target may miss it on new images
Z = 1.2815515655446004  # the normal quantile of that confidence, one-sided
CONFIRMATIONS = 3
# A network that misses by more than so many standard errors of what is known is not trained yet again.
FUTILE = 2.0


def lower_bound(score, images):
    """Returns what the accuracy on new images is at least, with the confidence `CONFIDENCE`.

    Args:
        score: The accuracy on images by which nothing was chosen.
        images: Their number; of balanced accuracy, `effective_images` of them.

    Example:

    >>> round(lower_bound(0.9, 1_000), 4)
    0.8872

    Source: Wilson 1927, the lower limit of the score interval.
    """
    centre = score + Z**2 / (2 * images)
    spread = Z * math.sqrt(score * (1 - score) / images + Z**2 / (4 * images**2))
    return max(0.0, (centre - spread) / (1 + Z**2 / images))


def needed(target, images):
    """Returns the smallest accuracy on so many images that shows that a target is reached.

    Example:

    >>> goal = needed(0.9, 18_000)
    >>> round(goal, 4), lower_bound(goal, 18_000) >= 0.9 > lower_bound(goal - 1 / 18_000, 18_000)
    (0.9029, True)
    """
    # Wilson's limit turned round: the score that lies Z standard deviations of the target above it.
    return min(1.0, target + Z * math.sqrt(target * (1 - target) / images))


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
    def score(self):
        """What a network must have on validation images to be taken for one that reaches the target; None without one.

        It does not depend on `confirmations`, so that a search can be confirmed later. All images must be right for a
        target of 1, which no number of images shows.
        """
        return None if self.target is None else needed(self.target, self._seen(CONFIRMATIONS))

    def bound(self, scores):
        """Returns what trainings with these scores show: the accuracy on new images is at least that."""
        return lower_bound(sum(scores) / len(scores), self._seen(len(scores)))

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
        mends = ["a lower target", "more images"]
        if self.target < 1:
            trainings = math.ceil(Z**2 * self.target / (1 - self.target) / self.images)
            mends += [f"--confirm {trainings}"] * (trainings <= self.folds)
        else:
            mends.pop()
        most = self.bound([1.0] * self.confirmations)
        raise BadInput(
            f"The target {self.target:g} cannot be shown with {self._seen(self.confirmations):,.0f} validation images: "
            f"a network that makes no mistake shows {math.floor(1e4 * most) / 1e4:.4f} with {CONFIDENCE:.0%} "
            f"confidence. Give {', '.join(mends)}, or --confirm 0, which leaves it at the images of the search."
        )

    def is_futile(self, scores):
        """Returns whether the first trainings leave no hope that all of them will show it."""
        if self.target is None or not scores:
            return False
        seen, mean = self._seen(len(scores)), sum(scores) / len(scores)
        return mean + FUTILE * math.sqrt(max(mean * (1 - mean), 1 / seen) / seen) < self.target

    def sentence(self):
        """Returns what is asked of the networks, in words; "" where that is just the target."""
        if self.score == self.target:
            return ""
        of = "the validation images" if self.metric == "accuracy" else f"{METRICS[self.metric]} on validation images"
        return f"To show {self.target:g} with {CONFIDENCE:.0%} confidence, a network needs {self.score:.4f} of {of}."

    def _seen(self, trainings):
        return self.images * min(trainings, self.folds)


def make_goal(target, metric, confirmations, data):
    """Returns the `Goal` of a search on a `Dataset`."""
    images = effective_images(data.validation.labels, metric)
    folds = 1 if data.seed is None else max(1, len(data.train) // len(data.validation))
    return Goal(target, metric, confirmations, images, folds)
