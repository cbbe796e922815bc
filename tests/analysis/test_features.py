"""Features of layers, against networks whose units are made to be dead, or alike."""

import keras
import numpy as np
import pytest

from keras_vision.analysis.feature_figures import plot_features
from keras_vision.analysis.features import (
    MOST_DRAWN,
    drawn_layers,
    features_of,
    last_features,
    layers_with_features,
    unit_use,
)
from keras_vision.models import MODELS
from tests.models.small import small_model
from tests.synthetic import make_split


def images(count=64, shape=(8, 8, 3)):
    return make_split(count, shape=shape).images


def network():
    """Six filters of which one is dead, one is always on, and two say what two others say."""
    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255)(pixels)
    x = keras.layers.Conv2D(6, 3, name="convolution")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.ReLU(name="relu")(x)
    model = keras.Model(
        pixels, keras.layers.Dense(4, name="logits")(keras.layers.GlobalAveragePooling2D(name="mean")(x))
    )
    keras.utils.set_random_seed(0)
    kernel = np.random.default_rng(0).normal(0, 0.3, (3, 3, 3, 6))
    kernel[..., 3], kernel[..., 5], bias = kernel[..., 0], 2 * kernel[..., 1], np.full(6, 2.0)
    kernel[..., 2], bias[2] = 0, -1  # dead
    bias[3], bias[5], bias[1] = bias[0], 2 * bias[1], bias[1]
    model.get_layer("convolution").set_weights([kernel, bias])
    return model


def test_dead_and_duplicate_filters_are_found_with_what_they_waste():
    (use,) = unit_use(network(), [images(40), images(24)])
    assert (use.name, use.units, use.dead, use.duplicates) == ("relu", 6, (2,), (3, 5))
    assert use.parameters == 3 * (3 * 3 * 3 + 1 + 2)  # kernel and bias, and scale and shift of the norm


def test_the_first_of_several_equal_units_is_no_duplicate():
    model = network()
    kernel, bias = model.get_layer("convolution").get_weights()
    model.get_layer("convolution").set_weights([np.repeat(kernel[..., :1], 6, axis=-1), np.repeat(bias[:1], 6)])
    (use,) = unit_use(model, [images()])
    assert (use.dead, use.duplicates) == ((), (1, 2, 3, 4, 5))


def test_pieces_count_as_one_whole():
    whole, pieces = unit_use(network(), [images()]), unit_use(network(), np.split(images(), 8))
    assert whole == pieces


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_family_has_features_that_can_be_drawn_and_judged(name):
    model = small_model(name)
    some = images(32, model.input_shape[1:])
    found = features_of(model, some[:1])
    assert list(found) == list(layers_with_features(model))
    assert found
    figure = plot_features(some[0], {layer: values[0] for layer, values in found.items()})
    assert len(figure.axes) == len(found) + 1
    for use in unit_use(model, [some]):
        assert use.units == found[use.name].shape[-1]
        assert not set(use.dead) & set(use.duplicates)
        assert 0 <= use.parameters < model.count_params()


def test_the_last_features_are_what_the_logits_are_made_of():
    model = network()
    kernel, bias = model.get_layer("logits").get_weights()
    features = last_features(model).predict_on_batch(images(4))
    np.testing.assert_allclose(features @ kernel + bias, model.predict_on_batch(images(4)), rtol=1e-4, atol=1e-5)


def test_of_many_layers_the_first_and_the_last_are_drawn():
    names = [f"layer{number}" for number in range(50)]
    drawn = drawn_layers(names)
    assert (drawn[0], drawn[-1], len(drawn)) == ("layer0", "layer49", MOST_DRAWN)
    assert drawn_layers(names[:3]) == names[:3]
