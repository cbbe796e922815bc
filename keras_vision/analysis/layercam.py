"""LayerCAM: where the features of layers speak for a class.

Source: Jiang et al. 2021, "LayerCAM: exploring hierarchical class activation maps for localization", section III.
"""

import keras
import numpy as np
from keras import ops

from keras_vision.analysis.layer_roles import Graph
from keras_vision.analysis.subject import lacks_gradients, slope_function
from keras_vision.models.graph import outputs_of


def lacks(subject):
    """Returns what the subject lacks, or None."""
    if subject.model and not layers_with_positions(subject.model):
        return "a layer whose features have a place in the image"
    return lacks_gradients(subject)


def explainer(subject, layers=None):
    """Returns the function that says where the features of layers speak for a class.

    Each feature counts where it is raised and raising it would raise the score. Maps of several layers are scaled to
    their largest value, and of each pixel the largest is taken.

    Args:
        subject: A `Subject` with a model.
        layers: Names of layers in `layers_with_positions`; by default `usual_layers`.

    Returns:
        A function as the head of `explanation.py` has it, without facts.
    """
    model, grids, outputs = subject.model, layers_with_positions(subject.model), outputs_of(subject.model)
    tensors = {name: outputs[name] for name in layers or usual_layers(model)}
    front = keras.Model(model.inputs, tensors)
    slopes = {name: slope_function(keras.Model(tensor, model.outputs[0])) for name, tensor in tensors.items()}

    def piece_of(images, classes):
        found = np.zeros(images.shape[:3], "float32")
        for name, features in front.predict_on_batch(images).items():
            pull = np.maximum(slopes[name](features, classes), 0)
            heat = np.maximum((pull * features).sum(axis=-1), 0)
            heat = _enlarged(heat.reshape(-1, *grids[name]), images.shape[1:3])
            largest = heat.max(axis=(1, 2), keepdims=True)
            found = np.maximum(found, heat / np.where(largest > 0, largest, 1))
        return found

    def explain(images, classes):
        pieces = (slice(start, start + subject.at_once) for start in range(0, len(images), subject.at_once))
        maps = [piece_of(images[piece], np.asarray(classes)[piece]) for piece in pieces]
        return np.concatenate(maps), [{} for _ in images]

    return explain


def _enlarged(maps, size):
    return ops.convert_to_numpy(ops.image.resize(maps[..., None], size, interpolation="bilinear"))[..., 0]


def layers_with_positions(model):
    """Returns a dict: layer -> (rows, columns), of the layers whose features have a place in the image.

    They lie behind a layer with kernels, and all that reaches the output comes through them: what a shortcut leads
    past says nothing of the whole. Layers inside a model inside the model are seen as one.
    """
    return {name: grid for _, name, grid in _places(Graph(model), outputs_of(model))}


def usual_layers(model):
    """Returns the last layer of each size, of those that end in an activation where there are any."""
    graph = Graph(model)
    places = list(_places(graph, outputs_of(model)))
    activated = [place for place in places if graph.activates(place[0])]
    return list({grid: name for _, name, grid in activated or places}.values())


def _places(graph, own):
    """Yields (step, layer, (rows, columns)) for the layers whose features have a place in the image."""
    first = [min(step.sources, default=position) for position, step in enumerate(graph.steps)]
    for position, step in enumerate(graph.steps):
        name, *inner = step.name.split("/")
        following = graph.steps[position + 1].name if position + 1 < len(graph.steps) else ""
        is_whole = name in own and not (inner and following.startswith(f"{name}/"))
        is_passed = all(source >= position for source in first[position + 1 :])
        learned = any(graph.has_kernel(one) for one in (*graph.ancestors[position], position))
        if is_whole and is_passed and learned and (grid := _grid(graph, position)):
            yield position, name, grid


def _grid(graph, position):
    """Returns the (rows, columns) of a step's output, also where they were joined to one axis; else None."""
    shape = graph.steps[position].output_shape
    if len(shape) == 2:
        sides = (graph.steps[one].output_shape for one in sorted(graph.ancestors[position], reverse=True))
        joined = (side[:2] for side in sides if len(side) == 3 and side[0] * side[1] == shape[0])
        return next(joined, None)
    return shape[:2] if len(shape) == 3 and min(shape[:2]) > 1 else None
