import keras
import numpy as np
import pytest
from keras import layers

from keras_vision.analysis.impulse import impulse_response, linear_part, plot_impulse, superposed
from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from tests.models.small import small_model


def response_of(layer, shape=(7, 7, 4)):
    x = keras.Input(shape)
    return impulse_response(keras.Model(x, layer(x)), layer.name)


LAYERS = {
    "conv": layers.Conv2D(3, 3, padding="same", bias_initializer="ones", activation="relu"),
    "valid": layers.Conv2D(3, (2, 4)),
    "stride": layers.Conv2D(3, 5, strides=2, padding="same"),
    "stride larger than kernel": layers.Conv2D(3, 2, strides=3),
    "unequal strides": layers.Conv2D(3, (3, 4), strides=(2, 3), padding="same"),
    "dilation": layers.Conv2D(3, 3, dilation_rate=2, padding="same"),
    "groups": layers.Conv2D(6, 3, groups=2),
    "depthwise": layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
    "separable": layers.SeparableConv2D(3, 3, strides=2, depth_multiplier=2, padding="same", bias_initializer="ones"),
    "dense": layers.Dense(5, bias_initializer="ones"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_kernel_read_from_impulses_is_the_stored_one(name):
    impulse = response_of(LAYERS[name])
    assert impulse.difference < 1e-6
    assert np.abs(impulse.read).max() > 0.01


def test_the_response_is_the_mirrored_kernel():
    layer = layers.Conv2D(1, 3, padding="same")
    impulse = response_of(layer, (5, 5, 1))
    np.testing.assert_allclose(impulse.response[..., 0, 0], np.asarray(layer.kernel)[::-1, ::-1, 0, 0], atol=1e-6)


def test_a_layer_that_answers_otherwise_than_its_kernel_says_shows_a_difference():
    class Doubled(layers.Conv2D):
        def call(self, inputs):
            return 2 * super().call(inputs)

    assert response_of(Doubled(2, 3)).difference > 0.01


@pytest.mark.parametrize("name", MODELS)
def test_every_kernel_of_every_family_can_be_read(name):
    model = small_model(name)
    kernels = [
        one.name for one in model.layers if isinstance(one, (layers.Dense, layers.Conv2D, layers.DepthwiseConv2D))
    ]
    assert "logits" in kernels
    assert max(impulse_response(model, layer).difference for layer in kernels) < 1e-6


@pytest.mark.parametrize("layer", ["block1_conv2", "normalization"])
def test_an_unknown_or_unfit_layer_is_refused_with_those_that_serve(layer):
    with pytest.raises(BadInput, match=r"whose kernel can be read\. .*The choices are: block1_conv1, "):
        impulse_response(small_model("vgg"), layer)


@pytest.mark.parametrize("name", ["conv", "stride", "unequal strides", "dilation", "groups", "depthwise"])
def test_the_answers_to_impulses_make_up_those_to_images(name):
    layer = LAYERS[name]
    layer(np.zeros((1, 14, 14, 4), "float32"))
    linear = linear_part(layer, (14, 14, 4))
    image = np.random.default_rng(0).random((1, 14, 14, 4)).astype("float32")
    made = superposed(lambda images: np.asarray(linear(images)), image[0], layer.strides)
    # Without padding the answer begins elsewhere: the zeros that a shift brings in are not its border.
    inner = np.s_[2:-2, 2:-2]
    np.testing.assert_allclose(made[inner], np.asarray(linear(image))[0][inner], atol=1e-5)


def test_a_map_that_does_not_commute_with_shifts_answers_otherwise():
    image = np.random.default_rng(0).random((6, 6, 1))
    made = superposed(lambda images: images[:, ::-1], image)
    assert np.abs(made - image[::-1]).max() > 0.1


@pytest.mark.parametrize("name", ["conv", "dense"])
def test_the_figure_shows_response_reading_and_kernel(name):
    labels = [axes.get_ylabel() for axes in plot_impulse(response_of(LAYERS[name])).axes]
    assert {"response to an impulse", "read back", "stored"} <= set(labels)
