"""Faster layers in training steps: they compute what stock Keras does, and are gone outside of these."""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vision.models import MODELS
from keras_vision.models.normalization import set_statistics
from keras_vision.training.acceleration import (
    CALLS,
    accelerate,
    asks_for_products,
    fast_layers,
)
from keras_vision.training.fast_ops import BFLOAT16_REWRITE, gelu
from keras_vision.training.own_gradients import own_gradients
from tests.models.small import pixels, small_model

BatchNormalization, LayerNormalization = keras.layers.BatchNormalization, keras.layers.LayerNormalization
Activation, Conv2D, Dense = keras.layers.Activation, keras.layers.Conv2D, keras.layers.Dense
DepthwiseConv2D, Permute = keras.layers.DepthwiseConv2D, keras.layers.Permute


class Everything:
    """What every gradient of our own is in."""

    def __contains__(self, words):
        return words is not None


EVERY = Everything()


def fast(layer, gradients=EVERY):
    """A layer as it is called in a training step, with a gradient of our own wherever there is one."""

    def call(*inputs, **options):
        with fast_layers([layer], gradients):
            return layer(*inputs, **options)

    return call


def as_it_is(layer):
    return layer


BOTH = (fast, as_it_is)


def activations(shape=(6, 5, 4, 3), dtype="float32"):
    return tf.cast(np.random.default_rng(1).normal(2.0, 3.0, shape), dtype)


def batch_norm(shape, **settings):
    layer = BatchNormalization(momentum=0.9, **settings)
    layer.build(shape)
    channels = shape[-1]
    layer.set_weights([np.linspace(start, start + 1, channels) for start in (0.5, -0.5, 1.0, 2.0)])
    return layer


def step(layer, inputs, training, way=fast):
    """Outputs, gradients and moving statistics of one call."""
    target = tf.cast(np.random.default_rng(2).normal(size=inputs.shape), inputs.dtype)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = way(layer)(inputs, training=training)
        loss = tf.reduce_sum(tf.cast(outputs * target, "float32"))
    gradients = tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value])
    return [outputs, *gradients, layer.moving_mean.value, layer.moving_variance.value]


def op_types(function, *args, **kwargs):
    return {op.type for op in tf.function(function).get_concrete_function(*args, **kwargs).graph.get_operations()}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (1, 1, 2, 3), (1, 1, 1, 3), (7, 3)], ids=str)
def test_batch_norm_equals_stock_keras(shape, training):
    results = [step(batch_norm(shape), activations(shape), training, way) for way in BOTH]
    for own, stock in zip(*results, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("policy", "bits"), [("mixed_bfloat16", 8), ("mixed_float16", 11)])
def test_batch_norm_equals_stock_keras_under_mixed_precision(policy, bits):
    inputs = activations(dtype=keras.DTypePolicy(policy).compute_dtype)
    results = [step(batch_norm(inputs.shape, dtype=policy), inputs, training=True, way=way) for way in BOTH]
    for own, stock in zip(*results, strict=True):
        assert own.dtype == stock.dtype
        own, stock = (tf.cast(tensor, "float32") for tensor in (own, stock))
        np.testing.assert_allclose(own, stock, rtol=2.0 ** (1 - bits), atol=2.0 ** (3 - bits))


def test_frozen_batch_norm_keeps_its_statistics():
    layer = batch_norm((6, 5, 4, 3))
    layer.trainable = False
    before = layer.get_weights()
    fast(layer)(activations(), training=True)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("settings", [{"axis": 1}, {"scale": False}, {"center": False}, {"epsilon": 1e-9}], ids=str)
def test_batch_norm_falls_back_where_the_fused_op_does_not_apply(settings):
    outputs = [way(BatchNormalization(**settings))(activations(), training=True) for way in BOTH]
    np.testing.assert_array_equal(*outputs)


def test_batch_norm_takes_the_fused_op_in_training_and_inference():
    layer = batch_norm((6, 5, 4, 3))
    for training in (True, False):
        assert "FusedBatchNormV3" in op_types(fast(layer), activations(), training=training)


def test_batch_norm_is_the_same_compiled_by_xla():
    plain, compiled = (batch_norm((6, 5, 4, 3)) for _ in range(2))
    outputs = fast(plain)(activations(), training=True)
    function = tf.function(lambda x: fast(compiled)(x, training=True), jit_compile=True)
    np.testing.assert_allclose(function(activations()), outputs, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(compiled.moving_variance, plain.moving_variance, rtol=1e-5)


def test_gelu_is_exact_x_times_the_normal_distribution_function():
    x = np.linspace(-6, 6, 121)
    expected = [value * 0.5 * math.erfc(-value / math.sqrt(2)) for value in x]
    np.testing.assert_allclose(gelu(x.astype("float32")), expected, atol=1e-6)


def test_gelu_and_its_gradient_are_compiled_and_other_activations_are_left_alone():
    x = activations()
    for name, is_compiled in (("gelu", True), ("relu", False)):
        layer = fast(Activation(name))
        types = op_types(lambda x, layer=layer: gradients_of(layer, x), x)
        assert any("PartitionedCall" in one for one in types) is is_compiled
        np.testing.assert_allclose(layer(x), Activation(name)(x), rtol=1e-6, atol=1e-6)


def gradients_of(function, *inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = function(*inputs)
        target = tf.cast(np.random.default_rng(2).normal(size=outputs.shape), outputs.dtype)
        loss = tf.reduce_sum(outputs * target)
    return tape.gradient(loss, inputs)


def portable_gelu(x):
    return x * (tf.math.erf(x * math.sqrt(0.5)) * 0.5 + 0.5)


def test_the_gradient_of_gelu_is_that_of_the_portable_form():
    x = tf.linspace(-6.0, 6.0, 121)
    np.testing.assert_allclose(*(gradients_of(one, x)[0] for one in (gelu, portable_gelu)), atol=1e-6)


def test_gelu_can_be_differentiated_twice():
    x = tf.linspace(-3.0, 3.0, 31)
    second = [gradients_of(lambda x, one=one: gradients_of(one, x)[0], x)[0] for one in (gelu, portable_gelu)]
    np.testing.assert_allclose(*second, atol=1e-5)


def depthwise(kernel_size, inputs, **settings):
    layer = DepthwiseConv2D(kernel_size, padding=settings.pop("padding", "same"), **settings)
    layer.build(inputs.shape)
    layer.set_weights([np.random.default_rng(3).normal(size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (2, 9, 9, 5), (1, 1, 1, 2), (3, 2, 7, 1)], ids=str)
@pytest.mark.parametrize("kernel_size", [1, 3, 5, (3, 7)], ids=str)
@pytest.mark.parametrize("use_bias", [True, False])
def test_depthwise_convolution_equals_stock_keras(shape, kernel_size, use_bias):
    inputs, results = activations(shape), []
    for way in BOTH:
        layer = depthwise(kernel_size, inputs, use_bias=use_bias, activation="relu")
        call = way(layer)
        results.append([call(inputs), *gradients_of(lambda x, _, call=call: call(x), inputs, layer.kernel.value)])
    for own, stock in zip(*results, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [{"strides": 2}, {"padding": "valid"}, {"dilation_rate": 2}, {"depth_multiplier": 2}, {"kernel_size": 4}],
    ids=str,
)
def test_depthwise_convolution_falls_back_where_the_fast_gradient_does_not_apply(settings):
    inputs = activations((2, 8, 8, 3))
    settings = {"kernel_size": 3} | settings
    np.testing.assert_array_equal(*(way(depthwise(inputs=inputs, **settings))(inputs) for way in BOTH))


def test_depthwise_convolution_trains_by_its_own_gradient():
    layer = depthwise(3, activations())

    def train(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(fast(layer)(x) ** 2)
        return tape.gradient(loss, layer.trainable_variables[0].value)

    types = op_types(train, activations())
    assert "DepthwiseConv2dNative" in types
    assert not {one for one in types if "BackpropFilter" in one}


def convolution(inputs, filters=64, kernel_size=3, **settings):
    layer = Conv2D(filters, kernel_size, **{"padding": "same"} | settings)
    layer.build(inputs.shape)
    layer.set_weights([np.random.default_rng(3).normal(size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("shape", [(6, 4, 4, 32), (3, 2, 7, 33), (1, 1, 1, 40)], ids=str)
@pytest.mark.parametrize("kernel_size", [3, (1, 5)], ids=str)
@pytest.mark.parametrize("use_bias", [True, False])
def test_convolution_equals_stock_keras(shape, kernel_size, use_bias):
    inputs, results = activations(shape), []
    for way in BOTH:
        layer = convolution(inputs, kernel_size=kernel_size, use_bias=use_bias, activation="relu")
        call = way(layer)
        results.append([call(inputs), *gradients_of(lambda x, _, call=call: call(x), inputs, layer.kernel.value)])
    for own, stock in zip(*results, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-3, atol=1e-3)


def trains_by_its_own_gradient(layer, inputs, way=fast):
    def train(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(way(layer)(x) ** 2)
        return tape.gradient(loss, layer.trainable_variables[0].value)

    return "Conv2DBackpropFilter" not in op_types(train, inputs)


@pytest.mark.parametrize(
    ("settings", "is_fast"),
    [
        ({}, True),
        ({"kernel_size": (1, 5)}, True),
        ({"strides": 2}, False),
        ({"padding": "valid"}, False),
        ({"dilation_rate": 2}, False),
        ({"kernel_size": 2}, False),
        ({"kernel_size": 1}, False),
    ],
    ids=str,
)
def test_convolution_trains_by_its_own_gradient_where_that_applies(settings, is_fast):
    inputs = activations((2, 4, 4, 32))
    assert trains_by_its_own_gradient(convolution(inputs, **settings), inputs) is is_fast


def test_a_gradient_of_our_own_is_taken_for_the_shapes_that_are_named_alone():
    named = {"convolution of 4x4x32 by 3x3x64"}
    for shape, is_fast in (((2, 4, 4, 32), True), ((2, 5, 4, 32), False)):
        inputs = activations(shape)
        call = functools.partial(fast, gradients=named)
        assert trains_by_its_own_gradient(convolution(inputs), inputs, call) is is_fast


def test_gradients_of_our_own_are_listed_by_what_they_compute():
    inputs = x = keras.Input((8, 8, 3))
    for filters in (4, 4, 4):
        x = Conv2D(filters, 3, padding="same")(x)
    x = keras.layers.MaxPooling2D()(x)
    x = Conv2D(4, 1)(Conv2D(4, 3, strides=2, padding="same")(x))
    x = DepthwiseConv2D(3, padding="same")(x)
    listed = own_gradients(keras.Model(inputs, x))
    assert {words: one.count for words, one in listed.items()} == {
        "convolution of 8x8x4 by 3x3x4": 2,
        "convolution of 8x8x3 by 3x3x4": 1,
        "max pooling of 8x8x4": 1,
        "depthwise convolution of 2x2x4 by 3x3": 1,
    }
    assert next(iter(listed)) == "convolution of 8x8x4 by 3x3x4"  # what takes most to compute
    for one in listed.values():
        tensors = [activations((2, *one.shapes[0])), *map(activations, one.shapes[1:])]
        np.testing.assert_allclose(one.own(*tensors), one.stock(*tensors), rtol=1e-3, atol=1e-3)


@pytest.fixture
def bfloat16_rewrite():
    """Has oneDNN run the products of float32 graphs in bfloat16; gives a function that ends it."""

    def switch(on):
        tf.config.optimizer.set_experimental_options({BFLOAT16_REWRITE: on})

    switch(True)
    yield functools.partial(switch, False)
    switch(False)


@pytest.mark.parametrize("units", [7, 40, 64])
@pytest.mark.parametrize("settings", [{}, {"use_bias": False}, {"activation": "gelu"}], ids=str)
def test_dense_layer_over_positions_equals_stock_keras(units, settings):
    inputs, results = activations((3, 5, 40)), []
    layer = Dense(units, **settings)
    layer.build(inputs.shape)
    for way in BOTH:
        call = way(layer)
        results.append([call(inputs), *gradients_of(lambda x, _, call=call: call(x), inputs, layer.kernel.value)])
    for own, stock in zip(*results, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-4, atol=1e-4)


def test_dense_layers_have_a_gradient_of_our_own_over_positions_and_not_where_products_are_rewritten(bfloat16_rewrite):
    inputs = keras.Input((6, 4))
    x = Dense(4)(Dense(8)(inputs))
    model = keras.Model(inputs, Dense(3)(keras.layers.Flatten()(x)))
    assert not own_gradients(model)
    bfloat16_rewrite()  # ends
    listed = own_gradients(model)
    assert [*listed] == ["dense layer of 6x4 by 8", "dense layer of 6x8 by 4"]
    for one in listed.values():
        tensors = [activations((2, *one.shapes[0])), *map(activations, one.shapes[1:])]
        np.testing.assert_allclose(one.own(*tensors), one.stock(*tensors), rtol=1e-4)


def test_a_kernel_with_factors_of_low_rank_has_one_gradient_through_all(bfloat16_rewrite):
    bfloat16_rewrite()  # ends
    layer = Dense(4, lora_rank=2)
    layer.build((None, 6, 3))
    layer.lora_kernel_b.assign(np.ones((2, 4)))
    inputs = activations((2, 6, 3))
    weights = [variable.value for variable in layer.trainable_variables]
    gradients = []
    for way in BOTH:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(way(layer)(inputs) ** 2)
        gradients.append(tape.gradient(loss, weights))
    for own, stock in zip(*gradients, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-4)


@pytest.mark.parametrize(("name", "asks"), [("cnn", False), ("mlp", False), ("mlp_mixer", True)])
def test_a_step_asks_how_products_are_run_where_layers_give_bfloat16(name, asks):
    assert asks_for_products(small_model(name)) is asks


def test_convolution_in_bfloat16_equals_stock_keras_up_to_rounding():
    inputs, results = activations((4, 8, 8, 32), "bfloat16"), []
    for way in BOTH:
        layer = convolution(inputs, dtype="mixed_bfloat16")
        call = way(layer)
        results.append([call(inputs), *gradients_of(lambda x, _, call=call: call(x), inputs, layer.kernel.value)])
        assert call(inputs).dtype == tf.bfloat16
    assert_close(results, rounding=0.02)


# name: (class, settings)
NARROW = {
    "dense": (Dense, {"units": 24}),
    "dense with gelu": (Dense, {"units": 24, "activation": "gelu"}),
    "layer norm": (LayerNormalization, {}),
    "gelu": (Activation, {"activation": "gelu"}),
    "permute": (Permute, {"dims": (2, 1)}),
}


def trained(way, layer, inputs):
    """What a layer gives in a graph of any batch size, in training, and the gradients at its inputs and weights."""
    layer.build(inputs.shape)
    random = np.random.default_rng(3)
    layer.set_weights([random.normal(0.5, 1, size=weights.shape) for weights in layer.get_weights()])
    call = way(layer)

    @tf.function(input_signature=[tf.TensorSpec((None, *inputs.shape[1:]), inputs.dtype)])
    def step(inputs):
        variables = [variable.value for variable in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = call(inputs)
            wide = tf.cast(outputs, "float32")
            loss = tf.reduce_sum(wide * tf.reshape(tf.cos(tf.range(tf.size(wide), dtype="float32")), tf.shape(wide)))
        return [outputs, *tape.gradient(loss, [inputs, *variables])]

    step(inputs[:2])
    return step(inputs)


def assert_close(results, rounding):
    """Asserts that two lists of tensors differ by no more than a share of their norms."""
    for own, stock in zip(*results, strict=True):
        own, stock = (tf.cast(one, "float32") for one in (own, stock))
        assert float(tf.norm(own - stock)) <= rounding * float(tf.norm(stock))


@pytest.mark.parametrize("name", NARROW)
def test_what_stays_in_bfloat16_between_products_is_stock_keras_up_to_rounding(name, bfloat16_rewrite):
    kind, settings = NARROW[name]
    inputs = activations((6, 9, 16), "float32" if name == "layer norm" else "bfloat16")
    results = [trained(way, kind(**settings), inputs) for way in BOTH]
    assert_close(results, rounding=0.02)  # the gradient of a bias sums rounded numbers of both signs
    assert results[0][0].dtype == tf.bfloat16
    assert [one.dtype for one in results[0][1:]] == [one.dtype for one in results[1][1:]]


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_without_the_rewrite_those_layers_are_stock_keras(name, policy):
    kind, settings = NARROW[name]
    inputs = activations((6, 9, 16))
    results = [trained(way, kind(**settings, dtype=policy), inputs) for way in BOTH]
    assert results[0][0].dtype == results[1][0].dtype
    assert_close(results, rounding={"float32": 1e-6, "mixed_bfloat16": 0.01, "mixed_float16": 0.002}[policy])


@pytest.mark.parametrize("settings", [{"use_bias": False}, {}], ids=str)
def test_a_dense_layer_takes_bfloat16_and_gives_logits_in_float32(settings, bfloat16_rewrite):
    for inputs in (activations((6, 16), "bfloat16"), activations((6, 16))):
        results = [trained(way, Dense(24, **settings), inputs) for way in BOTH]
        assert results[0][0].dtype == tf.float32
        assert_close(results, rounding=0.01)


@pytest.mark.parametrize("kind", [Dense, LayerNormalization])
def test_outside_of_training_and_of_graphs_they_are_stock_keras(kind, bfloat16_rewrite):
    layer = kind(4) if kind is Dense else kind()
    inputs = activations((2, 3, 4))
    assert fast(layer)(inputs).dtype == tf.float32
    for way, dtype in ((as_it_is, tf.float32), (fast, tf.bfloat16)):
        assert tf.function(way(layer))(inputs).dtype == dtype


@pytest.mark.parametrize("settings", [{"axis": 1}, {"axis": (1, 2)}, {"scale": False}, {"center": False}], ids=str)
def test_layer_norm_falls_back_where_the_fast_one_does_not_apply(settings, bfloat16_rewrite):
    results = [trained(way, LayerNormalization(**settings), activations((6, 9, 16))) for way in BOTH]
    assert results[0][0].dtype == tf.float32
    assert_close(results, rounding=1e-6)


def test_layer_norm_in_bfloat16_stands_a_mean_of_thirty_deviations(bfloat16_rewrite):
    inputs = 30 + tf.random.stateless_normal((64, 256), (0, 0))
    results = [trained(way, LayerNormalization(), inputs) for way in BOTH]
    assert results[0][0].dtype == tf.bfloat16
    assert_close(results, rounding=0.01)


def compiled(model):
    set_statistics(model, mean=[127.5] * 3, std=[74.0] * 3)
    model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_an_accelerated_training_gives_what_a_stock_one_gives(name):
    weights = []
    for is_fast in (False, True):
        keras.utils.set_random_seed(0)
        model = compiled(small_model(name))
        if is_fast:
            accelerate(model, EVERY)
        for _ in range(3):
            model.train_on_batch(pixels().astype("uint8"), np.arange(16) % 5)
        weights.append([*model.get_weights(), model.predict(pixels(), verbose=0)])
    for stock, own in zip(*weights, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-3, atol=1e-4)


def test_layers_are_fast_in_a_training_step_and_never_outside_of_one(monkeypatch):
    model, seen = compiled(small_model("convmixer")), []
    accelerate(model)
    call_of_model = type(model).call

    def call(self, *args, **options):
        seen.append({type(layer) for layer in self.layers if "call" in vars(layer)})
        return call_of_model(self, *args, **options)

    monkeypatch.setattr(type(model), "call", call)
    model.train_on_batch(pixels(), np.arange(16) % 5)
    model.predict(pixels(), verbose=0)
    model(pixels())
    kinds = {type(layer) for layer in model.layers}
    assert seen == [kinds & CALLS.keys(), set(), set()]


def test_a_step_that_fails_leaves_stock_layers(bfloat16_rewrite):
    model = compiled(small_model("mlp_mixer"))
    accelerate(model)
    autocasts = [layer.autocast for layer in model.layers]
    with pytest.raises(Exception, match="shape"):
        model.train_on_batch(pixels((9, 9, 3)), np.arange(16) % 5)
    assert not [layer.name for layer in model.layers if "call" in vars(layer)]
    assert [layer.autocast for layer in model.layers] == autocasts


def test_a_layer_of_a_class_of_its_own_is_left_alone():
    class Own(Dense):
        """Derived from a class that has a fast call."""

    layer = Own(3)
    with fast_layers([layer]):
        assert "call" not in vars(layer)


def test_other_backends_are_left_alone(monkeypatch):
    model = compiled(small_model("cnn"))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    accelerate(model)
    assert "train_step" not in vars(model)


def pooled(layer, inputs, way):
    """Outputs and gradient of one call in a training step."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = way(layer)(inputs)
        target = tf.cast(np.random.default_rng(2).normal(size=outputs.shape), inputs.dtype)
        loss = tf.reduce_sum(outputs * target)
    return outputs, tape.gradient(loss, inputs)


@pytest.mark.parametrize("shape", [(6, 4, 4, 3), (2, 5, 7, 3), (1, 2, 3, 1)], ids=str)
@pytest.mark.parametrize("settings", [{}, {"padding": "same"}, {"strides": 1}, {"pool_size": 3, "strides": 2}], ids=str)
def test_max_pooling_equals_stock_keras(shape, settings):
    if settings.get("pool_size", 2) > min(shape[1:3]):
        pytest.skip("no square fits")
    layer = keras.layers.MaxPooling2D(**settings)
    for own, stock in zip(*(pooled(layer, activations(shape), way) for way in BOTH), strict=True):
        np.testing.assert_array_equal(own, stock)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_of_equal_maxima_the_same_one_gets_the_gradient_as_in_stock_keras(dtype):
    inputs = tf.cast(np.random.default_rng(3).integers(0, 2, (4, 8, 8, 3)), dtype)
    layer = keras.layers.MaxPooling2D(dtype=dtype)
    for own, stock in zip(*(pooled(layer, inputs, way) for way in BOTH), strict=True):
        np.testing.assert_array_equal(tf.cast(own, "float32"), tf.cast(stock, "float32"))


def test_max_pooling_trains_by_its_own_gradient_where_squares_lie_side_by_side_and_it_is_named():
    def backward(layer, gradients=EVERY):
        return op_types(lambda x: tf.gradients(fast(layer, gradients)(x), x), activations((2, 6, 6, 4)))

    assert "MaxPoolGrad" not in backward(keras.layers.MaxPooling2D())
    assert "MaxPoolGrad" not in backward(keras.layers.MaxPooling2D(), {"max pooling of 6x6x4"})
    assert "MaxPoolGrad" in backward(keras.layers.MaxPooling2D(3))
    assert "MaxPoolGrad" in backward(keras.layers.MaxPooling2D(), {"max pooling of 6x6x5"})
