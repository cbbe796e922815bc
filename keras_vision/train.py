"""Trains one model and saves it: `python -m keras_vision.train --model cnn --dataset cifar10`."""

import functools
import json
import sys

from keras_vision.cli.command import main as run_command
from keras_vision.cli.job import (
    begin,
    check_seed,
    check_share,
    data_source,
    deadline_after,
    finish,
    fit_recipe,
    log_session,
    open_dataset,
    recipe_for_metric,
    show,
    warn_of_majority,
)
from keras_vision.errors import check_choice
from keras_vision.models import MODELS
from keras_vision.reporting.progress import suitable_progress
from keras_vision.runs.safety import check_description
from keras_vision.system.quiet import import_keras
from keras_vision.training.measure import VIEWS
from keras_vision.training.recipe import FIELDS, recipe_for
from keras_vision.training.scores import METRICS, score_of


def train(
    model="vgg",
    *,
    dataset="fashion_mnist",
    data_dir=None,
    image_size=None,
    on_bad_image="error",
    settings=None,
    builder=None,
    metric="accuracy",
    target_acc=None,
    max_minutes=None,
    seed=0,
    workdir=None,
    precision="auto",
    views=1,
    session=None,
    progress=None,
    **recipe,
):
    """Train one model, save it, and measure it once on the test images.

    Args:
        model: A name in `MODELS`.
        dataset: A name in `DATASETS`, or `folder:PATH`, `npz:PATH`, `csv:FILE`, `tfds:NAME`.
        data_dir: Where a named data set lies; the usual places by default.
        image_size: Height and width to which all images are resized.
        on_bad_image: `"error"` or `"skip"`.
        settings: Dict of the builder's keywords.
        builder: A function with a family's signature, (input_shape, num_classes, **settings), that builds the network
            in the place of the family's own; its recipe is the family's.
        metric: `"accuracy"`, or `"balanced_accuracy"`, the mean recall of the classes: what the target is about, and by
            which the best epoch is chosen. The latter sets the recipe's `class_weight` to `"balanced"`, unless it is
            given.
        target_acc: Stop after the epoch that reaches this share on validation images.
        max_minutes: Stop after the epoch during which this time is over.
        seed: Everything random derives from it.
        workdir: The run directory; `runs/train-MODEL-DATASET` by default.
        precision: See `keras_vision.training.precision.set_precision`.
        views: How many views of each test image are averaged, one of `keras_vision.training.measure.VIEWS`.
        session: Dict of more columns of TensorBoard's HParams, beside all settings.
        progress: A `Progress`.
        **recipe: Fields of `Recipe` that differ from the family's best known recipe.

    Returns:
        The result as a dict: workdir, val_accuracy, test, parameters, seconds, exit_code and more.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right.

    Example:

    >>> train("cnn", dataset="digits", epochs=5)["val_accuracy"]  # doctest: +SKIP
    """
    progress = suitable_progress(progress)
    check_choice("model", model, MODELS)
    check_choice("metric", metric, METRICS)
    check_share("target_acc", target_acc)
    check_seed(seed)
    check_choice("views", views, VIEWS)
    deadline = deadline_after(max_minutes)
    recipe = recipe_for_metric(metric, recipe)
    recipe_for(model, **recipe)  # refuses what is out of bounds before the data are read
    import_keras()
    import keras

    from keras_vision.analysis.counts import count_unbuilt
    from keras_vision.models import build_model, check_settings, model_settings
    from keras_vision.runs import Run, default_workdir
    from keras_vision.training.precision import set_precision, suit_network
    from keras_vision.training.trainer import TrainingDiverged, check_fit, fit

    chosen = set_precision(precision)
    if not builder:
        check_settings(model, settings or {})
    if workdir:
        Run(workdir).check_usable()
    data = open_dataset(dataset, data_dir, image_size, on_bad_image, seed, progress)
    warn_of_majority(data, target_acc, progress, metric)
    build = functools.partial(
        builder or functools.partial(build_model, model), data.shape, len(data.class_names), **(settings or {})
    )
    plan, decisions = fit_recipe(model, data, recipe, progress, count_flops=lambda: count_unbuilt(build).training_flops)
    set_precision(precision)  # which is forgotten with what was counted
    keras.utils.set_random_seed(seed)
    network = build()
    chosen = suit_network(chosen, network)
    check_fit(network, data, plan)
    if builder:
        check_description(f"of the builder {builder.__qualname__}", json.loads(network.to_json()))
    config = {
        "model": model,
        "settings": settings or {},
        "builder": builder and f"{builder.__module__}.{builder.__qualname__}",
        "dataset": dataset,
        "fingerprint": data.fingerprint,
        "recipe": plan.as_dict(),
        "metric": metric,
        "target_acc": target_acc,
        "max_minutes": max_minutes,
        "seed": seed,
        "precision": precision,
        "views": views,
    }
    run = Run(workdir or default_workdir("train", model, dataset, config))
    with run.locked():
        in_full = {} if builder else model_settings(model) | (settings or {})
        run.start(config, precision=chosen, model_settings=in_full, decisions=[*data.decisions, *decisions])
        begin(model, data, chosen, run, progress)
        if run.finished:
            progress.say("This run is finished; what follows is its result. For a new one give another --workdir.")
            result = run.result
        else:
            source = data_source(dataset, data_dir, image_size, on_bad_image, seed)
            card = {"data_source": source, "settings": settings or {}}
            limits = {"metric": metric, "target_acc": target_acc, "deadline": deadline}
            columns = {name: config[name] for name in ("model", "dataset", "seed", "views")} | {"precision": chosen}
            columns |= {**(settings or {}), **plan.as_dict(), **(session or {})}
            try:
                result = fit(network, data, plan, run, seed=seed, card=card, progress=progress, **limits)
            except TrainingDiverged:
                log_session(run, columns, None)
                raise
            if run.finished:
                log_session(run, columns, result)
        reached = target_acc is None or score_of(result) >= target_acc
        return finish(run, result, data, progress, target_acc=target_acc, reached=reached, views=views)


def main(arguments=None):
    """Runs the command line."""
    return run_command(
        train,
        "train",
        flags=(
            *("model", "dataset", "data_dir", "image_size", "on_bad_image"),
            *("set", "metric", "target_acc", "max_minutes"),
            *FIELDS,
            *("seed", "workdir", "precision", "views"),
        ),
        show=show,
        resumable=True,
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
