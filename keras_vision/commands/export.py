"""What `export` does: writes each artifact beside its card, checks it, and puts it in its place whole or not at all."""

import contextlib
import dataclasses
import tempfile
import textwrap
from pathlib import Path

from keras_vision.analysis.counts import count
from keras_vision.commands.export_check import answers, check, random_images, real_images
from keras_vision.commands.model_data import choose_data, open_splits, run_of
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.formats import FORMATS, JSON, TEXT, format_module
from keras_vision.formats.model_card import facts, write_card
from keras_vision.formats.network import check_outputs, with_probabilities
from keras_vision.runs import check_folder, load_model, model_file, read_card
from keras_vision.training.calibration import temperature_of
from keras_vision.training.precision import computing_in
from keras_vision.training.trainer import check_fit


@computing_in("float32")
def carry_out(asked, names, progress):
    """Returns what `export` does.

    Args:
        asked: An `ExportSettings`.
        names: The formats, each once.
        progress: A `Progress`.
    """
    folder = Path(asked.out or default_folder(model_file(asked.source), run_of(asked.source))).resolve()
    is_itself = bool(asked.out) and len(names) == 1
    targets = {name: target_of(folder, name, asked.quantize, is_itself=is_itself) for name in names}
    for name, target in targets.items():
        check_target(target, name)
        check_folder("out", target.parent)
    subject = open_subject(asked.source, asked.quantize, asked.dataset, asked.data_dir, progress)
    exports = []
    for name, target in targets.items():
        progress.say(f"{name}: writing and checking")
        found = write(name, target, subject)
        exports.append({"format": name, "precision": subject.card["precision"], "path": str(target), **found})
    return {"class_names": subject.card["class_names"], "exports": exports}


@dataclasses.dataclass(frozen=True, eq=False)
class Original:
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
    origin = read_card(source)
    model = load_model(source, float32=True)
    check_outputs(model)
    images = open_images(model, origin, dataset, data_dir, progress)
    if quantize and images.calibration is None:
        raise BadInput(
            f"quantize={quantize} needs training images to calibrate on. Say where they are with --data-dir."
        )
    run = run_of(source)
    card = facts(model, count(model), origin, run.result if run and run.finished else {})
    card["precision"] = quantize or "float32"
    classifier = with_probabilities(model, temperature_of(origin))
    return Original(classifier, origin, images, answers(classifier.predict_on_batch, images.pixels), quantize, card)


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
    try:
        if not (dataset or "data_source" in origin):
            raise BadInput("The model does not say which data set it was trained on. Give --dataset NAME.")
        chosen = choose_data(origin.get("data_source"), dataset, data_dir, None, model.input_shape)
        data = open_splits(chosen, origin, progress)
        check_fit(model, data)
        return real_images(data)
    except BadInput as error:
        if dataset or data_dir:
            raise
        progress.say(f"warning: Random pixels serve for the comparison, because there are no real images. {error}")
        return random_images(model.input_shape[1:])


def write(name, target, subject):
    """Writes one artifact with its card, checks it, and puts it in its place; returns the findings of the check."""
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
