"""The fast LSTM computes what Keras' own does, forwards and backwards, and leaves alone what it does not know."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vision.training import fast_lstm
from keras_vision.training.acceleration import fast_layers
from keras_vision.training.fast_ops import BFLOAT16_REWRITE

SHAPE = (5, 7, 6)


def sequences(dtype="float32"):
    return tf.cast(np.random.default_rng(1).normal(size=SHAPE), dtype)


def built(**settings):
    layer = keras.layers.LSTM(8, **settings)
    layer.build(SHAPE)
    random = np.random.default_rng(2)
    layer.set_weights([random.normal(scale=0.5, size=weights.shape) for weights in layer.get_weights()])
    return layer


def trained(layer, inputs, *, is_fast):
    """Outputs and gradients at the inputs and weights, in a graph; and the types of its operations."""

    @tf.function
    def step(inputs):
        with tf.GradientTape() as tape, fast_layers([layer] if is_fast else []):
            tape.watch(inputs)
            outputs = layer(inputs, training=True)
            target = np.random.default_rng(3).normal(size=outputs.shape)
            loss = tf.reduce_sum(outputs * tf.cast(target, outputs.dtype))
        return [outputs, *tape.gradient(loss, [inputs, *(one.value for one in layer.trainable_variables)])]

    types = {operation.type for operation in step.get_concrete_function(inputs).graph.get_operations()}
    return [one.numpy() for one in step(inputs)], types


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_it_equals_stock_keras(return_sequences, go_backwards):
    layer = built(return_sequences=return_sequences, go_backwards=go_backwards)
    (own, types), (stock, _) = (trained(layer, sequences(), is_fast=is_fast) for is_fast in (True, False))
    assert not {one for one in types if "While" in one}
    for one, other in zip(own, stock, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_both_directions_are_fast():
    layer = keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True))
    layer.build(SHAPE)
    (own, types), (stock, _) = (trained(layer, sequences(), is_fast=is_fast) for is_fast in (True, False))
    assert not {one for one in types if "While" in one}
    for one, other in zip(own, stock, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_products_in_bfloat16_equal_stock_keras_up_to_rounding():
    layer = built(return_sequences=True)
    stock, _ = trained(layer, sequences(), is_fast=False)
    tf.config.optimizer.set_experimental_options({BFLOAT16_REWRITE: True})
    try:
        own, _ = trained(layer, sequences(), is_fast=True)
    finally:
        tf.config.optimizer.set_experimental_options({BFLOAT16_REWRITE: False})
    for one, other in zip(own, stock, strict=True):
        assert one.dtype == np.float32
        assert 0 < np.linalg.norm(one - other) <= 0.02 * np.linalg.norm(other)


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"use_bias": False},
        {"dropout": 0.5, "seed": 3},
        {"recurrent_dropout": 0.5, "seed": 3},
        {"dtype": "mixed_bfloat16"},
    ],
    ids=str,
)
def test_other_settings_are_left_to_keras(settings):
    layer = built(**settings)
    _, types = trained(layer, sequences(), is_fast=True)
    assert {one for one in types if "While" in one}


def test_long_sequences_are_left_to_keras():
    layer = keras.layers.LSTM(2)
    _, types = trained(layer, tf.zeros((1, 257, 1)), is_fast=True)
    assert {one for one in types if "While" in one}


def test_states_that_are_given_are_heeded():
    layer, state = built(), [tf.ones((5, 8)), tf.ones((5, 8))]
    with fast_layers([layer]):
        given = layer(sequences(), initial_state=state)
    np.testing.assert_allclose(given, layer(sequences(), initial_state=state))


@pytest.mark.parametrize(("threads", "parts"), [(1, 1), (2, 2), (64, 2)])
def test_a_machine_of_many_threads_makes_no_more_parts_than_two(threads, parts, monkeypatch):
    monkeypatch.setattr(fast_lstm, "threads", lambda: threads)
    assert sum(len(part) for part in fast_lstm._parts(sequences())) == SHAPE[0]
    assert len(fast_lstm._parts(sequences())) == parts
