import pytest

from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.training.recipe import RECIPES, Recipe, recipe_for


def test_every_family_has_a_recipe():
    assert set(RECIPES) == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_recipes_are_within_their_own_bounds(model):
    assert recipe_for(model).epochs >= 1


def test_what_a_person_set_beats_the_recipe():
    assert (
        recipe_for("vgg", epochs=3, learning_rate=0.5).as_dict() | {"epochs": 3}
        == recipe_for("vgg", epochs=3, learning_rate=0.5).as_dict()
    )
    assert recipe_for("vgg", epochs=3).epochs == 3


def test_none_leaves_the_default():
    assert recipe_for("vgg", epochs=None) == recipe_for("vgg")


def test_digits_are_not_mirrored():
    assert recipe_for("vgg", "mnist").flip == "none"


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("epochs", 1.5), ("batch_size", -1), ("learning_rate", 0), ("label_smoothing", 1.0),
     ("cutmix", 2), ("epochs", True), ("learning_rate", float("nan"))],
)  # fmt: skip
def test_a_number_out_of_bounds_is_refused_by_name(field, value):
    with pytest.raises(BadInput, match=f"^{field}="):
        Recipe(**{field: value})


def test_an_unknown_optimizer_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'adamw'"):
        Recipe(optimizer="adamx")


def test_an_unknown_field_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'weight_decay'"):
        Recipe().replace(weight_decays=1.0)
