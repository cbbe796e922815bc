import keras
import numpy as np
import pytest
from keras import layers

from keras_vision.analysis.linearity import linearity_table, textbook_table
from keras_vision.models import MODELS
from tests.models.small import small_model

YES, NO, NONE = True, False, None


def verdicts_of(layer, shape=(12, 12, 2)):
    x = keras.Input(shape)
    (row,) = linearity_table(keras.Model(x, layer(x)))
    return tuple(row.verdicts().values())


# additive, homogeneous, equivariant to every shift, to shifts by the stride
TEXTBOOK = {
    "ReLU": (NO, NO, YES, YES),
    "adding a bias": (NO, NO, YES, YES),
    "dense matrix on all pixels": (YES, YES, NO, NO),
    "keeping the top-right pixel of each 2x2": (YES, YES, NO, YES),
}


@pytest.mark.parametrize("kind", TEXTBOOK)
def test_the_textbook_maps_have_the_properties_that_proofs_give_them(kind):
    (row,) = [row for row in textbook_table() if row.kind == kind]
    assert tuple(row.verdicts().values()) == TEXTBOOK[kind]


LAYERS = {
    "conv": (layers.Conv2D(3, 5, padding="same", use_bias=False), (YES, YES, YES, YES)),
    "conv with bias": (layers.Conv2D(3, 3), (NO, NO, YES, YES)),
    "strided conv": (layers.Conv2D(3, 3, strides=2, padding="same", use_bias=False), (YES, YES, NO, YES)),
    "strides that differ": (layers.Conv2D(3, 3, strides=(1, 3), use_bias=False), (YES, YES, NO, YES)),
    "conv with relu": (layers.Conv2D(3, 3, use_bias=False, activation="relu"), (NO, NO, YES, YES)),
    "dilated conv": (layers.Conv2D(3, 3, dilation_rate=2, padding="same", use_bias=False), (YES, YES, YES, YES)),
    "depthwise": (layers.DepthwiseConv2D(3, use_bias=False), (YES, YES, YES, YES)),
    "max pooling": (layers.MaxPooling2D(2), (NO, NO, NO, YES)),
    "average pooling": (layers.AveragePooling2D(2), (YES, YES, NO, YES)),
    "batch norm": (layers.BatchNormalization(), (NO, NO, YES, YES)),
    "dropout in inference": (layers.Dropout(0.5), (YES, YES, YES, YES)),
    "global average": (layers.GlobalAveragePooling2D(), (YES, YES, NONE, NONE)),
    "dense on channels": (layers.Dense(3, use_bias=False), (YES, YES, YES, YES)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_has_the_properties_that_its_definition_gives_it(name):
    layer, expected = LAYERS[name]
    assert verdicts_of(layer) == expected


def test_small_maps_do_not_hide_that_a_convolution_is_equivariant():
    assert verdicts_of(layers.Conv2D(2, 5, padding="same", use_bias=False), (4, 4, 1)) == (YES, YES, YES, YES)


def test_each_kind_is_measured_once_under_its_first_layers_name():
    table = linearity_table(small_model("resnet18"))
    kinds = [row.kind for row in table]
    assert len(kinds) == len(set(kinds))
    assert {row.kind: row.layer for row in table}["Conv2D 3x3"] == "stem_conv"


def test_an_operation_with_a_constant_is_left_out():
    pixels = keras.Input((8, 8, 1))
    table = linearity_table(keras.Model(pixels, layers.Flatten(name="flat")(pixels / 255.0)))
    assert [row.layer for row in table] == ["flat"]


def test_a_sum_written_with_plus_is_linear():
    x = keras.Input((6, 6, 2))
    plus = linearity_table(keras.Model(x, x + layers.ReLU()(x)))[-1]
    assert tuple(plus.verdicts().values()) == (YES, YES, YES, YES)


@pytest.mark.parametrize("name", MODELS)
def test_every_family_can_be_measured(name):
    table = linearity_table(small_model(name, (16, 16, 3)))
    assert not {row.kind: row for row in table}["Dense, bias"].verdicts()["additivity"]
    assert all(np.isfinite([row.additivity, row.homogeneity]).all() for row in table)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float16"])
def test_the_verdicts_are_those_of_float32_whatever_the_precision(policy):
    keras.config.set_dtype_policy(policy)
    assert verdicts_of(layers.Conv2D(3, 3, use_bias=False)) == (YES, YES, YES, YES)
    pixels = keras.Input((32, 32, 3))
    dense = linearity_table(keras.Model(pixels, layers.Dense(4)(layers.Flatten()(pixels))))[-1]
    assert tuple(dense.verdicts().values()) == (NO, NO, None, None)


def test_the_border_of_a_padding_is_no_break_of_equivariance():
    assert verdicts_of(layers.ZeroPadding2D(2)) == (YES, YES, YES, YES)


@pytest.mark.parametrize("layer", [layers.UpSampling2D(2), layers.Conv2DTranspose(2, 3, strides=2, use_bias=False)])
def test_a_layer_that_enlarges_is_not_asked_for_shifts_by_pixels(layer):
    assert verdicts_of(layer) == (YES, YES, None, None)
