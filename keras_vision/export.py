"""Writes a saved model for use elsewhere: `python -m keras_vision.export RUN`."""

import json
import shutil
import sys
from pathlib import Path

from keras_vision.cli import main as run_command
from keras_vision.errors import KerasVisionError, check_choice

# format -> what it is for
FORMATS = {"saved_model": "TensorFlow, TensorFlow Serving: raw pixels in, probabilities out"}
TOLERANCE = 1e-5
CHECK_IMAGES = 64


def export(source, *, format="saved_model", out=None, progress=None):
    """Write a saved model in a format for use elsewhere, checked against the model before it is called done.

    Args:
        source: A run directory or a local `.keras` file.
        format: `"saved_model"`: signature `serve`, raw pixels float32 [n, h, w, c] in, probabilities [n, classes] out.
        out: The directory to write; `export/<format>` in the run, or beside the file, by default.
        progress: A `Progress`.

    Returns:
        A dict: path, format, difference (largest, in probability), images (compared), bytes.

    Raises:
        BadInput: No such model or format.
        KerasVisionError: What was written does not compute what the model computes; it is not kept.

    Example:

    >>> export("runs/tune-vgg-fashion_mnist")["difference"] <= 1e-5  # doctest: +SKIP
    True
    """
    check_choice("format", format, FORMATS)
    from keras_vision.runs import load_model, model_file, read_card

    path = model_file(source)
    target = Path(out) if out else path.parent / "export" / format
    model, card = as_float32(load_model(source)), read_card(source)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        write_saved_model(model, temporary)
        (temporary / "keras_vision.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        difference = check_saved_model(model, temporary)
        replace_directory(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    return {
        "path": str(target),
        "format": format,
        "difference": difference,
        "images": CHECK_IMAGES,
        "bytes": size,
        "class_names": card.get("class_names"),
    }


def as_float32(model):
    """Returns the model rebuilt in float32 with the same weights: mixed precision is for training."""
    import keras

    from keras_vision.training.precision import set_precision

    set_precision("float32")
    config = json.dumps(keras.saving.serialize_keras_object(model))
    for policy in ("mixed_bfloat16", "mixed_float16"):
        config = config.replace(f'"{policy}"', '"float32"')
    copy = keras.saving.deserialize_keras_object(json.loads(config))
    copy.set_weights(model.get_weights())
    return copy


def with_probabilities(model):
    """Returns a model that ends in probabilities where `model` ends in logits."""
    import keras

    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(model.output)
    return keras.Model(model.input, probabilities, name=model.name)


def write_saved_model(model, directory):
    """Writes a TensorFlow SavedModel of the model in inference mode, any batch size."""
    import keras
    import tensorflow as tf

    classifier = with_probabilities(model)
    archive = keras.export.ExportArchive()
    archive.track(classifier)
    archive.add_endpoint(
        name="serve",
        fn=lambda pixels: classifier(pixels, training=False),
        input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="pixels")],
    )
    archive.write_out(directory, verbose=False)


def check_saved_model(model, directory):
    """Loads a SavedModel back and compares it with the model on random pixels.

    Returns:
        The largest difference of a probability.

    Raises:
        KerasVisionError: It is larger than `TOLERANCE`.
    """
    import numpy as np
    import tensorflow as tf

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (CHECK_IMAGES, *model.input_shape[1:])).astype("float32")
    expected = with_probabilities(model).predict(pixels, verbose=0)
    loaded = tf.saved_model.load(str(directory))  # its functions hold no reference to it
    got = loaded.serve(tf.constant(pixels)).numpy()
    difference = float(np.abs(got - expected).max())
    if not difference <= TOLERANCE:
        raise KerasVisionError(
            f"the SavedModel differs from the model by {difference:.2g} in probability, more than {TOLERANCE:g}; "
            "it was not kept"
        )
    return difference


def replace_directory(new, old):
    """Puts directory `new` in the place of `old`, which is there until the last moment."""
    old.parent.mkdir(parents=True, exist_ok=True)
    aside = old.with_name(f".{old.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside, ignore_errors=True)


def show(result, progress):
    """Prints where the export is and how well it agrees."""
    progress.say(f"{result['format']}  {result['path']}  ({result['bytes'] / 1e6:.1f} MB)")
    progress.say(
        f"checked on {result['images']} images: probabilities within {result['difference']:.1e} of the model's"
    )


def main(arguments=None):
    """Runs the command line."""
    return run_command(
        export,
        "export",
        positional={"source": "a run directory or a .keras file"},
        flags=("format", "out"),
        show=show,
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
