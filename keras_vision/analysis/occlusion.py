"""Occlusion: how much a class's score falls where a window of the image is covered.

Source: Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2.
"""

import itertools

import numpy as np

from keras_vision.analysis.subject import blank

STEPS = 14  # of the window along a side, of which it covers two


def lacks(subject):
    """Returns None: scores are enough."""
    return None


def explainer(subject):
    """Returns the function that says how much a class's score falls, on average, where a window lies over each pixel.

    The window has the mean colour of the image. Its sides are a seventh of the image's, whatever the image's size.

    Args:
        subject: A `Subject`.

    Returns:
        A function as the head of `explanation.py` has it, without facts.
    """

    def explain(images, classes):
        classes, windows = np.asarray(classes), list(windows_over(*images.shape[1:3]))
        covers, falls = np.zeros(images.shape[1:3]), np.zeros(images.shape[:3])
        for window in windows:
            covers[window] += 1
        before, colours = subject.of_classes(images, classes), blank(images)
        pairs = itertools.product(range(len(images)), windows)
        while piece := list(itertools.islice(pairs, subject.at_once)):
            which = [image for image, _ in piece]
            covered = images[which]
            for one, (image, window) in zip(covered, piece, strict=True):
                one[window] = colours[image]
            after = subject.of_classes(covered, classes[which])
            for (image, window), score in zip(piece, after, strict=True):
                falls[image][window] += before[image] - score
        return (falls / covers).astype("float32"), [{} for _ in images]

    return explain


def windows_over(height, width):
    """Yields windows of an image as pairs of slices; each pixel lies in four of them, or in fewer at the far edges.

    Example:

    >>> next(windows_over(28, 28)), len(list(windows_over(28, 28))), len(list(windows_over(224, 224)))
    ((slice(0, 2, None), slice(0, 2, None)), 225, 225)
    """
    yield from itertools.product(_stretches(height), _stretches(width))


def _stretches(length):
    step = max(1, round(length / STEPS))
    return [slice(max(0, first), first + 2 * step) for first in range(-step, length, step)]
