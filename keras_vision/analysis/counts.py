"""What a network costs: weights, multiply-accumulates (MACs), FLOPs and activation memory, layer by layer.

A MAC is one product of an input with a kernel's weight, added up. FLOPs are 2 per MAC, and 1 for every other elementary
operation on a number: each addition of a bias, comparison of a ReLU, exponential of a softmax. Everything is counted by
shape, for one image, without running the model.
"""

import dataclasses
import math
from dataclasses import dataclass

import keras

from keras_vision.models.graph import activation_name, item_bytes, row_for, steps_of
from keras_vision.models.session import clear_session
from keras_vision.models.sizes import size_of

BIASES = ("bias", "beta")
STATISTICS = ("moving_mean", "moving_variance", "mean", "variance", "count")

# Elementary operations per number; any other function counts as one. Softmax: as TensorFlow's profiler has it.
ACTIVATION_FLOPS = {
    **{"linear": 0, "relu": 1, "tanh": 1, "relu6": 2, "leaky_relu": 2, "elu": 3, "selu": 4, "sigmoid": 4},
    **{"gelu": 5, "silu": 5, "softmax": 5},
}


@dataclass(frozen=True)
class LayerCounts:
    """What one layer costs, for one image.

    Attributes:
        name, kind: The layer's name and class.
        output_shape: Without the batch axis.
        weights: Kernels and scales. A layer that is called twice has them in its first row only.
        biases: Biases and shifts.
        statistics: Numbers that no gradient changes, such as moving means.
        macs: Multiply-accumulates, or None for a kind of layer that `RULES` does not know.
        flops: Floating-point operations, or None likewise.
        activation_bytes: Size of the output; 0 where it is a view of the input.
    """

    name: str
    kind: str
    output_shape: tuple
    weights: int
    biases: int
    statistics: int
    macs: int | None
    flops: int | None
    activation_bytes: int


@dataclass(frozen=True)
class ModelCounts:
    """What a model costs, for one image.

    Attributes:
        layers: A `LayerCounts` per layer call, in the order they run.
        weights, biases, statistics: Sums over the layers.
        parameters, trainable_parameters: As `keras_vision.models.sizes.ParameterCounts` has them: what the exported
            network needs, and what training moves.
        macs, flops: Of inference, over the layers that could be counted.
        training_macs, training_flops: Of a training step's share for one image: forward, gradients of the kernels, and
            gradients of the inputs wherever something before is trainable. The optimiser's few operations per weight
            come once per step and are not among them.
        weight_bytes: Weights, biases and statistics in their stored precision.
        peak_activation_bytes: The most that is alive at once in inference.
        training_activation_bytes: All outputs, kept for the backward pass.
        not_counted: Names of layers whose MACs and FLOPs are unknown, and are missing from the sums.
    """

    layers: tuple
    weights: int
    biases: int
    statistics: int
    parameters: int
    trainable_parameters: int
    macs: int
    flops: int
    training_macs: int
    training_flops: int
    weight_bytes: int
    peak_activation_bytes: int
    training_activation_bytes: int
    not_counted: tuple


def count(model):
    """Counts a model's weights, operations and memory.

    Args:
        model: A functional or sequential `keras.Model` of fixed input shape.

    Returns:
        A `ModelCounts`, for one image.

    Raises:
        BadInput: The model's graph cannot be read.

    Example:

    >>> count(build_model("mlp", (28, 28, 1), 10)).macs
    668672
    """
    steps = steps_of(model)
    layers = tuple(_count_layer(step, first) for step, first in zip(steps, _first_calls(steps), strict=True))
    training = [_training_work(*pair) for pair in zip(layers, _backward_passes(steps), strict=True)]
    return ModelCounts(
        layers=layers,
        **{name: sum(getattr(layer, name) for layer in layers) for name in ("weights", "biases", "statistics")},
        **dataclasses.asdict(size_of(model)),
        macs=sum(layer.macs or 0 for layer in layers),
        flops=sum(layer.flops or 0 for layer in layers),
        training_macs=sum(macs for macs, _ in training),
        training_flops=sum(flops for _, flops in training),
        weight_bytes=sum(math.prod(v.shape) * item_bytes(v.dtype) for v in model.weights),
        peak_activation_bytes=_peak_bytes(steps, layers),
        training_activation_bytes=sum(layer.activation_bytes for layer in layers) + _random_bytes(steps),
        not_counted=tuple(layer.name for layer in layers if layer.macs is None),
    )


def count_unbuilt(build):
    """Counts the model that `build()` returns, without ever allocating its weights, however many they are.

    Keras is left as after `clear_session`.

    Example:

    >>> count_unbuilt(lambda: build_model("mlp", (28, 28, 1), 10, hidden_units=(100_000,) * 2)).parameters
    10079600012
    """
    with keras.StatelessScope():  # the variables made inside get their values where it ends
        try:
            return count(build())
        finally:
            clear_session(free_memory=False)  # unless they are forgotten before


def _count_layer(step, is_first_call):
    weights = {"weights": 0, "biases": 0, "statistics": 0}
    for variable in getattr(step.layer, "weights", ()) if is_first_call else ():
        kind = "biases" if variable.name in BIASES else "statistics" if variable.name in STATISTICS else "weights"
        weights[kind] += math.prod(variable.shape)
    rule = row_for(step.layer, RULES)
    macs, other = rule(step.layer, step) if rule else (None, None)
    return LayerCounts(
        name=step.name,
        kind=type(step.layer).__name__,
        output_shape=step.output_shape,
        **weights,
        macs=macs,
        flops=None if macs is None else 2 * macs + other,
        activation_bytes=0 if row_for(step.layer, VIEWS) else step.output_bytes,
    )


def _first_calls(steps):
    """Returns for each step whether it is the first that uses its layer's weights."""
    seen = set()
    return [not (id(step.layer) in seen or seen.add(id(step.layer))) for step in steps]


def _backward_passes(steps):
    """Returns for each step how often its MACs are done again backwards: for its kernels, and for its inputs."""
    reaches_weights, passes = [], []
    for step in steps:
        before = any(reaches_weights[source] for source in step.sources)
        own = bool(getattr(step.layer, "trainable_weights", ()))
        reaches_weights.append(before or own)
        passes.append(before + own)
    return passes


def _training_work(layer, backward_passes):
    """Returns MACs and FLOPs of a layer, forward and backward; what is not MACs is done once more at most."""
    macs, flops = layer.macs or 0, layer.flops or 0
    return macs * (1 + backward_passes), flops + 2 * macs * backward_passes + (flops - 2 * macs) * bool(backward_passes)


def _peak_bytes(steps, layers):
    """Returns the most bytes of outputs that wait for a later step at any moment, in the order of `steps`."""
    holders, last_use = [], {}
    for position, step in enumerate(steps):
        for source in step.sources:
            last_use[holders[source]] = position
        holders.append(holders[step.sources[0]] if row_for(step.layer, VIEWS) else position)
        last_use.setdefault(holders[position], position)
    alive = peak = 0
    for position, layer in enumerate(layers):
        alive += layer.activation_bytes
        peak = max(peak, alive)
        alive -= sum(layers[held].activation_bytes for held, last in last_use.items() if last == position)
    return peak


# Rules: (layer, step) -> (MACs, FLOPs that are not part of a MAC), for one image.


def _free(layer, step):
    return 0, 0


def _each_output(flops):
    return lambda layer, step: (0, flops * math.prod(step.output_shape))


def _per_output(layer, step, macs):
    """A kernel layer: so many MACs for each output, then perhaps its bias, then its activation."""
    return macs * math.prod(step.output_shape), math.prod(step.output_shape) * (layer.use_bias + _activation(layer))


def _activation(layer):
    return ACTIVATION_FLOPS.get(activation_name(layer), 1)


def _activation_layer(layer, step):
    return 0, math.prod(step.output_shape) * _activation(layer)


def _dense(layer, step):
    return _per_output(layer, step, step.input_shapes[0][-1])


def _conv(layer, step):
    channels = step.input_shapes[0][0 if layer.data_format == "channels_first" else -1]
    return _per_output(layer, step, math.prod(layer.kernel_size) * channels // layer.groups)


def _depthwise_conv(layer, step):
    return _per_output(layer, step, math.prod(layer.kernel_size))


def _separable_conv(layer, step):
    """A filter for each channel, whose outputs the second convolution multiplies for each filter."""
    between = step.input_shapes[0][0 if layer.data_format == "channels_first" else -1] * layer.depth_multiplier
    positions = math.prod(step.output_shape) // layer.filters
    macs, other = _per_output(layer, step, between)
    return macs + positions * between * math.prod(layer.kernel_size), other


def _pool(layer, step):
    return 0, math.prod(layer.pool_size) * math.prod(step.output_shape)


def _global_pool(layer, step):
    return 0, math.prod(step.input_shapes[0])


def _merge(layer, step):
    return 0, max(1, len(step.sources) - 1) * math.prod(step.output_shape)  # one source: with a constant


def _recurrent(gates, products):
    """A recurrent layer: `gates` kernels on input and state, then `products` elementwise operations a unit."""

    def rule(layer, step):
        steps, features = step.input_shapes[0]
        macs = gates * layer.units * (features + layer.units)
        outer = ACTIVATION_FLOPS.get(layer.activation.__name__, 1)
        inner = ACTIVATION_FLOPS.get(getattr(layer, "recurrent_activation", layer.activation).__name__, 1)
        biases = math.prod(layer.cell.bias.shape) if layer.use_bias else 0
        other = biases + layer.units * products(inner, outer)
        return steps * macs, steps * other

    return rule


def _bidirectional(layer, step):
    merges = layer.merge_mode not in (None, "concat")
    directions = [row_for(one, RULES)(one, step) for one in (layer.forward_layer, layer.backward_layer)]
    macs, other = (sum(work) for work in zip(*directions, strict=True))
    return macs, other + merges * math.prod(step.output_shape)


def _random_bytes(steps):
    """Returns what the outputs of dropout and noise take in training; in inference they are their input."""
    return sum(step.output_bytes for step in steps if row_for(step.layer, RANDOM))


RANDOM = dict.fromkeys(("Dropout", "GaussianNoise"), True)
# Layers whose output is their input under another shape, or in inference the input itself: they take no memory.
VIEWS = dict.fromkeys(("Flatten", "Reshape", "Identity"), True) | RANDOM
# Layers that move numbers and compute nothing.
MOVES = ("InputLayer", "Permute", "Transpose", "Concatenate", "ZeroPadding2D", "Cropping2D")

# Class of the layer, or of the nearest class above it -> its rule. Normalisations work as in inference: batch norm and
# pixel normalisation as a scale and a shift, layer norm as mean, deviation, square, sum, and three per number.
RULES = {
    **dict.fromkeys((*VIEWS, *MOVES), _free),
    "Dense": _dense,
    "BaseConv": _conv,
    "BaseDepthwiseConv": _depthwise_conv,
    "BaseSeparableConv": _separable_conv,
    "BasePooling": _pool,
    "BaseGlobalPooling": _global_pool,
    "LSTM": _recurrent(4, lambda gate, state: 3 * gate + 2 * state + 4),
    "GRU": _recurrent(3, lambda gate, state: 2 * gate + state + 5),
    "SimpleRNN": _recurrent(1, lambda gate, state: state + 1),
    "Bidirectional": _bidirectional,
    **dict.fromkeys(("BatchNormalization", "Normalization", "Rescaling"), _each_output(2)),
    "LayerNormalization": _each_output(7),
    "Activation": _activation_layer,
    "ReLU": _each_output(1),
    **dict.fromkeys(("LeakyReLU", "PReLU"), _each_output(2)),
    "Softmax": _each_output(5),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum", "Average"), _merge),
}
