"""Small searches over made-up images."""

import dataclasses
import itertools
import json
import math
import time

import numpy as np

from keras_vision.runs import Run, write_json
from keras_vision.search.executors import runner
from keras_vision.search.loop import Search
from keras_vision.search.outcome import Goal
from keras_vision.search.plan import SearchPlan
from keras_vision.training.choosing import Choice
from keras_vision.training.recipe import Recipe
from keras_vision.training.trainer import TrainingDiverged
from tests.synthetic import make_dataset

SPACE = """
def model_space(hp):
    return {"hidden_units": (hp.Int("width", 2, 6, default=4),)}

def recipe_space(hp, recipe):
    return {"learning_rate": hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=3e-3)}
"""
COMPLETED = {"val_accuracy": 0.9, "parameters": 100, "macs": 100, "seconds": 1.0}  # the result of a trial
RECIPE = Recipe(epochs=2, batch_size=64, warmup_epochs=0.5, shift=0, flip="none")


def pretend_to_choose(build, dataset, recipe, precision, **how):
    """Stands for `choose` where nothing is trained, so that no network need be built and compiled."""
    return None, Choice("float32")


def pretend_to_train(model, dataset, recipe, run, *, seed, judge=None, target_acc=None, deadline=None, **options):
    """Stands for `fit` where a test looks at what a search makes of trainings; accuracies follow from the seed."""
    rng, rows, stopped = np.random.default_rng(seed), [], None
    while not stopped:
        accuracy = float(rng.uniform(0.4, 0.9))
        rows.append({"epoch": len(rows) + 1, "accuracy": accuracy, "val_accuracy": accuracy, "seconds": 1.0})
        run.log_metrics(rows)
        verdict = judge(rows) if judge else None
        if target_acc is not None and accuracy >= target_acc:
            stopped = "target"
        elif len(rows) == recipe.epochs:
            stopped = "epochs"
        else:
            stopped = verdict or ("time" if deadline is not None and time.monotonic() > deadline else None)
    best = max(rows, key=lambda row: row["val_accuracy"])
    result = {"val_accuracy": best["val_accuracy"], "val_crossentropy": 1.0, "best_epoch": best["epoch"]}
    result |= {"epochs_run": len(rows), "stopped": stopped, "seconds": float(len(rows))}
    result |= {"images_per_second": 100.0}
    run.model_path.write_bytes(str(seed).encode())
    if stopped != "time":
        write_json(run.result_path, result)
    return result


def refuse_to_warn(line):
    """Stands for `warn` of a ledger that is whole."""
    raise AssertionError(line)


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


class GoingOn(SearchPlan):
    """A plan whose search goes on after it has reached its target, with any strategy."""

    stops_at_target = False


def make_search(path, space, *, target_acc=None, confirm=0, images=math.inf, goes_on=False, progress=None, **options):
    """Returns a search over made-up images: by random settings, unless `options` of its plan say otherwise."""
    goal = Goal(target_acc, confirmations=confirm, images=images)
    plan = (GoingOn if goes_on else SearchPlan)(space.model, goal, **options)
    run = Run(path)
    run.path.mkdir(parents=True, exist_ok=True)
    return Search(plan, make_dataset(), space, run, progress)


def change_plan(search, **changes):
    """Lets a search go on by another plan."""
    plan = dataclasses.replace(search.plan, **changes)
    search.plan = search.confirmer.plan = search.executor.context.plan = plan


def go(search, max_trials, deadline=None):
    """Runs trials until there are so many; returns why it ended."""
    change_plan(search, max_trials=max_trials, deadline=deadline)
    return search.go()


def find(search, max_trials):
    """Searches until there are so many trials; returns the result."""
    change_plan(search, max_trials=max_trials)
    return search.find()


def confirm(search, seeds, ended="trials", deadline=None):
    """Confirms the best with so many seeds; returns the result."""
    goal = dataclasses.replace(search.plan.goal, confirmations=seeds)
    change_plan(search, goal=goal, deadline=deadline)
    return search.conclude(search.confirm() or ended)


def confirm_with(monkeypatch, search, means):
    """Confirms without training: each trial with the mean that `means` has for its name."""

    def train_anew(trial):
        accuracies = [means[trial.name]] * search.plan.goal.confirmations
        return {"mean": means[trial.name], "accuracies": accuracies, "holds": search.plan.goal.holds(accuracies)}

    monkeypatch.setattr(search.confirmer, "train_anew", train_anew)


def score(monkeypatch, *accuracies):
    """Lets trainings end with these accuracies."""
    real_fit, left = runner.fit, list(accuracies)

    def fit(*args, **options):
        return real_fit(*args, **options) | {"val_accuracy": left.pop(0)}

    monkeypatch.setattr(runner, "fit", fit)


def fail_after_an_epoch(monkeypatch, trials):
    """Lets the trainings of the first so many trials fail after one epoch."""
    real_fit, started = runner.fit, []

    def fit(*args, **options):
        started.append(args)
        if len(started) > trials:
            return real_fit(*args, **options)
        real_fit(*args, **options | {"deadline": 0.0})
        raise TrainingDiverged("the loss became nan")

    monkeypatch.setattr(runner, "fit", fit)


def trials_of(search):
    return [(t.status, t.values, t.result and t.result["val_accuracy"]) for t in search.ledger.trials]


def events_of(search):
    return [json.loads(line)["record"] for line in search.ledger.path.read_text().splitlines()]


def diverge_in(monkeypatch, number):
    """Lets one training of a search, by its number from 1, diverge."""
    real_fit, started = runner.fit, []

    def fit(*args, **options):
        started.append(args)
        if len(started) == number:
            raise TrainingDiverged("the loss became nan")
        return real_fit(*args, **options)

    monkeypatch.setattr(runner, "fit", fit)


def asked_of(strategy, accuracy, trials):
    """What a strategy asks, at most so many, where `accuracy` tells what the values of each trial come to."""
    asked = []
    for values in itertools.takewhile(lambda values: values is not None, iter(strategy.ask, ())):
        asked.append(values)
        strategy.tell(values, accuracy(values))
        if len(asked) == trials:
            break
    return asked
