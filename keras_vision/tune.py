"""Searches for a model that reaches a target: `python -m keras_vision.tune --model vgg --target-acc 0.9`."""

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.commands.asked_before import given_before, search_arguments
from keras_vision.commands.summary_lines import search_lines
from keras_vision.data.places import locate
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.reporting.progress import Progress
from keras_vision.results.runs import TuneResult
from keras_vision.runs import Run
from keras_vision.search.ending import ENDINGS
from keras_vision.search.executors.worker_settings import WorkerSettings
from keras_vision.search.plan import Limits
from keras_vision.search.sizes import PARAMETERS, SIZES
from keras_vision.search.strategies import (
    ANY,
    POLISHERS,
    STRATEGIES,
    USUAL,
    USUAL_POLISH,
    USUAL_WITH_TARGET,
    default_strategy,
    default_trials,
)
from keras_vision.system.settings import (
    MINUTES,
    NAMED,
    POSITIVE,
    SHARE,
    Settings,
    group,
    name_in,
    one_of,
    setting,
    whole,
)
from keras_vision.training.measures import METRICS
from keras_vision.training.recipe import PRECISIONS, recipe_for, recipe_for_metric
from keras_vision.training.trackers import TRACKER, TRACKERS


@dataclasses.dataclass(frozen=True)
class TuneSettings(Settings):
    """What `tune` is asked for."""

    model: str = setting(
        "vgg", f"the model family: {', '.join(MODELS)}; or {ANY}, with a target: the smallest network of all of these",
        "NAME", name_in((*MODELS, ANY)),
    )  # fmt: skip
    data: DataSource = group(DataSource)
    metric: str = setting(
        "accuracy", f"what the target is measured by: {' or '.join(METRICS)}", "NAME", one_of(METRICS)
    )
    target_acc: float = setting(
        None,
        "the share of new images to classify correctly; if not given, the search uses its whole budget",
        "SHARE",
        SHARE,
    )
    strategy: str = setting(
        None, f"how networks are proposed: {', '.join(STRATEGIES)}; if not given, {USUAL_WITH_TARGET} with a "
        f"target, else {USUAL}", "NAME", name_in(STRATEGIES),
    )  # fmt: skip
    polish: str = setting(
        None, f"how a growing search varies the training: {', '.join(POLISHERS)}; if not given, {USUAL_POLISH}", "NAME",
        one_of(POLISHERS),
    )  # fmt: skip
    ending: str = setting(
        "hopeless", "when to give up a training: hopeless (it can no longer reach its goal) or never", "NAME",
        one_of(ENDINGS),
    )  # fmt: skip
    space: str = setting(None, "your own search space or ladder, in place of tuner_configs/MODEL.py", "FILE.py")
    max_trials: int = setting(
        None, f"try at most this many networks and recipes; if not given, {default_trials()}", "N", POSITIVE
    )
    max_minutes: float = setting(None, "start no new epoch after this long", "MINUTES", MINUTES)
    limits: Limits = group(Limits)
    minimize: str = setting(
        PARAMETERS, f"what the smallest network has least of: {', '.join(SIZES)} (latency of one image, here; bytes "
        "of a LiteRT file in int8, extra litert)", "NAME",
        one_of(SIZES),
    )  # fmt: skip
    epochs: int = setting(None, "passes of each trial over the training images", "N", whole(1))
    batch_size: int = setting(None, "images per step", "N", whole(1))
    keep: int = setting(3, "keep the model files of the K best trials", "K", POSITIVE)
    confirm: int = setting(
        None, "train the network found this many more times, on other validation images where the data set brings "
        "none, to show what it reaches; if not given, 3 times with a target, or up to 9 with few images", "N", whole(0),
    )  # fmt: skip
    worker_settings: WorkerSettings = group(WorkerSettings)
    workdir: str = setting(
        None,
        "the run directory; the same command on the same directory continues where it stopped",
        "DIR",
        NAMED,
    )
    precision: str = setting(
        "auto", f"the precision of the arithmetic: {', '.join(PRECISIONS)}", "NAME", one_of(PRECISIONS)
    )
    log: str = setting(None, f"log to a tracker, too, beside TensorBoard: {', '.join(TRACKERS)}", "NAME", TRACKER)
    dry_run: bool = setting(False, "say what would be done, with sizes, time and disk, and train and write nothing")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.polish and self.chosen_strategy != "grow":
            raise BadInput(
                f"polish={self.polish} works only with the strategy 'grow', not with {self.chosen_strategy!r}. Leave "
                "it out, or give --strategy grow."
            )
        for name, usual in (("minimize", PARAMETERS), ("ending", "hopeless")):
            if self.target_acc is None and (value := getattr(self, name)) != usual:
                raise BadInput(f"{name}={value} is about a target. Give --target-acc SHARE, or leave it out.")
        if self.model == ANY:
            self._check_any()
        if self.row.needs_target and self.target_acc is None:
            raise BadInput(
                f"The strategy {self.chosen_strategy!r} looks for the smallest network that reaches a target. Give "
                "--target-acc SHARE."
            )

    def _check_any(self) -> None:
        """Refuses what a search through all families cannot do."""
        if self.target_acc is None or self.row.needs != "ladder":
            raise BadInput(
                f"model={ANY} looks for the smallest network that reaches a target, by a strategy that climbs ladders. "
                "Give --target-acc SHARE, and leave out --strategy."
            )
        if self.space:
            raise BadInput(f"space={self.space} is that of one family. Name the family with --model NAME.")

    @property
    def chosen_strategy(self) -> str:
        """The strategy asked for, or the usual one."""
        return self.strategy or default_strategy(self.target_acc)

    @property
    def row(self) -> Any:
        """What a search must know of that strategy."""
        return STRATEGIES[self.chosen_strategy]

    @property
    def chosen_polish(self) -> str | None:
        """The oracle that polishes asked for, or the usual one; None of a strategy that polishes nothing."""
        return self.polish or (USUAL_POLISH if self.chosen_strategy == "grow" else None)


@front_door(TuneSettings, TuneResult.of)
def tune(asked: TuneSettings, progress: Progress) -> dict[str, Any]:
    """Search for settings of a model family that reach a target accuracy on new images.

    With the strategy `"grow"` the outcome is the smallest network that reached the target: the search climbs from small
    networks to large ones, and from the first that reaches the target goes on to smaller ones. The other strategies
    stop at the first trial that reaches it. A trial is given up once it is hopeless. What is found is trained anew, on
    other validation images where the data set brings none: these trainings say whether the target is reached, see
    `keras_vision.search.outcome`. One that reached the target by luck gives way to the next smallest, for good. The
    best model is measured on the test images once, and not at all while a target is still to be reached. Started again
    on the same directory, a search goes on where it was.

    Returns:
        The result as a dict: workdir, val_accuracy, parameters, best_trial, best_values, trials, ended,
        full_trainings (what the search cost, in full trainings of the first that reached), confirmed, test, exit_code
        and more. The exit code is 3 where the target was not shown to be reached.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right.

    Example:

    >>> tune("cnn", dataset="digits", target_acc=0.9)["exit_code"]  # doctest: +SKIP
    0
    """
    changes = recipe_for_metric(asked.metric, {"epochs": asked.epochs, "batch_size": asked.batch_size})
    recipe_for(asked.model, **changes)  # what does not go together is refused here
    SIZES[asked.minimize].check()
    asked.worker_settings.check_cluster()
    locate(asked.data.dataset, asked.data.data_dir)
    if asked.workdir:
        Run(asked.workdir).check_usable()
    found = given_before("tune", asked, search_arguments(asked), progress)
    return found or carry_out("commands.tune", asked, changes, progress)


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints the lines that end a search."""
    for line in search_lines(result):
        progress.say(line)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(tune, "tune", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
