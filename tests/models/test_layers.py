"""The custom layers: what they compute, and that it survives saving, copying and export."""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vision.errors import BadInput
from keras_vision.models.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    LayerNormalization,
    Permute,
    gelu,
    set_statistics,
)
from keras_vision.models.speedups import BFLOAT16_REWRITE
from tests.models.small import pixels, small_model

STOCK = keras.layers.BatchNormalization


def activations(shape=(6, 5, 4, 3), dtype="float32"):
    return tf.cast(np.random.default_rng(1).normal(2.0, 3.0, shape), dtype)


def batch_norm(kind, shape, **settings):
    layer = kind(momentum=0.9, **settings)
    layer.build(shape)
    channels = shape[-1]
    layer.set_weights([np.linspace(start, start + 1, channels) for start in (0.5, -0.5, 1.0, 2.0)])
    return layer


def step(layer, inputs, training):
    """Outputs, gradients and moving statistics of one call."""
    target = tf.cast(np.random.default_rng(2).normal(size=inputs.shape), inputs.dtype)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=training)
        loss = tf.reduce_sum(tf.cast(outputs * target, "float32"))
    gradients = tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value])
    return [outputs, *gradients, layer.moving_mean.value, layer.moving_variance.value]


def op_types(function, *args, **kwargs):
    return {op.type for op in tf.function(function).get_concrete_function(*args, **kwargs).graph.get_operations()}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (1, 1, 2, 3), (1, 1, 1, 3), (7, 3)], ids=str)
def test_batch_norm_equals_stock_keras(shape, training):
    results = [step(batch_norm(kind, shape), activations(shape), training) for kind in (BatchNormalization, STOCK)]
    for own, stock in zip(*results, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("policy", "bits"), [("mixed_bfloat16", 8), ("mixed_float16", 11)])
def test_batch_norm_equals_stock_keras_under_mixed_precision(policy, bits):
    inputs = activations(dtype=keras.DTypePolicy(policy).compute_dtype)
    results = [
        step(batch_norm(kind, inputs.shape, dtype=policy), inputs, training=True)
        for kind in (BatchNormalization, STOCK)
    ]
    for own, stock in zip(*results, strict=True):
        assert own.dtype == stock.dtype
        own, stock = (tf.cast(tensor, "float32") for tensor in (own, stock))
        np.testing.assert_allclose(own, stock, rtol=2.0 ** (1 - bits), atol=2.0 ** (3 - bits))


def test_frozen_batch_norm_keeps_its_statistics():
    layer = batch_norm(BatchNormalization, (6, 5, 4, 3))
    layer.trainable = False
    before = layer.get_weights()
    layer(activations(), training=True)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("settings", [{"axis": 1}, {"scale": False}, {"center": False}], ids=str)
def test_batch_norm_falls_back_where_the_fused_op_does_not_apply(settings):
    own, stock = BatchNormalization(**settings), STOCK(momentum=0.9, **settings)
    outputs = own(activations(), training=True), stock(activations(), training=True)
    np.testing.assert_allclose(*outputs, rtol=1e-6, atol=1e-6)


def test_batch_norm_takes_the_fused_op_in_training_and_inference():
    layer = batch_norm(BatchNormalization, (6, 5, 4, 3))
    for training in (True, False):
        assert "FusedBatchNormV3" in op_types(layer, activations(), training=training)


def test_batch_norm_takes_the_portable_path_on_other_backends(monkeypatch):
    expected = step(batch_norm(BatchNormalization, (6, 5, 4, 3)), activations(), training=True)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    layer = batch_norm(BatchNormalization, (6, 5, 4, 3))
    assert "FusedBatchNormV3" not in op_types(layer, activations(), training=True)
    for own, other in zip(step(layer, activations(), training=True), expected, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-5, atol=1e-5)


def test_batch_norm_is_the_same_compiled_by_xla():
    plain, compiled = (batch_norm(BatchNormalization, (6, 5, 4, 3)) for _ in range(2))
    outputs = plain(activations(), training=True)
    function = tf.function(lambda x: compiled(x, training=True), jit_compile=True)
    np.testing.assert_allclose(function(activations()), outputs, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(compiled.moving_variance, plain.moving_variance, rtol=1e-5)


def test_gelu_is_exact_x_times_the_normal_distribution_function():
    x = np.linspace(-6, 6, 121)
    expected = [value * 0.5 * math.erfc(-value / math.sqrt(2)) for value in x]
    np.testing.assert_allclose(gelu(x.astype("float32")), expected, atol=1e-6)


def test_gelu_is_made_of_erf_because_onnx_has_no_erfc():
    types = op_types(gelu, activations())
    assert "Erf" in types
    assert "Erfc" not in types


def test_a_saved_activation_is_still_this_gelu_and_not_that_of_keras():
    layer = keras.layers.Activation(gelu)
    assert keras.layers.Activation.from_config(layer.get_config()).activation is gelu


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


def test_gelu_takes_the_portable_path_on_other_backends(monkeypatch):
    x = activations()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    np.testing.assert_allclose(gelu(x), portable_gelu(x), atol=1e-6)


def depthwise(kind, kernel_size, inputs, **settings):
    layer = kind(kernel_size, padding=settings.pop("padding", "same"), **settings)
    layer.build(inputs.shape)
    layer.set_weights([np.random.default_rng(3).normal(size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (2, 9, 9, 5), (1, 1, 1, 2), (3, 2, 7, 1)], ids=str)
@pytest.mark.parametrize("kernel_size", [1, 3, 5, (3, 7)], ids=str)
@pytest.mark.parametrize("use_bias", [True, False])
def test_depthwise_convolution_equals_stock_keras(shape, kernel_size, use_bias):
    inputs = activations(shape)
    results = []
    for kind in (DepthwiseConv2D, keras.layers.DepthwiseConv2D):
        layer = depthwise(kind, kernel_size, inputs, use_bias=use_bias)
        kernel = layer.kernel.value

        def convolve(x, _, layer=layer):
            return layer(x)

        results.append([layer(inputs), *gradients_of(convolve, inputs, kernel)])
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
    layers = [depthwise(kind, inputs=inputs, **settings) for kind in (DepthwiseConv2D, keras.layers.DepthwiseConv2D)]
    np.testing.assert_allclose(*(layer(inputs) for layer in layers), rtol=1e-5, atol=1e-5)


def test_depthwise_convolution_trains_by_its_own_gradient():
    layer = depthwise(DepthwiseConv2D, 3, activations())

    def train(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(loss, layer.trainable_variables[0].value)

    types = op_types(train, activations())
    assert "DepthwiseConv2dNative" in types
    assert not {one for one in types if "BackpropFilter" in one}


def convolution(kind, inputs, filters=64, kernel_size=3, **settings):
    layer = kind(filters, kernel_size, **{"padding": "same"} | settings)
    layer.build(inputs.shape)
    layer.set_weights([np.random.default_rng(3).normal(size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("shape", [(6, 4, 4, 32), (3, 2, 7, 33), (1, 1, 1, 40)], ids=str)
@pytest.mark.parametrize("kernel_size", [3, (1, 5)], ids=str)
@pytest.mark.parametrize("use_bias", [True, False])
def test_convolution_equals_stock_keras(shape, kernel_size, use_bias):
    inputs, results = activations(shape), []
    for kind in (Conv2D, keras.layers.Conv2D):
        layer = convolution(kind, inputs, kernel_size=kernel_size, use_bias=use_bias, activation="relu")
        call = layer if kind is keras.layers.Conv2D else functools.partial(layer, training=True)
        results.append([call(inputs), *gradients_of(lambda x, _, call=call: call(x), inputs, layer.kernel.value)])
    for own, stock in zip(*results, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-3, atol=1e-3)


def trains_by_its_own_gradient(layer, inputs):
    def train(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=True) ** 2)
        return tape.gradient(loss, layer.trainable_variables[0].value)

    return "Conv2DBackpropFilter" not in op_types(train, inputs)


@pytest.mark.parametrize(
    ("shape", "settings", "is_fast"),
    [
        ((2, 4, 4, 32), {}, True),
        ((2, 5, 5, 32), {}, False),  # too many positions for float32
        ((2, 4, 4, 31), {}, False),
        ((2, 4, 4, 32), {"strides": 2}, False),
        ((2, 4, 4, 32), {"padding": "valid"}, False),
        ((2, 4, 4, 32), {"dilation_rate": 2}, False),
        ((2, 4, 4, 32), {"kernel_size": 2}, False),
        ((2, 4, 4, 32), {"kernel_size": 1}, False),
    ],
    ids=str,
)
def test_convolution_trains_by_its_own_gradient_where_that_is_faster(shape, settings, is_fast):
    inputs = activations(shape)
    assert trains_by_its_own_gradient(convolution(Conv2D, inputs, **settings), inputs) is is_fast


@pytest.fixture
def bfloat16_rewrite():
    """Has oneDNN run the products of float32 graphs in bfloat16; gives a function that ends it."""

    def switch(on):
        tf.config.optimizer.set_experimental_options({BFLOAT16_REWRITE: on})

    switch(True)
    yield functools.partial(switch, False)
    switch(False)


def test_convolution_has_its_own_gradient_on_more_positions_in_bfloat16(bfloat16_rewrite):
    inputs = activations((2, 8, 8, 32))
    layer = convolution(Conv2D, inputs)
    assert trains_by_its_own_gradient(layer, inputs)
    bfloat16_rewrite()
    assert not trains_by_its_own_gradient(layer, inputs)


def test_convolution_in_bfloat16_equals_stock_keras_up_to_rounding():
    inputs, results = activations((4, 8, 8, 32), "bfloat16"), []
    for kind in (Conv2D, keras.layers.Conv2D):
        layer = convolution(kind, inputs, dtype="mixed_bfloat16")
        call = layer if kind is keras.layers.Conv2D else functools.partial(layer, training=True)
        results.append([call(inputs), *gradients_of(lambda x, _, call=call: call(x), inputs, layer.kernel.value)])
        assert call(inputs).dtype == tf.bfloat16
    assert_close(results, rounding=0.01)


# name: (the layer of ours, that of stock Keras, settings)
NARROW = {
    "dense": (Dense, keras.layers.Dense, {"units": 24}),
    "dense with gelu": (Dense, keras.layers.Dense, {"units": 24, "activation": gelu}),
    "layer norm": (LayerNormalization, keras.layers.LayerNormalization, {}),
    "gelu": (Activation, keras.layers.Activation, {"activation": gelu}),
    "permute": (Permute, keras.layers.Permute, {"dims": (2, 1)}),
}


def trained(layer, inputs):
    """What a layer gives in a graph of any batch size, in training, and the gradients at its inputs and weights."""
    layer.build(inputs.shape)
    random = np.random.default_rng(3)
    layer.set_weights([random.normal(0.5, 1, size=weights.shape) for weights in layer.get_weights()])
    call = functools.partial(layer, training=True) if type(layer) in (Dense, LayerNormalization) else layer

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
    ours, stock, settings = NARROW[name]
    inputs = activations((6, 9, 16), "float32" if name == "layer norm" else "bfloat16")
    results = trained(ours(**settings), inputs), trained(stock(**settings), inputs)
    assert_close(results, rounding=0.02)  # the gradient of a bias sums rounded numbers of both signs
    assert results[0][0].dtype == tf.bfloat16
    assert [one.dtype for one in results[0][1:]] == [one.dtype for one in results[1][1:]]


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_without_the_rewrite_those_layers_are_stock_keras(name, policy):
    ours, stock, settings = NARROW[name]
    inputs = activations((6, 9, 16))
    results = trained(ours(**settings, dtype=policy), inputs), trained(stock(**settings, dtype=policy), inputs)
    assert results[0][0].dtype == results[1][0].dtype
    assert_close(results, rounding={"float32": 1e-6, "mixed_bfloat16": 0.01, "mixed_float16": 0.002}[policy])


@pytest.mark.parametrize("settings", [{"use_bias": False}, {}], ids=str)
def test_a_dense_layer_takes_bfloat16_and_vectors(settings, bfloat16_rewrite):
    for inputs in (activations((6, 16), "bfloat16"), activations((6, 16))):
        results = [trained(kind(24, **settings), inputs) for kind in (Dense, keras.layers.Dense)]
        assert_close(results, rounding=0.01)


@pytest.mark.parametrize("kind", [Dense, LayerNormalization])
def test_outside_of_training_and_of_graphs_they_are_stock_keras(kind, bfloat16_rewrite):
    layer = kind(4) if kind is Dense else kind()
    inputs = activations((2, 3, 4))
    assert layer(inputs, training=True).dtype == tf.float32
    for training, dtype in ((False, tf.float32), (True, tf.bfloat16)):
        assert tf.function(functools.partial(layer, training=training))(inputs).dtype == dtype


@pytest.mark.parametrize("settings", [{"axis": 1}, {"axis": (1, 2)}, {"scale": False}, {"center": False}], ids=str)
def test_layer_norm_falls_back_where_the_fast_one_does_not_apply(settings, bfloat16_rewrite):
    results = [
        trained(kind(**settings), activations((6, 9, 16)))
        for kind in (LayerNormalization, keras.layers.LayerNormalization)
    ]
    assert results[0][0].dtype == tf.float32
    assert_close(results, rounding=1e-6)


def test_layer_norm_in_bfloat16_stands_a_mean_of_thirty_deviations(bfloat16_rewrite):
    inputs = 30 + tf.random.stateless_normal((64, 256), (0, 0))
    results = [trained(kind(), inputs) for kind in (LayerNormalization, keras.layers.LayerNormalization)]
    assert results[0][0].dtype == tf.bfloat16
    assert_close(results, rounding=0.01)


STATISTICS = {"mean": (130.0, 120.0, 110.0), "std": (70.0, 60.0, 50.0)}


def standardised(model, images):
    return keras.Model(model.input, model.get_layer("normalization").output)(images)


def expected_of(images):
    return (images - np.array(STATISTICS["mean"])) / np.array(STATISTICS["std"])


def test_pixels_are_left_alone_until_statistics_are_set():
    np.testing.assert_array_equal(standardised(small_model("mlp"), pixels()), pixels())


def test_statistics_standardise_each_channel():
    model = small_model("mlp")
    set_statistics(model, **STATISTICS)
    np.testing.assert_allclose(standardised(model, pixels()), expected_of(pixels()), rtol=1e-5, atol=1e-5)


def test_statistics_survive_saving(tmp_path):
    model = small_model("mlp")
    set_statistics(model, **STATISTICS)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(standardised(loaded, pixels()), expected_of(pixels()), rtol=1e-5, atol=1e-5)


def test_statistics_survive_set_weights_even_in_a_function_compiled_before():
    source, target = small_model("mlp"), small_model("mlp")
    set_statistics(source, **STATISTICS)
    compiled = tf.function(target)
    compiled(pixels())
    target.set_weights(source.get_weights())
    np.testing.assert_allclose(compiled(pixels()), source(pixels()), rtol=1e-5, atol=1e-5)


def test_standardising_stays_in_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = small_model("mlp")
    set_statistics(model, **STATISTICS)
    np.testing.assert_allclose(standardised(model, pixels()), expected_of(pixels()), rtol=1e-5, atol=1e-5)


def test_a_constant_channel_is_centred_and_not_blown_up():
    model = small_model("mlp")
    set_statistics(model, mean=(0.0, 255.0, 7.0), std=(70.0, 0.0, 0.0))
    assert np.abs(standardised(model, pixels())).max() <= 255.0


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ((1.0,), (1.0,), "1 means and 1 standard deviations: expected one of each per channel, and mlp has 3"),
        ((1.0, 2.0, 3.0), (1.0, 2.0), "3 means and 2 standard deviations"),
        ((1.0, 2.0, 3.0), (1.0, -2.0, 1.0), "no negative std"),
        ((1.0, float("nan"), 3.0), (1.0, 1.0, 1.0), "finite numbers"),
    ],
)
def test_statistics_that_do_not_fit_are_refused(mean, std, message):
    with pytest.raises(BadInput, match=message):
        set_statistics(small_model("mlp"), mean, std)


@pytest.mark.parametrize(
    ("policy", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 0.02), ("mixed_float16", 0.005)]
)
def test_an_exported_model_computes_the_same(policy, tolerance, tmp_path):
    keras.config.set_dtype_policy(policy)
    model = small_model("convmixer")  # has all three custom pieces
    set_statistics(model, **STATISTICS)
    model(pixels(), training=True)
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(pixels()), model(pixels()), rtol=tolerance, atol=tolerance)
