"""What `train` does: builds a network for the images, trains it, and ends the run."""

import functools
import json

import keras

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.commands.asked_before import arguments_of
from keras_vision.commands.cross_validation import cross_validate
from keras_vision.commands.dry_run import forecast_training
from keras_vision.commands.page import page_of
from keras_vision.commands.run_pictures import draw_pictures
from keras_vision.commands.train_and_tune import (
    begin,
    deadline_after,
    finish,
    fit_recipe,
    log_session,
    open_data,
    warn_of,
)
from keras_vision.data.folds import cross_fold
from keras_vision.models import builder_of, model_settings
from keras_vision.models.own_builder import checked_builder
from keras_vision.runs import Run, default_workdir, load_model
from keras_vision.runs.safety import check_description
from keras_vision.training.aim import meets_target
from keras_vision.training.choosing import choose, recorded
from keras_vision.training.devices import check_gain, devices_for, spread_over
from keras_vision.training.precision import computing_in
from keras_vision.training.trackers import Tracker, results_of
from keras_vision.training.trainer import TrainingDiverged, check_fit, fit


def carry_out(asked, changes, preset, progress):
    """Returns what `train` does.

    Args:
        asked: A `TrainSettings`, with the preset's network.
        changes: Dict of the recipe's fields that are set.
        preset: The `Preset`.
        progress: A `Progress`.
    """
    with computing_in(asked.precision):
        return _train(asked, changes, preset, progress)


def _train(asked, changes, preset, progress):
    """Trains, or reads what was trained, and ends the run."""
    deadline, devices = deadline_after(asked.max_minutes), devices_for(asked.devices)
    settings = asked.settings
    builder = checked_builder(asked.builder, settings) if asked.builder else builder_of(asked.model, settings)
    data = open_data(asked.data, progress)
    warnings = warn_of(data, asked.target_acc, asked.metric, progress)
    build = functools.partial(builder, data.shape, len(data.class_names))
    trained_on = data
    if asked.folds:  # a training that a fold ends would be judged by it, too
        trained_on, changes = cross_fold(data, 1, asked.folds, asked.data.seed), changes | {"patience": 0}
    recipe, decisions = fit_recipe(
        asked.model, trained_on, changes, progress, count_flops=lambda: count_unbuilt(build).training_flops
    )
    config = _config(asked, data, recipe)
    run = Run(asked.workdir or default_workdir("train", asked.model, config["dataset"], config))
    if asked.dry_run:
        return forecast_training(asked, run, data, recipe, build)
    if len(devices) > 1 and not run.config_path.exists():
        check_gain(build, data, recipe, devices, progress)
    made = functools.partial(_network, asked, build, recipe, devices, progress)
    if asked.folds:
        told = {"decisions": [*data.decisions, *decisions], "warnings": warnings}
        return _train_folds(asked, made, data, recipe, run, config, told, deadline, progress)
    known = run.finished and recorded(run.config)  # then no network is needed
    network, choice = (None, known) if known else made(asked.data.seed, data, run)  # or refused, before any writing
    with run.locked():
        facts = {"precision": choice.precision, "choice": choice.record(), "devices": devices}
        facts |= {"model_settings": _in_full(asked), "warnings": warnings}
        facts |= {"decisions": [*data.decisions, *decisions], "arguments": _arguments(asked)}
        run.start(config, **facts)
        begin(asked.model, data, choice.precision, run, progress)
        if preset.expected:
            progress.say(
                f"This preset classified {preset.expected:.2%} of the test images correctly when it was recorded."
            )
        if run.finished:
            progress.say("This run is finished, so this is its result. To start a new run give another --workdir.")
            return _finish(asked, run, run.result, data, progress)
        tracker, columns = Tracker(asked.log, progress.say), _columns(asked, recipe, choice.precision)
        with tracker.training(run.path, columns) as log:
            result = _fit(asked, network, data, recipe, run, columns, deadline, progress, log=log)
            result = _finish(asked, run, result, data, progress)
            log(results_of(result), result["epochs_run"])
        return result


def _finish(asked, run, result, data, progress):
    """Ends the run, as `finish` does."""
    exit_code = 0 if meets_target(result, asked.target_acc) else 3
    return finish(run, result, data, progress, target_acc=asked.target_acc, exit_code=exit_code, views=asked.views)


def _train_folds(asked, made, data, recipe, run, config, told, deadline, progress):
    """Trains on each combination of folds but one; `made` makes the network of each, `told` is what the person was."""
    tracker = Tracker(asked.log, progress.say)

    def train_fold(fold, split, number):
        seed = asked.data.seed + number - 1
        network, choice = made(seed, split, fold)
        with fold.locked():
            facts = {"precision": choice.precision, "choice": choice.record(), "model_settings": _in_full(asked)}
            fold.start(config | {"fold": number}, **facts)
            begin(asked.model, split, choice.precision, fold, progress)
            more = {"seed": seed, "keep": "last", "card": {"fold": [number, config["folds"]]}}
            columns = _columns(asked, recipe, choice.precision)
            with tracker.training(fold.path, columns) as log:
                result = _fit(asked, network, split, recipe, fold, columns, deadline, progress, log=log, **more)
                log(results_of(result), result["epochs_run"])
            if fold.finished:
                with computing_in("float32"):
                    draw_pictures(fold, load_model(fold.path, float32=True), split)
            page_of(fold, progress)
        return result

    with run.locked():
        run.start(config, **told, arguments=_arguments(asked))
        result = cross_validate(run, data, config["folds"], asked.data.seed, train_fold, progress)
        return result | {"warnings": told["warnings"]}


def _network(asked, build, recipe, devices, progress, seed, data, run):
    """Returns (the network, the `Choice` of the way in which it is trained), for devices by name."""

    def built():
        keras.utils.set_random_seed(seed)
        with spread_over(devices):
            network = build()
        check_fit(network, data, recipe)
        if asked.builder:
            check_description(f"of the builder {asked.builder.__qualname__}", json.loads(network.to_json()))
        return network

    earlier = recorded(run.config) if run.config_path.exists() else None
    return choose(built, data, recipe, asked.precision, earlier=earlier, progress=progress)


def _config(asked, data, recipe):
    """Returns the settings that a run's record holds, and a later start must give again."""
    builder = asked.builder and f"{asked.builder.__module__}.{asked.builder.__qualname__}"
    names = ("metric", "target_acc", "max_minutes", "precision", "views")
    return {
        **{"model": asked.model, "settings": asked.settings, "builder": builder},
        **{"dataset": asked.data.whole().dataset, "fingerprint": data.fingerprint, "seed": asked.data.seed},
        "recipe": recipe.as_dict(),
        **{name: getattr(asked, name) for name in names},
        **({"folds": asked.folds} if asked.folds else {}),
    }


def _arguments(asked):
    """Returns what `train` was asked for; None with a builder, which no file can name."""
    return None if asked.builder else arguments_of(asked)


def _in_full(asked):
    """Returns all settings of the network, those left at their defaults too; of a builder's own none is known."""
    return {} if asked.builder else model_settings(asked.model) | asked.settings


def _columns(asked, recipe, precision):
    """Returns what TensorBoard's HParams and trackers show of a training's settings."""
    columns = {"model": asked.model, "dataset": asked.data.dataset, "seed": asked.data.seed, "views": asked.views}
    return columns | {"precision": precision, **asked.settings, **recipe.as_dict(), **asked.session}


def _fit(asked, network, data, recipe, run, columns, deadline, progress, *, log, seed=None, card=None, keep="best"):
    """Trains the network and logs it as a session of TensorBoard's HParams; returns its result.

    Of a fold, seed, card and keep differ from those of a training.
    """
    card = {"data_source": asked.data.whole().record(), "settings": asked.settings} | (card or {})
    aim = {"metric": asked.metric, "target_acc": asked.target_acc, "deadline": deadline, "keep": keep}
    try:
        seed = asked.data.seed if seed is None else seed
        result = fit(network, data, recipe, run, seed=seed, card=card, log=log, progress=progress, **aim)
    except TrainingDiverged:
        log_session(run, columns, None)
        raise
    if run.finished:
        log_session(run, columns, result)
    return result
