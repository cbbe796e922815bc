"""Writes a saved model for use elsewhere: `python -m keras_vision.export RUN`."""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

from keras_vision.cli import main as run_command
from keras_vision.errors import BadInput, KerasVisionError, check_choice
from keras_vision.quiet import import_keras
from keras_vision.runs import CARD

# format -> what it is for
FORMATS = {"saved_model": "TensorFlow, TensorFlow Serving: raw pixels in, probabilities out"}
TOLERANCE = 1e-5
CHECK_IMAGES = 64
# All that an export consists of, and what of it every export has.
PARTS = {"saved_model.pb", CARD, "fingerprint.pb", "variables", "assets"}
MARKS = {"saved_model.pb", CARD}


def export(source, *, format="saved_model", out=None, progress=None):
    """Write a saved model in a format for use elsewhere, checked against the model before it is called done.

    Args:
        source: A run directory or a local `.keras` file.
        format: `"saved_model"`: signature `serve`, raw pixels float32 [n, h, w, c] in, probabilities [n, classes] out.
        out: The directory to write: a new or empty one, or an earlier export, which is replaced. By default
            `export/<format>` in the run, or beside the file.
        progress: A `Progress`.

    Returns:
        A dict: path, format, difference (largest, in probability), images (compared), bytes.

    Raises:
        BadInput: No such model or format, a model that ends in probabilities, or an `out` that holds other things.
        KerasVisionError: It could not be written, or does not compute what the model computes; it is not kept.

    Example:

    >>> export("runs/tune-vgg-fashion_mnist")["difference"] <= 1e-5  # doctest: +SKIP
    True
    """
    check_choice("format", format, FORMATS)
    from keras_vision.runs import load_model, model_file, read_card

    path = model_file(source)
    target = Path(out or path.parent / "export" / format).resolve()
    check_target(target)
    card = read_card(source)
    import_keras()
    from keras_vision.training.precision import set_precision

    set_precision("float32")
    model = load_model(source, float32=True)
    check_outputs(model)
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
            new = Path(temporary, "new")
            write_saved_model(model, new)
            (new / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
            difference = check_saved_model(model, new)
            replace_directory(new, target, aside=Path(temporary, "old"))
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    return {
        "path": str(target),
        "format": format,
        "difference": difference,
        "images": CHECK_IMAGES,
        "bytes": size,
        "class_names": card.get("class_names"),
    }


def check_target(target):
    """Refuses a target with anything in it but an earlier export: what is there would be deleted."""
    names = {path.name for path in target.iterdir()} if target.is_dir() else {target.name} if target.exists() else set()
    if names and not MARKS <= names <= PARTS:
        raise BadInput(
            f"out {target}, which holds other things",
            "a new or empty directory, or an earlier export",
            "Nothing was touched.",
        )


def check_outputs(model):
    """Refuses a model that ends in probabilities, which would go through a softmax twice, or in several things."""
    from keras_vision.analysis.graph import activation_name, last_steps, steps_of

    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise BadInput(f"a model with {len(model.inputs)} inputs and {len(model.outputs)} outputs", "one of each")
    steps = steps_of(model)
    for last in (steps[position].layer for position in last_steps(steps)):
        endings = {activation_name(last), type(last).__name__.lower()} & {"softmax", "sigmoid"}
        if endings:
            raise BadInput(f"a model that ends in a {endings.pop()} ({last.name})", "one that ends in logits")


@contextlib.contextmanager
def _writing(target):
    """Turns what the system and TensorFlow raise while they write into an error that names the target."""
    import tensorflow as tf

    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise KerasVisionError(f"{target} could not be written: {reason}") from error


def with_probabilities(model):
    """Returns a model that ends in probabilities where `model` ends in logits."""
    import keras

    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(model.outputs[0])
    return keras.Model(model.inputs, probabilities, name=model.name)


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


def replace_directory(new, old, aside):
    """Puts directory `new` in the place of `old`, if there is one, which moves to `aside`; puts it back on failure."""
    if old.exists():
        old.rename(aside)
    try:
        new.rename(old)
    finally:
        if aside.exists() and not old.exists():
            aside.rename(old)


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
