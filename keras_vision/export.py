"""Writes a saved model for use elsewhere: `python -m keras_vision.export RUN --format onnx`."""

import contextlib
import dataclasses
import sys
import tempfile
import textwrap
from pathlib import Path

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.cli.job import open_data
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.evaluate import check_classes, choose_data, run_of
from keras_vision.formats import FORMATS, check_format
from keras_vision.formats.card import JSON, TEXT
from keras_vision.system.quiet import import_keras
from keras_vision.system.settings import REQUIRED, Settings, one_of, setting

QUANTIZED = ("int8",)


@dataclasses.dataclass(frozen=True)
class ExportSettings(Settings):
    """What `export` is asked for."""

    source: str = setting(REQUIRED, "a run directory or a .keras file", is_word=True)
    format: list = setting(
        [], f"one or several, with commas: {', '.join(FORMATS)}; if not given, saved_model", "NAME", is_repeated=True
    )
    quantize: str = setting(
        None, "compute in 8-bit integers, calibrated on training images", "|".join(QUANTIZED), one_of(QUANTIZED)
    )
    out: str = setting(
        None, "the folder to write, or with several formats the folder that holds theirs; it must be new or empty, or "
        "hold an earlier export, which is replaced; if not given, export/FORMAT in the run, or NAME_export beside a "
        "file that belongs to no run", "DIR",
    )  # fmt: skip
    dataset: str = setting(
        None, "where the images to compare on come from: a named data set, or folder:PATH, npz:PATH, csv:FILE, "
        "tfds:NAME; if not given, the model's own, or random pixels if that is not on this machine", "NAME",
    )  # fmt: skip
    data_dir: str = setting(None, "where a named data set lies, if not in the usual places", "DIR")


@front_door(ExportSettings)
def export(asked, progress):
    """Write a saved model in formats for use elsewhere, each checked against the model before it is called done.

    Raw pixels float32 [n, h, w, c] go in, probabilities [n, classes] come out, whatever precision the model was
    trained in.

    Returns:
        A dict: class_names, and exports, a list with a dict for each format: format, precision, path, and what
        `keras_vision.formats.check.check` returns.

    Raises:
        BadInput: No such model or format, packages that are not installed, a model that ends in probabilities, an `out`
            that holds other things, or no images to calibrate on.
        KerasVisionError: An artifact could not be written, or does not compute what the model computes; it is not kept.
            Those of the formats before it are.

    Example:

    >>> export("runs/tune-vgg-fashion_mnist", format="onnx,litert")["exports"][0]["agreement"]  # doctest: +SKIP
    1.0
    """
    names = format_names(asked.format)
    for name in names:
        check_format(name, asked.quantize)
    from keras_vision.runs import model_file

    folder = Path(asked.out or default_folder(model_file(asked.source), run_of(asked.source))).resolve()
    is_itself = bool(asked.out) and len(names) == 1
    targets = {name: target_of(folder, name, asked.quantize, is_itself=is_itself) for name in names}
    for name, target in targets.items():
        check_target(target, name)
    subject = open_subject(asked.source, asked.quantize, asked.dataset, asked.data_dir, progress)
    exports = []
    for name, target in targets.items():
        progress.say(f"{name}: writing and checking")
        found = write(name, target, subject)
        exports.append({"format": name, "precision": subject.card["precision"], "path": str(target), **found})
    return {"class_names": subject.card["class_names"], "exports": exports}


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """What is exported, and what every artifact of it is held against.

    Args:
        classifier: The model, ending in probabilities.
        origin: The card inside its file.
        images: `Images` to compare on.
        expected: The model's probabilities for them.
        quantize: None or "int8".
        card: What the cards of all artifacts share.
    """

    classifier: object
    origin: dict
    images: object
    expected: object
    quantize: str | None
    card: dict


def open_subject(source, quantize, dataset, data_dir, progress):
    """Loads what is to be exported, in float32, and the images to compare on; the arguments are those of `export`."""
    import_keras()
    from keras_vision.formats.card import facts
    from keras_vision.formats.check import answers
    from keras_vision.formats.network import check_outputs, with_probabilities
    from keras_vision.runs import load_model, read_card
    from keras_vision.training.precision import set_precision

    set_precision("float32")
    origin = read_card(source)
    model = load_model(source, float32=True)
    check_outputs(model)
    images = open_images(model, origin, dataset, data_dir, progress)
    if quantize and images.calibration is None:
        raise BadInput(
            f"quantize={quantize} needs training images to calibrate on. Say where they are with --data-dir."
        )
    run = run_of(source)
    card = facts(model, origin, run.result if run and run.finished else {})
    card["precision"] = quantize or "float32"
    classifier = with_probabilities(model)
    return Subject(classifier, origin, images, answers(classifier.predict_on_batch, images.pixels), quantize, card)


def format_names(given):
    """Returns the formats asked for, each once: a list of names, or of names separated by commas.

    Example:

    >>> format_names(["onnx,litert", "keras"])
    ['onnx', 'litert', 'keras']
    """
    texts = [given] if isinstance(given, str) else given
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    return list(dict.fromkeys(names)) or ["saved_model"]


def default_folder(file, run):
    """Returns where the exports of a model file go: in its run, or beside it under its own name."""
    return file.parent / ("export" if run else f"{file.stem}_export")


def target_of(folder, name, quantize, is_itself):
    """Returns the directory of an artifact: `folder` itself, or one in it that bears the format's name."""
    return folder if is_itself else folder / (f"{name}-{quantize}" if quantize else name)


def check_target(target, name):
    """Refuses a target with anything in it but an earlier export: what is there would be deleted."""
    names = {path.name for path in target.iterdir()} if target.is_dir() else {target.name} if target.exists() else set()
    if names and not {JSON, FORMATS[name].files[0]} <= names <= {JSON, TEXT, *FORMATS[name].files}:
        raise BadInput(
            f"{target} holds other things, which were not touched. For --out give a new or empty directory, or an "
            f"earlier export in the format {name}."
        )


def open_images(model, origin, dataset, data_dir, progress):
    """Returns the `Images` to compare on: of the data set asked for, else of the model's own, else random pixels."""
    from keras_vision.formats.check import random_images, real_images
    from keras_vision.training.trainer import check_fit

    try:
        if not (dataset or "data_source" in origin):
            raise BadInput("The model does not say which data set it was trained on. Give --dataset NAME.")
        chosen = choose_data(origin.get("data_source"), dataset, data_dir, None, model.input_shape)
        data = open_data(chosen, progress, origin.get("pixel_scale"))
        check_classes(origin.get("class_names"), data.class_names)
        check_fit(model, data)
        return real_images(data)
    except BadInput as error:
        if dataset or data_dir:
            raise
        progress.say(f"warning: the comparison is on random pixels, because there are no real images. {error}")
        return random_images(model.input_shape[1:])


def write(name, target, subject):
    """Writes one artifact with its card, checks it, and puts it in its place; returns the findings of the check."""
    from keras_vision.formats import format_module
    from keras_vision.formats.card import write_card
    from keras_vision.formats.check import check

    with _writing(target):
        is_empty = target.is_dir() and not any(target.iterdir())
        around = target if is_empty else target.parent
        around.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export.", dir=around) as temporary:
            new = Path(temporary, "new")
            new.mkdir()
            calibration = subject.images.calibration if subject.quantize else None
            format_module(name).write(subject.classifier, new, origin=subject.origin, calibration=calibration)
            found = check(name, new, subject.images, subject.expected, subject.quantize)
            write_card(new, name, subject.card | {"format": name, "check": found})
            if is_empty:  # and may be the present directory, or a mounted one: it stays what it is
                for path in new.iterdir():
                    path.rename(target / path.name)
            else:
                replace_directory(new, target, aside=Path(temporary, "old"))
    return found


@contextlib.contextmanager
def _writing(target):
    """Turns what the system, the converters and the runtimes raise into an error that names the target.

    They have little in common: onnxruntime's errors derive from Exception alone.
    """
    try:
        yield
    except KerasVisionError:
        raise
    except Exception as error:
        reason = textwrap.shorten(str(error) or type(error).__name__, 500)
        raise KerasVisionError(f"{target} could not be written: {reason}") from error


def replace_directory(new, old, aside):
    """Puts directory `new` in the place of `old`, if there is one, which moves to `aside`; puts it back on failure."""
    try:
        if old.exists():
            old.rename(aside)
        new.rename(old)
    finally:
        if aside.exists() and not old.exists():
            aside.rename(old)


def show(result, progress):
    """Prints where the exports are and how well they agree."""
    progress.print(table(result["exports"]))
    for one in result["exports"]:
        progress.say(f"{one['format']}: {one['bound']}: {one['path']}")


def table(exports):
    """Returns exports as a rich table."""
    from keras_vision.reporting.tables import new_table

    first = exports[0]
    title = f"Compared with the model on {first['images']:,} {first['source']}"
    latencies = [f"ms for {batch}" for batch in first["latency_ms"]]
    columns = ("format", "precision", "MB", "difference", "same class", "accuracy", "in float32", *latencies)
    table = new_table(title, *columns)
    for one in exports:
        accuracies = [f"{one[key]['accuracy']:.4f}" if key in one else "-" for key in ("accuracy", "float32_accuracy")]
        table.add_row(
            *(one["format"], one["precision"], f"{one['bytes'] / 1e6:.2f}", f"{one['difference']:.1e}"),
            *(f"{one['agreement']:.2%}", *accuracies),
            *(f"{milliseconds:.2f}" for milliseconds in one["latency_ms"].values()),
        )
    return table


def main(arguments=None):
    """Runs the command line."""
    return run_command(export, "export", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
