import keras
import numpy as np
import pytest
from keras import layers

from keras_vision.analysis.receptive_field import receptive_fields
from keras_vision.analysis.receptive_field_measured import measure_fields, plot_fields
from keras_vision.errors import BadInput
from keras_vision.models import MODELS, build_model
from tests.models.small import small_model, with_random_kernels


def field_after(*sequence, shape=(32, 32, 3)):
    x = y = keras.Input(shape)
    for layer in sequence:
        y = layer(y)
    return receptive_fields(keras.Model(x, y))[sequence[-1].name]


# layers; then by hand: size, jump, start
BY_HAND = {
    "conv": ([layers.Conv2D(2, 3, padding="same")], 3, 1, -1),
    "valid conv": ([layers.Conv2D(2, 3)], 3, 1, 0),
    "two convs": ([layers.Conv2D(2, 3, padding="same"), layers.Conv2D(2, 3, padding="same")], 5, 1, -2),
    "strided, even": ([layers.Conv2D(2, 3, strides=2, padding="same")], 3, 2, 0),
    "dilated": ([layers.Conv2D(2, 3, dilation_rate=2, padding="same")], 5, 1, -2),
    "pool, then conv": ([layers.MaxPooling2D(2), layers.Conv2D(2, 3, padding="same")], 6, 2, -2),
    "depthwise": ([layers.DepthwiseConv2D(5, padding="same")], 5, 1, -2),
    "separable": ([layers.SeparableConv2D(2, 5, padding="same"), layers.PReLU()], 5, 1, -2),
    "padding layer": ([layers.ZeroPadding2D(2), layers.Conv2D(2, 5)], 5, 1, -2),
    "cropping layer": ([layers.Cropping2D(2), layers.Conv2D(2, 5)], 5, 1, 2),
    "patches": ([layers.Conv2D(2, 4, strides=4), layers.Reshape((64, 2)), layers.Dense(5)], 4, 4, 0),
    "patches by reshape": (
        [layers.Reshape((8, 4, 8, 4, 3)), layers.Permute((1, 3, 2, 4, 5)), layers.Reshape((64, 48)), layers.Dense(5)],
        *(4, 4, 0),
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_field_is_what_a_person_works_out(name):
    sequence, size, jump, start = BY_HAND[name]
    field = field_after(*sequence)
    assert (field.size, field.jump, field.start) == ((size, size), (jump, jump), (start, start))


def test_height_and_width_are_told_apart():
    field = field_after(layers.Conv2D(2, (3, 5), strides=(1, 2)))
    assert (field.size, field.jump) == ((3, 5), (1, 2))


GLOBAL = {
    "flatten and dense": [layers.Flatten(), layers.Dense(2)],
    "global pooling": [layers.Conv2D(2, 3), layers.GlobalMaxPooling2D(keepdims=True)],
    "token mixing": [layers.Reshape((1024, 3)), layers.Permute((2, 1)), layers.Dense(2)],
    "rows into an LSTM": [layers.Reshape((32, 96)), layers.LSTM(2, return_sequences=True)],
}


@pytest.mark.parametrize("name", GLOBAL)
def test_mixing_all_positions_is_global(name):
    assert field_after(*GLOBAL[name]).text == "global"


def test_a_dense_layer_on_rows_sees_whole_rows():
    assert field_after(layers.Reshape((32, 96)), layers.Dense(4)).text == "1xall"


def test_a_large_field_that_moves_is_not_global():
    assert not field_after(layers.Conv2D(2, 65, padding="same")).is_global


def test_a_sum_sees_what_either_branch_sees():
    x = keras.Input((16, 16, 2))
    y = layers.Conv2D(2, 5, padding="same")(x)
    z = layers.Conv2D(2, (1, 7), padding="same")(x)
    both = layers.Concatenate(name="both")([layers.Add()([x, y]), z])
    assert receptive_fields(keras.Model(x, both))["both"].size == (5, 7)


def test_squeeze_and_excitation_makes_the_field_global():
    x = keras.Input((16, 16, 2))
    gate = layers.Dense(2)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    field = receptive_fields(keras.Model(x, layers.Multiply(name="gated")([x, gate])))["gated"]
    assert field.is_global


def test_a_depthwise_convolution_with_more_filters_than_channels_sees_its_window():
    pixels = keras.Input((8, 8, 3))
    x = layers.Flatten()(layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep")(pixels))
    fields = receptive_fields(keras.Model(pixels, layers.Dense(2, name="last")(x)))
    assert fields["deep"].size == (3, 3)
    assert fields["last"].is_global


def test_a_depthwise_convolution_does_not_mix_what_lies_along_its_channels():
    pixels = keras.Input((8, 8, 3))
    rows_last = layers.Permute((3, 2, 1))(pixels)  # channels, columns, rows
    x = layers.DepthwiseConv2D((1, 3), name="deep")(rows_last)
    fields = receptive_fields(keras.Model(pixels, layers.Dense(2, name="rows")(x)))
    assert fields["deep"].size == (1, 3)
    assert fields["rows"].size == (8, 3)


@pytest.mark.parametrize("other", [layers.Conv2D(3, 5), layers.MaxPooling2D(2, name="other")])
def test_of_branches_that_move_differently_nothing_is_claimed(other):
    pixels = keras.Input((8, 8, 3))
    pooled = layers.MaxPooling2D(2)(pixels)
    fields = receptive_fields(keras.Model(pixels, layers.Add(name="sum")([pooled, other(pixels)])))
    assert (fields["sum"] is None) == isinstance(other, layers.Conv2D)


def test_of_an_image_and_its_transpose_nothing_is_claimed():
    pixels = keras.Input((8, 8, 3))
    model = keras.Model(pixels, layers.Add(name="sum")([pixels, layers.Permute((2, 1, 3))(pixels)]))
    assert receptive_fields(model)["sum"] is None


def test_a_division_by_a_constant_changes_no_field():
    pixels = keras.Input((8, 8, 3))
    model = keras.Model(pixels, layers.Conv2D(2, 3, name="conv")(pixels / 255.0))
    assert receptive_fields(model)["conv"].size == (3, 3)


def test_behind_a_layer_of_unknown_kind_nothing_is_claimed():
    assert field_after(layers.UpSampling2D(2), layers.Conv2D(2, 3)) is None


def test_a_model_on_vectors_is_refused():
    x = keras.Input((5,))
    with pytest.raises(BadInput, match=r"images \(height, width, channels\)"):
        receptive_fields(keras.Model(x, layers.Dense(2)(x)))


def test_the_field_of_resnet18_is_that_of_its_convolutions_and_strides():
    field = receptive_fields(build_model("resnet18", (32, 32, 3), 10))["stage4_block2_add"]
    assert (field.size, field.jump) == ((109, 109), (8, 8))


@pytest.mark.parametrize("name", MODELS)
def test_no_unit_is_measured_to_see_more_than_in_theory_and_all_of_that_is_seen(name):
    for one in measure_fields(with_random_kernels(small_model(name, (16, 16, 1))), images=16):
        top, left, height, width = one.field.centre_box()
        inside = np.zeros_like(one.strength, bool)
        inside[max(top, 0) : top + height, max(left, 0) : left + width] = True
        assert not one.strength[~inside].any(), one.layer
        assert (one.strength[inside] > 0).mean() > 0.9, one.layer


@pytest.mark.parametrize("name", MODELS)
def test_every_family_ends_global(name):
    assert receptive_fields(small_model(name))["logits"].is_global


def test_an_average_uses_all_of_its_window_alike():
    x = keras.Input((12, 12, 1))
    (one,) = measure_fields(keras.Model(x, layers.AveragePooling2D(4, name="pool")(x)), ["pool"])
    assert one.width == 4
    assert np.ptp(one.strength[4:8, 4:8]) < 1e-6


def test_the_figure_has_theory_and_measurement_for_each_layer():
    measured = measure_fields(small_model("vgg"), images=2)
    figure = plot_fields(measured)
    assert len(figure.axes) == 2 * len(measured) + 1
    assert figure.axes[0].get_title().endswith("3x3")


def test_each_call_of_a_shared_layer_has_a_field_of_its_own():
    conv, x = layers.Conv2D(3, 3, padding="same", name="conv"), keras.Input((16, 16, 3))
    model = keras.Model(x, conv(conv(x)))
    fields = receptive_fields(model)
    assert (fields["conv"].size, fields["conv (call 2)"].size) == ((3, 3), (5, 5))
    (measured,) = measure_fields(model)
    assert (measured.layer, measured.field.size) == ("conv", (3, 3))
