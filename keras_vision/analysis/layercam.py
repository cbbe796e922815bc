"""LayerCAM: where the features of a layer speak for a class.

Source: Jiang et al. 2021, "LayerCAM: exploring hierarchical class activation maps for localization", section III.
"""

import keras
import numpy as np
from keras import ops

from keras_vision.analysis.layer_roles import Graph
from keras_vision.analysis.subject import lacks_gradients, slopes


def explain(subject, images, classes, layers=None):
    """Returns where the features of layers speak for a class.

    Each feature counts where it is raised and raising it would raise the score. Maps of several layers are scaled to
    their largest value, and of each pixel the largest is taken.

    Args:
        subject: A `Subject` with a model.
        images: Float32 array [n, height, width, channels] of raw pixels.
        classes: Int array [n], the class that each is explained for.
        layers: Names of layers in `layers_with_positions`; by default `usual_layers`.

    Returns:
        (Float32 array [n, height, width], list of n empty dicts).
    """
    classes, model = np.asarray(classes), subject.model
    grids = layers_with_positions(model)
    tensors = {name: model.get_layer(name).output for name in layers or usual_layers(model)}
    front = keras.Model(model.inputs, tensors)
    tails = {name: keras.Model(tensor, model.outputs[0]) for name, tensor in tensors.items()}
    maps = np.zeros(images.shape[:3], "float32")
    for start in range(0, len(images), subject.at_once):
        piece = slice(start, start + subject.at_once)
        for name, features in front.predict_on_batch(images[piece]).items():
            pull = np.maximum(slopes(tails[name], features, classes[piece]), 0)
            heat = np.maximum((pull * features).sum(axis=-1), 0)
            heat = _enlarged(heat.reshape(-1, *grids[name]), images.shape[1:3])
            maps[piece] = np.maximum(maps[piece], heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-30))
    return maps, [{} for _ in images]


def lacks(subject):
    """Returns what the subject lacks, or None."""
    if subject.model and not layers_with_positions(subject.model):
        return "a layer whose features have a place in the image"
    return lacks_gradients(subject)


def _enlarged(maps, size):
    return ops.convert_to_numpy(ops.image.resize(maps[..., None], size, interpolation="bilinear"))[..., 0]


def layers_with_positions(model):
    """Returns a dict: layer -> (rows, columns), of the layers whose features have a place in the image.

    They lie behind a layer with kernels, and all that reaches the output comes through them: what a shortcut leads
    past says nothing of the whole. Layers inside a model inside the model are seen as one.
    """
    graph, found = Graph(model), {}
    own = {layer.name for layer in model.layers}
    first = [min(step.sources, default=position) for position, step in enumerate(graph.steps)]
    for position, step in enumerate(graph.steps):
        name, *inner = step.name.split("/")
        following = graph.steps[position + 1].name if position + 1 < len(graph.steps) else ""
        is_whole = name in own and not (inner and following.startswith(f"{name}/"))
        is_passed = all(source >= position for source in first[position + 1 :])
        learned = any(graph.has_kernel(one) for one in (*graph.ancestors[position], position))
        if is_whole and is_passed and learned and (grid := _grid(graph, position)):
            found[name] = grid
    return found


def _grid(graph, position):
    """Returns the (rows, columns) of a step's output, also where they were joined to one axis; else None."""
    shape = graph.steps[position].output_shape
    if len(shape) == 2:
        sides = (graph.steps[one].output_shape for one in sorted(graph.ancestors[position], reverse=True))
        joined = (side[:2] for side in sides if len(side) == 3 and side[0] * side[1] == shape[0])
        return next(joined, None)
    return shape[:2] if len(shape) == 3 and min(shape[:2]) > 1 else None


def usual_layers(model):
    """Returns the last layer of each size."""
    return list({grid: name for name, grid in layers_with_positions(model).items()}.values())
