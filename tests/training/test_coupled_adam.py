"""Adam with its decay in the gradient is Adam of the loss with that decay in it."""

import keras
import numpy as np

from keras_vision.training.coupled_adam import CoupledAdam

DECAY = 0.3


def after_steps(optimizer, is_in_loss, is_excluded=False):
    """A kernel and a bias after three steps, with gradients of 0.1 and, where it is in the loss, those of the decay."""
    kernel, bias = (
        keras.Variable(np.full(2, value, "float32"), name=name) for name, value in (("k", 1.0), ("b", -2.0))
    )
    optimizer.build([kernel, bias])
    if is_excluded:
        optimizer.exclude_from_weight_decay(var_list=[bias])
    for _ in range(3):
        gradients = [keras.ops.full((2,), 0.1) + is_in_loss * DECAY * one for one in (kernel, bias)]
        optimizer.apply(gradients, [kernel, bias])
    return np.stack([kernel.numpy(), bias.numpy()])


def test_its_steps_are_those_of_adam_on_a_loss_with_the_decay():
    coupled = after_steps(CoupledAdam(0.05, weight_decay=DECAY), is_in_loss=False)
    np.testing.assert_allclose(coupled, after_steps(keras.optimizers.Adam(0.05), is_in_loss=True), rtol=1e-5)
    decoupled = after_steps(keras.optimizers.AdamW(0.05, weight_decay=DECAY), is_in_loss=False)
    assert not np.allclose(coupled, decoupled, rtol=1e-3)


def test_a_bias_that_is_excluded_does_not_decay():
    _, plain = after_steps(keras.optimizers.Adam(0.05), is_in_loss=False)
    _, excluded = after_steps(CoupledAdam(0.05, weight_decay=DECAY), is_in_loss=False, is_excluded=True)
    _, decayed = after_steps(CoupledAdam(0.05, weight_decay=DECAY), is_in_loss=False)
    np.testing.assert_allclose(excluded, plain, rtol=1e-5)
    assert not np.allclose(decayed, plain, rtol=1e-3)
