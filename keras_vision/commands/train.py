"""What `train` does: builds a network for the images, trains it, and ends the run."""

import functools
import json

import keras

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.commands.train_and_tune import (
    begin,
    deadline_after,
    finish,
    fit_recipe,
    log_session,
    open_data,
    warn_of_findings,
    warn_of_majority,
)
from keras_vision.models import builder_of, model_settings
from keras_vision.runs import Run, default_workdir
from keras_vision.runs.safety import check_description
from keras_vision.training.aim import reaches
from keras_vision.training.choosing import choose, recorded
from keras_vision.training.devices import check_gain, devices_for, spread_over
from keras_vision.training.precision import computing_in
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
    if asked.builder:
        builder = functools.partial(asked.builder, **asked.settings)
    else:
        builder = builder_of(asked.model, asked.settings)
    if asked.workdir:
        Run(asked.workdir).check_usable()
    data = open_data(asked.data, progress)
    warn_of_findings(data, progress)
    warn_of_majority(data, asked.target_acc, progress, asked.metric)
    build = functools.partial(builder, data.shape, len(data.class_names))
    recipe, decisions = fit_recipe(
        asked.model, data, changes, progress, count_flops=lambda: count_unbuilt(build).training_flops
    )
    config = _config(asked, data, recipe)
    run = Run(asked.workdir or default_workdir("train", asked.model, asked.data.dataset, config))
    if len(devices) > 1 and not run.config_path.exists():
        check_gain(build, data, recipe, devices, progress)
    network, choice = _network(asked, build, data, recipe, run, devices, progress)
    with run.locked():
        facts = {"precision": choice.precision, "choice": choice.record(), "devices": devices}
        facts |= {"model_settings": _in_full(asked), "warnings": list(data.warnings)}
        run.start(config, **facts, decisions=[*data.decisions, *decisions])
        begin(asked.model, data, choice.precision, run, progress)
        if preset.expected:
            progress.say(
                f"This preset classified {preset.expected:.2%} of the test images correctly when it was recorded."
            )
        if run.finished:
            progress.say("This run is finished, so this is its result. To start a new run give another --workdir.")
            result = run.result
        else:
            result = _fit(asked, network, data, recipe, run, choice.precision, deadline, progress)
        exit_code = 0 if reaches(result, asked.target_acc) else 3
        return finish(run, result, data, progress, target_acc=asked.target_acc, exit_code=exit_code, views=asked.views)


def _network(asked, build, data, recipe, run, devices, progress):
    """Returns (the network, the `Choice` of the way in which it is trained), for devices by name."""

    def built():
        keras.utils.set_random_seed(asked.data.seed)
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
        **{"dataset": asked.data.dataset, "fingerprint": data.fingerprint, "seed": asked.data.seed},
        "recipe": recipe.as_dict(),
        **{name: getattr(asked, name) for name in names},
    }


def _in_full(asked):
    """Returns all settings of the network, those left at their defaults too; of a builder's own none is known."""
    return {} if asked.builder else model_settings(asked.model) | asked.settings


def _fit(asked, network, data, recipe, run, precision, deadline, progress):
    """Trains the network and logs it as a session of TensorBoard's HParams; returns its result."""
    columns = {"model": asked.model, "dataset": asked.data.dataset, "seed": asked.data.seed, "views": asked.views}
    columns |= {"precision": precision, **asked.settings, **recipe.as_dict(), **asked.session}
    card = {"data_source": asked.data.whole().record(), "settings": asked.settings}
    limits = {"metric": asked.metric, "target_acc": asked.target_acc, "deadline": deadline}
    try:
        result = fit(network, data, recipe, run, seed=asked.data.seed, card=card, progress=progress, **limits)
    except TrainingDiverged:
        log_session(run, columns, None)
        raise
    if run.finished:
        log_session(run, columns, result)
    return result
