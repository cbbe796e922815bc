"""Model files: what a run saves, and what is loaded once `safety` has nothing against it."""

import json
import zipfile
from pathlib import Path

from keras_vision.errors import BadInput
from keras_vision.runs.archive import CARD, check_members, reason_of, whole
from keras_vision.runs.card import card_in
from keras_vision.runs.files import atomic_path
from keras_vision.runs.run import Run
from keras_vision.runs.safety import check_classes, check_size, check_weights
from keras_vision.runs.version_0_1 import stock_file
from keras_vision.system.keras_settings import pinned
from keras_vision.system.quiet import import_keras

MAX_SIDE = 1024  # pixels of an image that a network takes
MAX_OUTPUT_BYTES = 2**28  # of a layer, for one image: 64 channels at those sides in float32


def save_model(model, path, card):
    """Writes a model and its card (class names, data set, ...) as one `.keras` file, whole or not at all.

    How it was trained is left out: plain Keras does not know our learning rate schedule, and an optimiser is as large
    as the model or twice that.
    """
    import keras

    if model.compiled:
        model = keras.Model(model.input, model.output, name=model.name)
    with atomic_path(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(CARD, json.dumps(card, allow_nan=False, default=str))


def model_file(source):
    """Returns the path of the model that `source`, a run directory or a local `.keras` file, stands for.

    Raises:
        BadInput: It is neither, or an archive that no model is.
    """
    wanted = "Give a run directory or a local .keras file"
    if "://" in str(source):
        raise BadInput(f"{source} is not fetched, because a model from elsewhere can run code. {wanted}.")
    path = Path(source)
    if path.is_dir():
        path = Run(path).model_path
        if not path.exists():
            raise BadInput(f"There is no model.keras in the run directory {source}. Has the run saved a model yet?")
    if not path.exists():
        raise BadInput(f"There is no {source}. {wanted}.")
    target = path.resolve()
    if {path.suffix, target.suffix} != {".keras"} or not target.is_file():
        leads = f", a link to {target}," if path.is_symlink() else ""
        raise BadInput(f"{source}{leads} is not a .keras file. {wanted}: other formats can run code.")
    check_members(path)
    return path


def read_card(source):
    """Returns what a model file says of itself: class names, data set, input shape; empty for a foreign file."""
    return card_in(model_file(source))


def load_model(source, *, float32=False):
    """Loads the model of a run directory or a local `.keras` file, uncompiled, once `safety` has nothing against it.

    Args:
        source: The directory or file.
        float32: Whether to rebuild in float32 what was trained in mixed precision: to measure or export it.

    Raises:
        BadInput: `source` is something else, is damaged, or holds code (a Lambda layer, say), which is never run.
    """
    path = model_file(source)
    check_classes(path)
    declared = check_weights(path)
    import_keras(only_to_build=True)
    import keras

    from keras_vision.models.float32 import in_float32

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
    """
    from keras_vision.models.graph import steps_of

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
