"""What numbers say of a model's answers: shares with their intervals, balance between classes, calibration."""

import numpy as np
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score, top_k_accuracy_score

from keras_vision.training.validation_scores import right_answers

TOP = 5  # classes that may be named, where there are more
# Equal ranges of confidence over which the calibration error is summed (Guo et al. 2017, section 2).
CALIBRATION_BINS = 15


def share(correct, n):
    """Returns accuracy, n and the accuracy's 95% interval (Wilson 1927) of `correct` right answers in `n`.

    Example:

    >>> share(90, 100)
    {'accuracy': 0.9, 'n': 100, 'interval': [0.8256, 0.9448]}
    """
    correct, n = int(correct), int(n)
    interval = binomtest(correct, n).proportion_ci(0.95, method="wilson")
    return {
        "accuracy": correct / n,
        "n": n,
        "interval": [round(float(interval.low), 4), round(float(interval.high), 4)],
    }


def balance(predictions, labels, class_names):
    """Returns what accuracy hides where classes are unequal.

    Args:
        predictions, labels: Int arrays [n].
        class_names: One name per class. Classes without images do not count.

    Returns:
        A dict: balanced_accuracy, the mean recall; balanced_interval, its 95% interval; worst_class, its name, recall
        and n, of equally bad ones that with the most images; and class_sizes, images of the smallest and the largest.

    The interval is that of a mean of independent shares, m in number: the normal approximation after adding 2/m right
    and 2/m wrong answers to each (Price & Bonett 2004, Computational Statistics & Data Analysis 45:449-456; of one
    class it is Agresti and Coull's).

    Example:

    >>> found = balance(np.array([0] * 8), np.array([0] * 6 + [1] * 2), ("cat", "dog"))
    >>> found["balanced_accuracy"], found["worst_class"]
    (0.5, {'name': 'dog', 'recall': 0.0, 'n': 2})
    """
    right, counts = right_answers(predictions, labels, len(class_names))
    present = np.flatnonzero(counts)
    counts, right, m = counts[present], right[present], len(present)
    shares = (right + 2 / m) / (counts + 4 / m)
    deviation = np.sqrt((shares * (1 - shares) / (counts + 4 / m)).sum()) / m
    low, high = np.clip(shares.mean() + np.array([-1.96, 1.96]) * deviation, 0, 1)
    worst = min(range(m), key=lambda place: (right[place] / counts[place], -counts[place]))
    return {
        "balanced_accuracy": float((right / counts).mean()),
        "balanced_interval": [round(float(low), 4), round(float(high), 4)],
        "worst_class": {
            "name": class_names[present[worst]],
            "recall": float(right[worst] / counts[worst]),
            "n": int(counts[worst]),
        },
        "class_sizes": [int(counts.min()), int(counts.max())],
    }


def majority_warning(labels, class_names, target_acc, metric="accuracy"):
    """Returns that the largest class alone reaches a target on accuracy, as a sentence; None where it does not.

    Args:
        labels: Int array [n] of the images that the target is about.
        class_names: One name per class.
        target_acc, metric: As in `keras_vision.training.aim.Aim`.

    Example:

    >>> majority_warning(np.array([0] * 9 + [1]), ("healthy", "ill"), 0.85)[:46]
    "90% of the validation images are 'healthy': a "
    """
    if target_acc is None or metric != "accuracy":
        return None
    counts = np.bincount(labels, minlength=len(class_names))
    largest = int(counts.argmax())
    most = counts[largest] / len(labels)
    if most < target_acc:
        return None
    return (
        f"{most:.0%} of the validation images are {class_names[largest]!r}: a model that always says so has an "
        f"accuracy of {most:.2f}. --metric balanced_accuracy asks for more."
    )


def details(logits, labels, class_names):
    """Returns what tells more than one accuracy does.

    Args:
        logits: Float array [n, classes].
        labels: Int array [n].
        class_names: One name per class.

    Returns:
        A dict: calibration_error, calibration_bins and brier; classes, a list of `class_rows`, each with the auc that
        `class_areas` gives; auc, the mean of these; and top5 (accuracy, n, interval) where there are more than five
        classes.
    """
    probabilities = softmax(logits.astype("float64"), axis=1)
    rows, areas = class_rows(logits.argmax(axis=1), labels, class_names), class_areas(probabilities, labels)
    result = {
        "calibration_error": calibration_error(probabilities, labels),
        "calibration_bins": CALIBRATION_BINS,
        "brier": brier_score(probabilities, labels),
        "classes": [row | {"auc": auc} for row, auc in zip(rows, areas, strict=True)],
        "auc": float(np.mean(defined)) if (defined := [area for area in areas if area is not None]) else None,
    }
    if len(class_names) <= TOP:
        return result
    every = np.arange(len(class_names))
    named = top_k_accuracy_score(labels, logits, k=TOP, labels=every, normalize=False)
    return {f"top{TOP}": share(named, len(labels))} | result


def class_areas(probabilities, labels):
    """Returns for each class the area under its ROC curve, against all others; None where images of either lack.

    It is the chance that an image of the class gets a higher probability of it than an image of another one.

    Args:
        probabilities: Float array [n, classes].
        labels: Int array [n].

    Example:

    >>> class_areas(np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]), np.array([0, 1, 1, 0]))
    [1.0, 1.0]

    Source: Fawcett 2006, "An introduction to ROC analysis", sections 7 and 9.2.
    """
    members = (labels == number for number in range(probabilities.shape[1]))
    return [
        float(roc_auc_score(own, column)) if 0 < own.sum() < len(labels) else None
        for own, column in zip(members, probabilities.T, strict=True)
    ]


def calibration_error(probabilities, labels, bins=CALIBRATION_BINS):
    """Returns how far confidence and accuracy lie apart: the gap in each range of confidence, weighted by its images.

    Args:
        probabilities: Float array [n, classes].
        labels: Int array [n].
        bins: Number of equal ranges of the highest probability.

    Example:

    >>> calibration_error(np.array([[0.8, 0.2]] * 10), np.array([0] * 8 + [1] * 2)) < 1e-9
    True

    Source: Guo et al. 2017, equation 3 (expected calibration error).
    """
    rows = reliability(probabilities, labels, bins)
    return sum(row["n"] * abs(row["accuracy"] - row["confidence"]) for row in rows) / len(labels)


def reliability(probabilities, labels, bins=CALIBRATION_BINS):
    """Returns a dict for each range of confidence that has images: n, mean confidence, accuracy and its 95% interval.

    Arguments as in `calibration_error`.

    Source: Guo et al. 2017, section 2 (reliability diagrams).
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    ranges = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(int)
    members = (ranges == number for number in np.unique(ranges))
    return [share(right[own].sum(), own.sum()) | {"confidence": float(confidence[own].mean())} for own in members]


def brier_score(probabilities, labels):
    """Returns the mean squared distance of probabilities [n, classes] from the truth, 0 (best) to 2.

    Example:

    >>> brier_score(np.array([[0.5, 0.5]]), np.array([0]))
    0.5

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability".
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return float(np.square(probabilities - truth).sum(axis=1).mean())


def calibration_scores(probabilities, labels):
    """Returns what tells how far probabilities can be trusted: calibration_error, brier and crossentropy, as a dict."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return {
        "calibration_error": calibration_error(probabilities, labels),
        "brier": brier_score(probabilities, labels),
        "crossentropy": float(-np.log(np.maximum(of_truth, np.finfo("float64").tiny)).mean()),
    }


def class_rows(predictions, labels, class_names):
    """Returns a dict for each class: name, n, precision, recall, interval (of the recall, 95%), f1 and specificity.

    Specificity is the share of the other classes' images that were not taken for this one.

    Args:
        predictions, labels: Int arrays [n].
        class_names: One name per class.

    A number that is not defined is None: the recall of a class without images, the precision of one never predicted.
    """
    every = np.arange(len(class_names))
    scores = precision_recall_fscore_support(labels, predictions, labels=every, zero_division=np.nan)
    right, counts = right_answers(predictions, labels, len(class_names))
    wrongly, others = np.bincount(predictions, minlength=len(class_names)) - right, len(labels) - counts
    specificities = 1 - np.divide(wrongly, others, out=np.full(len(others), np.nan), where=others > 0)
    rows = []
    for name, correct, specificity, *measured, n in zip(class_names, right, specificities, *scores, strict=True):
        numbers = dict(zip(("precision", "recall", "f1"), measured, strict=True)) | {"specificity": specificity}
        rows.append(
            {"name": name, "n": int(n), "interval": share(correct, n)["interval"] if n else None}
            | {key: None if np.isnan(number) else float(number) for key, number in numbers.items()}
        )
    return rows
