"""Faster ways for stock layers to compute a training step; all else about a model stays stock.

Keras makes batch norm, layer norm and GELU of a dozen elementwise operations each, and TensorFlow's own gradients of
some kernels take many times as long as the convolution. `fast_ops` has what is faster; this file says where it applies.
Some gradients of our own (`own_gradients.py`) are faster for some shapes on some machines: those are for `choosing` to
name.
"""

import contextlib
import functools

import keras
from keras import ops

from keras_vision.training import fast_lstm, fast_ops
from keras_vision.training.fast_updates import fast_updates
from keras_vision.training.own_gradients import OWN, with_own_gradient

MOST_STEPS = 256  # of an LSTM whose steps are traced one by one
LEAST_EPSILON = 1.001e-5  # of TensorFlow's fused batch norm, which would take this in the place of less


def accelerate(model, gradients=()):
    """Makes the training steps of a model faster on TensorFlow; what they compute stays the same up to rounding.

    Its layers compute in another way while a step is traced, or runs eagerly, and at no other time: what is validated,
    saved or exported between two epochs, or after an error, is stock Keras.

    Args:
        model: A compiled `keras.Model`. Of models inside it the layers are left as they are.
        gradients: The layers that take a gradient of our own, in the words of `own_gradients.own_gradients`.

    Example:

    >>> accelerate(model)  # then model.fit
    """
    if keras.backend.backend() != "tensorflow":
        return

    def train_step(data):
        with fast_layers(model.layers, gradients), fast_updates(model.optimizer):
            return type(model).train_step(model, data)

    model.train_step = train_step
    model.train_function = None  # of steps that were not fast


@contextlib.contextmanager
def fast_layers(layers, gradients=()):
    """Gives stock layers their fast calls for as long as it is open; layers of other classes are left as they are.

    Example:

    >>> with fast_layers(model.layers):
    ...     logits = model(np.zeros((1, 28, 28, 1)), training=True)
    """
    own = {kind: functools.partial(with_own_gradient, gradients, CALLS.get(kind, kind.call)) for kind in OWN}
    calls = CALLS | (own if gradients else {})
    layers = [layer for layer in _with_both_directions(layers) if type(layer) in calls]
    autocasts = [layer.autocast for layer in layers]
    try:
        for layer in layers:
            layer.call = functools.partial(calls[type(layer)], layer)
            if type(layer) in KEEP_BFLOAT16 and _runs_in_bfloat16(layer):
                layer.autocast = False
        yield
    finally:
        for layer, autocast in zip(layers, autocasts, strict=True):
            vars(layer).pop("call", None)
            layer.autocast = autocast


def _with_both_directions(layers):
    """Yields layers, and those that a bidirectional one runs forwards and backwards."""
    for layer in layers:
        yield layer
        if type(layer) is keras.layers.Bidirectional:
            yield from (layer.forward_layer, layer.backward_layer)


def asks_for_products(model):
    """Returns whether the graph of a training step depends on how its products will be run, beside what they are."""
    kinds = (keras.layers.Dense, keras.layers.LayerNormalization)
    return any(
        type(layer) is keras.layers.LSTM or (type(layer) in kinds and len(output_shape(layer) or (None,) * 3) == 3)
        for layer in _with_both_directions(model.layers)
    )


def output_shape(layer):
    """Returns the shape of what a layer gives; None where it is used more than once, or not in the graph."""
    with contextlib.suppress(AttributeError, ValueError):
        return tuple(layer.output.shape)
    return None


def _batch_norm(layer, inputs, training=None, mask=None):
    """Takes TensorFlow's fused op, 2.2 times as fast, forward and backward, where it applies.

    It takes (batch, height, width, channels) only. Like Keras it computes in float32 from float16 and bfloat16 inputs.
    """
    if mask is not None or not _has_fused_op(layer, inputs):
        return type(layer).call(layer, inputs, training=training, mask=mask)
    normalize = functools.partial(fast_ops.fused_batch_norm, inputs, layer.gamma.value, layer.beta.value, layer.epsilon)
    if not (training and layer.trainable):
        return normalize(layer.moving_mean.value, layer.moving_variance.value)[0]
    outputs, mean, variance = normalize()
    # The op returns the unbiased variance, over n - 1; Keras keeps the biased one, over n.
    n = ops.cast(ops.prod(ops.shape(inputs)[:-1]), variance.dtype)
    for statistic, value in ((layer.moving_mean, mean), (layer.moving_variance, variance * (n - 1) / n)):
        statistic.assign(statistic * layer.momentum + value * (1 - layer.momentum))
    return outputs


def _has_fused_op(layer, inputs):
    return (
        len(inputs.shape) == 4
        and layer.axis in (-1, 3)
        and layer.scale
        and layer.center
        and not (layer.renorm or layer.synchronized)
        and layer.epsilon >= LEAST_EPSILON
        and keras.backend.standardize_dtype(inputs.dtype) in ("float16", "bfloat16", "float32")
    )


def _activation(layer, inputs):
    """Has the exact GELU and its gradient compiled."""
    if layer.activation is not keras.activations.gelu or fast_ops.has_gpu():
        return type(layer).call(layer, inputs)
    return fast_ops.gelu(inputs)


def _dense(layer, inputs, training=None):
    """Takes and gives bfloat16 where oneDNN runs products in it; a stock layer after it casts that back.

    It takes (batch, positions, channels) only: logits stay in float32.
    """
    if not (layer.use_bias and len(inputs.shape) == 3 and _runs_in_bfloat16(layer)):
        return type(layer).call(layer, ops.cast(inputs, layer.compute_dtype), training=training)
    outputs = fast_ops.dense(inputs, layer.kernel, layer.bias)
    return outputs if layer.activation is None else layer.activation(outputs)


def _layer_norm(layer, inputs):
    """Takes fewer passes over memory; gives bfloat16 where oneDNN runs products in it, by statistics in float32."""
    is_fast = (
        layer.axis in ([-1], [len(inputs.shape) - 1])
        and layer.scale
        and layer.center
        and not layer.rms_scaling
        and keras.backend.standardize_dtype(inputs.dtype) == layer.compute_dtype == "float32"
        and not fast_ops.has_gpu()
    )
    if not is_fast:
        return type(layer).call(layer, inputs)
    dtype = "bfloat16" if _runs_in_bfloat16(layer) else "float32"
    return fast_ops.layer_norm(inputs, layer.gamma, layer.beta, layer.epsilon, dtype)


def _lstm(layer, inputs, initial_state=None, mask=None, training=False):
    """Has few large products, and a gradient of its own."""
    if initial_state is not None or mask is not None or not _is_plain_lstm(layer, inputs):
        return type(layer).call(layer, inputs, initial_state=initial_state, mask=mask, training=training)
    ordered = ops.flip(inputs, axis=1) if layer.go_backwards else inputs
    weights = (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias)
    return fast_lstm.lstm(ordered, *weights, whole_sequence=layer.return_sequences)


def _is_plain_lstm(layer, inputs):
    """Returns whether a layer is an LSTM with its usual activations, no GPU at hand, over not too many steps."""
    return (
        not fast_ops.has_gpu()
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and layer.use_bias
        and not (layer.stateful or layer.return_state or layer.dropout or layer.recurrent_dropout)
        and layer.compute_dtype == "float32"
        and None not in inputs.shape[1:]
        and inputs.shape[1] <= MOST_STEPS
    )


def _as_ever(layer, inputs):
    return type(layer).call(layer, inputs)


def _runs_in_bfloat16(layer):
    """Returns whether oneDNN runs the products of a layer in bfloat16 though its policy is float32."""
    return layer.compute_dtype == "float32" and not fast_ops.has_gpu() and fast_ops.computes_in_bfloat16()


# Stock class -> how it computes in training. A class derived from one of them is another class.
CALLS = {
    keras.layers.BatchNormalization: _batch_norm,
    keras.layers.Activation: _activation,
    keras.layers.Dense: _dense,
    keras.layers.LayerNormalization: _layer_norm,
    keras.layers.LSTM: _lstm,
    keras.layers.Permute: _as_ever,
}
# What takes bfloat16 as it comes, where Keras would cast it back: between two products nothing need be wider than they.
KEEP_BFLOAT16 = (keras.layers.Activation, keras.layers.Dense, keras.layers.Permute)
