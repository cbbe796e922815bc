import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_vision.analysis.gradients import gradients, layer_gradients, plot_gradients
from keras_vision.models import MODELS
from tests.models.small import pixels, small_model


def test_gradients_are_those_of_calculus():
    found = gradients(lambda x: ops.sum(x[0] ** 2 * x[1]), [np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    np.testing.assert_allclose(found, [[6, 16], [1, 4]])


def test_the_gradient_of_what_plays_no_part_is_zero():
    found = gradients(lambda x: ops.sum(x[0]), [np.ones(2), np.ones(3)])
    assert found[1].tolist() == [0, 0, 0]


def test_a_layers_norms_are_those_worked_out_by_hand():
    x = keras.Input((2, 1, 1))
    logits = layers.Dense(2, kernel_initializer="zeros", name="logits")(layers.Flatten()(x))
    images = np.array([[3.0, 4.0]], "float32").reshape(1, 2, 1, 1)
    (found,) = layer_gradients(keras.Model(x, logits), images, np.array([0]))
    # Both classes at 1/2: the gradient is (-1/2, 1/2) at the bias, and that times (3, 4) at the kernel.
    assert found.weight_norm == 0
    assert found.gradient_norm == pytest.approx(np.sqrt(0.5 + 0.5 * 25))


@pytest.mark.parametrize("name", MODELS)
def test_every_family_has_a_gradient_at_every_layer(name):
    found = layer_gradients(small_model(name), pixels(), np.arange(16) % 5)
    assert found[-1].name == "logits"
    assert all(layer.gradient_norm > 0 for layer in found)


def test_measuring_leaves_the_model_as_it_was():
    model = small_model("cnn")
    before = model.get_weights()
    layer_gradients(model, pixels(), np.arange(16) % 5)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_sigmoids_shrink_the_gradient_towards_the_input():
    model = small_model("mlp", hidden_units=(16,) * 6, activation="sigmoid")
    found = layer_gradients(model, pixels() / 255, np.arange(16) % 5)
    assert found[0].gradient_norm < 0.01 * found[-1].gradient_norm


def test_the_figure_names_every_layer():
    found = layer_gradients(small_model("vgg"), pixels(), np.arange(16) % 5)
    figure = plot_gradients(found)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [layer.name for layer in found]


def test_the_figure_can_be_drawn_where_no_gradient_arrives():
    x = keras.Input((2,))
    dead = keras.Model(
        x, layers.Dense(2)(ops.relu(layers.Dense(3, bias_initializer=lambda *a, **k: -9.0 * ops.ones(3))(x)))
    )
    figure = plot_gradients(layer_gradients(dead, np.zeros((1, 2), "float32"), np.array([0])))
    figure.canvas.draw()
