"""Small searches over made-up images."""

import json

from keras_vision.runs import Run
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


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def make_search(path, space, **options):
    options = {"model": "mlp", "dataset": make_dataset(), "seed": 0} | options
    options["make_strategy"] = make_strategy(options.pop("strategy", "random"))
    run = Run(path)
    run.path.mkdir(parents=True, exist_ok=True)
    return Search(run, space=space, **options)


def trials_of(search):
    return [(t.status, t.values, t.result and t.result["val_accuracy"]) for t in search.ledger.trials]


def events_of(search):
    return [json.loads(line)["record"] for line in search.ledger.path.read_text().splitlines()]
