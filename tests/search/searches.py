"""Small searches over made-up images."""

import json
import math
import time

import numpy as np

from keras_vision.runs import Run, write_json
from keras_vision.search.outcome import Goal
from keras_vision.search.runner import Search
from keras_vision.search.strategies import make_strategy
from keras_vision.training.recipe import Recipe
from tests.synthetic import make_dataset

SPACE = """
def model_space(hp):
    return {"hidden_units": (hp.Int("width", 2, 6, default=4),)}

def recipe_space(hp, recipe):
    return {"learning_rate": hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=3e-3)}
"""
RECIPE = Recipe(epochs=2, batch_size=64, warmup_epochs=0.5, shift=0, flip="none")


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
    result |= {"parameters": model.count_params(), "images_per_second": 100.0}
    run.model_path.write_bytes(str(seed).encode())
    if stopped != "time":
        write_json(run.result_path, result)
    return result


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def make_search(path, space, **options):
    options = {"model": "mlp", "dataset": make_dataset(), "seed": 0} | options
    images = options.pop("images", math.inf)
    options["goal"] = Goal(options.pop("target_acc", None), confirmations=options.pop("confirm", 0), images=images)
    options["make_strategy"] = make_strategy(options.pop("strategy", "random"))
    run = Run(path)
    run.path.mkdir(parents=True, exist_ok=True)
    return Search(run, space=space, **options)


def trials_of(search):
    return [(t.status, t.values, t.result and t.result["val_accuracy"]) for t in search.ledger.trials]


def events_of(search):
    return [json.loads(line)["record"] for line in search.ledger.path.read_text().splitlines()]
