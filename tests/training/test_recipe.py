import pytest

from keras_vision.data import DATASETS
from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.training.recipe import DATASET_CHANGES, EPOCHS, RECIPES, Recipe, recipe_for


def test_every_family_has_a_recipe():
    assert set(RECIPES) == set(MODELS)


def test_every_data_set_with_a_recipe_is_in_the_table():
    assert EPOCHS.keys() | DATASET_CHANGES.keys() <= DATASETS.keys()
    assert {model for epochs in EPOCHS.values() for model in epochs} <= MODELS.keys()


@pytest.mark.parametrize("dataset", ["", *DATASETS])
@pytest.mark.parametrize("model", MODELS)
def test_recipes_are_within_their_own_bounds(model, dataset):
    recipe = recipe_for(model, dataset).as_dict()  # a number out of bounds raises
    expected = DATASET_CHANGES.get(dataset, {}) | ({"epochs": e} if (e := EPOCHS.get(dataset, {}).get(model)) else {})
    assert recipe | expected == recipe


def test_what_a_person_set_beats_the_recipe():
    recipe = recipe_for("vgg", "fashion_mnist", epochs=3, learning_rate=0.5, shift=4)
    assert (recipe.epochs, recipe.learning_rate, recipe.shift) == (3, 0.5, 4)


def test_another_optimizer_has_its_rate_and_decay_converted_where_they_are_not_set():
    sgd, adamw = recipe_for("vgg"), recipe_for("vgg", optimizer="adamw")
    assert (adamw.learning_rate, adamw.weight_decay) == (sgd.learning_rate / 30, pytest.approx(sgd.weight_decay * 30))
    assert recipe_for("mlp", optimizer="sgd").learning_rate == 30 * recipe_for("mlp").learning_rate
    assert recipe_for("vgg", optimizer="adamw", learning_rate=0.01).learning_rate == 0.01
    assert recipe_for("vgg", optimizer="sgd") == sgd


def test_none_leaves_the_default():
    assert recipe_for("vgg", epochs=None) == recipe_for("vgg")


def test_digits_are_not_mirrored():
    assert recipe_for("vgg", "mnist").flip == "none"


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("epochs", 1.5), ("batch_size", -1), ("learning_rate", 0), ("label_smoothing", 1.0),
     ("cutmix", 2), ("epochs", True), ("learning_rate", float("nan")), ("warmup_epochs", float("inf"))],
)  # fmt: skip
def test_a_number_out_of_bounds_is_refused_by_name(field, value):
    with pytest.raises(BadInput, match=f"^{field}="):
        Recipe(**{field: value})


def test_a_momentum_that_would_do_nothing_is_refused():
    with pytest.raises(BadInput, match=r"momentum=0\.5 with optimizer='adamw': expected it with optimizer='sgd'"):
        recipe_for("cnn", momentum=0.5)
    assert recipe_for("vgg", momentum=0.5).momentum == 0.5


def test_a_data_set_of_tfds_has_its_own_recipe():
    assert recipe_for("vgg", "tfds:mnist") == recipe_for("vgg", "mnist") != recipe_for("vgg")


def test_an_unknown_optimizer_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'adamw'"):
        Recipe(optimizer="adamx")


def test_an_unknown_field_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'weight_decay'"):
        Recipe().replace(weight_decays=1.0)
