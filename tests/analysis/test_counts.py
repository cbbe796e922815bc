import keras
import pytest
from keras import layers

from keras_vision.analysis.counts import count, count_unbuilt
from keras_vision.errors import BadInput
from keras_vision.models import MODELS, build_model
from tests.models.small import small_model


def counts_of(layer, input_shape):
    """The counts of a model of one layer: of the layer itself, and of the whole."""
    x = keras.Input(input_shape)
    counts = count(keras.Model(x, layer(x)))
    return counts.layers[-1], counts


# layer, input shape, and by hand: weights, biases, MACs, FLOPs
BY_HAND = {
    "conv": (layers.Conv2D(8, 3, padding="same"), (6, 6, 4), 288, 8, 36 * 288, 2 * 36 * 288 + 36 * 8),
    "valid": (layers.Conv2D(8, 3, use_bias=False), (6, 6, 4), 288, 0, 16 * 288, 2 * 16 * 288),
    "stride": (layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False), (7, 7, 4), 288, 0, 16 * 288, 32 * 288),
    "dilation": (layers.Conv2D(8, 3, dilation_rate=2, use_bias=False), (6, 6, 4), 288, 0, 4 * 288, 8 * 288),
    "groups": (layers.Conv2D(8, 3, groups=4, use_bias=False), (6, 6, 4), 72, 0, 16 * 72, 32 * 72),
    "depthwise": (layers.DepthwiseConv2D(5, padding="same"), (6, 6, 4), 100, 4, 36 * 100, 72 * 100 + 144),
    # 36 positions of 4 channels by 25 numbers, then of 4 channels to 8
    "separable": (
        layers.SeparableConv2D(8, 5, padding="same"),
        (6, 6, 4),
        *(100 + 32, 8, 36 * (100 + 32), 72 * (100 + 32) + 36 * 8),
    ),
    "prelu": (layers.PReLU(shared_axes=(1, 2)), (6, 6, 4), 4, 0, 0, 2 * 144),
    "dense": (layers.Dense(3, activation="relu"), (5,), 15, 3, 15, 30 + 3 + 3),
    "dense on 3-D": (layers.Dense(3), (7, 5), 15, 3, 7 * 15, 7 * (30 + 3)),
    "max pooling": (layers.MaxPooling2D(2), (6, 6, 4), 0, 0, 0, 36 * 4),
    "global average": (layers.GlobalAveragePooling2D(), (6, 6, 4), 0, 0, 0, 36 * 4),
    "batch norm": (layers.BatchNormalization(), (6, 6, 4), 4, 4, 0, 2 * 36 * 4),
    "layer norm": (layers.LayerNormalization(), (6, 4), 4, 4, 0, 7 * 24),
    "softmax": (layers.Activation("softmax"), (10,), 0, 0, 0, 50),
    "rnn": (layers.SimpleRNN(3), (5, 2), 15, 3, 5 * 15, 5 * (30 + 3 + 3 * 2)),
    "lstm": (layers.LSTM(3), (5, 2), 60, 12, 5 * 60, 5 * (120 + 12 + 3 * (3 * 4 + 2 + 4))),
    "gru": (layers.GRU(3), (5, 2), 45, 18, 5 * 45, 5 * (90 + 18 + 3 * (2 * 4 + 1 + 5))),
    "two ways": (layers.Bidirectional(layers.SimpleRNN(3)), (5, 2), 30, 6, 10 * 15, 10 * (30 + 3 + 3 * 2)),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_layer_costs_what_a_person_counts(name):
    layer, shape, *expected = BY_HAND[name]
    found, _ = counts_of(layer, shape)
    assert [found.weights, found.biases, found.macs, found.flops] == expected


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_that_keras_counts(name):
    model = small_model(name)
    counts = count(model)
    assert counts.weights + counts.biases + counts.statistics == model.count_params()
    assert counts.trainable_parameters == counts.weights + counts.biases


def test_frozen_layers_keep_their_parameters_but_are_not_trainable():
    model = small_model("mlp")
    model.get_layer("block1_dense").trainable = False
    counts = count(model)
    assert counts.weights + counts.biases - counts.trainable_parameters == 8 * 8 * 3 * 12 + 12


def profile(model):
    """FLOPs by operation, as TensorFlow's profiler counts them for one image."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    spec = tf.TensorSpec((1, *model.input_shape[1:]), "float32")
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    graph = convert_variables_to_constants_v2(function).graph
    root = profiler.profile(graph, options=options, cmd="op")
    found, node = {"all": root.total_float_ops}, root
    while node.children:
        node = node.children[0]
        found[node.name] = node.float_ops
    return found


@pytest.mark.parametrize("name", MODELS)
def test_macs_are_exactly_those_of_tensorflows_profiler(name):
    model = small_model(name)
    for layer in model.layers:
        if hasattr(layer, "unroll"):
            layer.unroll = True  # the profiler counts a loop's body once
    counts, profiled = count(model), profile(model)
    products = sum(profiled.get(op, 0) for op in ("Conv2D", "DepthwiseConv2dNative", "MatMul"))
    assert counts.macs == products / 2
    assert counts.not_counted == ()
    assert counts.flops >= products


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_flops_of_full_models_are_within_two_percent_of_tensorflows_profiler(name):
    model = build_model(name, (32, 32, 3), 10)
    for layer in model.layers:
        if hasattr(layer, "unroll"):
            layer.unroll = True
    # The profiler does not know batch norm, ReLU, erf and sigmoid, so it counts a little less.
    assert 1 <= count(model).flops / profile(model)["all"] < 1.02


def exam_network(head):
    """4x128x128; conv 5x5 to 256; 4 groups of conv 3x3, 64 to 64; 20 classes. Nothing is padded or biased."""
    x = keras.Input((128, 128, 4))
    y = layers.Conv2D(256, 5, use_bias=False, name="conv1")(x)
    y = layers.Conv2D(256, 3, groups=4, use_bias=False, name="conv2")(y)
    return keras.Model(x, layers.Dense(20, use_bias=False)(head(name="head")(y)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "weights", "features"),
    [(layers.Flatten, 76_379_136, 3_810_304), (layers.GlobalAveragePooling2D, 178_176, 256)],
)
def test_the_exam_network_has_the_weights_and_shapes_counted_by_hand(head, weights, features):
    counts = count(exam_network(head))
    shapes = {layer.name: layer.output_shape for layer in counts.layers}
    assert (counts.weights, counts.biases) == (weights, 0)
    assert (shapes["conv1"], shapes["conv2"], shapes["head"]) == ((124, 124, 256), (122, 122, 256), (features,))


def test_a_layer_of_unknown_kind_is_named_and_its_weights_are_counted():
    found, counts = counts_of(layers.Conv2DTranspose(3, 2, name="up"), (4, 4, 2))
    assert (found.weights, found.biases, found.macs, found.flops) == (24, 3, None, None)
    assert counts.not_counted == ("up",)


def test_a_shared_layer_has_its_weights_once_and_its_macs_twice():
    x = keras.Input((5,))
    dense = layers.Dense(5, use_bias=False)
    counts = count(keras.Model(x, dense(dense(x))))
    assert (counts.weights, counts.macs) == (25, 50)


def test_a_model_inside_a_model_is_counted_layer_by_layer():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="one"), layers.Dense(2)], name="inner")
    x = keras.Input((4,))
    counts = count(keras.Model(x, layers.Dense(1)(inner(x))))
    assert counts.parameters == 15 + 8 + 3
    assert "inner/one" in [layer.name for layer in counts.layers]


def test_a_sum_written_with_plus_is_counted():
    x = keras.Input((4,))
    assert count(keras.Model(x, layers.Dense(4)(x) + x)).layers[-1].flops == 4


def test_training_repeats_macs_for_kernels_and_for_inputs_that_lead_to_kernels():
    x = keras.Input((6,))
    counts = count(keras.Model(x, layers.Dense(3, use_bias=False)(layers.Dense(5, use_bias=False)(x))))
    assert counts.training_macs == 2 * 30 + 3 * 15


def test_peak_memory_holds_a_shortcut_until_its_sum():
    x = keras.Input((10,))
    y = layers.Dense(20)(x)
    y = layers.Dense(10)(y)
    counts = count(keras.Model(x, layers.Add()([x, y])))
    assert counts.peak_activation_bytes == 4 * (10 + 20 + 10)
    assert counts.training_activation_bytes == 4 * (10 + 20 + 10 + 10)


def test_dropout_takes_memory_in_training_alone():
    x = keras.Input((10,))
    counts = count(keras.Model(x, layers.Dense(5)(layers.Dropout(0.5)(x))))
    assert counts.peak_activation_bytes == 4 * (10 + 5)
    assert counts.training_activation_bytes == 4 * (10 + 10 + 5)


def test_activations_of_a_mixed_model_take_two_bytes():
    keras.config.set_dtype_policy("mixed_bfloat16")
    found, _ = counts_of(layers.Dense(8), (5,))
    assert found.activation_bytes == 16


def test_a_model_of_any_image_size_is_refused():
    x = keras.Input((None, None, 3))
    with pytest.raises(BadInput, match="a fixed height and width"):
        count(keras.Model(x, layers.Conv2D(2, 3)(x)))


def test_a_subclassed_model_is_refused():
    with pytest.raises(BadInput, match="a functional or sequential model"):
        count(type("Subclassed", (keras.Model,), {})(name="own"))


def test_a_network_is_counted_without_being_allocated():
    def build():
        return build_model("mlp", (28, 28, 1), 10, hidden_units=(200_000, 200_000))

    counts = count_unbuilt(build)  # 160 GB
    normalization = 2
    assert counts.parameters == normalization + 785 * 200_000 + 200_001 * 200_000 + 200_001 * 10
    assert counts.macs == 784 * 200_000 + 200_000**2 + 200_000 * 10


def test_what_cannot_be_built_is_not_allocated_either():
    def build():
        build_model("mlp", (28, 28, 1), 10, hidden_units=(200_000, 200_000))  # 160 GB
        raise ValueError("too late")

    with pytest.raises(ValueError, match="too late"):
        count_unbuilt(build)


def test_counting_first_leaves_no_trace_in_what_is_built_next():
    keras.utils.set_random_seed(1)
    expected = small_model("vgg").get_weights()
    keras.utils.set_random_seed(1)
    count_unbuilt(lambda: small_model("vgg"))
    keras.utils.set_random_seed(1)
    for old, new in zip(expected, small_model("vgg").get_weights(), strict=True):
        assert (old == new).all()
