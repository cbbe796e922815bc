"""Measures a saved model: `python -m keras_vision.evaluate RUN|MODEL.keras [--dataset folder:NEW]`."""

import dataclasses
import os
import re
import sys
from pathlib import Path

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.cli.job import open_data
from keras_vision.data.evaluation import SPLITS
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.system.quiet import import_keras
from keras_vision.system.settings import REQUIRED, SEED, Settings, one_of, setting
from keras_vision.training.measure import VIEWS, answer, predict_logits, summary
from keras_vision.training.metrics import balance_line, details, interval_words, score_line


@dataclasses.dataclass(frozen=True)
class EvaluateSettings(Settings):
    """What `evaluate` is asked for."""

    source: str = setting(REQUIRED, "a run directory or a .keras file", is_word=True)
    dataset: str = setting(
        None, "a named data set, or folder:PATH, npz:PATH, csv:FILE, tfds:NAME; if not given, the model's own", "NAME"
    )
    data_dir: str = setting(None, "where a named data set lies, if not in the usual places", "DIR")
    split: str = setting(
        None, "which images: test, validation, or all (of new images only); if not given, the test split, or all new "
        "images where they have none", "NAME", one_of(SPLITS),
    )  # fmt: skip
    views: int = setting(
        1,
        "average over this many views of each image: 2 adds mirrored ones, 6 also shifted ones",
        "1|2|6",
        one_of(VIEWS),
    )
    seed: int = setting(
        None, "the random seed that chose the validation images of the model's own data; if not given, that of its "
        "training",
        "N", SEED,
    )  # fmt: skip
    figures: str = setting(
        None, "the folder for pictures; if not given, that of the run; for a model file none are drawn", "DIR"
    )


@front_door(EvaluateSettings)
def evaluate(asked, progress):
    """Measure a saved model on the test images of its own data, or on new images.

    New images are those that the model was not trained on. All of them are measured, unless they have a test split of
    their own. Their classes are matched with the model's by name, and they are brought to the shape of its input.

    Returns:
        A dict: what `measure` and `details` of `keras_vision.training.measure` return; decisions, what was decided for
        the person; figures, their paths; and looks, how often the test split was, where it is that of the run's own
        data set.

    Raises:
        BadInput: No such model or data set, or images of a class that the model does not know.
        KerasVisionError: The model answers with NaN or infinity.

    Example:

    >>> evaluate("runs/tune-vgg-fashion_mnist")["accuracy"]  # doctest: +SKIP
    """
    from keras_vision.data import locate
    from keras_vision.data.brightness import unlike_training
    from keras_vision.data.evaluation import EvaluationImages
    from keras_vision.runs import load_model, read_card

    card = read_card(asked.source)
    if not asked.dataset and "data_source" not in card:
        raise BadInput(f"The model {asked.source} does not say which data set it was trained on. Give --dataset NAME.")
    if asked.dataset:
        locate(asked.dataset, asked.data_dir)  # a wrong name is refused before the model is loaded
    if asked.figures:
        check_folder(asked.figures)
    import_keras()
    from keras_vision.formats.network import check_outputs
    from keras_vision.training.precision import set_precision

    set_precision("float32")
    model = load_model(asked.source, float32=True)
    check_outputs(model)
    chosen = choose_data(card.get("data_source"), asked.dataset, asked.data_dir, asked.seed, model.input_shape)
    data = open_images(chosen, card, model, asked.split, progress)
    if isinstance(data, EvaluationImages):
        split, images = data.split, data.images
        logits = predict_logits(model, images.images, asked.views)
    else:
        split = asked.split or "test"
        images, logits = answer(model, data, split, asked.views)
    result = summary(data, split, images, logits, asked.views) | details(logits, images.labels, data.class_names)
    result["decisions"] = list(data.decisions)
    result["warnings"] += filter(None, [unlike_training(images.images, card.get("pixel_statistics"))])
    if not isinstance(data, EvaluationImages):
        result["warnings"] += leak_warnings(card, data, split, chosen.seed)
    run, is_own = run_of(asked.source), data.fingerprint == card.get("fingerprint")
    folder = asked.figures or (run and run.figures)
    prefix = split if is_own else f"{slug(data.name)}_{split}"
    result["figures"] = []
    try:
        if run and is_own and split == "test":
            result["looks"] = run.count_look()
        if folder:
            result["figures"] = draw(folder, prefix, images, logits, data.class_names)
    except OSError as error:  # another's run, perhaps: that it cannot be written must not hide what was measured
        result["warnings"].append(f"a file could not be written: {error}")
    return result


def check_folder(path):
    """Refuses a folder that cannot be made or written, before work starts."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        is_usable = os.access(path, os.W_OK)
    except OSError:
        is_usable = False
    if not is_usable:
        raise BadInput(f"figures={path} is not a folder that can be written. Give another one.")


def run_of(source):
    """Returns the `Run` that a model belongs to: a run directory itself, or that whose model the file is; else None."""
    from keras_vision.runs import Run

    if Path(source).is_dir():
        return Run(source)
    run = Run(Path(source).parent)
    return run if run.config_path.exists() and Path(source).name == run.model_path.name else None


def slug(name):
    """Returns a data set's name as part of a file's name.

    Example:

    >>> slug("folder:/home/me/my photos")
    'folder-my-photos'
    """
    kind, _, path = name.partition(":")
    return re.sub(r"[^\w.]+", "-", f"{kind} {Path(path).name}").strip("-")[:80]  # names hold 255 bytes at most


def draw(folder, prefix, images, logits, class_names):
    """Draws the confusion matrix and the most confident mistakes; returns the paths, `FOLDER/PREFIX_NAME.png`."""
    from keras_vision.cli.pictures import error_figures
    from keras_vision.reporting.style import save_figures

    drawn = error_figures(images, logits, class_names)
    return [str(path) for path in save_figures({f"{prefix}_{name}": one for name, one in drawn.items()}, folder)]


def choose_data(own, dataset, data_dir, seed, input_shape):
    """Returns the `DataSource` of what is to be loaded: the model's own data, or the data set asked for.

    Args:
        own: What the model's card says of its data, as `DataSource.record` writes it; None where it says nothing.
        dataset, data_dir, seed: As asked for; None for the model's own.
        input_shape: Of the model, with the batch axis.

    Raises:
        BadInput: The model's own data is not on this machine. It is not downloaded because a file says so.
    """
    from keras_vision.data import locate

    def is_in(folder):
        try:
            return bool(locate(own.dataset, folder))
        except BadInput:
            return False

    own = DataSource.from_record(own) if own else None
    # Another seed would carve other validation images, most of which the model was trained on.
    seed = (own.seed if own else 0) if seed is None else seed
    chosen = DataSource(dataset or own.dataset, data_dir, seed=seed).whole()
    if own and chosen.dataset == own.dataset:
        # Where it was then counts only while it is still there: else it is looked for in the usual places.
        folder = own.data_dir if not data_dir and own.data_dir and is_in(own.data_dir) else chosen.data_dir
        chosen = dataclasses.replace(own, data_dir=folder, seed=seed)
        if not dataset and locate(chosen.dataset, chosen.data_dir).kind == "download":
            raise BadInput(
                f"The model's data set, {chosen.dataset}, is not on this machine. Give --data-dir to say where it is, "
                f"or --dataset {chosen.dataset} to download it."
            )
        return chosen
    # Other images of the kind that the model knows, or the same ones in another place, are read as its own were.
    kind = chosen.dataset.partition(":")[0]
    if kind in ("folder", "tfds") or (own and own.image_size):
        chosen = dataclasses.replace(chosen, image_size=input_shape[1:3])
    if kind == "folder" and own:
        chosen = dataclasses.replace(chosen, on_bad_image=own.on_bad_image)
    return chosen


def open_images(chosen, card, model, split, progress):
    """Opens what is to be measured: a `Dataset` where it is the model's own, `EvaluationImages` where it is not.

    Args:
        chosen: The `DataSource` that `choose_data` returned.
        card: The model's card.
        model: The model.
        split: As in `evaluate`.
        progress: A `Progress`.

    Raises:
        BadInput: There is nothing to measure, or it does not fit the model.
    """
    from keras_vision.data import load_images
    from keras_vision.data.evaluation import with_the_classes_of

    scale = card.get("pixel_scale")
    if chosen.dataset != card.get("data_source", {}).get("spec"):
        names = card.get("class_names") or ()
        look = {"shape": model.input_shape[1:], "split": split, "known": names, "own": card.get("fingerprint")}
        found = load_images(chosen, **look, announce=progress.say, pixel_scale=scale)
        if found:
            found = with_the_classes_of(found, card.get("class_names"), model.output_shape[-1])
            for line in (f"{found.name}: {found.source}", *found.decisions):
                progress.say(line)
            return found
    if split == "all":
        raise BadInput(
            f"{chosen.dataset} is the data that the model was trained on. Give --split test or --split validation, "
            "whose images it did not see, or new images with --dataset."
        )
    data = open_data(chosen, progress, scale)
    check_classes(card.get("class_names"), data.class_names)
    return data


def leak_warnings(card, dataset, split, seed):
    """Returns why images of this split may be among those that the model was trained on, as a list of sentences."""
    own = card.get("data_source", {})
    if not own:
        return []
    if dataset.fingerprint != card.get("fingerprint"):
        return [
            f"{dataset.name} is not, or no longer, the data that the model was trained on. If the two share images, "
            "the accuracy is too high."
        ]
    if split == "validation" and seed != own.get("seed"):
        return [
            f"The model was trained on most of these validation images: seed={seed} chooses others than the seed of "
            f"its training, seed={own.get('seed')}."
        ]
    return []


def check_classes(of_model, of_dataset):
    """Refuses a data set whose classes are not the model's, in the same order. A model without names passes."""
    if of_model and tuple(of_model) != tuple(of_dataset):
        raise BadInput(
            f"The data set has the classes {', '.join(of_dataset)}, but the model has, in this order, "
            f"{', '.join(of_model)}. Give a data set with the model's classes."
        )


def show(result, progress):
    """Prints a result for a person: what each class gets, then the whole."""
    progress.print(class_table(result))
    for warning in result["warnings"]:
        progress.say(f"warning: {warning}")
    for path in result["figures"]:
        progress.say(f"figure: {path}")
    bins = result["calibration_bins"]
    progress.say(f"calibration error {result['calibration_error']:.4f} (expected, over {bins} bins of confidence)")
    if "top5" in result:
        top5 = result["top5"]
        progress.say(f"top-5 accuracy {top5['accuracy']:.4f} ({interval_words(top5['interval'])})")
    if line := balance_line(result):
        progress.say(line)
    progress.say(score_line(result))


def class_table(result):
    """Returns a result's classes as a rich table."""
    from rich.text import Text

    from keras_vision.reporting.tables import new_table

    # Plain text: names may hold what rich takes for markup.
    title = Text(f"Classes of {result['dataset']}, {result['split']} images")
    table = new_table(title, "class", "images", "precision", "recall", "95% interval", "F1")
    for row in result["classes"]:
        precision, recall, f1 = (decimals(row[key]) for key in ("precision", "recall", "f1"))
        interval = " to ".join(map(decimals, row["interval"] or [None]))
        table.add_row(Text(row["name"]), f"{row['n']:,}", precision, recall, interval, f1)
    return table


def decimals(number):
    """Returns a number with three decimals, "-" for None."""
    return "-" if number is None else f"{number:.3f}"


def main(arguments=None):
    """Runs the command line."""
    return run_command(evaluate, "evaluate", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
