"""The data that belong to a saved model: its own, or new images that are read as its own were."""

import dataclasses
from pathlib import Path

from keras_vision.commands.train_and_tune import open_data
from keras_vision.data import load_images, locate
from keras_vision.data.evaluation import with_the_classes_of
from keras_vision.data.folds import cross_fold
from keras_vision.data.places import PATH_KINDS
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.runs import Run


def run_of(source):
    """Returns the `Run` that a model belongs to: a run directory itself, or that whose model the file is; else None."""
    if Path(source).is_dir():
        return Run(source)
    run = Run(Path(source).parent)
    return run if run.config_path.exists() and Path(source).name == run.model_path.name else None


def choose_data(own, dataset, data_dir, seed, input_shape):
    """Returns the `DataSource` of what is to be loaded: the model's own data, or the data set asked for.

    Args:
        own: What the model's card says of its data, as `DataSource.record` writes it; None where it says nothing.
        dataset, data_dir, seed: As asked for; None for the model's own.
        input_shape: Of the model, with the batch axis.

    Raises:
        BadInput: The model's own data is not on this machine. It is not downloaded because a file says so.
    """

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
    is_of_files = kind in PATH_KINDS and PATH_KINDS[kind].image_files == "all"
    if is_of_files or kind == "tfds" or (own and own.image_size):
        chosen = dataclasses.replace(chosen, image_size=input_shape[1:3])
    if is_of_files and own:
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
    if chosen.dataset != card.get("data_source", {}).get("spec"):
        names = card.get("class_names") or ()
        look = {"shape": model.input_shape[1:], "split": split, "known": names, "own": card.get("fingerprint")}
        found = load_images(chosen, **look, announce=progress.say, pixel_scale=card.get("pixel_scale"))
        if found:
            found = with_the_classes_of(found, card.get("class_names"), model.output_shape[-1])
            for line in (f"{found.name}: {found.origin}", *found.decisions):
                progress.say(line)
            return found
    if split == "all":
        raise BadInput(
            f"{chosen.dataset} is the data that the model was trained on. Give --split test or --split validation, "
            "whose images it did not see, or new images with --dataset."
        )
    return open_splits(chosen, card, progress)


def open_splits(chosen, card, progress):
    """Opens a `Dataset` for a model; of its own data, those images are for validation that it was not trained on.

    Args:
        chosen, card, progress: As in `open_images`.

    Raises:
        BadInput: The data set cannot be read, or its classes are not the model's.
    """
    data = open_data(chosen, progress, card.get("pixel_scale"))
    check_classes(card.get("class_names"), data.class_names)
    is_of_fold = "fold" in card and data.fingerprint == card.get("fingerprint")
    return cross_fold(data, *card["fold"], chosen.seed) if is_of_fold else data


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
