"""Occlusion: how much less probable a class is where a window of the image is covered.

Source: Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2.
"""

import itertools

import numpy as np
from scipy.special import log_softmax

from keras_vision.analysis.subject import blank

# Steps of the window along a side, and those that it covers. One that covers two leaves more of what it is to hide: the
# maps of an LSTM then pointed at 78 of 100 planted patches, and with three at 98.
STEPS, COVERED = 14, 3


def lacks(subject):
    """Returns None: scores are enough."""
    return None


def explainer(subject):
    """Returns the function that says how much the logarithm of a class's probability falls where a pixel is covered.

    It is the mean over all windows that cover the pixel. A window has the mean colour of the image, and sides of a
    fifth of the image's, whatever the image's size.

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
        before, colours = subject.of_classes(images, classes, log_softmax), blank(images)
        pairs = itertools.product(range(len(images)), windows)
        while piece := list(itertools.islice(pairs, subject.at_once)):
            which = [image for image, _ in piece]
            covered = images[which]
            for one, (image, window) in zip(covered, piece, strict=True):
                one[window] = colours[image]
            after = subject.of_classes(covered, classes[which], log_softmax)
            for (image, window), score in zip(piece, after, strict=True):
                falls[image][window] += before[image] - score
        return (falls / covers).astype("float32"), [{} for _ in images]

    return explain


def windows_over(height, width):
    """Yields windows of an image as pairs of slices; each pixel lies in nine of them.

    Example:

    >>> next(windows_over(28, 28)), len(list(windows_over(28, 28))), len(list(windows_over(224, 224)))
    ((slice(0, 2, None), slice(0, 2, None)), 256, 256)
    """
    yield from itertools.product(_stretches(height), _stretches(width))


def _stretches(length):
    step = max(1, round(length / STEPS))
    return [slice(max(0, first), first + COVERED * step) for first in range((1 - COVERED) * step, length, step)]
