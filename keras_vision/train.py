"""Trains one model and saves it: `python -m keras_vision.train --model cnn --dataset cifar10`."""

import dataclasses
import functools
import json
import sys

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.cli.job import (
    MINUTES,
    begin,
    deadline_after,
    finish,
    fit_recipe,
    log_session,
    open_data,
    recipe_for_metric,
    show,
    warn_of_majority,
)
from keras_vision.data.source import DataSource
from keras_vision.models import MODELS
from keras_vision.runs.safety import check_description
from keras_vision.system.quiet import import_keras
from keras_vision.system.settings import SHARE, Settings, given, group, one_of, setting
from keras_vision.training.measure import VIEWS
from keras_vision.training.presets import EFFORTS, Preset, preset_for
from keras_vision.training.recipe import PRECISIONS, RecipeChanges, recipe_for
from keras_vision.training.scores import METRICS, score_of


@dataclasses.dataclass(frozen=True)
class TrainSettings(Settings):
    """What `train` is asked for."""

    model: str = setting("vgg", f"the model family: {', '.join(MODELS)}", "NAME", one_of(MODELS))
    data: DataSource = group(DataSource)
    preset: str = setting(
        None, "a known network and recipe for this model and data set: the best, or quick, a small network for a few "
        "epochs; if not given, the recipe follows from the images", "|".join(EFFORTS), one_of(EFFORTS),
    )  # fmt: skip
    settings: dict = setting(
        {}, "a setting of the model, such as filters=32,64; may be given several times", "KEY=VALUE", option="set",
        is_repeated=True,
    )  # fmt: skip
    metric: str = setting(
        "accuracy",
        f"what the target and the best epoch are measured by: {' or '.join(METRICS)}",
        "NAME",
        one_of(METRICS),
    )
    target_acc: float = setting(
        None, "end after the epoch that reaches this share of the validation images", "SHARE", SHARE
    )
    max_minutes: float = setting(None, "start no new epoch after this long", "MINUTES", MINUTES)
    changes: RecipeChanges = group(RecipeChanges)
    workdir: str = setting(
        None, "the run directory; the same command on the same directory goes on where it stopped", "DIR"
    )
    precision: str = setting("auto", f"how numbers are rounded: {', '.join(PRECISIONS)}", "NAME", one_of(PRECISIONS))
    views: int = setting(
        None, "average over this many views of each test image: 2 adds mirrored ones, 6 also shifted ones; if not "
        "given, 1, or the preset's", "1|2|6", one_of(VIEWS),
    )  # fmt: skip
    builder: object = setting(
        None, "a function of (input_shape, num_classes, **settings) that builds the network, with the family's recipe",
        is_option=False,
    )  # fmt: skip
    session: dict = setting({}, "more columns of TensorBoard's HParams, beside all settings", is_option=False)


@front_door(TrainSettings)
def train(asked, progress):
    """Train one model, save it, and measure it once on the test images.

    The recipe follows from the family and the images, or comes from a preset. What you set yourself takes precedence.

    Returns:
        The result as a dict: workdir, val_accuracy, test, parameters, seconds, exit_code and more.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right.

    Example:

    >>> train("cnn", dataset="digits", epochs=5)["val_accuracy"]  # doctest: +SKIP
    """
    deadline = deadline_after(asked.max_minutes)
    changes = recipe_for_metric(asked.metric, given(asked.changes))
    preset = preset_for(asked.model, asked.data.dataset, asked.preset) if asked.preset else Preset()
    asked = dataclasses.replace(asked, settings=preset.settings | asked.settings, views=asked.views or preset.views)
    recipe = recipe_for(asked.model, **preset.recipe | changes)  # what does not go together is refused here
    changes = recipe.as_dict() if asked.preset else changes
    import_keras()
    from keras_vision.models import check_settings
    from keras_vision.runs import Run, default_workdir
    from keras_vision.training.precision import set_precision

    set_precision(asked.precision)
    if not asked.builder:
        check_settings(asked.model, asked.settings)
    if asked.workdir:
        Run(asked.workdir).check_usable()
    data = open_data(asked.data, progress)
    warn_of_majority(data, asked.target_acc, progress, asked.metric)
    network, chosen, recipe, decisions = _build(asked, data, changes, progress)
    config = _config(asked, data, recipe)
    run = Run(asked.workdir or default_workdir("train", asked.model, asked.data.dataset, config))
    with run.locked():
        run.start(config, precision=chosen, model_settings=_in_full(asked), decisions=[*data.decisions, *decisions])
        begin(asked.model, data, chosen, run, progress)
        if preset.expected:
            progress.say(
                f"This preset classified {preset.expected:.2%} of the test images correctly when it was recorded."
            )
        if run.finished:
            progress.say("This run is finished, so this is its result. To start a new run give another --workdir.")
            result = run.result
        else:
            result = _fit(asked, network, data, recipe, run, chosen, deadline, progress)
        reached = asked.target_acc is None or score_of(result) >= asked.target_acc
        return finish(
            run, result, data, progress, target_acc=asked.target_acc, exit_code=0 if reached else 3, views=asked.views
        )


def _build(asked, data, changes, progress):
    """Returns (network, its precision, recipe, decisions), for the images of a `Dataset`."""
    import keras

    from keras_vision.analysis.counts import count_unbuilt
    from keras_vision.models import build_model
    from keras_vision.training.precision import set_precision, suit_network
    from keras_vision.training.trainer import check_fit

    builder = asked.builder or functools.partial(build_model, asked.model)
    build = functools.partial(builder, data.shape, len(data.class_names), **asked.settings)
    recipe, decisions = fit_recipe(
        asked.model, data, changes, progress, count_flops=lambda: count_unbuilt(build).training_flops
    )
    precision = set_precision(asked.precision)  # it was forgotten with what was counted
    keras.utils.set_random_seed(asked.data.seed)
    network = build()
    precision = suit_network(precision, network)
    check_fit(network, data, recipe)
    if asked.builder:
        check_description(f"of the builder {asked.builder.__qualname__}", json.loads(network.to_json()))
    return network, precision, recipe, decisions


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
    from keras_vision.models import model_settings

    return {} if asked.builder else model_settings(asked.model) | asked.settings


def _fit(asked, network, data, recipe, run, precision, deadline, progress):
    """Trains the network and logs it as a session of TensorBoard's HParams; returns its result."""
    from keras_vision.training.trainer import TrainingDiverged, fit

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


def main(arguments=None):
    """Runs the command line."""
    return run_command(train, "train", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
