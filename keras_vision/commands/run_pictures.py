"""The pictures that end a run: what its network has learned, and where it errs."""

import contextlib

from keras_vision.analysis.confusion import confident_mistakes, confusion_matrix, plot_confusion, plot_mistakes
from keras_vision.analysis.kernels import first_layer_kernels, has_token_mixing, plot_kernels, token_mixing_units
from keras_vision.analysis.reliability import plot_reliability
from keras_vision.errors import BadInput
from keras_vision.reporting.pictures import show_figures
from keras_vision.training.calibration import calibrated_probabilities
from keras_vision.training.evaluation import predict_logits
from keras_vision.training.metrics import reliability


def draw_pictures(run, model, dataset):
    """Draws what a model has learned and where it errs, on the validation images.

    Args:
        run: The `Run` whose `figures` and `tensorboard` receive the pictures.
        model: Its model.
        dataset: The `Dataset` that it was trained on.
    """
    logits = predict_logits(model, dataset.validation.images)
    drawn = error_figures(dataset.validation, logits, dataset.class_names)
    with contextlib.suppress(BadInput):  # a builder's own network need not have kernels on the pixels
        drawn |= learned_figures(model)
    show_figures(run, drawn)


def learned_figures(model):
    """Returns figures by name: first-layer kernels in grey, in colour for RGB images, and token-mixing units."""
    kernels = first_layer_kernels(model)
    figures = {"first_layer_kernels": plot_kernels(kernels, title="First-layer kernels")}
    if kernels.shape[2] == 3:
        figures["first_layer_kernels_colour"] = plot_kernels(kernels, title="First-layer kernels", colour=True)
    if has_token_mixing(model):
        figures["token_mixing_units"] = plot_kernels(token_mixing_units(model), title="Token-mixing units, block 1")
    return figures


def error_figures(split, logits, class_names, uncalibrated=None):
    """Returns figures by name: the confusion matrix, the most confident mistakes and the reliability on a split.

    Args:
        split: The `Split`.
        logits: Float array [n, classes], as the model is to be trusted.
        class_names: One name per class.
        uncalibrated: The same before a calibration, to be drawn beside it; None for nothing to compare with.
    """
    curves = {"now": logits} if uncalibrated is None else {"calibrated": logits, "before": uncalibrated}
    curves = {name: reliability(calibrated_probabilities(one), split.labels) for name, one in curves.items()}
    matrix = confusion_matrix(split.labels, logits.argmax(axis=1), len(class_names))
    mistakes = confident_mistakes(split.labels, logits)
    return {
        "confusion_matrix": plot_confusion(matrix, class_names),
        "confident_mistakes": plot_mistakes(split.images, mistakes, class_names),
        "reliability": plot_reliability(curves),
    }
