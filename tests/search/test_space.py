import pytest

from keras_vision.errors import BadInput
from keras_vision.search.space import Space
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


def test_a_space_of_ones_own_replaces_the_models(tmp_path):
    file = write(tmp_path, "def model_space(hp):\n    return {'filters': (hp.Int('width', 4, 8),)}\n")
    settings, _ = Space("cnn", recipe_for("cnn"), file=file).resolve({"width": 5})
    assert settings == {"filters": (5,)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "a function model_space"),
        ("def model_space(hp):\n    return {'filter': (8,)}", "Did you mean 'filters'"),
    ],
)
def test_a_space_that_cannot_be_right_is_refused(tmp_path, text, message):
    with pytest.raises(BadInput, match=message):
        Space("cnn", recipe_for("cnn"), file=write(tmp_path, text))


def test_a_space_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"a Python file with model_space"):
        Space("cnn", recipe_for("cnn"), file=tmp_path / "none.py")
