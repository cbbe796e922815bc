"""Networks of a person's builder: what cannot be trained is refused in words."""

import functools

import keras
import pytest

from keras_vision.errors import BadInput
from keras_vision.models.normalization import normalize
from keras_vision.models.own_builder import checked_builder
from keras_vision.system.settings import make
from keras_vision.train import TrainSettings

layers = keras.layers


def whole(shape, classes, units=3):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layers.Dense(classes)(layers.Dense(units)(layers.Flatten()(normalize(inputs)))))


def bare(shape, classes):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layers.Dense(classes)(layers.Flatten()(inputs)))


def maps(shape, classes):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layers.Conv2D(classes, 1)(normalize(inputs)))


def sequential(shape, classes):
    return keras.Sequential([layers.Flatten(), layers.Dense(classes)])


def nothing(shape, classes):
    pass


def test_a_whole_network_is_returned():
    model = checked_builder(whole, {"units": 5})((8, 8, 1), 10)
    assert model.count_params() == 64 * 5 + 5 + 5 * 10 + 10 + 2


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (nothing, "The builder nothing returned NoneType. It must return a keras.Model(inputs, outputs)"),
        (sequential, "The builder sequential returned Sequential. It must"),
        (maps, "The builder maps returned Functional. It must"),
        (bare, "The network of the builder bare does not normalise its pixels"),
    ],
)
def test_what_cannot_be_trained_is_refused(builder, message):
    with pytest.raises(BadInput) as refused:
        checked_builder(builder, {})((8, 8, 1), 10)
    assert message in str(refused.value)


@pytest.mark.parametrize("builder", ["whole", functools.partial(whole, units=4)])
def test_a_builder_is_a_function_with_a_name(builder):
    with pytest.raises(BadInput, match=r"builder must be a function of \(input_shape, num_classes\), not"):
        make(TrainSettings, builder=builder)
