"""What is checked of settings, however they come: a value that cannot be is refused, and never an error of Python's."""

import importlib

import numpy as np
import pytest

import keras_vision as kv
from keras_vision.errors import BadInput
from keras_vision.search.executors.worker_settings import CLUSTER, GPUS
from keras_vision.system.settings import MINUTES, NAMED, POSITIVE, SEED, SHARE, between, fields, make, name_in, one_of
from keras_vision.system.settings import whole as whole_from
from keras_vision.train import TrainSettings
from keras_vision.training.recipe import Recipe
from keras_vision.tune import TuneSettings

DOORS = ("train", "tune", "report", "evaluate", "predict", "explain", "audit", "describe", "export", "study", "doctor")
CHECKS = {
    **{"SHARE": SHARE, "POSITIVE": POSITIVE, "MINUTES": MINUTES, "SEED": SEED, "NAMED": NAMED, "GPUS": GPUS},
    **{"CLUSTER": CLUSTER, "whole": whole_from(1), "between": between(0, 1, "a share"), "one_of": one_of((1, 2, "a"))},
    "name_in": name_in({"a": 1, "b": 2}),
} | {
    f"{door}.{name}": field.metadata["setting"].check
    for door in DOORS
    for name, field in fields(getattr(importlib.import_module(f"keras_vision.{door}"), door).settings).items()
    if field.metadata["setting"].check
}
NUMBERS = {name: check for name, check in CHECKS.items() if name in ("SHARE", "POSITIVE", "SEED", "whole", "between")}
ODD = [None, [], ["a"], {}, {"a": 1}, {1}, b"a", 1j, object(), np.arange(2), float("nan"), True]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)  # the same in each process
@pytest.mark.parametrize("name", CHECKS)
def test_a_check_refuses_what_is_no_such_value(name, value):
    with pytest.raises(BadInput, match=r"^(one|There is no one) ") as error:
        CHECKS[name]("one", value)
    assert str(error.value)[-1] in ".?"


@pytest.mark.parametrize("value", ["0.9", "1", ""])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_text_is_no_number(name, value):
    with pytest.raises(BadInput, match=f"^one must be .*, not {value!r}\\."):
        NUMBERS[name]("one", value)


@pytest.mark.parametrize("value", [np.int64(1), np.uint8(1), np.int32(1)])
@pytest.mark.parametrize("name", NUMBERS)
def test_numpys_whole_numbers_are_numbers(name, value):
    NUMBERS[name]("one", value)


@pytest.mark.parametrize("check", [SHARE, POSITIVE, MINUTES, GPUS, between(0, 1, "a share")])
def test_numpys_fractions_are_numbers(check):
    check("one", np.float32(0.5))
    with pytest.raises(BadInput, match=r"not -?\d+(\.\d+)?\."):  # as a person writes it, not as np.float32(-0.5)
        check("one", np.float32(-0.5))


def test_numpys_numbers_become_pythons_own_wherever_they_stand():
    made = make(
        TrainSettings, target_acc=np.float32(0.9), epochs=np.int64(3), image_size=(np.int64(8), 8), dry_run=np.True_,
        settings={"filters": (np.int64(4),)},
    )  # fmt: skip
    found = [made.target_acc, made.changes.epochs, *made.data.image_size, made.dry_run, *made.settings["filters"]]
    assert found == [0.9, 3, 8, 8, True, 4]
    assert [type(value) for value in found] == [float, int, int, int, bool, int]
    assert type(Recipe(epochs=np.int64(3)).epochs) is int


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dry_run": "yes"}, r"dry_run must be True or False, not 'yes'\."),
        ({"dry_run": 1}, r"dry_run must be True or False, not 1\."),
        ({"settings": "filters=4"}, r"settings must be a dict of names and values, not 'filters=4'\."),
        ({"target_acc": "0.9"}, r"target_acc must be a .*, not '0.9'\."),
        ({"epochs": True}, r"epochs must be a whole number.*, not True\."),
        ({"views": True}, r"views must be .*, not True\."),
        ({"model": ["vgg"]}, r"model .*\['vgg'\]\."),
    ],
)
def test_settings_refuse_a_value_of_another_kind(given, message):
    with pytest.raises(BadInput, match=message):
        make(TrainSettings, **given)


@pytest.mark.parametrize("settings", [TrainSettings, TuneSettings])
def test_none_stands_for_the_default(settings):
    names = [name for name, field in fields(settings).items() if field.default is not None]
    assert make(settings, **dict.fromkeys(names)) == make(settings)


@pytest.mark.parametrize(("accuracy", "parameters"), [("0.9", None), (None, "1"), ([0.9], [1])])
def test_bounds_of_the_zoo_are_checked_alike(accuracy, parameters):
    with pytest.raises(BadInput, match="must be"):
        kv.zoo("fashion_mnist", accuracy=accuracy, parameters=parameters)
