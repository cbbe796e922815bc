"""Measures a saved model: `python -m keras_vision.evaluate RUN|MODEL.keras [--dataset folder:NEW]`."""

import os
import re
import sys
from pathlib import Path

from keras_vision.cli.command import main as run_command
from keras_vision.cli.job import check_seed, data_source, open_dataset
from keras_vision.data.evaluation import SPLITS
from keras_vision.errors import BadInput, check_choice
from keras_vision.system.quiet import import_keras
from keras_vision.training.measure import (
    VIEWS,
    answer,
    balance_line,
    details,
    interval_words,
    predict_logits,
    score_line,
    summary,
)


def evaluate(source, *, dataset=None, data_dir=None, split=None, views=1, seed=None, figures=None, progress=None):
    """Measure a saved model on the test images of its own data, or on new images.

    New are images other than those that the model was trained on. All of them are measured, unless they have a test
    split of their own. Their classes are matched with the model's by name, and they are brought to its input's shape.

    Args:
        source: A run directory or a local `.keras` file.
        dataset: A name in `DATASETS`, or `folder:PATH`, `npz:PATH`, `csv:FILE`, `tfds:NAME`; the model's own by
            default.
        data_dir: Where the data set lies.
        split: `"test"`, `"validation"` or, of new images, `"all"`. By default the test split, or all new images where
            they have none.
        views: How many views of each image are averaged, one of `keras_vision.training.measure.VIEWS`.
        seed: Of the validation split of the model's own data; that of its training by default.
        figures: The folder for pictures of the confusion matrix and of the most confident mistakes; by default that of
            the run, and none for a model file.
        progress: A `Progress`.

    Returns:
        A dict: what `measure` and `details` of `keras_vision.training.measure` return; decisions, what was decided for
        the person; figures, their paths; and looks, how often the test split was, where it
        is that of the run's own data set.

    Raises:
        BadInput: No such model or data set, or images of a class that the model does not know.
        KerasVisionError: The model answers with NaN or infinity.

    Example:

    >>> evaluate("runs/tune-vgg-fashion_mnist")["accuracy"]  # doctest: +SKIP
    """
    from keras_vision.data import locate
    from keras_vision.data.brightness import unlike_training
    from keras_vision.data.evaluation import EvaluationImages
    from keras_vision.reporting.progress import suitable_progress
    from keras_vision.runs import load_model, read_card

    progress = suitable_progress(progress)
    check_choice("split", split, (None, *SPLITS))
    check_choice("views", views, VIEWS)
    if seed is not None:
        check_seed(seed)
    card = read_card(source)
    if not dataset and "data_source" not in card:
        raise BadInput(f"model {source}, which does not say its data set", "--dataset NAME")
    if dataset:
        locate(dataset, data_dir)  # a wrong name is refused before the model is loaded
    if figures:
        check_folder(figures)
    import_keras()
    from keras_vision.formats.network import check_outputs
    from keras_vision.training.precision import set_precision

    set_precision("float32")
    model = load_model(source, float32=True)
    check_outputs(model)
    chosen = choose_data(card.get("data_source", {}), dataset, data_dir, seed, model.input_shape)
    data = open_images(chosen, card, model, split, progress)
    if isinstance(data, EvaluationImages):
        split, images = data.split, data.images
        logits = predict_logits(model, images.images, views)
    else:
        split = split or "test"
        images, logits = answer(model, data, split, views)
    result = summary(data, split, images, logits, views) | details(logits, images.labels, data.class_names)
    result["decisions"] = list(data.decisions)
    result["warnings"] += filter(None, [unlike_training(images.images, card.get("pixel_statistics"))])
    if not isinstance(data, EvaluationImages):
        result["warnings"] += leak_warnings(card, data, split, chosen["seed"])
    run, is_own = run_of(source), data.fingerprint == card.get("fingerprint")
    folder = figures or (run and run.figures)
    prefix = split if is_own else f"{slug(data.name)}_{split}"
    result["figures"] = []
    try:
        if run and is_own and split == "test":
            result["looks"] = run.count_look()
        if folder:
            result["figures"] = draw(folder, prefix, images, logits, data.class_names)
    except OSError as error:  # another's run, perhaps: that it cannot be written must not hide what was measured
        result["warnings"].append(f"not written: {error}")
    return result


def check_folder(path):
    """Refuses a folder that cannot be made or written, before work starts."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        is_usable = os.access(path, os.W_OK)
    except OSError:
        is_usable = False
    if not is_usable:
        raise BadInput(f"figures={path}", "a folder that can be written")


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
    """Returns what is to be loaded, as `data_source` writes it: the model's own data, or the data set asked for.

    Args:
        own: `data_source` of the model's card; empty where it has none.
        dataset, data_dir, seed: As asked for; None for the model's own.
        input_shape: Of the model, with the batch axis.

    Raises:
        BadInput: The model's own data is not on this machine. It is not downloaded because a file says so.
    """
    from keras_vision.data import locate

    def is_in(folder):
        try:
            return bool(locate(own["spec"], folder))
        except BadInput:
            return False

    # Another seed would carve other validation images, most of which the model was trained on.
    seed = own.get("seed", 0) if seed is None else seed
    chosen = data_source(dataset or own["spec"], data_dir, None, "error", seed)
    if chosen["spec"] == own.get("spec"):
        # Where it was then counts only while it is still there: else it is looked for in the usual places.
        kept = ("data_dir",) if not data_dir and own.get("data_dir") and is_in(own["data_dir"]) else ()
        chosen |= {name: own.get(name, chosen[name]) for name in ("image_size", "on_bad_image", *kept)}
        if not dataset and locate(chosen["spec"], chosen["data_dir"]).kind == "download":
            raise BadInput(
                f"{chosen['spec']}, which is not on this machine",
                "it to be found",
                f"Give --data-dir, or --dataset {chosen['spec']} to download it.",
            )
        return chosen
    # Other images of the kind that the model knows, or the same ones in another place, are read as its own were.
    kind = chosen["spec"].partition(":")[0]
    if kind in ("folder", "tfds") or own.get("image_size"):
        chosen["image_size"] = input_shape[1:3]
    if kind == "folder":
        chosen["on_bad_image"] = own.get("on_bad_image", "error")
    return chosen


def open_images(chosen, card, model, split, progress):
    """Opens what is to be measured: a `Dataset` where it is the model's own, `EvaluationImages` where it is not.

    Args:
        chosen: What `choose_data` returned.
        card: The model's card.
        model: The model.
        split: As in `evaluate`.
        progress: A `Progress`.

    Raises:
        BadInput: There is nothing to measure, or it does not fit the model.
    """
    from keras_vision.data import load_images
    from keras_vision.data.evaluation import with_the_classes_of

    reading = {name: value for name, value in chosen.items() if name not in ("spec", "seed")}
    reading["pixel_scale"] = card.get("pixel_scale")
    if chosen["spec"] != card.get("data_source", {}).get("spec"):
        shape = model.input_shape[1:]
        own = card.get("fingerprint")
        known = card.get("class_names") or ()
        look = {"shape": shape, "split": split, "known": known, "own": own, "announce": progress.say}
        found = load_images(chosen["spec"], **look, **reading)
        if found:
            found = with_the_classes_of(found, card.get("class_names"), model.output_shape[-1])
            for line in (f"{found.name}: {found.source}", *found.decisions):
                progress.say(line)
            return found
    if split == "all":
        raise BadInput(
            f"{chosen['spec']} is the data that the model was trained on. Give --split test or --split validation, "
            "whose images it did not see, or new images with --dataset."
        )
    data = open_dataset(chosen["spec"], seed=chosen["seed"], progress=progress, **reading)
    check_classes(card.get("class_names"), data.class_names)
    return data


def leak_warnings(card, dataset, split, seed):
    """Returns why images of this split may be among those that the model was trained on, as a list of sentences."""
    own = card.get("data_source", {})
    if not own:
        return []
    if dataset.fingerprint != card.get("fingerprint"):
        return [
            f"{dataset.name} is not, or no longer, the data that the model was trained on: "
            "its images may be among those, which would flatter the accuracy."
        ]
    if split == "validation" and seed != own.get("seed"):
        return [f"seed={seed} carves other validation images than the training's seed={own.get('seed')}: it saw most."]
    return []


def check_classes(of_model, of_dataset):
    """Refuses a data set whose classes are not the model's, in the same order. A model without names passes."""
    if of_model and tuple(of_model) != tuple(of_dataset):
        raise BadInput(
            f"a data set with the classes {', '.join(of_dataset)}",
            f"the model's classes, in this order: {', '.join(of_model)}",
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
    return run_command(
        evaluate,
        "evaluate",
        positional={"source": "a run directory or a .keras file"},
        flags=("dataset", "data_dir", "split", "views", "seed", "figures"),
        show=show,
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
