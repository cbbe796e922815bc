"""What `tune` does: opens the images, plans a search and runs it, and ends the run."""

import contextlib
import functools

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.commands.asked_before import search_arguments, search_settings
from keras_vision.commands.dry_run import forecast_search
from keras_vision.commands.train_and_tune import (
    begin,
    deadline_after,
    finish,
    fit_recipe,
    open_data,
    warn_of,
)
from keras_vision.errors import BadInput
from keras_vision.models import build_model
from keras_vision.reporting.progress import Progress
from keras_vision.runs import Run, default_workdir
from keras_vision.search.executors.choosing import executor_maker
from keras_vision.search.executors.worker_settings import WorkerSettings
from keras_vision.search.families import families_of
from keras_vision.search.ladder import Ladder
from keras_vision.search.ladders import joined
from keras_vision.search.loop import run_search
from keras_vision.search.outcome import make_goal, recorded_outcome
from keras_vision.search.plan import SearchPlan
from keras_vision.search.space import Space
from keras_vision.search.strategies import ANY
from keras_vision.training.precision import computing_in
from keras_vision.training.recipe import SEARCHING, recipe_for
from keras_vision.training.trackers import Tracker
from keras_vision.training.trainer import check_fit


def carry_out(asked, changes, progress):
    """Returns what `tune` does.

    Args:
        asked: A `TuneSettings`.
        changes: Dict of the recipe's fields that are set.
        progress: A `Progress`.
    """
    deadline = deadline_after(asked.max_minutes)
    kind = {"ladder": functools.partial(Ladder, dataset=asked.data.dataset), "space": Space}[asked.row.needs]
    kind = functools.partial(kind, fixed=changes, file=asked.space)
    # A mistake in a space is told before data are read.
    firsts = {name: kind(name, recipe=recipe_for(name, **changes)).first()[0] for name in families_of(asked.model)}
    workers = WorkerSettings() if asked.dry_run else asked.worker_settings
    with (
        computing_in(asked.precision),
        executor_maker(workers, progress.say) as make_executor,
    ):
        return _search(asked, changes, kind, firsts, deadline, make_executor, progress)


def _search(asked, changes, kind, firsts, deadline, make_executor, progress):
    """Searches on the executor that `make_executor` returns, and ends the run."""
    source = asked.data.whole()  # as its later starts will need it
    data = open_data(asked.data, progress)
    warnings = warn_of(data, asked.target_acc, asked.metric, progress)
    recipes, decisions = _fit_recipes(firsts, data, changes, progress)
    space = joined(asked.model, {name: kind(name, recipe=recipe) for name, recipe in recipes.items()})
    goal = make_goal(asked.target_acc, asked.metric, asked.confirm, data)
    goal.check()
    plan = _plan(asked, goal, deadline, source, len(space.families))
    shared = search_settings(asked)
    config = shared | {"fingerprint": data.fingerprint, "space": space.describe()}
    config |= {"recipe": recipes[asked.model].as_dict()} if asked.model != ANY else {}  # else `space` has them
    config |= {"confirm": goal.confirmations, "max_trials": plan.max_trials, "max_minutes": asked.max_minutes}
    run = Run(asked.workdir or default_workdir("tune", asked.model, source.dataset, config))
    if asked.dry_run:
        return forecast_search(asked, run, data, space, plan, progress)
    with run.locked():
        told = {"decisions": [*data.decisions, *decisions], "warnings": warnings}
        run.start(config, arguments=search_arguments(asked), needed=goal.score, **told)
        begin(asked.model, data, asked.precision, run, progress)
        if goal.sentence():
            progress.say(goal.sentence())
        tracker = Tracker(asked.log, progress.say)
        with tracker.training(run.path, shared):  # a tracker that does not work is refused before the search
            pass
        result = run_search(plan, data, space, run, progress, make_executor, tracker)
        exit_code = recorded_outcome(result, asked.target_acc).exit_code
        result = finish(run, result, data, progress, target_acc=asked.target_acc, exit_code=exit_code)
        with contextlib.suppress(OSError):  # a disk that is full: without the note the same command only looks again
            run.note_end()
        tracker.record(run.path, shared, [], result)
        return result


def _fit_recipes(firsts, data, changes, progress):
    """Returns the recipe that suits the images for each family, and what was decided for them.

    Of several families those are left out whose networks do not fit the images.

    Args:
        firsts: Dict from family to the builder keywords of its first network.
        data: The `Dataset`.
        changes: Dict of the recipe's fields that are set.
        progress: A `Progress`.

    Returns:
        (dict from family to `Recipe`, list of sentences).

    Raises:
        BadInput: The images and the settings do not fit any family.
    """
    recipes, decisions, refused = {}, {}, []
    for name, first in firsts.items():
        try:
            recipes[name], (*of_images, length) = _fit_recipe(name, first, data, changes, Progress())
        except BadInput as error:
            refused.append(error)
            of_images, length = [], f"It is left out. {error}"
        decisions |= dict.fromkeys([*of_images, f"{name}: {length}" if len(firsts) > 1 else length])
    if not recipes:
        raise refused[0]
    for decision in decisions:
        progress.say(decision)
    return recipes, list(decisions)


def _fit_recipe(family, first, data, changes, progress):
    """Returns what `fit_recipe` does for a family; refuses images that its first network does not fit."""

    def build():
        return build_model(family, data.shape, len(data.class_names), **first)

    how = {"length": SEARCHING, "count_flops": lambda: count_unbuilt(build).training_flops}
    recipe, decisions = fit_recipe(family, data, changes, progress, **how)

    def build_checked():
        network = build()
        check_fit(network, data, recipe)
        return network

    count_unbuilt(build_checked)  # which makes none of its weights
    return recipe, decisions


def _plan(asked, goal, deadline, source, families):
    """Returns the `SearchPlan` of what is asked for, in so many families; each of them takes a trial to be known."""
    return SearchPlan(
        asked.model,
        goal,
        source,
        strategy=asked.chosen_strategy,
        polish=asked.chosen_polish,
        max_trials=asked.max_trials or asked.row.trials + families - 1,
        spare_trials=0 if asked.max_trials else asked.row.spare_trials,
        deadline=deadline,
        **{name: getattr(asked, name) for name in ("ending", "limits", "minimize", "keep", "precision")},
    )
