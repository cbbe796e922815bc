"""A functional model as a list of steps in the order they run. The one place that reads Keras' graph attributes."""

import collections
import itertools
from dataclasses import dataclass

import keras
import numpy as np

from keras_vision.errors import BadInput


@dataclass(frozen=True)
class Step:
    """One call of one layer.

    Attributes:
        name: The layer's name, behind those of the models it lies in: `"outer/inner"`. That of a layer's second call
            ends in " (call 2)".
        layer: The Keras layer or operation.
        sources: Positions, in the list of steps, of those that feed this one.
        input_shapes: Shapes of what they feed, without the batch axis.
        output_shape: Shape of the first output, without the batch axis.
        output_bytes: Size of all outputs for one image.
    """

    name: str
    layer: object
    sources: tuple
    input_shapes: tuple
    output_shape: tuple
    output_bytes: int


def steps_of(model):
    """Returns the steps of a functional or sequential model, those of models inside it included.

    Args:
        model: A built `keras.Model` whose input shape, but for the batch, is fixed.

    Raises:
        BadInput: The model is subclassed, so that its graph cannot be read, or takes images of any size.

    Example:

    >>> [step.name for step in steps_of(model)][:2]
    ['pixels', 'normalization']
    """
    graph = _graph(model)
    if graph is None:
        raise BadInput(
            f"The model {model.name!r} cannot be read layer by layer. Give a functional or sequential model that has "
            "been built."
        )
    for tensor in graph.inputs:
        if None in tensor.shape[1:]:
            raise BadInput(
                f"The model {model.name!r} takes inputs of shape {tensor.shape[1:]}. "
                "Give one with a fixed height and width."
            )
    steps, origins = [], {}
    _append_steps(graph, steps, origins, prefix="")
    return tuple(steps)


def last_layers(model):
    """Returns the layers, or operations, that give a model's outputs."""
    steps = steps_of(model)
    return tuple(steps[position].layer for position in last_steps(steps))


def last_steps(steps):
    """Returns the positions of the steps that feed no other: those that give the model's outputs."""
    feeding = {source for step in steps for source in step.sources}
    return tuple(position for position in range(len(steps)) if position not in feeding)


def outputs_of(model):
    """Returns a dict: layer -> the symbolic tensor that it gives in a model's graph, of layers that are called once.

    A model inside the model is one of its layers.
    """
    graph, found, calls = _graph(model), {}, collections.Counter()
    for node in itertools.chain.from_iterable(graph._nodes_by_depth.values()):
        found[node.operation.name] = node.output_tensors[0]
        calls[node.operation.name] += 1
    return {name: tensor for name, tensor in found.items() if calls[name] == 1}


def dangling_layers(steps):
    """Returns (name, name) for each layer that takes an inner step's output and leads to none of the model's.

    Only a model built in this process has them; a file keeps what leads to the outputs.
    """
    inside = {id(step.layer) for step in steps}
    outputs = last_steps(steps)
    return [
        (step.name, node.operation.name)
        for position, step in enumerate(steps)
        if position not in outputs
        for node in step.layer._outbound_nodes
        if id(node.operation) not in inside and not isinstance(node.operation, keras.Model)
    ]


def activation_name(layer):
    """Returns the name of the function a layer ends in, "linear" where there is none."""
    return getattr(getattr(layer, "activation", None), "__name__", "linear")


def ending_of(layer):
    """Returns "softmax" or "sigmoid" where a layer is that, or ends in it, else ""."""
    names = (activation_name(layer), type(layer).__name__.lower())
    return next((name for name in ("softmax", "sigmoid") if name in names), "")


def row_for(layer, table):
    """Returns the entry of `table` for the layer's class, else for the nearest class above it, else None.

    Tables name classes, so that a layer and the operation of the same name (`Add`, from `x + y`) share a row.
    """
    return next((table[cls.__name__] for cls in type(layer).__mro__ if cls.__name__ in table), None)


def _graph(model):
    graph = getattr(model, "_functional", model)
    return graph if hasattr(graph, "_nodes_by_depth") else None


def _append_steps(graph, steps, origins, prefix):
    """Appends the graph's steps; `origins` maps the id of each tensor to the position of the step that made it."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            inner = _graph(node.operation)
            if inner is not None:
                for outside, inside in zip(node.input_tensors, inner.inputs, strict=True):
                    origins[id(inside)] = origins[id(outside)]
                _append_steps(inner, steps, origins, prefix=f"{prefix}{node.operation.name}/")
                for outside, inside in zip(node.output_tensors, inner.outputs, strict=True):
                    origins[id(outside)] = origins[id(inside)]
            elif not (prefix and node.is_input):
                for tensor in node.output_tensors:
                    origins[id(tensor)] = len(steps)
                calls = 1 + sum(step.layer is node.operation for step in steps)
                name = f"{prefix}{node.operation.name}{f' (call {calls})' if calls > 1 else ''}"
                steps.append(_step(node, origins, name))


def _step(node, origins, name):
    return Step(
        name=name,
        layer=node.operation,
        sources=tuple(origins[id(tensor)] for tensor in node.input_tensors),
        input_shapes=tuple(tuple(tensor.shape[1:]) for tensor in node.input_tensors),
        output_shape=tuple(node.output_tensors[0].shape[1:]),
        output_bytes=sum(int(np.prod(t.shape[1:])) * item_bytes(t.dtype) for t in node.output_tensors),
    )


def item_bytes(dtype):
    """Returns how many bytes one number of a Keras dtype takes: 2 for "bfloat16"."""
    name = keras.backend.standardize_dtype(dtype)
    return 2 if name == "bfloat16" else np.dtype(name).itemsize
