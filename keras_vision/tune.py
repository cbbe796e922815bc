"""Searches for a model that reaches a target: `python -m keras_vision.tune --model vgg --target-acc 0.9`."""

import dataclasses
import functools
import sys
from pathlib import Path

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.cli.job import (
    MINUTES,
    begin,
    closing_lines,
    deadline_after,
    finish,
    fit_recipe,
    open_data,
    recipe_for_metric,
    warn_of_majority,
)
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.reporting.progress import settings_line
from keras_vision.search.ending import ENDINGS
from keras_vision.search.outcome import make_goal, recorded_outcome
from keras_vision.search.plan import Limits, SearchPlan
from keras_vision.search.strategies import (
    POLISHERS,
    STRATEGIES,
    USUAL,
    USUAL_POLISH,
    default_families,
    default_strategy,
    default_trials,
)
from keras_vision.system.quiet import import_keras
from keras_vision.system.settings import POSITIVE, SHARE, Settings, group, one_of, setting, whole
from keras_vision.training.recipe import PRECISIONS, SEARCH_STEPS, recipe_for
from keras_vision.training.scores import METRICS


@dataclasses.dataclass(frozen=True)
class TuneSettings(Settings):
    """What `tune` is asked for."""

    model: str = setting("vgg", f"the model family: {', '.join(MODELS)}", "NAME", one_of(MODELS))
    data: DataSource = group(DataSource)
    metric: str = setting("accuracy", f"what the target is about: {' or '.join(METRICS)}", "NAME", one_of(METRICS))
    target_acc: float = setting(
        None, "the share of new images to be classified rightly; if not given, the whole budget is used", "SHARE", SHARE
    )
    strategy: str = setting(
        None, f"how networks are proposed: {', '.join(STRATEGIES)}; if not given, {default_families()} with a target, "
        f"else {USUAL}", "NAME", one_of(STRATEGIES),
    )  # fmt: skip
    polish: str = setting(
        None, f"how a growing search varies the training: {', '.join(POLISHERS)}; {USUAL_POLISH}, if not given", "NAME",
        one_of(POLISHERS),
    )  # fmt: skip
    ending: str = setting(
        "hopeless", "when a training is given up: hopeless, where its goal is out of reach, or never", "NAME",
        one_of(ENDINGS),
    )  # fmt: skip
    space: str = setting(None, "a search space, or a ladder, of your own in place of tuner_configs/MODEL.py", "FILE.py")
    max_trials: int = setting(
        None, f"try at most so many networks and recipes; if not given, {default_trials()}", "N", POSITIVE
    )
    max_minutes: float = setting(None, "start no new epoch after this long", "MINUTES", MINUTES)
    limits: Limits = group(Limits)
    epochs: int = setting(None, "passes of each trial over the training images", "N", whole(1))
    batch_size: int = setting(None, "images per step", "N", whole(1))
    keep: int = setting(3, "keep the model files of the K best trials", "K", POSITIVE)
    confirm: int = setting(
        None, "train what is found so many times anew, on other validation images, to show what it reaches; if not "
        "given, 3 times where there is a target, and up to 9 where the images are few", "N", whole(0),
    )  # fmt: skip
    workdir: str = setting(
        None, "the run directory; the same command on the same directory goes on where it was", "DIR"
    )
    precision: str = setting("auto", f"how numbers are rounded: {', '.join(PRECISIONS)}", "NAME", one_of(PRECISIONS))

    def __post_init__(self):
        super().__post_init__()
        if self.polish and self.chosen_strategy != "grow":
            raise BadInput(
                f"polish={self.polish} with the strategy {self.chosen_strategy!r}", "it with the strategy 'grow' alone"
            )
        if self.row.needs_target and self.target_acc is None:
            raise BadInput(
                f"strategy {self.chosen_strategy!r} without a target",
                "--target-acc SHARE",
                "It ends at the smallest that reaches.",
            )

    @property
    def chosen_strategy(self):
        """The strategy asked for, or the usual one."""
        return self.strategy or default_strategy(self.model, self.target_acc)

    @property
    def row(self):
        """What a search must know of that strategy."""
        return STRATEGIES[self.chosen_strategy]

    @property
    def chosen_polish(self):
        """The oracle that polishes asked for, or the usual one; None of a strategy that polishes nothing."""
        return self.polish or (USUAL_POLISH if self.chosen_strategy == "grow" else None)


@front_door(TuneSettings)
def tune(asked, progress):
    """Search for settings of a model family that reach a target accuracy on new images.

    With the strategy `"grow"` the outcome is the smallest network that reached the target: the search climbs from small
    networks to large ones, and from the first that reaches the target goes on to smaller ones. The other strategies
    stop at the first trial that reaches it. A trial is given up once it is hopeless. What is found is trained anew on
    other validation images: these trainings say whether the target is reached, see `keras_vision.search.outcome`. One
    that reached the target by luck gives way to the next smallest, for good. The best model is measured on the test
    images once, and not at all while a target is still to be reached. Started again on the same directory, a search
    goes on where it was.

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
    deadline = deadline_after(asked.max_minutes)
    changes = recipe_for_metric(asked.metric, {"epochs": asked.epochs, "batch_size": asked.batch_size})
    recipe = recipe_for(asked.model, **changes)  # a mistake in it, or in a space, is told before data are read
    import_keras()
    from keras_vision.runs import Run, default_workdir
    from keras_vision.search.ladder import Ladder
    from keras_vision.search.loop import run_search
    from keras_vision.search.space import Space
    from keras_vision.training.precision import set_precision

    precision = set_precision(asked.precision)
    kind = {"ladder": Ladder, "space": Space}[asked.row.needs]
    kind = functools.partial(kind, asked.model, fixed=changes, file=asked.space)
    kind(recipe=recipe)
    if asked.workdir:
        Run(asked.workdir).check_usable()
    source = asked.data.whole()  # as its later starts will need it
    data = open_data(asked.data, progress)
    warn_of_majority(data, asked.target_acc, progress, asked.metric)
    recipe, decisions = fit_recipe(asked.model, data, changes, progress, steps=SEARCH_STEPS)
    space = kind(recipe=recipe)
    goal = make_goal(asked.target_acc, asked.metric, asked.confirm, data)
    goal.check()
    _check_first(asked, space, data)
    plan = _plan(asked, goal, deadline, source)
    shared = _shared(asked, source)
    config = shared | {"fingerprint": data.fingerprint, "space": space.describe(), "recipe": recipe.as_dict()}
    config |= {"confirm": goal.confirmations, "max_trials": plan.max_trials, "max_minutes": asked.max_minutes}
    run = Run(asked.workdir or default_workdir("tune", asked.model, asked.data.dataset, config))
    with run.locked():
        decided = [*data.decisions, *decisions]
        run.start(config, precision=precision, arguments=shared | _again(asked, source), decisions=decided)
        begin(asked.model, data, precision, run, progress)
        if goal.sentence():
            progress.say(goal.sentence())
        result = run_search(plan, data, space, run, progress)
        exit_code = recorded_outcome(result, asked.target_acc).exit_code
        return finish(run, result, data, progress, target_acc=asked.target_acc, exit_code=exit_code)


def _check_first(asked, space, data):
    """Refuses images and settings that the search's first network does not fit; makes none of its weights."""
    from keras_vision.analysis.counts import count_unbuilt
    from keras_vision.models import build_model
    from keras_vision.training.precision import set_precision
    from keras_vision.training.trainer import check_fit

    settings, recipe = space.first()

    def build():
        network = build_model(asked.model, data.shape, len(data.class_names), **settings)
        check_fit(network, data, recipe)
        return network

    count_unbuilt(build)
    set_precision(asked.precision)  # which was forgotten with it


def _shared(asked, source):
    """Returns the settings that a search's record holds and that its report starts it again with."""
    own = ("model", "metric", "target_acc", "ending", "keep", "precision")
    return {
        **{name: getattr(asked, name) for name in own},
        **{"strategy": asked.chosen_strategy, "polish": asked.chosen_polish},
        **{"dataset": source.dataset, "seed": source.seed, **dataclasses.asdict(asked.limits)},
    }


def _again(asked, source):
    """Returns what else the report starts it again with."""
    return {
        **{name: getattr(source, name) for name in ("data_dir", "image_size", "on_bad_image")},
        **{"space": asked.space and str(Path(asked.space).resolve())},
        **{"epochs": asked.epochs, "batch_size": asked.batch_size},
    }


def _plan(asked, goal, deadline, source):
    """Returns the `SearchPlan` of what is asked for."""
    return SearchPlan(
        asked.model,
        goal,
        strategy=asked.chosen_strategy,
        polish=asked.chosen_polish,
        ending=asked.ending,
        limits=asked.limits,
        max_trials=asked.max_trials or asked.row.trials,
        spare_trials=0 if asked.max_trials else asked.row.spare_trials,
        deadline=deadline,
        keep=asked.keep,
        seed=asked.data.seed,
        precision=asked.precision,
        card={"data_source": source.record()},
    )


def show(result, progress):
    """Prints the lines that end a search."""
    counts = ", ".join(f"{name}: {result[name]}" for name in ("failed", "rejected") if result.get(name))
    progress.say(
        f"best of {result['trials']} trials{f' ({counts})' if counts else ''}: {result['best_trial']}, "
        f"{settings_line(result['best_values'])}"
    )
    progress.say(cost_line(result))
    if "confirmed" in result:
        progress.say(confirmed_line(result["confirmed"], result.get("metric", "accuracy")))
    if result["target_acc"] is not None:
        progress.say(recorded_outcome(result, result["target_acc"]).sentence())
    for line in closing_lines(result | {"target_acc": None}):
        progress.say(line)


def cost_line(result):
    """Returns what a search cost, as the line that a person reads."""
    spent = (
        f"cost: {result['search_seconds']:.0f} s of training, as much as {result['full_trainings']:.2f} full trainings"
    )
    if "search_seconds_to_target" not in result:
        return f"{spent} of the best"
    reached = "reached" if result["reached"] else "seemed to reach"
    return (
        f"{spent} of the first network that {reached} the target, which was after "
        f"{result['search_seconds_to_target']:.0f} s and {result['full_trainings_to_target']:.2f}"
    )


def confirmed_line(confirmed, metric="accuracy"):
    """Returns the accuracies of `confirm` as the line that a person reads."""
    spread = f", standard deviation {confirmed['deviation']:.4f}" if confirmed["deviation"] is not None else ""
    each = ", ".join(f"{accuracy:.4f}" for accuracy in confirmed["accuracies"])
    of = "validation images" if metric == "accuracy" else METRICS[metric]
    return f"trained anew: {confirmed['mean']:.4f} of {of} on average{spread} ({each})"


def main(arguments=None):
    """Runs the command line."""
    return run_command(tune, "tune", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
