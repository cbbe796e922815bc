"""Searches for a model that reaches a target: `python -m keras_vision.tune --model vgg --target-acc 0.9`."""

import sys

from keras_vision.cli import main as run_command
from keras_vision.errors import BadInput, check_choice
from keras_vision.job import (
    begin,
    check_seed,
    check_share,
    closing_lines,
    data_source,
    deadline_after,
    finish,
    open_dataset,
)
from keras_vision.models import MODELS
from keras_vision.progress import Progress, settings_line
from keras_vision.quiet import import_keras
from keras_vision.training.recipe import recipe_for

STRATEGIES = ("random", "grid", "bayesian", "hyperband")


def tune(
    model="vgg",
    *,
    dataset="fashion_mnist",
    data_dir=None,
    image_size=None,
    on_bad_image="error",
    target_acc=None,
    strategy="random",
    space=None,
    max_trials=20,
    max_minutes=None,
    epochs=None,
    batch_size=None,
    seed=0,
    workdir=None,
    precision="auto",
    progress=None,
):
    """Search for settings of a model family that reach a target accuracy on validation images.

    The search stops as soon as a trial reaches `target_acc`. The best model is measured on the test images once, and
    not at all while a target is still to be reached. Started again on the same directory, it goes on where it was.

    Args:
        model: A name in `MODELS`.
        dataset: A name in `DATASETS`, or `folder:PATH`, `npz:PATH`, `tfds:NAME`.
        data_dir: Where a named data set lies; the usual places by default.
        image_size: Height and width to which the images of a folder are resized.
        on_bad_image: `"error"` or `"skip"`.
        target_acc: Share of validation images to be classified rightly; without one the search uses its whole budget.
        strategy: Keras Tuner's oracle: `"random"`, `"grid"`, `"bayesian"` or `"hyperband"`.
        space: A Python file with a search space of your own.
        max_trials: Trials in all.
        max_minutes: Start no new epoch after this long.
        epochs: Epochs of each trial; the family's best known number by default.
        batch_size: Images per step, likewise.
        seed: Everything random derives from it.
        workdir: The run directory; `runs/tune-MODEL-DATASET` by default.
        precision: See `keras_vision.training.precision.set_precision`.
        progress: A `Progress`.

    Returns:
        The result as a dict: workdir, val_accuracy, best_trial, trials, ended, test, exit_code and more. The exit
        code is 3 where the target was not reached.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right.

    Example:

    >>> tune("cnn", dataset="digits", target_acc=0.9)["exit_code"]  # doctest: +SKIP
    0
    """
    progress = progress or Progress()
    check_choice("model", model, MODELS)
    check_choice("strategy", strategy, STRATEGIES)
    check_share("target_acc", target_acc)
    check_seed(seed)
    if max_trials < 1:
        raise BadInput(f"max_trials={max_trials}", "a whole number from 1")
    deadline = deadline_after(max_minutes)
    recipe = recipe_for(model, dataset, epochs=epochs, batch_size=batch_size)
    import_keras()
    from keras_vision.models import build_model
    from keras_vision.runs import Run, default_workdir
    from keras_vision.search.runner import Search
    from keras_vision.search.space import Space
    from keras_vision.training.precision import set_precision
    from keras_vision.training.trainer import check_fit

    chosen = set_precision(precision)
    choices = Space(model, recipe, fixed={"epochs": epochs, "batch_size": batch_size}, file=space)
    data = open_dataset(dataset, data_dir, image_size, on_bad_image, seed, progress)
    settings, first = choices.resolve({})
    check_fit(build_model(model, data.shape, len(data.class_names), **settings), data, first)
    config = {
        "model": model,
        "dataset": dataset,
        "fingerprint": data.fingerprint,
        "target_acc": target_acc,
        "strategy": strategy,
        "space": choices.describe(),
        "recipe": recipe.as_dict(),
        "seed": seed,
        "precision": precision,
        "max_trials": max_trials,
        "max_minutes": max_minutes,
    }
    run = Run(workdir or default_workdir("tune", model, dataset, config))
    with run.locked():
        run.start(config, precision=chosen)
        begin(model, data, chosen, run, progress)
        search = Search(
            run,
            model=model,
            dataset=data,
            space=choices,
            strategy=strategy,
            seed=seed,
            target_acc=target_acc,
            precision=precision,
            card={"data_source": data_source(dataset, data_dir, image_size, on_bad_image, seed)},
            progress=progress,
        )
        ended = search.go(max_trials, deadline)
        return finish(run, search.conclude(ended), data, target_acc, progress)


def show(result, progress):
    """Prints the lines that end a search."""
    progress.say(
        f"best of {result['trials']} (failed: {result['failed']}): {result['best_trial']}, "
        f"{settings_line(result['best_values'])}"
    )
    for line in closing_lines(result):
        progress.say(line)


def main(arguments=None):
    """Runs the command line."""
    return run_command(
        tune,
        "tune",
        flags=(
            *("model", "dataset", "data_dir", "image_size", "on_bad_image", "target_acc", "strategy", "space"),
            *("max_trials", "max_minutes", "epochs", "batch_size", "seed", "workdir", "precision"),
        ),
        show=show,
        resumable=True,
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
