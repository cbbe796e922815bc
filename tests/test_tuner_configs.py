"""Every search space draws settings that its builder takes, from one end of its ranges to the other."""

import importlib

import keras_tuner
import pytest

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.models import MODELS, build_model, model_settings
from keras_vision.search.ladder import Ladder
from keras_vision.search.proposals import REJECTIONS_THAT_END_A_SEARCH
from keras_vision.search.space import Space
from keras_vision.search.strategies.grid import make_oracle
from keras_vision.search.strategies.grow import GROWS
from keras_vision.search.tuning import Tuning
from keras_vision.training.recipe import FIELDS, OPTIMIZERS, Recipe, recipe_for, with_optimizer
from tuner_configs.common import polish_recipe, recipe_space

every_family = pytest.mark.parametrize("name", MODELS)
SIZES = [(8, 8, 1), (28, 28, 1), (32, 32, 3)]


def model_space(name):
    return importlib.import_module(f"tuner_configs.{name}").model_space


def at(end, draw):
    """What `draw` returns with every hyper-parameter at its lowest or highest value."""
    hp = keras_tuner.HyperParameters()
    draw(hp)
    hp.values = {one.name: _values(one)[end] for one in hp.space}
    return draw(hp)


def _values(hp):
    if isinstance(hp, keras_tuner.engine.hyperparameters.Float):
        return hp.min_value, hp.max_value
    return sorted(hp.values)


@every_family
@pytest.mark.parametrize("input_shape", SIZES, ids=str)
def test_the_defaults_build(name, input_shape):
    settings = model_space(name)(keras_tuner.HyperParameters())
    assert build_model(name, input_shape, 10, **settings).name == name


@every_family
def test_the_keys_are_settings_of_the_builder(name):
    assert at(-1, model_space(name)).keys() <= model_settings(name).keys()


@every_family
def test_the_largest_network_is_larger_than_the_smallest_and_both_build_on_the_smallest_images(name):
    smallest, largest = (
        count_unbuilt(lambda end=end: build_model(name, (8, 8, 1), 10, **at(end, model_space(name)))) for end in (0, -1)
    )
    assert smallest.trainable_parameters < largest.trainable_parameters


@every_family
def test_a_hyper_parameter_named_as_a_setting_is_that_setting(name):
    hp = keras_tuner.HyperParameters()
    settings = model_space(name)(hp)
    assert {key: settings[key] for key in hp.values if key in settings} == {
        key: value for key, value in hp.values.items() if key in settings
    }


@every_family
def test_a_grid_comes_to_the_smallest_network_before_a_search_with_a_limit_gives_up(name):
    space = Space(name, recipe_for(name))
    sizes = {key: size for key, size in at(0, model_space(name)).items() if key in GROWS}
    drawn = (space.resolve(values)[0] for values in grid(space.hyperparameters, REJECTIONS_THAT_END_A_SEARCH))
    assert sizes in [{key: settings[key] for key in sizes} for settings in drawn]


def grid(hyperparameters, count):
    """Yields the first proposals of a grid search, each of which fails."""
    strategy = Tuning(make_oracle(hyperparameters, 0))
    for _ in range(count):
        values = strategy.ask()
        yield values
        strategy.tell(values, None, "over a limit")


def polished(count):
    """What a grid polishes of the third rung of vgg, in order."""
    ladder, space = Ladder("vgg", recipe_for("vgg")), keras_tuner.HyperParameters()
    ladder.polish(space, ladder.rungs[2])
    for values in grid(space, count):
        hp = keras_tuner.HyperParameters()
        hp.values = dict(values)
        yield ladder.polish(hp, ladder.rungs[2])


def test_polishing_varies_the_length_first_then_kernels_and_pools_the_recipe_and_padding_and_overlap_last():
    *first, last = polished(1 + 3 * 2 * 2 * 2 * 3 * 2)
    epochs = recipe_for("vgg").epochs
    assert first[:3] == [{}, {"epochs": 2 * epochs}, {"epochs": 4 * epochs}]
    assert first[3:10:3] == [{"pool_size": 3}, {"kernel_size": 5}, {"kernel_size": 5, "pool_size": 3}]
    assert {name for drawn in first for name in drawn} == {
        *("epochs", "kernel_size", "pool_size", "optimizer", "learning_rate", "weight_decay")
    }
    assert last == {"pool_size": 3, "pool_stride": 2}


@pytest.mark.parametrize("drawn", [{"padding": "valid"}, {"overlapping_pools": True}], ids=str)
def test_what_is_polished_last_fits_images_of_28_pixels(drawn):
    vgg = importlib.import_module("tuner_configs.vgg")
    hp = keras_tuner.HyperParameters()
    hp.values = drawn
    settings = vgg.polish_space_last(hp, vgg.LADDER[2])
    assert settings.keys() <= model_settings("vgg").keys()
    usual = build_model("vgg", (28, 28, 1), 10, **vgg.LADDER[2])
    other = build_model("vgg", (28, 28, 1), 10, **vgg.LADDER[2], **settings)
    assert other.count_params() == usual.count_params()
    # On 29 pixels, of which whitening leaves 28: on 27, pools of 3 pixels leave as many as pools of 2.
    usual, other = (build_model("vgg", (29, 29, 1), 10, **vgg.LADDER[2], **more) for more in ({}, settings))
    assert other.get_layer("block1_pool").output.shape != usual.get_layer("block1_pool").output.shape


@every_family
def test_the_docstring_holds_the_command(name):
    document = importlib.import_module(f"tuner_configs.{name}").__doc__
    assert f"\n    python -m keras_vision.tune --model {name} " in document


@every_family
def test_the_recipe_of_every_family_is_the_default_of_its_space(name):
    recipe = recipe_for(name).as_dict()
    drawn = recipe_space(keras_tuner.HyperParameters(), recipe)
    assert drawn == {field: recipe[field] for field in drawn}


@every_family
@pytest.mark.parametrize("end", [0, -1], ids=["lowest", "highest"])
def test_both_ends_are_recipes(name, end):
    recipe = recipe_for(name).as_dict()
    drawn = at(end, lambda hp: recipe_space(hp, recipe))
    assert drawn.keys() <= set(FIELDS)
    assert Recipe(**(recipe | drawn)).learning_rate == drawn["learning_rate"]


def test_a_recipe_without_weight_decay_stays_without():
    recipe = Recipe(weight_decay=0.0).as_dict()
    assert "weight_decay" not in recipe_space(keras_tuner.HyperParameters(), recipe)


def test_an_unusual_recipe_lies_inside_its_own_space():
    recipe = Recipe(learning_rate=3.0, label_smoothing=0.4).as_dict()
    hp = keras_tuner.HyperParameters()
    drawn = recipe_space(hp, recipe)
    assert (drawn["learning_rate"], drawn["label_smoothing"]) == (3.0, 0.4)
    assert all(one.min_value <= drawn[one.name] <= one.max_value for one in hp.space)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_polishes_a_recipe_begins_with_its_optimizer(optimizer):
    recipe = recipe_for("cnn", optimizer=optimizer).as_dict()
    hp = keras_tuner.HyperParameters()
    names = ("optimizer", "learning_rate", "weight_decay")
    assert polish_recipe(hp, recipe, ("adamw", "sgd"), with_optimizer) == {name: recipe[name] for name in names}
    hp.values["optimizer"] = "sgd"
    usual = recipe_for("cnn", optimizer="sgd").as_dict()
    assert polish_recipe(hp, recipe, ("adamw", "sgd"), with_optimizer) == pytest.approx(
        {name: usual[name] for name in names}
    )
