"""Which pixels a unit can see, over the whole graph: the rules of `receptive_field_rules.py`, step after step."""

import keras

from keras_vision.analysis.receptive_field_rules import RULES
from keras_vision.analysis.receptive_field_values import Field, Walk
from keras_vision.errors import BadInput
from keras_vision.models.graph import row_for, steps_of


def receptive_fields(model):
    """Returns what the units of each layer see, by theory.

    Args:
        model: A functional model on images (height, width, channels).

    Returns:
        A dict: layer name -> `Field`, or None where a layer of unknown kind lies before.

    Raises:
        BadInput: The model's input is not an image.

    Example:

    >>> receptive_fields(build_model("vgg", (32, 32, 3), 10))["block2_conv1"].size
    (8, 8)
    """
    if len(model.input_shape) != 4 or keras.config.image_data_format() != "channels_last":
        raise BadInput(
            f"The model {model.name!r} takes inputs of shape {model.input_shape[1:]}, not images "
            "(height, width, channels)."
        )
    fields = []
    steps = steps_of(model)
    for step in steps:
        sources = [fields[source] for source in step.sources]
        fields.append(_field_of(step, sources))
    return {step.name: field for step, field in zip(steps, fields, strict=True)}


def _field_of(step, sources):
    if not step.sources:
        height, width, channels = step.output_shape
        layout = ((Walk(0, height, 1),), (Walk(1, width, 1),), (Walk(None, channels),))
        return Field((height, width), (1, 1), (0, 0), layout)
    rule = row_for(step.layer, RULES)
    return None if rule is None or None in sources else rule(step.layer, step, sources)
