"""The steps that `train` and `tune` share: the data, the recipe, the end of a run."""

import time

from keras_vision.commands import run_pictures
from keras_vision.commands.page import page_of
from keras_vision.commands.summary_lines import tensorboard_line
from keras_vision.data.audit.quick import quick_audit
from keras_vision.data.mirror import look_at_mirror_images
from keras_vision.data.splits import steps_per_epoch
from keras_vision.errors import BadInput
from keras_vision.reporting.events import EventLog
from keras_vision.runs import load_model, write_json
from keras_vision.training.evaluation import measure_run
from keras_vision.training.metrics import majority_warning
from keras_vision.training.precision import computing_in
from keras_vision.training.recipe import TRAINING, Task, recipe_for

# What TensorBoard's HParams show of a run: scalar -> name shown.
SHOWN = {
    "val_accuracy": "validation accuracy",
    "val_crossentropy": "validation cross-entropy",
    "parameters": "parameters",
    "seconds": "seconds",
}


def deadline_after(minutes):
    """Returns the `time.monotonic()` at which `minutes` are over; None for None."""
    return None if minutes is None else time.monotonic() + 60 * minutes


def fit_recipe(model, data, changes, progress, *, count_flops=None, length=TRAINING):
    """Returns the recipe that suits a data set, and what was decided for it, and tells the person.

    Args:
        model: A name in `MODELS`.
        data: The `Dataset`.
        changes: Dict of the fields that a person set; None leaves the default.
        progress: A `Progress`.
        length: How long a training is to be, a `Length`.
        count_flops: Returns the FLOPs of training the network with one image; of the first one of a search.

    Returns:
        (`Recipe`, list of sentences).
    """
    decisions, mirrored = [], False
    if changes.get("flip") is None and recipe_for(model).flip != "none":
        mirror = look_at_mirror_images(data.train)
        mirrored = mirror.allowed
        decisions.append(mirror.sentence())
    flops = count_flops() if count_flops and not changes.get("epochs") else None
    task = Task(len(data.train), min(data.shape[:2]), mirrored, flops, length)
    recipe = recipe_for(model, task, **changes)
    batch_size = min(recipe.batch_size, len(data.train))
    steps = recipe.epochs * steps_per_epoch(data.train, batch_size)
    decisions.append(f"Training takes {recipe.epochs} epochs: {steps:,} steps of {batch_size} images.")
    for decision in decisions:
        progress.say(decision)
    return recipe, decisions


def open_data(source, progress, pixel_scale=None):
    """Opens a `DataSource` and tells the person where it came from and what is odd about it."""
    data = source.open(progress.say, pixel_scale)
    progress.say(f"{data.name}: {data.origin}")
    for decision in data.decisions:
        progress.say(decision)
    for warning in data.warnings:
        progress.say(f"warning: {warning}")
    return data


def warn_of(data, target_acc, metric, progress):
    """Warns of what a quick audit of the images sees, and of a target on accuracy that the largest class alone reaches.

    Returns:
        All that is odd about the images and the target, as a list of sentences, for the record of the run.
    """
    trivial = majority_warning(data.validation.labels, data.class_names, target_acc, metric)
    for warning in filter(None, [quick_audit(data), trivial]):
        progress.say(f"warning: {warning}")
    return [*data.warnings, *filter(None, [trivial])]


def begin(model, data, precision, run, progress):
    """Tells the person what starts, where, and how to watch it."""
    progress.say(f"{model} on {data.name}: {len(data.train):,} images, precision {precision}, in {run.path}")
    progress.say(f"watch it: {tensorboard_line(run.path)}")


def log_session(run, settings, result):
    """Logs a run as a session of TensorBoard's HParams, so that it can be compared with others by its settings.

    Args:
        run: The `Run`.
        settings: Dict of them.
        result: What `fit` returned; None where the training failed.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    with EventLog(run.tensorboard) as log:
        log.session(run.path.name, given, result, SHOWN)


@computing_in("float32")  # as `evaluate` and every export compute
def finish(run, result, data, progress, *, target_acc=None, exit_code=0, views=1):
    """Ends a run: draws its pictures, then opens the test split where the run is done; returns the completed result.

    The test split is opened once, and only for a run that reached its target or had none, and whose model is done:
    whoever goes on must not have seen it.

    Args:
        run: The `Run`, with its model.
        result: Its result so far; from disk where it is finished.
        data: The `Dataset`.
        progress: A `Progress`.
        target_acc: As in `train` and `tune`.
        exit_code: 0, or 3 where there is a target and it was not reached.
        views: Of each test image, as in `measure`.
    """
    extra = {
        "workdir": str(run.path),
        "target_acc": target_acc,
        "warnings": list(run.config.get("warnings", [])),
        "exit_code": exit_code,
    }
    if "test" not in result:
        model = load_model(run.path, float32=True)
        run_pictures.draw_pictures(run, model, data)
        if run.finished and exit_code == 0 and result["stopped"] != "time":
            try:
                result["test"] = measure_run(run, model, data, views=views)
                write_json(run.result_path, result)
            except BadInput as error:  # training is done: an unreadable test split must not hide what it gave
                extra["warnings"].append(f"The test images could not be read. {error}")
                progress.say(f"warning: {extra['warnings'][-1]}")
                extra["exit_code"] = 1
    return result | extra | page_of(run, progress)
