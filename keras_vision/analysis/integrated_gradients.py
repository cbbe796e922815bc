"""Integrated gradients: what each pixel adds to a class's score on the way from a blank image to the image.

Source: Sundararajan et al. 2017, "Axiomatic attribution for deep networks", section 3.
"""

import numpy as np

from keras_vision.analysis.subject import blank, lacks_gradients, slopes

TOLERANCE = 0.01  # how far the pixels' sum may be from the difference of the scores, as a share of it
LEAST_STEPS, MOST_STEPS = 16, 1024
SMALLEST = 0.01  # a difference of scores that counts as one


def explain(subject, images, classes):
    """Returns what each pixel adds to the score of a class, and how exactly it adds up.

    The gradients along the way are averaged by the trapezoidal rule. Its steps are halved, image by image, until the
    pixels add up to the difference of the scores, within `TOLERANCE` of it; what was computed is used again.

    Args:
        subject: A `Subject` with a model.
        images: Float32 array [n, height, width, channels] of raw pixels.
        classes: Int array [n], the class that each is explained for.

    Returns:
        (Float32 array [n, height, width], list of n dicts of steps, their number, and deviation, how far the sum is
        from the difference of the scores, as a share of it).
    """
    start = blank(images)
    way = images - start
    difference = subject.of_classes(images, classes) - subject.of_classes(start + 0 * images, classes)
    path = _Path(subject, start, way, classes)
    steps, left = np.ones(len(images), int), np.arange(len(images))
    slope = (path.sums(left, [0.0]) + path.sums(left, [1.0])) / 2
    while len(left):
        count = steps[left[0]]
        slope[left] = (slope[left] + path.sums(left, (np.arange(count) + 0.5) / count) / count) / 2
        steps[left] *= 2
        added = (way * slope).sum(axis=(1, 2, 3))
        error = np.abs(added - difference) / np.maximum(np.abs(difference), SMALLEST)
        left = left[(steps[left] < LEAST_STEPS) | ((error[left] > TOLERANCE) & (steps[left] < MOST_STEPS))]
    facts = [{"steps": int(count), "deviation": round(float(far), 6)} for count, far in zip(steps, error, strict=True)]
    return (way * slope).sum(axis=-1).astype("float32"), facts


def lacks(subject):
    """Returns what the subject lacks, or None."""
    return lacks_gradients(subject)


class _Path:
    """The straight way of each image from its blank one: `start` [n, 1, 1, c], `way` [n, h, w, c] to go."""

    def __init__(self, subject, start, way, classes):
        self.subject, self.start, self.way, self.classes = subject, start, way, np.asarray(classes)

    def sums(self, chosen, places):
        """Returns the sums of the gradients of the images `chosen` over places on the way, 0 to 1, as float64."""
        total = np.zeros((len(chosen), *self.way.shape[1:]))
        rows, places = (one.ravel() for one in np.meshgrid(np.arange(len(chosen)), places, indexing="ij"))
        for first in range(0, len(rows), self.subject.at_once):
            row, place = (one[first : first + self.subject.at_once] for one in (rows, places))
            which = chosen[row]
            points = self.start[which] + place[:, None, None, None] * self.way[which]
            np.add.at(total, row, slopes(self.subject.model, points.astype("float32"), self.classes[which]))
        return total
