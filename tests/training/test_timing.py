"""Training steps and gradients are timed; afterwards the model is as it was."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vision.models import build_model
from keras_vision.training.precision import computing_in
from keras_vision.training.recipe import Recipe
from keras_vision.training.timing import machine_facts, seconds_of_gradient, steps_of
from keras_vision.training.trainer import batches_of, prepare
from tests.synthetic import make_dataset

RECIPE = Recipe(epochs=1, batch_size=32, ema_momentum=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_steps_are_taken_and_leave_no_trace_in_the_numbers(policy):
    data = make_dataset()
    with computing_in(policy):
        model = build_model("vgg", data.shape, 3, filters=(4, 4), blocks=(1, 1))
        prepare(model, data, RECIPE)
        variables = [*model.variables, *model.optimizer.variables]
        before = [keras.ops.convert_to_numpy(variable) for variable in variables]
        with steps_of(model, batches_of(data, RECIPE).repeat()) as seconds:
            assert 0 < seconds(3) < 60
            assert int(model.optimizer.iterations) == 3
            step = model.train_function
        assert model.train_function is step is not None
        for variable, value in zip(variables, before, strict=True):
            np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), value)


def test_they_are_put_back_where_a_step_fails():
    data = make_dataset()
    model = build_model("mlp", data.shape, 3, hidden_units=(4,))
    prepare(model, data, RECIPE)
    with pytest.raises(tf.errors.OutOfRangeError), steps_of(model, batches_of(data, RECIPE).take(1)) as seconds:
        seconds(1)
        seconds(1)
    assert int(model.optimizer.iterations) == 0


def test_a_gradient_is_timed_in_a_graph():
    eager = []

    def product(x, y):
        eager.append(tf.executing_eagerly())
        return x @ y

    assert 0 < seconds_of_gradient(product, [(3, 4), (4, 2)], "bfloat16") < 60
    assert eager == [False]


def test_a_machine_is_told_from_another_by_what_its_speed_depends_on(monkeypatch):
    here = machine_facts()
    assert {"processor", "instructions", "cores", "versions", "gpus"} <= here.keys()
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    assert machine_facts() != here
