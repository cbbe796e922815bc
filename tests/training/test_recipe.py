import dataclasses

import pytest

from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.training.recipe import SEARCHING, Recipe, Task, recipe_for, recipe_with


@pytest.mark.parametrize("images", [2, 100, 1_000, 8_000, 54_000, 1_000_000])
@pytest.mark.parametrize("model", MODELS)
def test_recipes_are_within_their_own_bounds(model, images):
    for side in (8, 28, 224):
        recipe = recipe_for(model, Task(images, side, mirrored=True, flops=1e9))  # a number out of bounds raises
        assert recipe.shift < side / 2


@pytest.mark.parametrize(
    ("images", "batch_size", "epochs"),
    [(20, 32, 100), (1_000, 32, 80), (8_000, 64, 20), (54_000, 128, 6), (1_000_000, 128, 6)],
)
def test_length_is_counted_in_steps(images, batch_size, epochs):
    recipe = recipe_for("cnn", Task(images, 28, mirrored=False))
    assert (recipe.batch_size, recipe.epochs) == (batch_size, epochs)


def test_a_costly_network_gets_fewer_epochs_but_not_too_few():
    task = Task(1_000, 64, mirrored=False)
    costs = [recipe_for("vgg", dataclasses.replace(task, flops=flops)).epochs for flops in (1e8, 1e9, 1e10, 1e12)]
    assert costs == [80, 18, 6, 6]


def test_trainings_of_a_search_are_shorter_where_its_first_network_is_costly_but_not_too_short():
    task = Task(1_000, 28, mirrored=False, length=SEARCHING)
    costs = [recipe_for("vgg", dataclasses.replace(task, flops=flops)).epochs for flops in (1e6, 2e7, 1e10, None)]
    assert costs == [80, 60, 48, 80]


def test_the_rate_goes_with_the_root_of_the_batch_and_the_warm_up_with_the_epochs():
    recipe = recipe_for("vgg", Task(1_000, 28, mirrored=False))
    assert (recipe.learning_rate, recipe.warmup_epochs) == (pytest.approx(0.2), 16)
    recipe = recipe_for("vgg", Task(1_000, 28, mirrored=False), batch_size=128, epochs=10)
    assert (recipe.learning_rate, recipe.warmup_epochs) == (pytest.approx(0.4), 2)


@pytest.mark.parametrize(("side", "shift"), [(8, 0), (28, 2), (32, 2), (64, 4), (96, 6)])
def test_shifts_go_with_the_size_of_images(side, shift):
    assert recipe_for("vgg", Task(1_000, side, mirrored=False)).shift == shift
    assert recipe_for("vgg", Task(54_000, side, mirrored=False)).shift == 0  # seen too seldom to be learned by heart


def test_images_are_mirrored_as_the_family_does_where_they_may_be():
    flips = [recipe_for("vgg", Task(1_000, 28, mirrored)).flip for mirrored in (False, True)]
    assert flips == ["none", "alternating"]
    assert recipe_for("lstm", Task(1_000, 28, mirrored=True)).flip == "none"


def test_what_a_person_set_beats_the_recipe():
    recipe = recipe_for("vgg", Task(1_000, 28, mirrored=False), epochs=3, learning_rate=0.5, shift=4, flip="random")
    assert (recipe.epochs, recipe.learning_rate, recipe.shift, recipe.flip) == (3, 0.5, 4, "random")


def test_another_optimizer_has_its_rate_and_decay_converted_where_they_are_not_set():
    sgd, adamw = recipe_for("vgg"), recipe_for("vgg", optimizer="adamw")
    assert (adamw.learning_rate, adamw.weight_decay) == (sgd.learning_rate / 30, pytest.approx(sgd.weight_decay * 30))
    assert recipe_for("mlp", optimizer="sgd").learning_rate == 30 * recipe_for("mlp").learning_rate
    assert recipe_for("vgg", optimizer="adamw", learning_rate=0.01).learning_rate == 0.01
    assert recipe_for("vgg", optimizer="sgd") == sgd


def test_the_decay_in_adams_gradient_is_of_its_own_kind():
    adamw, adam = recipe_for("mlp"), recipe_for("mlp", optimizer="adam")
    assert (adamw.weight_decay, adam.weight_decay) == (0.05, pytest.approx(5e-4))
    assert adam.learning_rate == adamw.learning_rate
    assert recipe_for("mlp", optimizer="adam", weight_decay=0.05).weight_decay == 0.05
    assert recipe_with(adam, optimizer="sgd") == recipe_with(adamw, optimizer="sgd")


def test_what_follows_from_a_change_is_changed_with_it_unless_it_is_set():
    recipe = Recipe(epochs=15, warmup_epochs=3, optimizer="sgd", learning_rate=0.4, weight_decay=5e-3, momentum=0.8)
    assert recipe_with(recipe) == recipe_with(recipe, epochs=None) == recipe
    assert recipe_with(recipe, epochs=5) == recipe.replace(epochs=5, warmup_epochs=1)
    assert recipe_with(recipe, epochs=5, warmup_epochs=2) == recipe.replace(epochs=5, warmup_epochs=2)
    assert recipe_with(recipe, batch_size=32) == recipe.replace(batch_size=32, learning_rate=0.2)
    adamw = recipe_with(recipe, optimizer="adamw")  # whose momentum is no setting
    assert (adamw.learning_rate, adamw.weight_decay, adamw.momentum) == (0.4 / 30, pytest.approx(0.15), 0.9)
    assert recipe_with(recipe, optimizer="adamw", learning_rate=0.01).learning_rate == 0.01


def test_none_leaves_the_default():
    assert recipe_for("vgg", epochs=None) == recipe_for("vgg")


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("epochs", 1.5), ("batch_size", -1), ("learning_rate", 0), ("label_smoothing", 1.0),
     ("cutmix", 2), ("epochs", True), ("learning_rate", float("nan")), ("warmup_epochs", float("inf"))],
)  # fmt: skip
def test_a_number_out_of_bounds_is_refused_by_name(field, value):
    with pytest.raises(BadInput, match=f"^{field} must be .*, not {value!r}."):
        Recipe(**{field: value})


def test_a_momentum_that_would_do_nothing_is_refused():
    with pytest.raises(
        BadInput, match=r"momentum=0\.5 works only with optimizer='sgd', not with 'adamw'\. Leave it out"
    ):
        recipe_for("cnn", momentum=0.5)
    assert recipe_for("vgg", momentum=0.5).momentum == 0.5


def test_an_unknown_optimizer_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'adam'"):
        Recipe(optimizer="adamx")


def test_an_unknown_field_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'weight_decay'"):
        Recipe().replace(weight_decays=1.0)
