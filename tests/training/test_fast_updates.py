"""Fast steps of optimisers give what Keras' own give, and are gone outside of them."""

import keras
import numpy as np
import pytest

from keras_vision.training.coupled_adam import CoupledAdam
from keras_vision.training.fast_updates import fast_updates

OPTIMIZERS = {
    "AdamW": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.05, use_ema=True),
    "Adam": lambda: keras.optimizers.Adam(0.01, beta_1=0.8, epsilon=1e-4, clipnorm=1.0),
    "Adam with its decay in the gradient": lambda: CoupledAdam(0.01, weight_decay=0.05),
    "SGD": lambda: keras.optimizers.SGD(0.01),
    "SGD with momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9),
    "SGD with Nesterov's momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True, weight_decay=0.01),
    "AMSGrad": lambda: keras.optimizers.Adam(0.01, amsgrad=True),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_stock_keras(name):
    ends = []
    for is_fast in (True, False):
        random = np.random.default_rng(0)
        variables = [keras.Variable(random.normal(size=shape)) for shape in ((4, 3), (7,))]
        optimizer = OPTIMIZERS[name]()
        optimizer.build(variables)
        for _ in range(5):
            gradients = [keras.ops.convert_to_tensor(random.normal(size=one.shape), "float32") for one in variables]
            if is_fast:
                with fast_updates(optimizer):
                    optimizer.apply(gradients, variables)
            else:
                optimizer.apply(gradients, variables)
        ends.append([one.numpy() for one in (*variables, *optimizer.variables)])
    for own, stock in zip(*ends, strict=True):
        np.testing.assert_allclose(own, stock, rtol=1e-4, atol=1e-6)


def test_a_fast_step_is_one_operation_for_each_variable_and_ends_with_its_block():
    variable = keras.Variable(np.zeros((2, 2), "float32"))
    optimizer = keras.optimizers.AdamW(0.01)
    optimizer.build([variable])
    with fast_updates(optimizer):
        assert {"update_step", "_apply_weight_decay"} <= vars(optimizer).keys()
    assert not {"update_step", "_apply_weight_decay"} & vars(optimizer).keys()


def test_what_is_not_to_decay_does_not():
    variables = [keras.Variable(np.ones(2, "float32"), name=name) for name in ("kernel", "bias")]
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(variables)
    with fast_updates(optimizer):
        optimizer.apply([keras.ops.zeros(2)] * 2, variables)
    np.testing.assert_allclose([one.numpy() for one in variables], [[0.95, 0.95], [1, 1]])


def test_an_optimizer_of_a_class_of_its_own_is_left_alone():
    class Own(keras.optimizers.SGD):
        """Derived from a class that has a fast step."""

    optimizer = Own(0.01)
    with fast_updates(optimizer):
        assert "update_step" not in vars(optimizer)
