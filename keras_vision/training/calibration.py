"""Calibration: makes a model's confidence mean what it says, and says from which confidence on to trust its answers."""

import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import binomtest

from keras_vision.errors import BadInput
from keras_vision.training.metrics import calibration_scores
from keras_vision.training.validation_scores import scores

_MOST = 20.0  # a temperature is at most this, and at least its inverse
# Shares of the images, the most confident first, of which a calibration keeps how many answers are right.
_SHARES = 20
CONFIDENCE = 0.95  # that the precision holds on new images of the same kind


def calibrate(logits, labels):
    """Returns what a model file keeps of a calibration.

    Args:
        logits: Float array [n, classes], for images that the model was not trained on.
        labels: Int array [n].

    Returns:
        A dict: temperature; images, n; and answered, a list of dicts of threshold (a confidence after calibration),
        answered (how many images have at least that), right (of how many of them the class is right) and shown (what
        `shown_precision` says of these).
    """
    temperature = fit_temperature(logits, labels)
    probabilities = calibrated_probabilities(logits, temperature)
    return {"temperature": temperature, "images": len(labels), "answered": answered_rows(probabilities, labels)}


def fit_temperature(logits, labels):
    """Returns the temperature by which logits are divided so that their cross-entropy for labels is least.

    Few images that are all right would ask for a temperature of zero: its logarithm is drawn to zero, by as much as a
    standard normal prior does. Of thousands of images that changes nothing.

    Args:
        logits: Float array [n, classes].
        labels: Int array [n].

    Example:

    >>> round(fit_temperature(np.tile([2.0, 0.0], (1000, 1)), np.array([0] * 731 + [1] * 269)), 1)  # 1.0 would be right
    2.0

    Source: Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    logits = np.asarray(logits, "float64")

    def badness(log_temperature):
        crossentropy = scores(logits / math.exp(log_temperature), labels)["crossentropy"]
        return len(labels) * crossentropy + log_temperature**2 / 2

    limits = (-math.log(_MOST), math.log(_MOST))
    return round(math.exp(minimize_scalar(badness, bounds=limits, method="bounded").x), 3)


def calibrated(logits, temperature):
    """Returns logits [n, classes] divided by a temperature.

    In float64, in which different float32 numbers stay different: the class with the highest logit stays the same.
    """
    return logits if temperature == 1 else np.asarray(logits, "float64") / temperature


def calibrated_probabilities(logits, temperature=1.0):
    """Returns float64 probabilities [n, classes] of logits at a temperature."""
    return softmax(np.asarray(calibrated(logits, temperature), "float64"), axis=1)


def temperature_of(card):
    """Returns the temperature that a model file's card states; 1 where it states none."""
    return float(card.get("calibration", {}).get("temperature", 1))


def before_and_after(logits, labels, temperature):
    """Returns `calibration_scores` before and after a calibration, as a dict."""
    return {
        name: calibration_scores(calibrated_probabilities(logits, of), labels)
        for name, of in (("before", 1.0), ("after", temperature))
    }


def answered_rows(probabilities, labels):
    """Returns the list `answered` of `calibrate`, from the fewest answers to all; that of all has the threshold 0."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    falling = np.sort(confidence)[::-1]
    places = [math.ceil(len(labels) * part / _SHARES) - 1 for part in range(1, _SHARES)]
    rows = []
    for threshold in [*dict.fromkeys(falling[places].tolist()), 0.0]:
        is_answered = confidence >= threshold
        counts = {"answered": int(is_answered.sum()), "right": int(right[is_answered].sum())}
        rows.append({"threshold": threshold, **counts, "shown": shown_precision(**counts)})
    return rows


def shown_precision(answered, right):
    """Returns the precision on new images that so many right answers show, with the confidence `CONFIDENCE`.

    It holds for the best of all shares at once (Bonferroni), whichever is chosen by looking at these images.

    Args:
        answered: How many images were answered.
        right: How many of them rightly.

    Example:

    >>> round(shown_precision(1_000, 990), 3)
    0.978

    Source: Clopper & Pearson 1934, the lower limit; as Geifman & El-Yaniv 2017, "Selective classification for deep
    neural networks", section 3, bound the risk of answers.
    """
    chance = (1 - CONFIDENCE) / _SHARES
    return float(binomtest(right, answered).proportion_ci(1 - 2 * chance, method="exact").low)


def answering(calibration, precision):
    """Returns from which confidence on to answer, so that a share of the answers is right.

    Args:
        calibration: What `calibrate` returned.
        precision: The share.

    Returns:
        The row of `answered` with the most answers that show that precision on new images.

    Raises:
        BadInput: No number of answers shows it.
    """
    rows = calibration["answered"]
    enough = [row for row in rows if row["shown"] >= precision]
    if not enough:
        images, best = calibration["images"], max(rows, key=lambda row: row["shown"])
        raise BadInput(
            f"The model cannot promise that {precision:.1%} of its answers are right. The most that its {images:,} "
            f"validation images show is {math.floor(1000 * best['shown']) / 10:.1f}%, when it answers "
            f"{best['answered'] / images:.0%} of them. Give a lower --at-least."
        )
    return max(enough, key=lambda row: row["answered"])
