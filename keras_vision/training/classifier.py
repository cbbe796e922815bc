"""Classifier: a saved model of images in and classes out, with all that is needed to answer for an image."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from keras_vision.data.brightness import unlike_training
from keras_vision.errors import BadInput
from keras_vision.models.graph import ending_of, last_layers
from keras_vision.runs import load_model, read_card
from keras_vision.training.calibration import calibrated_probabilities
from keras_vision.training.evaluation import predict_logits
from keras_vision.training.precision import computing_in


@dataclasses.dataclass(frozen=True)
class Classifier:
    """A model of one image in and one number per class out.

    Args:
        model: The model, in float32.
        class_names: Names of its classes, or their numbers.
        ends_in_softmax: Whether its outputs are probabilities rather than logits.
        pixel_scale: How images of more than eight bits were scaled when it was trained, as in `Dataset`.
        pixel_statistics: Of its training images; None where the model file does not say.
        calibration: What `calibrate` found; empty where it was not calibrated. A softmax in the model has it already.
    """

    model: object
    class_names: Sequence
    ends_in_softmax: bool
    pixel_scale: dict = dataclasses.field(default_factory=dict)
    pixel_statistics: dict | None = None
    calibration: dict = dataclasses.field(default_factory=dict)

    @property
    def shape(self):
        """(height, width, channels) of the images that it takes."""
        return self.model.input_shape[1:]

    @computing_in("float32")
    def probabilities(self, images):
        """Returns float64 probabilities [n, classes] of a list of n uint8 images."""
        if not images:
            return []
        outputs = predict_logits(self.model, np.stack(images)).astype("float64")
        temperature = self.calibration.get("temperature", 1)
        return outputs if self.ends_in_softmax else calibrated_probabilities(outputs, temperature)

    def unlike_training(self, images):
        """Returns in a sentence how a list of uint8 images differs from the training images, or None."""
        return unlike_training(np.stack(images), self.pixel_statistics)

    def best(self, probabilities, top):
        """Returns the `top` most probable classes, equally probable ones in their order, as dicts."""
        best = (-probabilities).argsort(kind="stable")[:top].tolist()
        return [{"class": self.class_names[i], "probability": round(float(probabilities[i]), 6)} for i in best]


@computing_in("float32")
def open_classifier(source):
    """Loads a `Classifier`.

    Raises:
        BadInput: The model is something else, or its names are not as many as its classes.
    """
    card = read_card(source)
    names = card.get("class_names")
    model = load_model(source, float32=True)
    taken, given = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    if not (_is_shape(taken, 4) and taken[3] in (1, 3) and _is_shape(given, 2) and given[1] > 1):
        raise BadInput(
            f"The model {source} takes inputs of shape {taken} and returns {given}. Give one that takes grey or RGB "
            "images of a fixed size and returns one number for each class."
        )
    names = range(given[1]) if names is None else names
    if len(names) != given[1]:
        raise BadInput(
            f"The model {source} has {given[1]} classes, but {len(names)} class names. Give one with a name for each."
        )
    (last,) = last_layers(model)
    ending = ending_of(last)
    if ending == "sigmoid":
        raise BadInput(f"The model {source} ends in a sigmoid. Give one that ends in logits or a softmax.")
    return Classifier(
        model,
        names,
        ends_in_softmax=ending == "softmax",
        pixel_scale=card.get("pixel_scale") or {},
        pixel_statistics=card.get("pixel_statistics"),
        calibration=card.get("calibration", {}),
    )


def _is_shape(shape, length):
    """Whether a model's shape has so many axes, all but the first of a fixed size."""
    return isinstance(shape, tuple) and len(shape) == length and all(isinstance(side, int) for side in shape[1:])
