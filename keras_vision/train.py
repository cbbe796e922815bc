"""Trains one model and saves it: `python -m keras_vision.train --model cnn --dataset cifar10`."""

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.commands.asked_before import arguments_of, given_before
from keras_vision.commands.summary_lines import training_lines
from keras_vision.data.places import locate
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.reporting.progress import Progress
from keras_vision.results.runs import TrainResult
from keras_vision.runs import Run
from keras_vision.system.settings import MINUTES, NAMED, SHARE, Settings, given, group, name_in, one_of, setting, whole
from keras_vision.training.measures import METRICS, VIEWS
from keras_vision.training.presets import EFFORTS, Preset, preset_for
from keras_vision.training.recipe import PRECISIONS, RecipeChanges, recipe_for, recipe_for_metric, recipe_with
from keras_vision.training.trackers import TRACKER, TRACKERS


def BUILDER(name: str, value: Any) -> None:
    """Refuses what is no function with a name, which the run records."""
    if not (callable(value) and hasattr(value, "__qualname__")):
        raise BadInput(f"{name} must be a function of (input_shape, num_classes), not {value!r:.80}.")


@dataclasses.dataclass(frozen=True)
class TrainSettings(Settings):
    """What `train` is asked for."""

    model: str = setting("vgg", f"the model family: {', '.join(MODELS)}", "NAME", name_in(MODELS))
    data: DataSource = group(DataSource)
    preset: str = setting(
        None, "a known network and recipe for this model and data set: best, or quick (a small network, a few epochs); "
        "if not given, the recipe follows from the images", "|".join(EFFORTS), one_of(EFFORTS),
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
    folds: int = setting(
        None, "cross-validation: train so many times, each time measured on another part of the images, and give the "
        "mean; the test images stay closed",
        "K", whole(2),
    )  # fmt: skip
    max_minutes: float = setting(None, "start no new epoch after this long", "MINUTES", MINUTES)
    changes: Settings = group(RecipeChanges)
    workdir: str = setting(
        None,
        "the run directory; the same command on the same directory continues where it stopped",
        "DIR",
        NAMED,
    )
    precision: str = setting(
        "auto", f"the precision of the arithmetic: {', '.join(PRECISIONS)}", "NAME", one_of(PRECISIONS)
    )
    devices: int = setting(1, "spread each batch over this many GPUs", "N", whole(1))
    views: int = setting(
        None, "average over this many views of each test image: 2 adds mirrored ones, 6 also shifted ones; if not "
        "given, the preset's, or 1", "1|2|6", one_of(VIEWS),
    )  # fmt: skip
    log: str = setting(None, f"log to a tracker, too, beside TensorBoard: {', '.join(TRACKERS)}", "NAME", TRACKER)
    dry_run: bool = setting(False, "say what would be done, with sizes, time and disk, and train and write nothing")
    builder: object = setting(
        None, "a function of (input_shape, num_classes, **settings) that builds the network instead of the family; the "
        "recipe stays that of the family", check=BUILDER, is_option=False,
    )  # fmt: skip
    session: dict = setting({}, "more columns for TensorBoard's HParams, beside all settings", is_option=False)


@front_door(TrainSettings, TrainResult.of)
def train(asked: TrainSettings, progress: Progress) -> dict[str, Any]:
    """Train one model, save it, and measure it once on the test images.

    The recipe follows from the family and the images, or comes from a preset. What you set yourself takes precedence.

    With `folds` the training and validation images are dealt out into so many parts, and the network is trained as
    often, each time on all parts but one, which it is measured on. Nothing is chosen by that part, and the test images
    are not opened. Each training is a run of its own, in the folder `folds` of the run.

    Returns:
        The result as a dict: workdir, val_accuracy, test, parameters, seconds, exit_code and more; with `folds` means,
        the interval of the mean, and the result of each fold as folds.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right.

    Example:

    >>> train("cnn", dataset="digits", epochs=5)["val_accuracy"]  # doctest: +SKIP
    """
    if asked.folds and asked.target_acc is not None:
        raise BadInput("Folds measure a recipe, which has no target. Leave out --folds or --target-acc.")
    if asked.folds and (asked.changes.patience or (asked.views or 1) > 1):
        raise BadInput(
            "A fold ends no training and is seen in one view, as nothing is chosen by it. Leave out --folds, or "
            "--patience and --views."
        )
    changes = recipe_for_metric(asked.metric, given(asked.changes))
    preset = preset_for(asked.model, asked.data.dataset, asked.preset) if asked.preset else Preset()
    views = 1 if asked.folds else asked.views or preset.views
    asked = dataclasses.replace(asked, settings=preset.settings | asked.settings, views=views)
    # What does not go together is refused here.
    recipe = recipe_with(recipe_for(asked.model, **preset.recipe), **changes)
    changes = recipe.as_dict() if asked.preset else changes
    locate(asked.data.dataset, asked.data.data_dir)
    if asked.workdir:
        Run(asked.workdir).check_usable()
    found = None if asked.builder else given_before("train", asked, arguments_of(asked), progress)
    return found or carry_out("commands.train", asked, changes, preset, progress)


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints the lines that end a training."""
    for line in training_lines(result):
        progress.say(line)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(train, "train", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
