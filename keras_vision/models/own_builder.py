"""Builders that a person brings: what they return is checked before anything is counted or trained."""

import keras

from keras_vision.errors import BadInput
from keras_vision.models.normalization import LAYER


def checked_builder(builder, settings):
    """Returns the function of (input_shape, num_classes) that calls a person's builder and checks its network.

    Args:
        builder: A function of (input_shape, num_classes, **settings).
        settings: Dict of its further keywords.

    Raises:
        BadInput: From the function that is returned: the builder returned no network that can be trained here.

    Example:

    >>> checked_builder(lambda shape, classes: None, {})((8, 8, 1), 10)
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: The builder <lambda> returned NoneType. It must return a keras.Model(inputs, \
outputs) that begins with keras.Input(input_shape) and ends in one number for each class.
    """

    def build(input_shape, num_classes):
        model = builder(input_shape, num_classes, **settings)
        name = builder.__qualname__
        if not isinstance(model, keras.Model) or not _leads_to_classes(model):
            raise BadInput(
                f"The builder {name} returned {type(model).__name__}. It must return a keras.Model(inputs, outputs) "
                "that begins with keras.Input(input_shape) and ends in one number for each class."
            )
        if not any(
            layer.name == LAYER and isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers
        ):
            raise BadInput(
                f"The network of the builder {name} does not normalise its pixels, from 0 to 255. Begin it with "
                "keras_vision.models.normalization.normalize(inputs)."
            )
        return model

    return build


def _leads_to_classes(model):
    """Whether a model has one input and one output [batch, classes], which a subclass or a bare Sequential lacks."""
    try:
        return len(model.inputs) == len(model.outputs) == 1 and len(model.output_shape) == 2
    except (AttributeError, TypeError, ValueError):
        return False
