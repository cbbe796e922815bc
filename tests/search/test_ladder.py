import json

import keras_tuner
import pytest

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.errors import BadInput
from keras_vision.models import MODELS, build_model
from keras_vision.search.ladder import Ladder
from keras_vision.training.presets import PRESETS
from keras_vision.training.recipe import Task, recipe_for, recipe_with


def size(model, settings):
    return count_unbuilt(lambda: build_model(model, (32, 32, 3), 10, **settings)).parameters


@pytest.mark.parametrize("model", MODELS)
def test_every_family_has_a_ladder_that_climbs(model):
    sizes = [size(model, rung) for rung in Ladder(model, recipe_for(model)).rungs]
    assert len(sizes) >= 5
    assert sizes == sorted(sizes)
    assert sizes[-1] > 10 * sizes[0]


@pytest.mark.parametrize("model", MODELS)
def test_every_neighbour_can_be_built_and_leads_both_ways(model):
    ladder = Ladder(model, recipe_for(model))
    for place, rung in enumerate(ladder.rungs[:3]):
        sizes = [size(model, neighbour) for neighbour in ladder.neighbours(rung)]
        assert max(sizes) > size(model, rung)
        assert place == 0 or min(sizes) < size(model, rung)


@pytest.mark.parametrize("model", MODELS)
def test_polishing_starts_at_the_recipe_itself(model):
    recipe = recipe_for(model)
    ladder = Ladder(model, recipe)
    assert ladder.polish(keras_tuner.HyperParameters(), ladder.rungs[-1]) == {}


def test_polishing_draws_what_differs():
    ladder = Ladder("vgg", recipe_for("vgg", optimizer="adamw", learning_rate=0.01, weight_decay=0.03))
    hp = keras_tuner.HyperParameters()
    hp.values = {"optimizer": "sgd", "kernel_size": 5}
    drawn = ladder.polish(hp, ladder.rungs[0])
    assert drawn == {
        "optimizer": "sgd",
        "learning_rate": pytest.approx(0.3),
        "weight_decay": pytest.approx(0.001),
        "kernel_size": 5,
    }
    assert set(drawn) <= set(ladder.names)


def test_what_a_person_fixed_is_not_polished():
    ladder = Ladder("vgg", recipe_for("vgg", learning_rate=0.003), fixed={"learning_rate": 0.003})
    hp = keras_tuner.HyperParameters()
    hp.values = {"learning_rate_factor": 2.0}
    assert "learning_rate" not in ladder.polish(hp, ladder.rungs[0])


def test_a_rate_that_no_other_optimizer_could_have_is_none_that_is_drawn():
    ladder = Ladder("vgg", recipe_for("vgg", weight_decay=0.5), fixed={"weight_decay": 0.5})
    hp = keras_tuner.HyperParameters()
    hp.values = {"optimizer": "adamw"}
    assert ladder.polish(hp, ladder.rungs[0])["optimizer"] == "adamw"  # of which 15 would be as much decay


@pytest.mark.parametrize("fixed", [{"optimizer": "sgd"}, {"momentum": 0.8}])
def test_with_an_optimizer_that_is_fixed_no_other_s_rate_is_drawn(fixed):
    ladder = Ladder("vgg", recipe_for("vgg", **fixed), fixed=fixed)
    hp = keras_tuner.HyperParameters()
    ladder.polish(hp, ladder.rungs[0])
    assert [list(one.values) for one in hp.space if one.name == "optimizer"] == [["sgd"]]


def test_values_are_split_into_settings_and_recipe():
    ladder = Ladder("vgg", recipe_for("vgg"))
    settings, recipe = ladder.resolve({"filters": [8, 16], "blocks": [1, 1], "learning_rate": 0.5})
    assert settings == {"filters": (8, 16), "blocks": (1, 1)}
    assert recipe.learning_rate == 0.5


@pytest.mark.parametrize("fixed", [{}, {"epochs": 2}, {"batch_size": 32}, {"optimizer": "adamw"}])
@pytest.mark.parametrize(("model", "dataset"), PRESETS)
def test_the_best_preset_is_known_for_its_images(model, dataset, fixed):
    ladder = Ladder(model, recipe_for(model, **fixed), fixed=fixed, dataset=dataset)
    settings, recipe = ladder.resolve(json.loads(json.dumps(ladder.best_known)))
    best = PRESETS[model, dataset]["best"]
    assert (settings, recipe) == (best.settings, recipe_with(recipe_for(model, **best.recipe), **fixed))
    assert set(ladder.best_known) <= set(ladder.names)
    assert ladder.describe()["best_known"] == json.loads(json.dumps(ladder.best_known))


def test_the_best_preset_ends_early_as_the_search_does():
    usual = recipe_for("vgg", Task(images=45_000, side=32, mirrored=True))
    _, recipe = (ladder := Ladder("vgg", usual, dataset="cifar10")).resolve(ladder.best_known)
    assert recipe == recipe_for("vgg", **PRESETS["vgg", "cifar10"]["best"].recipe, patience=usual.patience)


@pytest.mark.parametrize("model", ["vgg", "cnn"])
def test_its_names_are_those_of_steps_from_its_rungs_too(model):
    assert "convolution" in Ladder(model, recipe_for(model)).names


def test_nothing_is_known_of_other_images_or_for_a_ladder_of_a_persons_own(tmp_path):
    (tmp_path / "space.py").write_text("LADDER = ({'filters': (8,), 'blocks': (1,)},)\n")
    ladders = [Ladder("vgg", recipe_for("vgg"), dataset="folder:photos")]
    ladders += [Ladder("vgg", recipe_for("vgg"), dataset="cifar10", file=tmp_path / "space.py")]
    for ladder in ladders:
        assert ladder.best_known is None
        assert "best_known" not in ladder.describe()


def test_without_neighbours_each_setting_moves_one_rung_or_one_size(tmp_path):
    file = tmp_path / "space.py"
    file.write_text("LADDER = ({'units': 8, 'layers': 1}, {'units': 16, 'layers': 1}, {'units': 16, 'layers': 2})\n")
    ladder = Ladder("lstm", recipe_for("lstm"), file=file)
    sizes = [tuple(one.values()) for one in ladder.neighbours({"units": 16, "layers": 1})]
    assert sizes == [(8, 1), (12, 1), (24, 1), (16, 2)]  # of units and of layers
    assert [tuple(one.values()) for one in ladder.neighbours({"units": 1, "layers": 1})] == [(2, 1), (1, 2)]


@pytest.mark.parametrize("model", MODELS)
def test_no_rung_is_the_smallest_that_a_search_can_come_to(model):
    ladder = Ladder(model, recipe_for(model))
    first = ladder.rungs[0]
    assert min(size(model, one) for one in ladder.neighbours(first)) < size(model, first)


def test_an_alternative_is_a_step_from_any_other_value(tmp_path):
    file = tmp_path / "space.py"
    file.write_text(
        "LADDER = ({'filters': (8,)}, {'filters': (16,)})\nALTERNATIVES = {'convolution': ('separable',)}\n"
    )
    ladder = Ladder("cnn", recipe_for("cnn"), file=file)
    other = {"filters": (8,), "convolution": "separable"}
    assert ladder.neighbours({"filters": (8,)}) == [*({"filters": (one,)} for one in (16, 6, 12)), other]
    assert ladder.neighbours(other) == [other | {"filters": (one,)} for one in (16, 6, 12)]


def test_numpy_numbers_become_pythons_own(tmp_path):
    (tmp_path / "space.py").write_text(
        "import numpy as np\nLADDER = tuple({'units': units} for units in np.array([8, 16]))\n"
        "def neighbours(settings):\n    return [{'units': np.int64(12)}]\n"
        "def polish_space(hp, settings):\n    return {'layers': np.int64(2)}\n"
    )
    ladder = Ladder("lstm", recipe_for("lstm"), file=tmp_path / "space.py")
    values = {"units": 8}
    assert json.loads(json.dumps(ladder.rungs[0])) == values == ladder.describe()["ladder"][0]
    assert json.loads(json.dumps(ladder.neighbours(values))) == [{"units": 12}]
    assert json.loads(json.dumps(ladder.polish(keras_tuner.HyperParameters(), values))) == {"layers": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "space.py needs a LADDER: a tuple of dicts"),
        ("LADDER = ({'filters': ('16',)}, {'filters': (None, 2**40)}, {'filter': 1.5})", "Did you mean 'filters'"),
        ("LADDER = (3,)", r"needs a LADDER: a tuple of dicts .*, not \(3,\)\. Or choose a --strategy"),
        ("LADDER = None", "space.py does not run .TypeError"),
        (
            "LADDER = ({'filters': (8,)},)\ndef polish_space(hp, settings):\n    {}",
            "polish_space in .* must return a dict of settings, not None",
        ),
        ("LADDER = ({'filter': (8,)},)", r"no setting 'filter' of cnn .*space.py\)\. Did you mean 'filters'"),
        ("LADDER = ({'filters': {8}},)", "of type set cannot be recorded"),
        ("LADDER = ({'filters': (8,)},)\ndef neighbours(settings):\n    return 1 / 0", "ZeroDivisionError"),
        (
            "LADDER = ({'filters': (8,)},)\ndef neighbours(settings):\n    return [{'filter': 1}]",
            "Did you mean 'filters'",
        ),
    ],
)
def test_a_ladder_that_cannot_be_right_is_refused(tmp_path, text, message):
    (tmp_path / "space.py").write_text(text)
    with pytest.raises(BadInput, match=message):
        Ladder("cnn", recipe_for("cnn"), file=tmp_path / "space.py")
