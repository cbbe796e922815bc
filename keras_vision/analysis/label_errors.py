"""Which labels are probably wrong, by probabilities of a network that was not trained on the images in question.

Confident learning: Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Suspect:
    """An image whose label is probably wrong.

    Args:
        position: Of the image among those that were given.
        label, guess: The class that it has, and the one that it probably shows, as numbers.
        label_probability, guess_probability: What the network gives to both, 0 to 1.
    """

    position: int
    label: int
    guess: int
    label_probability: float
    guess_probability: float


def class_thresholds(probabilities, labels):
    """Returns how sure the network must be of each class to count: as sure as it is of those labelled so, on average.

    Args:
        probabilities: Float array [n, classes].
        labels: Int array [n].

    Returns:
        Float array [classes]; infinity for a class without images.

    Example:

    >>> class_thresholds(np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]]), np.array([0, 0, 1])).round(2).tolist()
    [0.8, 0.8]
    """
    thresholds = np.full(probabilities.shape[1], np.inf)
    for label in np.unique(labels):
        thresholds[label] = probabilities[labels == label, label].mean()
    return thresholds


def confident_joint(probabilities, labels):
    """Counts, for each class that images are labelled with (row), which class they show (column).

    An image shows the class whose threshold it reaches, of several the likeliest. Images that reach none are not
    counted, but rows are scaled to the number of images with the label.

    Args:
        probabilities, labels: As in `class_thresholds`.

    Returns:
        Float array [classes, classes].

    Example:

    >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.05, 0.95]])
    >>> confident_joint(sure, np.array([0, 0, 1, 0])).tolist()
    [[2.0, 1.0], [0.0, 1.0]]
    """
    classes = probabilities.shape[1]
    reaches = probabilities >= class_thresholds(probabilities, labels)
    shown = np.where(reaches, probabilities, -1).argmax(axis=1)
    is_sure = reaches.any(axis=1)
    joint = np.zeros((classes, classes))
    np.add.at(joint, (labels[is_sure], shown[is_sure]), 1)
    return joint * (np.bincount(labels, minlength=classes) / np.maximum(joint.sum(axis=1), 1))[:, None]


def label_suspects(probabilities, labels):
    """Finds labels that are probably wrong, those that the network believes least first.

    The confident joint tells how many images of each class show another one; so many of the class, those whose label
    has the lowest probability, are suspected ("prune by class"), as far as the network prefers another class.

    Args:
        probabilities: Float array [n, classes] of a network that was not trained on these images.
        labels: Int array [n].

    Returns:
        A list of `Suspect`.

    Example:

    >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.05, 0.95]])
    >>> [one.position for one in label_suspects(sure, np.array([0, 0, 1, 0]))]
    [3]
    """
    joint = confident_joint(probabilities, labels)
    counts = np.rint(joint.sum(axis=1) - joint.diagonal()).astype(int)
    own, guesses = probabilities[np.arange(len(labels)), labels], probabilities.argmax(axis=1)
    suspected = []
    for label, count in enumerate(counts):
        members = np.flatnonzero(labels == label)
        least = members[np.argsort(own[members], kind="stable")][:count]
        suspected += least[guesses[least] != label].tolist()
    suspected.sort(key=lambda i: own[i])
    return [
        Suspect(i, int(labels[i]), int(guesses[i]), float(own[i]), float(probabilities[i, guesses[i]]))
        for i in suspected
    ]
