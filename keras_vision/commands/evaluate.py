"""What `evaluate` does: answers for images, and measures the answers."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_vision.commands.corruptions import corruption_figure, measure_corruptions
from keras_vision.commands.evaluate_files import write_files
from keras_vision.commands.explain import mistakes_figure
from keras_vision.commands.model_data import choose_data, leak_warnings, open_images, run_of
from keras_vision.commands.page import page_of
from keras_vision.commands.run_pictures import error_figures
from keras_vision.data.brightness import unlike_training
from keras_vision.data.evaluation import EvaluationImages
from keras_vision.data.seen import seen_in_training
from keras_vision.data.splits import Split
from keras_vision.errors import BadInput
from keras_vision.formats.network import check_outputs
from keras_vision.reporting.style import save_figures
from keras_vision.runs import file_name, is_run, load_model, model_file, replace_card
from keras_vision.training.calibration import before_and_after, calibrate, calibrated, temperature_of
from keras_vision.training.evaluation import answer, predict_logits, summary
from keras_vision.training.metrics import details
from keras_vision.training.precision import computing_in


@dataclasses.dataclass(frozen=True, eq=False)
class Answered:
    """Images, and what a model answered for them.

    Args:
        data: The `Dataset`, or `EvaluationImages`, that they are of.
        split: Which of its images.
        images: The `Split`.
        raw: The model's float32 logits [n, classes].
        logits: The same after the model's calibration.
    """

    data: object
    split: str
    images: Split
    raw: np.ndarray
    logits: np.ndarray

    @property
    def class_names(self):
        return self.data.class_names

    @property
    def has_mistakes(self):
        return bool((self.logits.argmax(axis=1) != self.images.labels).any())


@computing_in("float32")
def carry_out(asked, card, progress):
    """Returns what `evaluate` does.

    Args:
        asked: An `EvaluateSettings`.
        card: The model's card.
        progress: A `Progress`.
    """
    run = run_of(asked.source)
    folder = asked.figures or (run and run.figures)
    if asked.explain and not folder:
        raise BadInput("explain draws a figure, and this model file belongs to no run. Give --figures DIR.")
    model = load_model(asked.source, float32=True)
    check_outputs(model)
    chosen = choose_data(card.get("data_source"), asked.dataset, asked.data_dir, asked.seed, model.input_shape)
    is_its_test = asked.split in (None, "test") and chosen.dataset == card.get("data_source", {}).get("spec")
    if is_its_test and run and is_run(run.path) and not run.finished:
        raise BadInput(
            f"The training in {run.path} is not finished, and its test images are opened once, at its end. First "
            "continue it with the command that started it, or give --split validation."
        )
    data = open_images(chosen, card, model, asked.split, progress)
    if asked.calibrate:
        card = _calibrated_card(model, card, data, chosen.seed)
    found = _answer(model, data, asked, temperature_of(card))
    is_own = data.fingerprint == card.get("fingerprint")
    result = summary(data, found.split, found.images, found.logits, asked.views)
    result |= details(found.logits, found.images.labels, data.class_names) | {"temperature": temperature_of(card)}
    result["decisions"] = list(data.decisions)
    result["warnings"] += _warnings(found, card, chosen.seed)
    result |= {"figures": [], "files": []}
    if asked.calibrate:
        replace_card(model_file(asked.source), card)
        scores = before_and_after(found.raw, found.images.labels, temperature_of(card))
        result["calibration"] = card["calibration"] | scores
    if asked.corruptions:
        result["corruptions"] = measure_corruptions(model, found.images, asked.views, progress)
    try:
        if run and is_own and found.split == "test":
            result["looks"] = run.count_look()
        if folder:
            prefix = found.split if is_own else f"{name_in_files(data.name)}_{found.split}"
            result["figures"] = save(_figures(model, found, asked, result), folder, prefix)
            result["files"] = write_files(result, found, folder, prefix)
        if run and is_own and is_run(run.path):
            result |= page_of(run, progress)
    except OSError as error:  # another's run, perhaps: that it cannot be written must not hide what was measured
        result["warnings"].append(f"A file could not be written: {error}")
    return result


def _answer(model, data, asked, temperature):
    """Returns what the model answers for the images that are to be measured, as `Answered`."""
    if isinstance(data, EvaluationImages):
        split, images = data.split, data.images
        raw = predict_logits(model, images.images, asked.views)
    else:
        split = asked.split or "test"
        images, raw = answer(model, data, split, asked.views)
    return Answered(data, split, images, raw, calibrated(raw, temperature))


def _calibrated_card(model, card, data, seed):
    """Returns a model's card with the calibration that the validation images of its own data give.

    Raises:
        BadInput: The data is not the model's own, or the seed chooses other validation images.
    """
    if isinstance(data, EvaluationImages) or data.fingerprint != card.get("fingerprint"):
        raise BadInput(
            "A model is calibrated on the validation images of the data that it was trained on, and "
            f"{data.name} is not, or no longer, that data. Say where it is with --dataset or --data-dir."
        )
    if seed != card["data_source"]["seed"] and (data.seed is not None or "fold" in card):
        raise BadInput(
            f"The model was trained on most of the validation images that seed={seed} chooses. Leave --seed out to "
            "calibrate it on its own."
        )
    images, logits = answer(model, data, "validation")
    return card | {"calibration": calibrate(logits, images.labels)}


def _warnings(found, card, seed):
    """Returns what a person should know of the images that were measured, as a list of sentences."""
    unlike = unlike_training(found.images.images, card.get("pixel_statistics"))
    if isinstance(found.data, EvaluationImages):
        return list(filter(None, [unlike, seen_in_training(found.images.images, card.get("training_images"))]))
    return [*filter(None, [unlike]), *leak_warnings(card, found.data, found.split, seed)]


def _figures(model, found, asked, result):
    """Returns the figures of a measurement by name."""
    uncalibrated = found.raw if asked.calibrate else None
    drawn = error_figures(found.images, found.logits, found.class_names, uncalibrated)
    if asked.explain and found.has_mistakes:
        drawn["explained_mistakes"] = mistakes_figure(model, found.images, found.logits, found.class_names)
    if asked.corruptions:
        shown = int((found.logits.argmax(axis=1) == found.images.labels).argmax())  # the first that is right
        drawn["corruptions"] = corruption_figure(found.images, shown, result["corruptions"], result["accuracy"])
    return drawn


def name_in_files(dataset):
    """Returns the name of a data set as part of a file's: of a path its last part.

    Example:

    >>> name_in_files("folder:/home/me/my photos")
    'folder-my-photos'
    """
    kind, _, path = dataset.partition(":")
    return file_name(f"{kind} {Path(path).name}")


def save(figures, folder, prefix):
    """Saves figures by name and returns their paths, `FOLDER/PREFIX_NAME.png`."""
    return [str(path) for path in save_figures({f"{prefix}_{name}": one for name, one in figures.items()}, folder)]
