"""What every family promises, held by every row of MODELS."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vision.models import MODELS
from keras_vision.models.normalization import set_statistics
from tests.models.small import pixels, small_model

LAYER_NAME = re.compile(
    r"pixels|normalization|logits|flatten|rows"  # the ends, which every network has, and the ways in
    r"|(patches|stem|head|hidden\d+|(stage\d+_)?block\d+)(_[a-z]+\d*)+"  # where, then what
)
every_family = pytest.mark.parametrize("name", MODELS)


@every_family
@pytest.mark.parametrize("input_shape", [(8, 8, 3), (28, 28, 1), (12, 8, 4)], ids=str)
def test_raw_pixels_become_float32_logits(name, input_shape):
    model = small_model(name, input_shape, num_classes=5)
    assert model.input_shape == (None, *input_shape)
    assert model.output_shape == (None, 5)
    assert model(pixels(input_shape, n=2)).dtype == "float32"


@every_family
def test_a_model_is_named_and_not_compiled(name):
    model = small_model(name)
    assert (model.name, model.compiled, type(model).__name__) == (name, False, "Functional")


@every_family
def test_the_head_has_no_softmax(name):
    head = small_model(name).layers[-1]
    assert (head.name, head.activation) == ("logits", keras.activations.linear)


@every_family
def test_every_weight_receives_a_gradient(name):
    model = small_model(name)
    set_statistics(model, mean=[127.5] * 3, std=[74.0] * 3)
    with tf.GradientTape() as tape:
        logits = model(pixels(), training=True)
        loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(np.arange(16) % 5, logits, from_logits=True))
    weights = model.trainable_weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    without = [w.path for w, g in zip(weights, gradients, strict=True) if g is None or not np.any(g)]
    assert without == []


@every_family
def test_a_saved_model_gives_the_same_outputs(name, tmp_path):
    model = small_model(name)
    set_statistics(model, mean=[120.0, 110.0, 100.0], std=[60.0, 61.0, 62.0])
    model(pixels(), training=True)  # moves the moving statistics away from their start
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(pixels()), model(pixels()))


@every_family
def test_a_config_makes_the_same_network(name):
    model = small_model(name)
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(pixels()), model(pixels()))
    assert copy.get_config() == model.get_config()


@every_family
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_one_training_step_under_each_precision(name, policy):
    keras.config.set_dtype_policy(policy)
    model = small_model(name)
    set_statistics(model, mean=[127.5] * 3, std=[74.0] * 3)  # raw pixels overflow the gradients of float16
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01), loss, run_eagerly=policy != "float32")  # one graph of each is enough
    before = [weight.numpy() for weight in model.trainable_weights]
    loss = model.train_on_batch(pixels().astype("uint8"), np.arange(16) % 5)
    assert np.isfinite(loss)
    assert model.outputs[0].dtype == "float32"
    after = [weight.numpy() for weight in model.trainable_weights]
    assert any(np.any(old != new) for old, new in zip(before, after, strict=True))


@every_family
def test_layer_names_are_paths(name):
    assert [layer.name for layer in small_model(name).layers if not LAYER_NAME.fullmatch(layer.name)] == []


@every_family
def test_names_of_weights_are_unique(name):
    paths = [weight.path for weight in small_model(name).weights]
    assert len(paths) == len(set(paths))


@every_family
def test_the_same_seed_makes_the_same_weights(name):
    keras.utils.set_random_seed(0)
    first = small_model(name).get_weights()
    keras.utils.set_random_seed(0)
    for one, other in zip(first, small_model(name).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
