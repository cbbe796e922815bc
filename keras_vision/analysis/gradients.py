"""Gradients under any of Keras' backends, and how large they are from layer to layer."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from matplotlib.ticker import NullFormatter

from keras_vision.models.graph import steps_of
from keras_vision.reporting import style


def gradients(function, arrays):
    """Returns the gradients of a number with respect to arrays, zero where it does not depend on them.

    Args:
        function: Takes a list of tensors, shaped as `arrays`, and returns a scalar tensor.
        arrays: List of float arrays.

    Returns:
        A list of numpy arrays, shaped as `arrays`.

    Example:

    >>> gradients(lambda tensors: keras.ops.sum(tensors[0] ** 2), [np.array([1.0, 2.0])])
    [array([2., 4.])]
    """
    return gradient_function(function, is_compiled=False)(arrays)


def gradient_function(function, is_compiled=True):
    """Returns the function that gives the gradients of a number, as `gradients` does, to be called many times.

    Args:
        function: As for `gradients`.
        is_compiled: Whether it is compiled, which takes seconds for a deep network. The arrays may then differ from
            call to call in the length of their first axis alone.

    Example:

    >>> slope = gradient_function(lambda tensors: keras.ops.sum(tensors[0] ** 2))
    >>> slope([np.array([1.0, 2.0])]), slope([np.array([3.0])])
    ([array([2., 4.])], [array([6.])])
    """
    gradient = BACKENDS[keras.backend.backend()](function, is_compiled)
    return lambda arrays: [ops.convert_to_numpy(one) for one in gradient(arrays)]


def _tensorflow(function, is_compiled):
    import tensorflow as tf

    def gradient(tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = function(tensors)
        return tape.gradient(value, tensors, unconnected_gradients="zero")

    run = gradient

    def call(arrays):
        nonlocal run
        if is_compiled and run is gradient:
            signature = [tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays]
            run = tf.function(gradient, input_signature=[signature])
        return run([tf.constant(array) for array in arrays])

    return call


def _jax(function, is_compiled):
    import jax

    run = jax.jit(jax.grad(function)) if is_compiled else jax.grad(function)
    return lambda arrays: run([jax.numpy.asarray(array) for array in arrays])


def _torch(function, is_compiled):
    import torch

    def gradient(arrays):
        tensors = [ops.convert_to_tensor(array).detach().requires_grad_() for array in arrays]
        found = torch.autograd.grad(function(tensors), tensors, allow_unused=True)
        return [np.zeros_like(a) if one is None else one.cpu().numpy() for a, one in zip(arrays, found, strict=True)]

    return gradient


BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


@dataclass(frozen=True)
class LayerGradient:
    """How strongly the loss pulls at one layer.

    Attributes:
        name: The layer's name.
        kind: Its class.
        weight_norm: Euclidean norm of its trainable weights.
        gradient_norm: Euclidean norm of the loss's gradient with respect to them.
    """

    name: str
    kind: str
    weight_norm: float
    gradient_norm: float


def layer_gradients(model, images, labels):
    """Measures the gradient of the mean cross-entropy at each layer, as a training step on these images would have it.

    Args:
        model: A functional model with logits.
        images: Array [n, height, width, channels] of raw pixels.
        labels: Int array [n].

    Returns:
        A list of `LayerGradient`, from the input to the logits, without layers that have nothing to train.
    """
    frozen = [ops.convert_to_numpy(variable) for variable in model.non_trainable_variables]
    weights = [ops.convert_to_numpy(variable) for variable in model.trainable_variables]

    def loss(tensors):
        logits, _ = model.stateless_call(tensors, frozen, images, training=True)
        losses = keras.losses.sparse_categorical_crossentropy(labels, ops.cast(logits, "float32"), from_logits=True)
        return ops.mean(losses)

    found = gradients(loss, weights)
    pairs = {id(v): pair for v, *pair in zip(model.trainable_variables, weights, found, strict=True)}
    layers = {id(step.layer): step for step in steps_of(model) if getattr(step.layer, "trainable_weights", ())}
    measured = []
    for step in layers.values():
        own, pull = zip(*(pairs[id(variable)] for variable in step.layer.trainable_weights), strict=True)
        measured.append(LayerGradient(step.name, type(step.layer).__name__, _norm(own), _norm(pull)))
    return measured


def _norm(arrays):
    return float(np.sqrt(sum(np.square(array, dtype="float64").sum() for array in arrays)))


def plot_gradients(layers):
    """Draws gradient norms by layer, the input's side at the top, and beside them their ratio to the weights' norms.

    Args:
        layers: A list of `LayerGradient`.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    figure = style.new_figure(height=1.1 + 0.16 * len(layers))
    panels = (
        ("Gradient norm", [layer.gradient_norm for layer in layers]),
        ("Gradient norm / weight norm", [layer.gradient_norm / (layer.weight_norm or np.nan) for layer in layers]),
    )
    for number, (title, values) in enumerate(panels, start=1):
        axes = style.new_axes(figure, (1, 2, number), title=title, x="logarithmic scale, no unit")
        _plot_by_depth(axes, layers, values)
        axes.set_yticks(range(len(layers)), [layer.name for layer in layers] if number == 1 else [], fontsize=7)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure


def _plot_by_depth(axes, layers, values):
    """Draws normalisations apart: they have few weights, and joined with the kernels they would hide both trends."""
    looks = {
        "normalisations": {"marker": "o", "markerfacecolor": "white", "color": style.COLOURS[1]},
        "layers with kernels": {"marker": "o", "color": style.COLOURS[0]},
    }
    for name, look in looks.items():
        rows = [
            i for i, layer in enumerate(layers) if layer.kind.endswith("Normalization") == (name == "normalisations")
        ]
        if rows:
            axes.plot([values[i] for i in rows], rows, label=name, markersize=4, linewidth=1, **look)
    axes.set_xscale("log")
    drawn = [value for value in values if 0 < value < np.inf]
    if drawn:
        axes.set_xlim(10 ** np.floor(np.log10(min(drawn))), 10 ** np.ceil(np.log10(max(drawn)) + 1e-9))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(len(layers) - 0.5, -0.5)
    axes.grid(linewidth=0.4, alpha=0.5)
