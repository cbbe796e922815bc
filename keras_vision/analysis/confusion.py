"""Which classes a network takes for which, and the mistakes it is surest of."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from sklearn import metrics

from keras_vision.reporting import style

MOST_NAMED = 30  # classes whose names and counts still fit the figure


@dataclass(frozen=True)
class Mistake:
    """One image that was taken for another class.

    Attributes:
        position: Of the image among those that were given.
        label, prediction: Classes, as numbers.
        probability: What the network gave its prediction, 0 to 1.
    """

    position: int
    label: int
    prediction: int
    probability: float


def confusion_matrix(labels, predictions, num_classes):
    """Counts, for each true class (row), how often each class was predicted (column).

    Args:
        labels: Int array [n].
        predictions: Int array [n].
        num_classes: Number of classes, of which some may be absent.

    Returns:
        Int array [num_classes, num_classes].

    Example:

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    """
    return metrics.confusion_matrix(labels, predictions, labels=np.arange(num_classes))


def confident_mistakes(labels, logits, limit=24):
    """Returns the wrong predictions, those of the highest probability first.

    Args:
        labels: Int array [n].
        logits: Float array [n, num_classes].
        limit: At most so many.

    Returns:
        A list of `Mistake`.
    """
    probabilities = softmax(np.asarray(logits, "float64"), axis=1)
    predictions = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predictions != labels)
    order = wrong[np.argsort(-probabilities[wrong, predictions[wrong]], kind="stable")][:limit]
    return [
        Mistake(int(i), int(labels[i]), int(predictions[i]), float(probabilities[i, predictions[i]])) for i in order
    ]


def plot_confusion(matrix, class_names):
    """Draws a confusion matrix, coloured by the share of each true class.

    Args:
        matrix: Int array [classes, classes] of `confusion_matrix`.
        class_names: One name per class.

    Returns:
        A `matplotlib.figure.Figure`. The counts and names are left out where there are too many classes to read them.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    correct = np.trace(matrix) / max(matrix.sum(), 1)
    figure = style.new_figure(height=6.2)
    title = f"Confusion matrix: {correct:.1%} of {matrix.sum():,} images are right"
    axes = style.new_axes(figure, title=title, x="predicted class", y="true class")
    drawn = axes.imshow(shares, cmap=style.SHARES, vmin=0, vmax=1)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.8, aspect=30, pad=0.02)
    bar.set_label("share of the true class", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    if len(matrix) <= MOST_NAMED:
        positions, names = np.arange(len(matrix)), list(map(style.literal, class_names))
        axes.set_xticks(positions, names, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(positions, names)
        size = min(8, 90 / len(matrix))
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                ink = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, f"{number}", ha="center", va="center", fontsize=size, color=ink)
    return figure


def plot_mistakes(images, mistakes, class_names):
    """Draws mistaken images, each with the class it was taken for, how surely, and its true class.

    Args:
        images: Uint8 array [n, height, width, channels] that the mistakes' positions count in.
        mistakes: A list of `Mistake`.
        class_names: One name per class.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    columns = 6
    rows = max(1, -(-len(mistakes) // columns))
    figure = style.new_figure(height=0.4 + 1.4 * rows)
    figure.suptitle(
        "The most confident mistakes: predicted class with its probability, and true class"
        if mistakes
        else "No mistakes",
        fontsize=9,
    )
    names = list(map(style.literal, class_names))
    for number, mistake in enumerate(mistakes, start=1):
        axes = style.draw_image(figure, (rows, columns, number), images[mistake.position])
        axes.set_title(f"{names[mistake.prediction]}, {mistake.probability:.0%}", fontsize=7, pad=2)
        axes.set_xlabel(f"is {names[mistake.label]}", fontsize=7, labelpad=2, color=style.COLOURS[0])
    return figure
