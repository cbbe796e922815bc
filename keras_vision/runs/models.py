"""Model files: what a run saves, and what is rebuilt of it once `safety` has nothing against it."""

import json
import zipfile

import keras

from keras_vision.errors import BadInput
from keras_vision.models.float32 import in_float32
from keras_vision.models.graph import steps_of
from keras_vision.runs.archive import CARD, MAX_SIDE, reason_of, whole
from keras_vision.runs.files import atomic_path
from keras_vision.runs.safety import check_classes, check_size, check_weights
from keras_vision.runs.version_0_1 import stock_file
from keras_vision.system.keras_settings import pinned

MAX_OUTPUT_BYTES = 2**28  # of a layer, for one image: 64 channels at those sides in float32


def save_model(model, path, card):
    """Writes a model and its card (class names, data set, ...) as one `.keras` file, whole or not at all.

    How it was trained is left out: plain Keras does not know our learning rate schedule, and an optimiser is as large
    as the model or twice that.

    Example:

    >>> save_model(model, "model.keras", {"class_names": ["cat", "dog"]})  # doctest: +SKIP
    """
    if model.compiled:
        model = keras.Model(model.input, model.output, name=model.name)
    with atomic_path(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(CARD, json.dumps(card, allow_nan=False, default=str))


def rebuild_model(path, source, float32):
    """Returns the model of a file, uncompiled.

    Args:
        path: The file, which passed `check_members`.
        source: What messages call it.
        float32: As in `load_model`.

    Raises:
        BadInput: The file is damaged or holds code.
    """
    check_classes(path)
    declared = check_weights(path)
    try:
        with whole(path), pinned(), stock_file(path) as file:
            check_size(path, declared)
            model = keras.saving.load_model(file, compile=False, safe_mode=True)
            check_model_memory(model, source)
            made = in_float32(model) if float32 else model
            if made is not model:
                made.load_weights(file)  # unlike set_weights, it also updates what stock layers derive from them
            return made
    except BadInput:
        raise
    except Exception as error:  # over descriptions that make no sense Keras raises whatever came up
        raise BadInput(f"Keras cannot load the model {source}: {reason_of(error)}") from error


def check_model_memory(model, source):
    """Refuses what would fill the memory with a few images, however few weights look at them.

    Args:
        model: A Keras model.
        source: What the message calls it.

    Raises:
        BadInput: Its images have too many pixels, or a layer gives too much for one of them.

    Example:

    >>> check_model_memory(model, "model.keras")
    """
    inputs = model.inputs or ()
    for tensor in inputs:
        shape = tensor.shape[1:]
        if len(shape) == 3 and max(side or 0 for side in shape) > MAX_SIDE:
            sides = "x".join(map(str, shape))
            raise BadInput(
                f"The model {source} is for images of {sides}, and no side may have more than {MAX_SIDE} pixels."
            )
    if not inputs or any(None in tensor.shape[1:] for tensor in inputs):
        return  # what such a model takes is not known before there are images
    largest = max(steps_of(model), key=lambda step: step.output_bytes)
    if largest.output_bytes > MAX_OUTPUT_BYTES:
        raise BadInput(
            f"The layer {largest.name!r} of the model {source} needs {largest.output_bytes / 2**20:,.0f} MiB for one "
            f"image. At most {MAX_OUTPUT_BYTES // 2**20} MiB are allowed."
        )
