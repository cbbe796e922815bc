"""Optimisers' steps as one operation for each variable, where Keras takes a dozen passes over memory."""

import contextlib
import functools

import keras
import tensorflow as tf

from keras_vision.training.coupled_adam import CoupledAdam


@contextlib.contextmanager
def fast_updates(optimizer):
    """Gives a stock optimiser, or ours, its fast step for as long as it is open; another one is left as it is.

    What it computes stays the same up to rounding. Moving averages of the weights stay Keras' own.

    Args:
        optimizer: A `keras.Optimizer`.

    Example:

    >>> optimizer, weights = keras.optimizers.AdamW(0.1), [keras.Variable(np.ones(2))]
    >>> optimizer.build(weights)
    >>> with fast_updates(optimizer):
    ...     optimizer.apply([keras.ops.ones(2)], weights)
    """
    methods = METHODS.get(type(optimizer))
    if methods is None or tf.distribute.has_strategy() or getattr(optimizer, "amsgrad", False):
        yield
        return
    try:
        vars(optimizer).update({name: functools.partial(method, optimizer) for name, method in methods.items()})
        yield
    finally:
        for name in methods:
            vars(optimizer).pop(name, None)


def _decay(optimizer, variables):
    """Decoupled weight decay (Loshchilov & Hutter 2019, algorithms 1 and 2): a product in the place of three passes."""
    if optimizer.weight_decay is None:
        return
    for variable in filter(optimizer._use_weight_decay, variables):
        rate, decay = (tf.cast(one, variable.dtype) for one in (optimizer.learning_rate, optimizer.weight_decay))
        variable.assign(variable * (1 - rate * decay))


def _adam(optimizer, gradient, variable, learning_rate):
    """Adam (Kingma & Ba 2015, algorithm 1, in the order of its section 2 that needs no corrected moments)."""
    index, step = optimizer._get_variable_index(variable), tf.cast(optimizer.iterations.value + 1, variable.dtype)
    beta_1, beta_2 = (tf.cast(beta, variable.dtype) for beta in (optimizer.beta_1, optimizer.beta_2))
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=optimizer._momentums[index].value.handle,
        v=optimizer._velocities[index].value.handle,
        beta1_power=beta_1**step,
        beta2_power=beta_2**step,
        lr=tf.cast(learning_rate, variable.dtype),
        beta1=beta_1,
        beta2=beta_2,
        epsilon=tf.cast(optimizer.epsilon, variable.dtype),
        grad=tf.cast(gradient, variable.dtype),
    )


def _sgd(optimizer, gradient, variable, learning_rate):
    """Stochastic gradient descent with momentum, Nesterov's or plain (Sutskever et al. 2013, section 2)."""
    if not optimizer.momentum:
        return type(optimizer).update_step(optimizer, gradient, variable, learning_rate)
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=optimizer.momentums[optimizer._get_variable_index(variable)].value.handle,
        lr=tf.cast(learning_rate, variable.dtype),
        grad=tf.cast(gradient, variable.dtype),
        momentum=tf.cast(optimizer.momentum, variable.dtype),
        use_nesterov=optimizer.nesterov,
    )


def _coupled_adam(optimizer, gradient, variable, learning_rate):
    """Adam with the decay in the gradient, as `CoupledAdam`."""
    _adam(optimizer, optimizer.with_decay(gradient, variable), variable, learning_rate)


# Class -> its methods that are faster here.
METHODS = {
    keras.optimizers.Adam: {"update_step": _adam, "_apply_weight_decay": _decay},
    keras.optimizers.AdamW: {"update_step": _adam, "_apply_weight_decay": _decay},
    CoupledAdam: {"update_step": _coupled_adam},
    keras.optimizers.SGD: {"update_step": _sgd, "_apply_weight_decay": _decay},
}
