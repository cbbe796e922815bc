"""Presets: one table, read by `train` and by the study of the best runs."""

import importlib

import pytest

from keras_vision.errors import BadInput
from keras_vision.models import MODELS, builder_of
from keras_vision.runs import Run
from keras_vision.studies.headline import EFFORT_OF, cases
from keras_vision.train import train
from keras_vision.training.presets import EFFORTS, PRESETS, Preset, preset_for
from keras_vision.training.recipe import recipe_for

front_door = importlib.import_module("keras_vision.train")  # in whose place the package shows the function


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize(("model", "dataset"), PRESETS)
def test_every_preset_is_a_network_and_a_recipe(model, dataset, effort):
    preset = preset_for(model, dataset, effort)
    assert model in MODELS
    builder_of(model, preset.settings)  # an unknown one raises
    assert recipe_for(model, **preset.recipe).epochs >= 3
    assert (preset.expected is not None) == (effort == "best")


@pytest.mark.parametrize(("scale", "effort"), EFFORT_OF.items())
def test_the_study_of_the_best_runs_trains_the_presets(scale, effort):
    trained = {(case.model, case.dataset): (case.settings, case.recipe, case.views) for case in cases(scale)}
    expected = {key: preset_for(*key, effort) for key in PRESETS}
    assert trained == {key: (one.settings, one.recipe, one.views) for key, one in expected.items()}


def test_what_has_no_preset_is_told_so_before_work():
    with pytest.raises(BadInput, match=r"There is no preset for mlp on folder:photos, only for vgg on cifar10"):
        train("mlp", dataset="folder:photos", preset="best")


@pytest.mark.usefixtures("bare_runs")
def test_a_preset_is_trained_and_what_is_set_overrules_it(monkeypatch, tmp_path):
    small = Preset({"hidden_units": (4,)}, {"epochs": 2, "learning_rate": 1e-3, "flip": "none"}, views=2)
    monkeypatch.setitem(PRESETS, ("mlp", "digits"), {"quick": small})
    train("mlp", dataset="digits", preset="quick", workdir=tmp_path / "a", epochs=1)
    settings = Run(tmp_path / "a").config["settings"]
    assert (settings["settings"], settings["views"]) == ({"hidden_units": [4]}, 2)
    # The warm-up is as large a part of the epochs as the preset's.
    assert settings["recipe"] == recipe_for("mlp", epochs=1, warmup_epochs=1.0, flip="none").as_dict()


@pytest.mark.parametrize(
    ("given", "learning_rate"),
    [
        ({}, 0.2),
        ({"optimizer": "adamw"}, 0.2 / 30),
        ({"batch_size": 32}, 0.1),
        ({"batch_size": 32, "optimizer": "adamw", "learning_rate": 0.03}, 0.03),
    ],
)
def test_what_is_set_beside_a_preset_takes_its_rate_along(monkeypatch, given, learning_rate):
    asked = []
    monkeypatch.setattr(front_door, "carry_out", lambda place, asked_for, changes, *more: asked.append(changes) or {})
    front_door.train.plainly("resnet18", dataset="cifar10", preset="best", **given)
    assert asked[0]["learning_rate"] == pytest.approx(learning_rate)
