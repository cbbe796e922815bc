"""Explanations of networks whose answers can be worked out by hand, and what all families promise."""

import importlib

import keras
import numpy as np
import pytest

from keras_vision.analysis import integrated_gradients, layercam, occlusion
from keras_vision.analysis.confusion import Mistake
from keras_vision.analysis.explanation import METHODS, USUAL, check_method, explainer
from keras_vision.analysis.explanation_figures import AGAINST, FOR, heat_over, plot_explained_mistakes, plot_explanation
from keras_vision.analysis.subject import Subject, subject_of_model, subject_of_probabilities
from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.models.normalization import set_statistics
from tests.models.small import pixels, small_model, with_random_kernels

SHAPE = (16, 16, 3)


def subject(model):
    return subject_of_model(model, at_once=7)  # so that no number of images is a multiple of it


def linear_model(weights):
    """A network of one class for each array of weights [height, width, channels]: their products with the pixels."""
    inputs = keras.Input(weights[0].shape)
    dense = keras.layers.Dense(len(weights), use_bias=False)
    model = keras.Model(inputs, dense(keras.layers.Flatten()(inputs)))
    dense.set_weights([np.stack([one.ravel() for one in weights], axis=1)])
    return model


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_integrated_gradients_of_a_linear_network_are_its_weights_times_the_pixels(random):
    weights = [random.normal(size=(6, 5, 3)) for _ in range(2)]
    images = random.uniform(0, 255, (3, 6, 5, 3)).astype("float32")
    maps, facts = integrated_gradients.explainer(subject(linear_model(weights)))(images, [0, 1, 1])
    way = images - images.mean(axis=(1, 2), keepdims=True)
    expected = [(way[i] * weights[c]).sum(axis=-1) for i, c in enumerate([0, 1, 1])]
    np.testing.assert_allclose(maps, expected, rtol=1e-3, atol=0.05)
    assert all(one["deviation"] < 1e-3 and one["steps"] == integrated_gradients.LEAST_STEPS for one in facts)


def test_integrated_gradients_take_more_steps_where_the_way_is_crooked(monkeypatch):
    """Above half the pixel's way the score rises, so that the first steps see too much or too little of it."""
    inputs = keras.Input((2, 1, 1))
    dense = keras.layers.Dense(2)
    bent = keras.layers.ReLU()(keras.layers.Rescaling(1.0, offset=-71.3)(keras.layers.Flatten()(inputs)))
    model = keras.Model(inputs, dense(bent))
    dense.set_weights([np.eye(2), np.zeros(2)])
    images = np.array([100.0, 0.0], "float32").reshape(1, 2, 1, 1)
    maps, (facts,) = integrated_gradients.explainer(subject(model))(images, [0])
    assert facts["steps"] > integrated_gradients.LEAST_STEPS
    assert facts["deviation"] <= integrated_gradients.TOLERANCE
    assert maps.sum() == pytest.approx(28.7, rel=0.011)
    monkeypatch.setattr(integrated_gradients, "MOST_STEPS", 16)
    _, (facts,) = integrated_gradients.explainer(subject(model))(images, [0])
    assert facts["steps"] == 16
    assert facts["deviation"] > integrated_gradients.TOLERANCE


def test_only_windows_that_cover_a_pixel_that_counts_make_the_class_less_probable():
    weights = np.zeros((28, 28, 1))
    weights[10, 20] = 0.01
    images = np.zeros((2, 28, 28, 1), "float32")
    images[:, 10, 20] = 200
    maps, _ = occlusion.explainer(subject(linear_model([weights, -weights])))(images, [0, 1])

    def log_probability(score):
        return -np.log1p(np.exp(-2 * score))

    after = 0.01 * images[0].mean()
    assert maps[0, 10, 20] == pytest.approx(log_probability(2) - log_probability(after), rel=1e-3)
    assert maps[1, 10, 20] == pytest.approx(log_probability(-2) - log_probability(-after), rel=1e-3)
    rows, columns = np.nonzero(maps[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 15, 16, 25)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (28, 28), (31, 17), (200, 65)])
def test_windows_cover_each_pixel_and_their_number_does_not_grow_with_the_image(size):
    covers, count = np.zeros(size), 0
    for window in occlusion.windows_over(*size):
        covers[window] += 1
        count += 1
    assert covers.min() >= 1
    assert count <= 20**2


def positions_model():
    """Three features, which are the pixels' channels, averaged; the classes are the features, and their negatives."""
    inputs = keras.Input((4, 6, 3))
    features = keras.layers.Conv2D(3, 1, name="features")
    logits = keras.layers.Dense(6, name="logits")
    model = keras.Model(inputs, logits(keras.layers.GlobalAveragePooling2D()(features(inputs))))
    features.set_weights([np.eye(3).reshape(1, 1, 3, 3), np.zeros(3)])
    logits.set_weights([np.concatenate([np.eye(3), -np.eye(3)], axis=1), np.zeros(6)])
    return model


def test_layercam_shows_features_where_they_are_raised_and_speak_for_the_class():
    images = np.zeros((3, 4, 6, 3), "float32")
    images[:, 1, 2, 0], images[:, 3, 5, 0], images[:, 2, 2, 1] = 100, 50, 80
    maps, _ = layercam.explainer(subject(positions_model()))(images, [0, 1, 3])
    assert maps[0, 1, 2] == 1
    assert maps[0, 3, 5] == pytest.approx(0.5)
    assert np.count_nonzero(maps[0]) == 2
    assert np.argwhere(maps[1]).tolist() == [[2, 2]]
    assert not maps[2].any()


def test_layers_that_shortcuts_lead_past_or_that_learn_nothing_are_not_looked_at():
    layers = layercam.layers_with_positions(small_model("resnet18", SHAPE))
    assert layers["stage2_block2_activation"] == (8, 8)
    assert not {"normalization", "stage1_block2_conv1", "head_gap", "logits"} & set(layers)


def test_patches_on_one_axis_have_a_place_in_the_image():
    assert layercam.layers_with_positions(small_model("mlp_mixer", (8, 12, 3)))["head_norm"] == (4, 6)


def test_a_network_inside_a_network_is_seen_as_one_layer():
    inner_inputs = keras.Input(SHAPE)
    x = keras.layers.Conv2D(4, 3, name="first")(inner_inputs)
    inner = keras.Model(inner_inputs, keras.layers.Conv2D(4, 3, name="second")(x), name="inner")
    model = keras.Sequential([keras.Input(SHAPE), inner, keras.layers.Flatten(), keras.layers.Dense(3)])
    assert layercam.layers_with_positions(model) == {"inner": (12, 12)}
    maps, _ = layercam.explainer(subject(model))(pixels(SHAPE, 2), [0, 1])
    assert maps.shape == (2, 16, 16)


@pytest.mark.parametrize("is_inside", [False, True])
@pytest.mark.parametrize(
    "ending",
    [
        lambda x: keras.layers.Dense(3, activation="softmax")(x),
        lambda x: keras.layers.Softmax()(keras.layers.Dense(3)(x)),
        lambda x: keras.layers.Activation("softmax")(keras.layers.Dense(3)(x)),
    ],
    ids=["activation", "layer", "activation_layer"],
)
def test_the_scores_of_a_network_that_ends_in_a_softmax_are_its_logits(ending, is_inside):
    keras.utils.set_random_seed(0)  # of some weights all logits are positive
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, ending(keras.layers.Flatten()(inputs)))
    if is_inside:
        model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Rescaling(1 / 255), model])
    images = pixels((4, 4, 1), 5)
    scores = subject(model).scores(images)
    np.testing.assert_allclose(keras.ops.softmax(scores), model.predict_on_batch(images), rtol=1e-4, atol=1e-6)
    assert scores.min() < 0


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_family_is_explained_by_every_method_that_it_can_have(name):
    images, one = pixels(n=3), subject(with_random_kernels(small_model(name)))
    able = [method for method in METHODS if not importlib.import_module(f"keras_vision.analysis.{method}").lacks(one)]
    assert set(METHODS) - set(able) == ({"layercam"} if name in ("mlp", "lstm") else set())
    for method in able:
        check_method(method, one)
        maps, facts = explainer(one, method)(images, np.array([0, 1, 2]))
        assert maps.shape == (3, 8, 8)
        assert np.isfinite(maps).all() and maps.any()
        assert len(facts) == 3
        if method == "integrated_gradients":
            assert max(fact["deviation"] for fact in facts) <= integrated_gradients.TOLERANCE


def test_every_method_has_its_file_and_both_functions():
    for method in METHODS:
        module = importlib.import_module(f"keras_vision.analysis.{method}")
        assert callable(module.lacks) and callable(module.explainer)
    assert USUAL in METHODS


def noise_with_patches(count, seed):
    """Grey noise in two classes, of which only a red patch of 3x3 pixels tells the first, and the patches."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    grey = random.integers(60, 200, (count, *SHAPE[:2], 1))
    images, masks = np.repeat(grey, 3, axis=-1).astype("float32"), np.zeros((count, *SHAPE[:2]), bool)
    for mask, top, left in zip(masks, *random.integers(0, SHAPE[0] - 3, (2, count)), strict=True):
        mask[top : top + 3, left : left + 3] = True
    masks[labels != 0] = False
    images[masks] = (255, 0, 0)
    return images, labels, masks


# Of the families that look at an image in different ways, by its surroundings, its rows and all its pixels, one each.
WIDE = {"cnn": {"filters": (8, 16)}, "lstm": {"units": 24}, "mlp": {"hidden_units": (32,)}}


@pytest.mark.slow
@pytest.mark.parametrize("name", WIDE)
def test_a_planted_patch_is_found(name):
    keras.utils.set_random_seed(0)
    model = small_model(name, SHAPE, 2, **WIDE[name])
    images, labels, _ = noise_with_patches(600, seed=1)
    set_statistics(model, images.mean(axis=(0, 1, 2)), images.std(axis=(0, 1, 2)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss)
    order = np.random.default_rng(3)
    for _ in range(10):
        for batch in np.split(order.permutation(600), 20):
            model.train_on_batch(images[batch], labels[batch])  # `fit` would take seconds to make a pipeline
    images, labels, masks = noise_with_patches(100, seed=2)
    one = subject_of_model(model, 256)
    first = (labels == 0) & (one.scores(images).argmax(axis=1) == 0)  # what a network does not see is not its reason
    assert first.sum() > 35
    maps, _ = explainer(one, USUAL)(images[first], labels[first])
    hottest = maps.reshape(first.sum(), -1).argmax(axis=1)
    assert masks[first].reshape(first.sum(), -1)[np.arange(first.sum()), hottest].mean() >= 0.95


def test_what_a_network_lacks_is_said_with_the_methods_that_it_can_have():
    with pytest.raises(BadInput, match=r"layercam needs a layer .*\. These work here: occlusion, integrated_gradients"):
        check_method("layercam", subject(small_model("mlp")))
    export = subject_of_probabilities(lambda images: np.full((len(images), 2), 0.5), 4)
    check_method("occlusion", export)
    with pytest.raises(BadInput, match="integrated_gradients needs gradients, which an export does not have"):
        check_method("integrated_gradients", export)


def test_a_layer_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'block1_pool'"):
        explainer(subject(small_model("cnn")), "layercam", "block1_pol")


def test_a_probability_of_zero_is_a_finite_score():
    one = subject_of_probabilities(lambda images: np.eye(2)[np.zeros(len(images), int)], 4)
    assert np.isfinite(one.of_classes(np.zeros((5, 2, 2, 1)), np.ones(5, int))).all()


def test_no_more_images_at_once_than_allowed(random):
    sizes = []

    def scores(images):
        sizes.append(len(images))
        return images.reshape(len(images), -1)[:, :2]

    occlusion.explainer(Subject(scores, at_once=10))(random.uniform(0, 255, (3, 8, 8, 1)), [0, 1, 0])
    assert max(sizes) == 10


def colour(picture, row, column):
    return "for" if picture[row, column, 0] > picture[row, column, 2] else "against"


def test_heat_is_orange_for_the_class_and_blue_against_it():
    heat = np.zeros((10, 10))
    heat[2, 3], heat[7, 7] = 1, -1
    drawn = heat_over(np.full((10, 10, 1), 128, "uint8"), heat)
    assert (colour(drawn, 2, 3), colour(drawn, 7, 7)) == ("for", "against")
    assert len(np.unique(drawn[0, 0])) == 1
    assert FOR != AGAINST


def test_a_picture_has_the_image_the_heat_and_the_classes():
    best = [{"class": "a$b$", "probability": 0.9}, {"class": "b", "probability": 0.1}]
    figure = plot_explanation(np.zeros((8, 8, 3), "uint8"), np.eye(8), "a$b$", best)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["as the network sees it", r"what speaks for a\$b\$", "most probable"]
    assert "nothing" in plot_explanation(np.zeros((8, 8, 3), "uint8"), np.zeros((8, 8)), "b", best).axes[1].get_title()


def test_mistakes_are_drawn_beside_what_speaks_for_both_classes():
    images, mistakes = (
        np.zeros((5, 8, 8, 1), "uint8"),
        [Mistake(4, 0, 1, 0.97), Mistake(2, 1, 0, 0.8), Mistake(0, 1, 0, 0.7)],
    )
    figure = plot_explained_mistakes(images, mistakes, np.ones((2, 3, 8, 8)), ("cat", "dog"))
    assert [axes.get_title() for axes in figure.axes][:3] == ["is cat", "for dog (97%)", "for cat"]
    assert len(figure.axes) == 9
