"""What the layers of a network make of images: their features, and the units among them that do nothing."""

import dataclasses

import keras
import numpy as np
from scipy.sparse.csgraph import connected_components

from keras_vision.analysis.layer_roles import Graph
from keras_vision.models.graph import outputs_of, row_for

# A unit is dead where its values differ by no more than this share of the largest difference in its layer.
DEAD = 1e-6
ALIKE = 0.999  # the correlation from which on two units are duplicates
MOST_DRAWN = 14  # layers


@dataclasses.dataclass(frozen=True)
class LayerUse:
    """How a layer's units are used.

    Attributes:
        name: Of the layer, or of the activation behind it.
        units: How many there are: filters of a convolution.
        dead: Numbers of those that give the same value everywhere, whatever the image.
        duplicates: Numbers of those that say what an earlier one says: their correlation is at least `ALIKE`, or at
            most its negative.
        parameters: How many parameters make the dead and the duplicates: kernel, bias and norm. What reads them comes
            on top.
    """

    name: str
    units: int
    dead: tuple[int, ...]
    duplicates: tuple[int, ...]
    parameters: int


def layers_with_features(model):
    """Returns a dict: layer -> symbolic tensor, of the layers behind which learned features stand, in their order.

    They are activations, kernels that end in one, and recurrent layers.
    """
    graph, tensors = Graph(model), outputs_of(model)
    names = [graph.steps[position].name for position in _positions(graph)]
    return {name: tensors[name] for name in names if name in tensors}


def _positions(graph):
    """Yields the steps that give learned features."""
    for position in range(len(graph.steps)):
        learned = any(graph.has_kernel(one) for one in (*graph.ancestors[position], position))
        is_own = graph.roles[position] == "other" and graph.has_kernel(position)
        if learned and position not in graph.outputs and (graph.activates(position) or is_own):
            yield position


def features_of(model, images):
    """Returns a dict: layer -> its float32 features [n, ...] for uint8 images [n, h, w, c]."""
    found = keras.Model(model.inputs, layers_with_features(model)).predict_on_batch(images)
    return {name: np.asarray(values, "float32") for name, values in found.items()}


def drawn_layers(names):
    """Returns those of many layers that are drawn: the first, the last, and some between at even distances."""
    if len(names) <= MOST_DRAWN:
        return list(names)
    places = np.linspace(0, len(names) - 1, MOST_DRAWN).round().astype(int)
    return [names[place] for place in places]


def unit_use(model, pieces):
    """Returns how the units of each layer with features are used, as a list of `LayerUse`.

    Args:
        model: A functional model.
        pieces: Iterable of arrays of images [n, h, w, c]: small enough to be answered at once, many enough together
            that a unit that is alive shows it.
    """
    found, front = {}, keras.Model(model.inputs, layers_with_features(model))
    for images in pieces:
        for name, values in front.predict_on_batch(images).items():
            values = np.asarray(values, "float64").reshape(-1, values.shape[-1])
            found.setdefault(name, _Values(values.shape[1])).add(values)
    parameters = _parameters_of_a_unit(Graph(model))
    return [_use(name, values, parameters[name]) for name, values in found.items()]


class _Values:
    """Sums of the values of units, of which their ranges and correlations follow."""

    def __init__(self, units):
        self.count, self.shift = 0, None
        self.lowest, self.highest = np.full(units, np.inf), np.full(units, -np.inf)
        self.total, self.products = np.zeros(units), np.zeros((units, units))

    def add(self, values):
        self.lowest = np.minimum(self.lowest, values.min(axis=0))
        self.highest = np.maximum(self.highest, values.max(axis=0))
        self.shift = values.mean(axis=0) if self.shift is None else self.shift  # keeps the sums of squares small
        moved = values - self.shift
        self.count += len(values)
        self.total += moved.sum(axis=0)
        self.products += moved.T @ moved

    def correlations(self, units):
        mean = self.total[units] / self.count
        covariance = self.products[np.ix_(units, units)] / self.count - np.outer(mean, mean)
        deviation = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny))
        return covariance / np.outer(deviation, deviation)


def _use(name, values, parameters):
    ranges = values.highest - values.lowest
    is_dead = ranges <= DEAD * ranges.max()
    alive = np.flatnonzero(~is_dead)
    groups = connected_components(np.abs(values.correlations(alive)) >= ALIKE)[1] if len(alive) else alive
    first = np.unique(groups, return_index=True)[1]
    duplicates = tuple(np.delete(alive, first).tolist())
    dead = tuple(np.flatnonzero(is_dead).tolist())
    return LayerUse(name, len(ranges), dead, duplicates, parameters * (len(dead) + len(duplicates)))


def _parameters_of_a_unit(graph):
    """Returns a dict: layer with features -> how many parameters make one of its units."""
    found = {}
    for position in _positions(graph):
        units, layers, place = graph.steps[position].output_shape[-1], [], position
        while place is not None:
            layers.append(graph.steps[place].layer)
            place = None if graph.has_kernel(place) else graph.before(place, lambda one: False)
        found[graph.steps[position].name] = sum(map(_trainable_numbers, layers)) // units
    return found


def _trainable_numbers(layer):
    """Returns how many trainable numbers a layer's units share out among them.

    The filters before the 1x1 convolution of a separable one serve all of its units: without one they would all stay.
    """
    variables = getattr(layer, "trainable_variables", ())
    if row_for(layer, {"BaseSeparableConv": True}):
        variables = [variable for variable in variables if variable is not layer.depthwise_kernel]
    return sum(int(np.prod(variable.shape)) for variable in variables)


def last_features(model):
    """Returns a model that gives what the last layer with a kernel sees, one row [n, d] for an image.

    Example:

    >>> last_features(model).output_shape
    (None, 8)
    """
    graph, tensors = Graph(model), outputs_of(model)
    last = max(position for position in range(len(graph.steps)) if graph.has_kernel(position))
    name = graph.steps[graph.steps[last].sources[0]].name
    tensor = tensors[name]
    return keras.Model(model.inputs, tensor if len(tensor.shape) == 2 else keras.layers.Flatten()(tensor))
