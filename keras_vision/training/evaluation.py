"""How well a model does on a split: accuracy with its interval, cross-entropy, and the line that says so."""

import numpy as np

from keras_vision.data.splits import pieces_of
from keras_vision.errors import KerasVisionError
from keras_vision.training.metrics import balance, details, share
from keras_vision.training.trainer import check_fit
from keras_vision.training.validation_scores import scores


def measure_run(run, model, dataset, split="test", views=1):
    """Measures the model of a run, and counts the looks at the test split in the run (key `looks`)."""
    result = measure(model, dataset, split, views)
    return result | {"looks": run.count_look()} if split == "test" else result


def measure(model, dataset, split="test", views=1):
    """Measures a model on one split of a data set, class by class too.

    Args:
        model: A model with raw pixels in and logits out.
        dataset: A `Dataset`.
        split: `"test"`, which opens the test split, or `"validation"`.
        views: As in `predict_logits`.

    Returns:
        A dict: dataset, split, views, warnings, and what `score`, `balance` and `details` return.
    """
    images, logits = answer(model, dataset, split, views)
    return summary(dataset, split, images, logits, views) | details(logits, images.labels, dataset.class_names)


def answer(model, dataset, split="test", views=1):
    """Runs a model over one split of a data set and returns (the `Split`, float32 logits [n, classes]).

    Raises:
        BadInput: The model and the data set do not fit.
        KerasVisionError: The model answers with NaN or infinity.
    """
    check_fit(model, dataset)
    images = dataset.test() if split == "test" else dataset.validation
    return images, predict_logits(model, images.images, views=views)


def summary(dataset, split, images, logits, views=1):
    """Returns what `measure` returns of a split that was answered; of `dataset` name and class names are used."""
    return {
        "dataset": dataset.name,
        "split": split,
        "views": views,
        **score(logits, images.labels),
        **balance(logits.argmax(axis=1), images.labels, dataset.class_names),
        "warnings": list(images.warnings),
    }


def predict_logits(model, images, views=1):
    """Returns a model's float32 logits [n, classes] for uint8 images [n, h, w, c].

    Args:
        model: A model with raw pixels in and logits out.
        images: The array of images.
        views: How many views of each image are averaged, one of `VIEWS`.

    Raises:
        KerasVisionError: The model answers with NaN or infinity.
    """
    # `model.predict` of arrays makes a tf.data pipeline whose tuning thread it then waits for; see `data.pipeline`.
    logits = np.concatenate(
        [
            sum(weight * model.predict_on_batch(view) for weight, view in views_of(piece, views))
            for piece in pieces_of(images)
        ]
    )
    if not np.isfinite(logits).all():
        raise KerasVisionError(f"The model {model.name} answers with NaN or infinity: its training went wrong.")
    return logits


def views_of(images, views):
    """Yields a (weight, images) for each view of an array of images; weights sum to one.

    Args:
        images: Array [n, h, w, c].
        views: One of `VIEWS`. An image counts as much as its two shifts together.
    """
    if views == 1:
        yield 1.0, images
        return
    shifted = [(1.0, images)]
    if views == 6:
        height, width = images.shape[1:3]
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect")
        shifted = [(0.5, images), (0.25, padded[:, :height, :width]), (0.25, padded[:, 2:, 2:])]
    for weight, view in shifted:
        yield weight / 2, view
        yield weight / 2, view[:, :, ::-1]


def score(logits, labels):
    """Returns accuracy, n, its 95% interval (Wilson 1927) and the cross-entropy of logits for labels.

    Example:

    >>> score(np.array([[9.0, 0.0], [9.0, 0.0]]), np.array([0, 1]))["accuracy"]
    0.5
    """
    crossentropy = scores(logits, labels)["crossentropy"]
    return share((logits.argmax(axis=1) == labels).sum(), len(labels)) | {"crossentropy": crossentropy}
