"""What counts as a parameter: worked out by hand, and compared with what an export holds."""

import contextlib

import keras
import numpy as np
import pytest
from keras import layers

from keras_vision.formats.network import with_probabilities
from keras_vision.models import build_model
from keras_vision.models.sizes import size_of

GREY = (28, 28, 1)
WHITENED = {"filters": (4, 6), "blocks": (1, 1), "whitening": True}


def model_of(*sequence, shape=(8, 8, 3)):
    x = y = keras.Input(shape)
    for layer in sequence:
        y = layer(y)
    return keras.Model(x, y)


# layers -> what the export needs, what is trained; by hand
BY_HAND = {
    "a norm behind a kernel is a bias": (
        [layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization()],
        *(27 * 4 + 4, 27 * 4 + 8),
    ),
    "where there is one": ([layers.Conv2D(4, 3), layers.BatchNormalization()], 27 * 4 + 4, 27 * 4 + 4 + 8),
    "behind an activation": (
        [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()],
        *(27 * 4 + 4 + 8, 27 * 4 + 4 + 8),
    ),
    "behind a pooling": (
        [layers.Conv2D(4, 3, use_bias=False), layers.MaxPooling2D(), layers.BatchNormalization()],
        *(27 * 4 + 8, 27 * 4 + 8),
    ),
    "along another axis": ([layers.Conv2D(4, 3), layers.BatchNormalization(axis=1)], 27 * 4 + 4 + 12, 27 * 4 + 4 + 12),
    "of pixels": ([layers.Normalization()], 6, 0),
    "frozen": ([layers.Conv2D(4, 3, trainable=False)], 27 * 4 + 4, 0),
    "separable": ([layers.SeparableConv2D(4, 3, use_bias=False), layers.BatchNormalization()], 43, 47),
    "layer norm": ([layers.LayerNormalization()], 6, 6),
    "dropout": ([layers.Dropout(0.5)], 0, 0),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_size_is_what_a_person_counts(name):
    sequence, parameters, trainable = BY_HAND[name]
    size = size_of(model_of(*sequence))
    assert (size.parameters, size.trainable_parameters) == (parameters, trainable)


def test_a_norm_behind_what_others_read_too_stays():
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(4, 3, use_bias=False)(x)
    assert size_of(keras.Model(x, layers.Add()([y, layers.BatchNormalization()(y)]))).parameters == 27 * 4 + 8


def test_a_layer_that_is_used_twice_counts_once():
    x, conv, norm = keras.Input((8, 8, 3)), layers.Conv2D(3, 1, use_bias=False), layers.BatchNormalization()
    assert size_of(keras.Model(x, norm(conv(norm(conv(x)))))).parameters == 9 + 6


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        # pixels, whitening of 2x2 patches, two convolutions with a bias each, logits
        (WHITENED, 2 + 4 * 8 + (9 * 8 * 4 + 4) + (9 * 4 * 6 + 6) + 70),
        # between pooling and activation, norms stay
        (WHITENED | {"early_pooling": True}, 2 + 4 * 8 + (9 * 8 * 4 + 8) + (9 * 4 * 6 + 12) + 70),
        (
            WHITENED | {"convolution": "separable", "activation": "prelu"},
            # biases of the filters by channel, too; and slopes
            2 + 4 * 8 + (9 * 8 + 8 + 8 * 4 + 4 + 4) + (9 * 4 + 4 + 4 * 6 + 6 + 6) + 70,
        ),
    ],
    ids=["late", "early", "separable"],
)
def test_a_small_vgg_is_as_large_as_a_person_counts(settings, parameters):
    assert size_of(build_model("vgg", GREY, 10, **settings)).parameters == parameters


def test_an_export_holds_as_many_numbers(tmp_path):
    pytest.importorskip("ai_edge_litert")
    from ai_edge_litert.interpreter import Interpreter

    from keras_vision.formats import litert

    model = build_model("vgg", GREY, 10, **WHITENED, convolution="separable", activation="prelu")
    random = np.random.default_rng(0)
    model.set_weights([w + random.uniform(0.1, 0.5, w.shape) for w in model.get_weights()])  # none is zero
    litert.write(with_probabilities(model), tmp_path, origin={})
    interpreter = Interpreter(str(tmp_path / litert.FILE))
    held = 0
    for tensor in interpreter.get_tensor_details():
        with contextlib.suppress(ValueError):  # it is no constant
            held += np.count_nonzero(interpreter.get_tensor(tensor["index"])) * (tensor["dtype"] == np.float32)
    # The two numbers that normalise pixels become part of the whitening there: a bias of each of its filters.
    assert held == size_of(model).parameters - 2 + 8
