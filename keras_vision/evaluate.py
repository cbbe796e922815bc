"""Measures a saved model: `python -m keras_vision.evaluate RUN|MODEL.keras [--split validation|test]`."""

import sys

from keras_vision.cli import main as run_command
from keras_vision.errors import BadInput, check_choice
from keras_vision.job import check_seed, data_source, open_dataset
from keras_vision.measure import measure, measure_run, score_line
from keras_vision.quiet import import_keras

SPLITS = ("test", "validation")


def evaluate(source, *, dataset=None, data_dir=None, split="test", seed=None, progress=None):
    """Measure a saved model on the images of a data set.

    Args:
        source: A run directory or a local `.keras` file.
        dataset: A name in `DATASETS`, or `folder:PATH`, `npz:PATH`, `tfds:NAME`; the model's own by default. The images
            of another folder are resized to the model's input.
        data_dir: Where the data set lies.
        split: `"test"` or `"validation"`.
        seed: Of the validation split; that of the model's training by default.
        progress: A `Progress`.

    Returns:
        A dict: accuracy, n, interval (95%, Wilson), crossentropy, split, dataset, warnings; and looks, how often the
        test split was, where it is that of the run's own data set.

    Raises:
        BadInput: No such model or data set, or the two do not fit.

    Example:

    >>> evaluate("runs/tune-vgg-fashion_mnist")["accuracy"]  # doctest: +SKIP
    """
    from keras_vision.data import locate
    from keras_vision.progress import Progress
    from keras_vision.runs import Run, load_model, read_card

    progress = progress or Progress()
    check_choice("split", split, SPLITS)
    if seed is not None:
        check_seed(seed)
    card = read_card(source)
    if not dataset and "data_source" not in card:
        raise BadInput(f"model {source}, which does not say its data set", "--dataset NAME")
    if dataset:
        locate(dataset, data_dir)  # a wrong name is refused before the model is loaded
    import_keras()
    from keras_vision.training.precision import set_precision

    set_precision("float32")
    model = load_model(source, float32=True)
    chosen = choose_data(card.get("data_source", {}), dataset, data_dir, seed, model.input_shape)
    data = open_dataset(chosen.pop("spec"), **chosen, progress=progress)
    check_classes(card.get("class_names"), data.class_names)
    run = Run(source)
    is_own = data.fingerprint == card.get("fingerprint")
    result = measure_run(run, model, data, split) if run.path.is_dir() and is_own else measure(model, data, split)
    return result | {"warnings": result["warnings"] + leak_warnings(card, data, split, chosen["seed"])}


def choose_data(own, dataset, data_dir, seed, input_shape):
    """Returns what is to be loaded, as `data_source` writes it: the model's own data, or the data set asked for.

    Args:
        own: `data_source` of the model's card; empty where it has none.
        dataset, data_dir, seed: As asked for; None for the model's own.
        input_shape: Of the model, with the batch axis.
    """
    # Another seed would carve other validation images, most of which the model was trained on.
    seed = own.get("seed", 0) if seed is None else seed
    chosen = data_source(dataset or own["spec"], data_dir, None, "error", seed)
    if chosen["spec"] == own.get("spec"):
        kept = ("image_size", "on_bad_image", *(() if data_dir else ("data_dir",)))
        return chosen | {name: own.get(name, chosen[name]) for name in kept}
    return chosen | {"image_size": input_shape[1:3] if chosen["spec"].startswith("folder:") else None}


def leak_warnings(card, dataset, split, seed):
    """Returns why images of this split may be among those that the model was trained on, as a list of sentences."""
    own = card.get("data_source", {})
    if not own:
        return []
    if dataset.fingerprint != card.get("fingerprint"):
        if split == "test" and dataset.name != own.get("spec"):
            return []
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
    """Prints a result for a person."""
    for warning in result["warnings"]:
        progress.say(f"warning: {warning}")
    progress.say(score_line(result))


def main(arguments=None):
    """Runs the command line."""
    return run_command(
        evaluate,
        "evaluate",
        positional={"source": "a run directory or a .keras file"},
        flags=("dataset", "data_dir", "split", "seed"),
        show=show,
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
