"""Trains one model and saves it: `python -m keras_vision.train --model cnn --dataset cifar10`."""

import sys

from keras_vision.cli import main as run_command
from keras_vision.errors import BadInput, check_choice
from keras_vision.quiet import import_keras

RECIPE_FLAGS = (
    *("epochs", "batch_size", "optimizer", "learning_rate", "weight_decay"),
    *("label_smoothing", "warmup_epochs", "ema_momentum"),
)


def train(
    model="vgg",
    *,
    dataset="fashion_mnist",
    data_dir=None,
    image_size=None,
    on_bad_image="error",
    settings=None,
    target_acc=None,
    max_minutes=None,
    seed=0,
    workdir=None,
    precision="auto",
    progress=None,
    **recipe,
):
    """Train one model, save it, and measure it once on the test images.

    Args:
        model: A name in `MODELS`.
        dataset: A name in `DATASETS`, or `folder:PATH`, `npz:PATH`, `tfds:NAME`.
        data_dir: Where a named data set lies; the usual places by default.
        image_size: Height and width to which the images of a folder are resized.
        on_bad_image: `"error"` or `"skip"`.
        settings: Dict of the builder's keywords.
        target_acc: Stop after the epoch that reaches this share of validation images.
        max_minutes: Stop after the epoch during which this time is over.
        seed: Everything random derives from it.
        workdir: The run directory; `runs/train-MODEL-DATASET` by default.
        precision: See `keras_vision.training.precision.set_precision`.
        progress: A `Progress`.
        **recipe: Fields of `Recipe` that differ from the family's best known recipe.

    Returns:
        The result as a dict: workdir, val_accuracy, test, parameters, seconds, exit_code and more.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right.

    Example:

    >>> train("cnn", dataset="digits", epochs=5)["val_accuracy"]  # doctest: +SKIP
    """
    from keras_vision.models import MODELS
    from keras_vision.progress import Progress

    progress = progress or Progress()
    check_choice("model", model, MODELS)
    check_share("target_acc", target_acc)
    check_seed(seed)
    from keras_vision.training.recipe import recipe_for

    plan = recipe_for(model, dataset, **recipe)
    import_keras()
    import keras

    from keras_vision.models import build_model
    from keras_vision.runs import Run, default_workdir
    from keras_vision.training.precision import set_precision
    from keras_vision.training.trainer import fit

    chosen = set_precision(precision)
    data = open_dataset(dataset, data_dir, image_size, on_bad_image, seed, progress)
    keras.utils.set_random_seed(seed)
    network = build_model(model, data.shape, len(data.class_names), **(settings or {}))
    config = {
        "model": model,
        "settings": settings or {},
        "dataset": dataset,
        "fingerprint": data.fingerprint,
        "recipe": plan.as_dict(),
        "target_acc": target_acc,
        "max_minutes": max_minutes,
        "seed": seed,
        "precision": chosen,
    }
    run = Run(workdir or default_workdir(f"train-{model}-{data.name}", config))
    with run.locked():
        run.start(config)
        progress.say(f"{model} on {data.name}: {len(data.train):,} images, precision {chosen}, in {run.path}")
        if run.finished:
            progress.say("This run is finished; what follows is its result. For a new one give another --workdir.")
        else:
            source = data_source(dataset, data_dir, image_size, on_bad_image, seed)
            card = {"data_source": source, "settings": settings or {}}
            fit(network, data, plan, run, seed=seed, target_acc=target_acc, deadline=deadline_after(max_minutes),
                card=card, progress=progress)  # fmt: skip
        result = finish(run, data, progress)
    reached = target_acc is None or result["val_accuracy"] >= target_acc
    return result | {"workdir": str(run.path), "target_acc": target_acc, "exit_code": 0 if reached else 3}


def check_share(name, value):
    """Refuses what is not a share between 0 and 1 (None is let through)."""
    if value is not None and not 0 < value <= 1:
        mend = f"For {value:g}% write {value / 100:g}." if 1 < value <= 100 else ""
        raise BadInput(f"{name}={value:g}", "a share between 0 and 1", mend)


def check_seed(seed):
    """Refuses what is not a whole number that all libraries take as a seed."""
    if not 0 <= seed < 2**31:
        raise BadInput(f"seed={seed}", "a whole number from 0 to 2147483647")


def deadline_after(minutes):
    """Returns the `time.monotonic()` at which `minutes` are over; None for None.

    Raises:
        BadInput: The minutes are not positive.
    """
    import time

    if minutes is None:
        return None
    if not minutes > 0:
        raise BadInput(f"max_minutes={minutes}", "a positive number of minutes")
    return time.monotonic() + 60 * minutes


def open_dataset(dataset, data_dir, image_size, on_bad_image, seed, progress):
    """Loads a data set and tells the person where it came from and what is odd about it."""
    from keras_vision.data import load_dataset

    data = load_dataset(
        dataset,
        data_dir=data_dir,
        image_size=image_size,
        on_bad_image=on_bad_image,
        seed=seed,
        announce=progress.say,
    )
    progress.say(f"{data.name}: {data.source}")
    for warning in data.warnings:
        progress.say(f"warning: {warning}")
    return data


def data_source(dataset, data_dir, image_size, on_bad_image, seed):
    """Returns what a model file keeps of its data: the arguments with which `load_dataset` gives the same again."""
    from pathlib import Path

    return {
        "spec": dataset,
        "data_dir": str(Path(data_dir).resolve()) if data_dir else None,
        "image_size": image_size,
        "on_bad_image": on_bad_image,
        "seed": seed,
    }


def finish(run, data, progress):
    """Draws the pictures of a run's best model and opens the test split, once; returns the completed result."""
    from keras_vision.evaluate import measure_run
    from keras_vision.pictures import draw_pictures
    from keras_vision.runs import load_model, write_json
    from keras_vision.training.precision import set_precision

    result = run.result
    if "test" not in result:
        set_precision("float32")  # as `evaluate` and every export compute
        model = load_model(run.path)
        draw_pictures(run, model, data)
        result["test"] = measure_run(run, model, data)
        write_json(run.result_path, result)
    return result


def closing_lines(result):
    """Returns the lines that end a run: what was reached, where things are, and the test accuracy last."""
    from keras_vision.evaluate import score_line

    workdir, target = result["workdir"], result["target_acc"]
    verdict = ""
    if target is not None:
        verdict = f"target {target:g} {'reached' if result['val_accuracy'] >= target else 'not reached'}: "
    lines = [
        f"{verdict}validation accuracy {result['val_accuracy']:.4f} with {result['parameters']:,} parameters, "
        f"in {result['seconds']:.0f} s of training",
        f"model        {workdir}/model.keras",
        f"export       python -m keras_vision.export {workdir}",
        f"TensorBoard  tensorboard --host localhost --logdir {workdir}",
    ]
    if "test" in result:
        lines += [f"warning: {warning}" for warning in result["test"]["warnings"]]
        lines.append(score_line(result["test"]))
    return lines


def show(result, progress):
    """Prints the lines that end a run."""
    for line in closing_lines(result):
        progress.say(line)


def main(arguments=None):
    """Runs the command line."""
    return run_command(
        train,
        "train",
        flags=("model", "dataset", "data_dir", "image_size", "on_bad_image", "set", "target_acc", "max_minutes",
               *RECIPE_FLAGS, "seed", "workdir", "precision"),
        show=show,
        resumable=True,
        arguments=arguments,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
