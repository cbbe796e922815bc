import hashlib
import json
import re

import pytest

from keras_vision.errors import BadInput
from keras_vision.search.space import Space
from keras_vision.search.strategies.grid import make_oracle
from keras_vision.search.tuning import Tuning
from keras_vision.training.recipe import recipe_for


def write(tmp_path, text):
    path = tmp_path / "space.py"
    path.write_text(text)
    return path


def test_defaults_resolve_to_the_recipe_itself():
    recipe = recipe_for("vgg")
    _, resolved = Space("vgg", recipe).resolve({})
    assert resolved == recipe


def test_what_a_person_fixed_is_not_varied():
    space = Space("vgg", recipe_for("vgg", learning_rate=0.01), fixed={"learning_rate": 0.01})
    assert space.resolve({"learning_rate": 5.0})[1].learning_rate == 0.01
    assert [hp.name for hp in space.hyperparameters.space].count("learning_rate") == 1


def test_hyperband_epochs_are_one_complete_shorter_cycle():
    recipe = recipe_for("vgg", epochs=8, warmup_epochs=2.0)
    _, resolved = Space("vgg", recipe).resolve({"tuner/epochs": 4})
    assert (resolved.epochs, resolved.warmup_epochs) == (4, 1.0)


@pytest.mark.parametrize("model", ["vgg", "cnn"])
def test_a_grid_varies_the_network_before_the_training(model):
    space = Space(model, recipe_for(model))
    strategy = Tuning(make_oracle(space.hyperparameters, 0))
    networks = set()
    for _ in range(40):
        values = strategy.ask()
        settings, recipe = space.resolve(values)
        assert recipe == recipe_for(model)
        networks.add(str(settings))
        strategy.tell(values, 0.5)
    assert len(networks) == 40


def test_a_space_of_ones_own_replaces_the_models(tmp_path):
    file = write(tmp_path, "def model_space(hp):\n    return {'filters': (hp.Int('width', 4, 8),)}\n")
    settings, _ = Space("cnn", recipe_for("cnn"), file=file).resolve({"width": 5})
    assert settings == {"filters": (5,)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("LADDER = ({'filters': (8,)},)", "has no function model_space"),
        ("def model_space(hp):\n    return {'filter': (8,)}", "Did you mean 'filters'"),
    ],
)
def test_a_space_that_cannot_be_right_is_refused(tmp_path, text, message):
    with pytest.raises(BadInput, match=message):
        Space("cnn", recipe_for("cnn"), file=write(tmp_path, text))


GOOD = "def model_space(hp):\n    return {}\n\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def model_space(hp)", "(SyntaxError: expected ':'"),
        ("import no_such_module", "(ModuleNotFoundError: No module named 'no_such_module')"),
        ("def model_space():\n    return {}", "(TypeError: model_space() takes 0 positional arguments"),
        ("def model_space(hp):\n    hp.Int('width', 9, 4)", "(ValueError: "),
        (
            "def model_space(hp):\n    return {'filters': ((), (8,))[hp.Int('stages', 1, 2)]}",
            "(IndexError: tuple index out of range)",
        ),
        (
            "def model_space(hp):\n"
            "    return {'filters': tuple(hp.Int(f'width_{i}', 4, 8) for i in range(hp.Int('stages', 1, 3)))}",
            "draws width_1 for some values of others only. Draw it always",
        ),
        ("def model_space(hp):\n    hp.Int('width', 4, 9)", "must return a dict of settings, not None"),
        (GOOD + "def recipe_space(hp, recipe):\n    return recipe['epoch']", "(KeyError: 'epoch')"),
        (
            GOOD + "def recipe_space(hp, recipe):\n    return ['epochs']",
            "must return a dict of settings, not ['epochs']",
        ),
    ],
)
def test_a_space_that_fails_is_named_with_the_reason(tmp_path, text, message):
    file = write(tmp_path, text)
    with pytest.raises(BadInput, match=f"he space {re.escape(str(file))} .*{re.escape(message)}"):
        Space("cnn", recipe_for("cnn"), file=file)


def test_what_is_drawn_under_a_condition_is_varied(tmp_path):
    text = """
def model_space(hp):
    width = hp.Int("width", 4, 8)
    with hp.conditional_scope("width", [8]):
        return {"filters": (width,), "convs_per_stage": hp.Int("convs", 1, 3)}
"""
    space = Space("cnn", recipe_for("cnn"), file=write(tmp_path, text))
    assert "convs" in space.names


def test_numbers_of_numpy_are_recorded_as_pythons_own(tmp_path):
    text = "import numpy as np\n\ndef model_space(hp):\n    return {'filters': tuple(8 * 2 ** np.arange(2))}"
    settings, _ = Space("cnn", recipe_for("cnn"), file=write(tmp_path, text)).resolve({})
    assert json.dumps(settings) == '{"filters": [8, 16]}'


def test_a_recipe_out_of_bounds_is_refused_before_a_trial(tmp_path):
    file = write(tmp_path, GOOD + "def recipe_space(hp, recipe):\n    return {'learning_rate': 0}")
    with pytest.raises(BadInput, match="learning_rate must be a positive number up to 100, not 0"):
        Space("cnn", recipe_for("cnn"), file=file)


def test_the_description_is_json_with_what_the_defaults_resolve_to():
    space = Space("cnn", recipe_for("cnn"))
    described = space.describe()
    assert json.loads(json.dumps(described)) == described
    assert described["settings"]["filters"] == [32, 64, 128]
    assert described["recipe"] == recipe_for("cnn").as_dict()
    assert described["hyperparameters"]["width"]["values"] == [16, 24, 32, 48, 64]
    assert described["file_sha256"] is None


def test_the_description_changes_with_the_code_of_ones_own_file(tmp_path):
    code = (
        "def model_space(hp):\n    width = hp.Int('width', 4, 8)\n    return {{'filters': ({} if width > 4 else 4,)}}"
    )
    described = []
    for factor in (2, 16):
        file = write(tmp_path, code.format(factor))
        described.append(Space("cnn", recipe_for("cnn"), file=file).describe())
        assert described[-1].pop("file_sha256") == hashlib.sha256(file.read_bytes()).hexdigest()
    assert described[0] == described[1]


def test_a_space_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"no Python file .*none.py. Give one with model_space"):
        Space("cnn", recipe_for("cnn"), file=tmp_path / "none.py")
