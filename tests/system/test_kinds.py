"""Kinds of settings: NumPy's numbers are numbers, a truth is none, and what is of another kind is refused in words."""

import dataclasses
import importlib
from pathlib import Path

import numpy as np
import pytest

import keras_vision as kv
from keras_vision.audit import AuditSettings
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.predict import PredictSettings
from keras_vision.search.plan import Limits
from keras_vision.system.settings import fields, make
from keras_vision.train import TrainSettings


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("epochs", np.int64(3), 3),
        ("learning_rate", np.float32(0.1), 0.1),
        ("target_acc", np.float64(0.5), 0.5),
        ("target_acc", np.array(0.5), 0.5),
        ("image_size", [np.int64(8), 9], (8, 9)),
        ("dry_run", np.bool_(True), True),
        ("settings", {"filters": (np.int64(4), 8)}, {"filters": (4, 8)}),
        ("workdir", 5, "5"),
        ("workdir", Path("w"), Path("w")),
    ],
)
def test_what_is_as_good_is_taken(name, value, taken):
    asked = make(TrainSettings, **{name: value})
    found = next(getattr(one, name) for one in (asked, asked.data, asked.changes) if hasattr(one, name))
    assert found == taken
    assert type(found) is type(taken)


@pytest.mark.parametrize(
    ("settings", "given", "message"),
    [
        (AuditSettings, {"dataset": "digits", "labels": "no"}, "labels must be True or False, not 'no'."),
        (TrainSettings, {"target_acc": True}, "target_acc must be a number, not True."),
        (TrainSettings, {"target_acc": "0.9"}, "target_acc must be a number, not '0.9'."),
        (TrainSettings, {"views": 2.0}, "views must be a whole number, not 2.0."),
        (TrainSettings, {"epochs": (1, 2)}, "epochs must be a whole number from 1 to"),
        (TrainSettings, {"settings": ["filters=3"]}, "settings must be a dict of names and values, not ['filters=3']."),
        (TrainSettings, {"workdir": True}, "workdir must be text, not True."),
        (DataSource, {"dataset": np.zeros((9, 8, 8))}, "dataset must be text, not of type ndarray."),
        (
            DataSource,
            {"data": ([0], [1])},
            "data must be the path of images, or a name, not of type tuple. Save arrays",
        ),
        (
            PredictSettings,
            {"source": "m", "images": np.zeros((9, 8, 8))},
            "images must be text or a list of texts, not",
        ),
        (PredictSettings, {"source": "m", "images": [np.zeros((8, 8))]}, "images must be text or a list of texts, not"),
        (Limits, {"max_latency_ms": float("inf")}, "max_latency_ms must be a positive number, not inf."),
    ],
)
def test_another_kind_is_refused(settings, given, message):
    with pytest.raises(BadInput) as refused:
        make(settings, **given)
    assert message in str(refused.value)


@pytest.mark.parametrize("command", kv.COMMANDS)
def test_every_setting_has_a_kind_that_is_checked(command):
    door = getattr(importlib.import_module(f"keras_vision.{command}"), command)
    kinds = {name: field.type for name, field in fields(door.settings).items()}
    assert set(kinds.values()) <= {bool, int, float, str, list, dict, object}, kinds


def test_a_list_of_paths_may_come_one_by_one():
    asked = make(PredictSettings, source="m", images=(name for name in "ab"))
    assert dataclasses.replace(asked, top=2).images == ["a", "b"]
