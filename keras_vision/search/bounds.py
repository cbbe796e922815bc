"""What right answers on some images say about new ones: bounds that hold with a stated confidence."""

import collections
import math
from collections.abc import Sequence

CONFIDENCE = 0.95  # one in twenty of the networks that just meet a target may miss it on new images
Z = 1.6448536269514722  # the normal quantile of that confidence, one-sided
# The standard deviation of equal trainings with other seeds, as a share of their error; docs/results/search.md says how
# it was measured.
DEVIATION = 0.03


def lower_bound(score: float, images: float, trainings: float = math.inf) -> float:
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


def needed(target: float, images: float, trainings: float = math.inf) -> float:
    """Returns the smallest accuracy on so many images that shows that a target is reached; arguments as `lower_bound`.

    Example:

    >>> goal = needed(0.9, 18_000, trainings=3)
    >>> round(goal, 4), round(lower_bound(goal, 18_000, trainings=3), 4)
    (0.9068, 0.9)
    """
    error = 1 - target
    return min(1.0, target + Z * math.sqrt(target * error / images + _variance_of_one(trainings) * error**2))


def _variance_of_one(trainings: float) -> float:
    """Returns the variance of one training about the mean of others, as a share of the error squared."""
    return 0.0 if trainings == math.inf else DEVIATION**2 * (1 + 1 / trainings)


def effective_images(labels: Sequence[int], metric: str) -> float:
    """Returns how many images, each as likely of any class, would tell as much as these.

    Of balanced accuracy, the mean of the classes' recalls, the rarest classes decide how much is known: its variance is
    that of as many images as the harmonic mean of the classes' numbers says.

    Args:
        labels: Whole numbers, such as an int array [n].
        metric: "accuracy" or "balanced_accuracy".

    Example:

    >>> round(effective_images([0] * 970 + [1] * 30, "balanced_accuracy"))
    116
    """
    if metric == "accuracy":
        return float(len(labels))
    counts = collections.Counter(map(int, labels)).values()
    return len(counts) ** 2 / sum(1 / count for count in counts)
