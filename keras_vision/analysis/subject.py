"""A classifier as the methods that explain it see it, and an image without its content."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from keras_vision.analysis.gradients import gradient_function
from keras_vision.models.graph import ending_of, last_layers


class _Unchanged(keras.layers.Softmax):
    """What takes the place of a softmax, and is called as it."""

    def call(self, inputs, mask=None):
        return inputs


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A classifier that is to be explained.

    Args:
        scores: Function from float32 pixels (0-255) [n, height, width, channels] to one score for each class
            [n, classes]: logits, or the logarithms of probabilities where there is no more.
        at_once: How many images may be given to it at a time.
        model: The model that gives the scores; None where there are no gradients.
    """

    scores: Callable
    at_once: int
    model: object = None

    def of_classes(self, images, classes):
        """Returns the score [n] of one class for each image."""
        pieces = (slice(start, start + self.at_once) for start in range(0, len(images), self.at_once))
        return np.concatenate([_chosen(self.scores(images[piece]), classes[piece]) for piece in pieces])


def subject_of_model(model, at_once):
    """Returns the `Subject` of a Keras model with raw pixels in, and logits or a softmax out."""
    model = with_logits(model)
    return Subject(model.predict_on_batch, at_once, model)


def subject_of_probabilities(run, at_once):
    """Returns the `Subject` of a function from float32 pixels [n, h, w, c] to probabilities [n, classes].

    The softmax of an export is behind it: of a class with a probability of nearly 1 little is left to see.
    """
    least = np.finfo("float32").tiny
    return Subject(lambda pixels: np.log(np.maximum(run(pixels), least)), at_once)


def with_logits(model):
    """Returns a model without the softmax that it ends in: itself, or a copy with the same weights.

    Where a probability is 1, nothing changes it, and its gradients are zero.
    """
    (last,) = last_layers(model)
    if ending_of(last) != "softmax":
        return model

    def clone(layer):
        if layer is not last:
            return layer.__class__.from_config(layer.get_config())
        if isinstance(layer, keras.layers.Softmax):
            return _Unchanged(name=layer.name)
        return layer.__class__.from_config(layer.get_config() | {"activation": "linear"})

    copy = keras.models.clone_model(model, clone_function=clone, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def slope_function(model):
    """Returns the function that gives the gradient of a class's score with respect to what a model takes.

    Args:
        model: A model with one score for each class, or what is left of it behind one of its layers.

    Returns:
        A function of (float32 array [n, ...], int array [n] of classes), which returns an array shaped as the first.
    """
    identity = np.eye(model.output_shape[-1], dtype="float32")

    def total(tensors):
        inputs, chosen = tensors
        return ops.sum(model(inputs, training=False) * chosen)

    gradient = gradient_function(total)
    return lambda inputs, classes: gradient([inputs, identity[classes]])[0]


def lacks_gradients(subject):
    """Returns in words that a subject has no gradients, or None."""
    return None if subject.model else "gradients, which an export does not have"


def blank(images):
    """Returns, for images [n, height, width, channels], one pixel each [n, 1, 1, channels]: their mean colour.

    An image of that colour everywhere has the brightness of the image and none of its content.

    Example:

    >>> blank(np.array([[[[0.0], [100.0]]]])).tolist()
    [[[[50.0]]]]
    """
    return images.mean(axis=(1, 2), keepdims=True)


def _chosen(scores, classes):
    return np.take_along_axis(np.asarray(scores), np.asarray(classes)[:, None], axis=1)[:, 0]
