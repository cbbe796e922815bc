"""What was trained in lower precision, made again to compute in float32: to measure or to export it."""

import json
import re

import keras


def in_float32(part):
    """Returns a model or a layer that computes in float32: itself, or in the place of lower precision a copy.

    Args:
        part: A built `keras.Model` or layer.

    Returns:
        `part`, or a copy of it with fresh weights.

    Example:

    >>> in_float32(keras.layers.Dense(2, dtype="mixed_bfloat16")).compute_dtype
    'float32'
    """
    config = json.dumps(keras.saving.serialize_keras_object(part))
    float32_config = re.sub(r'"config": {"name": "(mixed_)?b?float16"}', '"config": {"name": "float32"}', config)
    if float32_config == config:
        return part
    copy = keras.saving.deserialize_keras_object(json.loads(float32_config))
    if part.built and not copy.built:
        copy.build_from_config(part.get_build_config())
    return copy
