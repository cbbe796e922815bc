"""What `train --folds K` does: K trainings, each validated on images that the others were trained on."""

import numpy as np
from scipy.stats import t

from keras_vision.commands.page import page_of
from keras_vision.data.folds import cross_fold
from keras_vision.runs import Run, write_json

CONFIDENCE = 0.95


def cross_validate(run, data, count, seed, train_fold, progress):
    """Trains on each combination of folds but one, and measures on that one; returns the result of the whole.

    Each training is a run of its own in `folds/` of the run. One that is finished is not repeated, and one that was
    interrupted goes on. In none is anything chosen by the images that it is measured on, and the test images are never
    opened.

    Args:
        run: The `Run`, started and locked.
        data: The `Dataset`.
        count: How many folds.
        seed: Decides which image is in which.
        train_fold: Function of (the `Run` of a fold, its `Dataset`, its number) that trains and returns the result.
        progress: A `Progress`.
    """
    results = []
    for number in range(1, count + 1):
        fold = Run(run.path / "folds" / str(number))
        progress.say(f"fold {number} of {count}")
        results.append(
            fold.result if fold.finished else train_fold(fold, cross_fold(data, number, count, seed), number)
        )
        if not fold.finished:  # time is over: the same command goes on here
            break
    result = summary(results, count)
    if result["stopped"] == "folds":
        write_json(run.result_path, result)
    return result | {"workdir": str(run.path), "target_acc": None, "exit_code": 0} | page_of(run, progress)


def summary(results, count):
    """Returns what several folds say together, as a dict: means, and the interval of the mean score.

    Args:
        results: What `fit` returned for each fold that was trained.
        count: How many folds there are.
    """
    names = ("val_accuracy", "val_balanced_accuracy", "val_crossentropy", "val_score")
    means = {name: float(np.mean([result[name] for result in results])) for name in names}
    scores = [result["val_score"] for result in results]
    is_whole = len(results) == count and all(result["stopped"] != "time" for result in results)
    return {
        "metric": results[0]["metric"],
        **means,
        "interval": list(interval_of(scores)) if is_whole else None,
        "deviation": float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        "folds": [{"fold": number, **result} for number, result in enumerate(results, start=1)],
        "stopped": "folds" if is_whole else "time",
        "epochs_run": sum(result["epochs_run"] for result in results),
        "seconds": round(sum(result["seconds"] for result in results), 2),
        **{name: results[0].get(name) for name in ("parameters", "trainable_parameters")},
    }


def interval_of(scores):
    """Returns the 95% interval of the mean score of K folds, within 0 and 1.

    The trainings share most of their images, so that their scores differ less than they would between data sets: the
    variance is larger than that of a mean of K by the images of a fold over those that it is trained on, 1 / (K - 1).

    Args:
        scores: One score for each fold.

    Example:

    >>> low, high = interval_of([0.89, 0.90, 0.91, 0.90, 0.90])
    >>> round(low, 3), round(high, 3)
    (0.887, 0.913)

    Source: Nadeau & Bengio 2003, "Inference for the generalization error", section 3.
    """
    count = len(scores)
    variance = np.var(scores, ddof=1) * (1 / count + 1 / (count - 1))
    half = t.ppf((1 + CONFIDENCE) / 2, count - 1) * np.sqrt(variance)
    return max(0.0, float(np.mean(scores) - half)), min(1.0, float(np.mean(scores) + half))
