"""What a network is judged by: its accuracies and cross-entropy; and how much each class weighs in training."""

import numpy as np

# No class weighs more than so many times the lightest. One image of a rare class would otherwise shake every weight.
HEAVIEST = 10.0


def right_answers(predictions, labels, num_classes):
    """Returns how many images of each class are recognised, and how many there are: two int arrays [classes].

    Example:

    >>> [numbers.tolist() for numbers in right_answers(np.array([0, 0, 1]), np.array([0, 0, 0]), 2)]
    [[2, 0], [3, 0]]
    """
    right = np.bincount(labels[predictions == labels], minlength=num_classes)
    return right, np.bincount(labels, minlength=num_classes)


def recalls(predictions, labels, num_classes):
    """Returns the share of each class's images that is recognised, float64 [classes]; NaN for a class without images.

    Example:

    >>> recalls(np.array([0, 0, 1]), np.array([0, 0, 0]), 2).round(2).tolist()
    [0.67, nan]
    """
    right, counts = right_answers(predictions, labels, num_classes)
    return np.divide(right, counts, out=np.full(num_classes, np.nan), where=counts > 0)


def log_probabilities(logits):
    """Returns the float64 log of the softmax of logits [n, classes]."""
    from scipy.special import log_softmax

    return log_softmax(np.asarray(logits, "float64"), axis=1)


def scores(logits, labels, label_smoothing=0.0):
    """Returns how well logits name the labels.

    Args:
        logits: Float array [n, classes].
        labels: Int array [n].
        label_smoothing: Share of each label spread over all classes, for `loss` alone.

    Returns:
        A dict of floats: loss; accuracy, a quotient of two counts; balanced_accuracy, the mean recall of the classes
        that have images (Brodersen et al. 2010); and crossentropy, without smoothing.

    Example:

    >>> logits = np.array([[9.0, 0.0]] * 4)
    >>> found = scores(logits, np.array([0, 0, 0, 1]))
    >>> found["accuracy"], found["balanced_accuracy"]
    (0.75, 0.5)
    """
    logs = log_probabilities(logits)
    predictions = np.asarray(logits).argmax(axis=1)
    crossentropy = 0.0 - float(logs[np.arange(len(labels)), labels].mean())
    return {
        "loss": (1 - label_smoothing) * crossentropy - label_smoothing * float(logs.mean()),
        "accuracy": int((predictions == labels).sum()) / len(labels),
        "balanced_accuracy": float(np.nanmean(recalls(predictions, labels, logits.shape[1]))),
        "crossentropy": crossentropy,
    }


def class_weights(labels, num_classes):
    """Returns a weight for each class, inversely to its number of images, so that all classes count alike.

    Args:
        labels: Int array [n], the labels of the training images.
        num_classes: Number of classes.

    Returns:
        float32 array [classes]. The mean over all images is 1, so that the learning rate keeps its meaning; no class
        weighs more than `HEAVIEST` times the lightest.

    Example:

    >>> class_weights(np.array([0, 0, 0, 0, 1, 1]), 2).tolist()
    [0.75, 1.5]
    """
    counts = np.maximum(np.bincount(labels, minlength=num_classes), 1)
    weights = np.minimum(counts.max() / counts, HEAVIEST)
    return (weights / weights[labels].mean()).astype("float32")
