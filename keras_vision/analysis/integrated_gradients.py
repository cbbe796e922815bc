"""Integrated gradients: what each pixel adds to a class's score on the way from a blank image to the image.

Source: Sundararajan et al. 2017, "Axiomatic attribution for deep networks", section 3.
"""

import numpy as np

from keras_vision.analysis.subject import blank, lacks_gradients, slope_function

TOLERANCE = 0.01  # how far the pixels' sum may be from the difference of the scores, as a share of it
LEAST_STEPS, MOST_STEPS = 16, 4096  # more than 1,024 only where the two scores are nearly equal
SMALLEST = 0.01  # a difference of scores that counts as one


def lacks(subject):
    """Returns what the subject lacks, or None."""
    return lacks_gradients(subject)


def explainer(subject):
    """Returns the function that says what each pixel adds to a class's score, and how exactly that adds up.

    The gradients along the way are averaged by the trapezoidal rule. Its steps are halved, image by image, until the
    pixels add up to the difference of the scores, within `TOLERANCE` of it; what was computed is used again.

    Args:
        subject: A `Subject` with a model.

    Returns:
        A function as the head of `explanation.py` has it. Its facts are steps, their number; and deviation, how far the
        sum is from the difference of the scores, as a share of it.
    """
    slopes = slope_function(subject.model)

    def explain(images, classes):
        start = blank(images)
        path = _Path(start, images - start, np.asarray(classes), slopes, subject.at_once)
        before = subject.of_classes(np.broadcast_to(start, images.shape), classes)
        added, steps, deviation = _integrate(path, subject.of_classes(images, classes) - before)
        facts = [{"steps": int(n), "deviation": round(float(far), 6)} for n, far in zip(steps, deviation, strict=True)]
        return added.sum(axis=-1).astype("float32"), facts

    return explain


def _integrate(path, difference):
    """Returns what each value of each pixel adds [n, h, w, c], the steps [n] that it took, and the deviation [n]."""
    left = np.arange(len(difference))
    slope, steps = (path.sums(left, [0.0]) + path.sums(left, [1.0])) / 2, np.ones(len(left), int)
    while len(left):
        count = steps[left[0]]
        slope[left] = (slope[left] + path.sums(left, (np.arange(count) + 0.5) / count) / count) / 2
        steps[left] *= 2
        added = path.way * slope
        missing = np.abs(added.sum(axis=(1, 2, 3)) - difference)
        deviation = missing / np.maximum(np.abs(difference), SMALLEST)
        is_open = (steps < LEAST_STEPS) | ((deviation > TOLERANCE) & (steps < MOST_STEPS))
        left = left[is_open[left]]
    return added, steps, deviation


class _Path:
    """The straight way of each image from its blank one: `start` [n, 1, 1, c], and `way` [n, h, w, c] to go."""

    def __init__(self, start, way, classes, slopes, at_once):
        self.start, self.way, self.classes, self.slopes, self.at_once = start, way, classes, slopes, at_once

    def sums(self, chosen, places):
        """Returns the sums of the gradients of the images `chosen` over places on the way, 0 to 1, as float64."""
        total = np.zeros((len(chosen), *self.way.shape[1:]))
        rows, places = (one.ravel() for one in np.meshgrid(np.arange(len(chosen)), places, indexing="ij"))
        for first in range(0, len(rows), self.at_once):
            row, place = (one[first : first + self.at_once] for one in (rows, places))
            which = chosen[row]
            points = self.start[which] + place[:, None, None, None] * self.way[which]
            np.add.at(total, row, self.slopes(points.astype("float32"), self.classes[which]))
        return total
