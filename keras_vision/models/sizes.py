"""How large a network is: the one place that says what counts as a parameter."""

import math
from dataclasses import dataclass

from keras_vision.models.graph import activation_name, row_for, steps_of

# Layers whose channels a normalisation behind them can be made part of: scale the kernel, shift the bias.
KERNELS = dict.fromkeys(("Dense", "BaseConv", "BaseDepthwiseConv", "BaseSeparableConv", "BaseConvTranspose"), True)
# What is a scale and a shift of each channel once training is over, whatever Keras keeps for it.
SCALES = dict.fromkeys(("BatchNormalization", "Normalization"), True)


@dataclass(frozen=True)
class ParameterCounts:
    """How large a network is.

    Attributes:
        parameters: All numbers that the network needs once it is trained and exported: those of fixed filters, too. A
            batch norm right behind a kernel becomes part of it, and leaves a bias for each channel; any other is a
            scale and a shift.
        trainable_parameters: The numbers that training moves.
    """

    parameters: int
    trainable_parameters: int


def size_of(model):
    """Returns the `ParameterCounts` of a model, whose weights need not be allocated.

    Args:
        model: A functional or sequential `keras.Model` of fixed input shape.

    Raises:
        BadInput: The model's graph cannot be read.

    Example:

    >>> size_of(build_model("vgg", (28, 28, 1), 10, filters=(4,), blocks=(1,)))  # 2 + 9 x 4 + 4 + 50; 9 x 4 + 8 + 50
    ParameterCounts(parameters=92, trainable_parameters=94)
    """
    steps = steps_of(model)
    feeds = [source for step in steps for source in step.sources]
    calls = [step.layer for step in steps]
    needed, seen = 0, set()
    for step in steps:
        if id(step.layer) in seen:
            continue
        seen.add(id(step.layer))
        if row_for(step.layer, SCALES):
            channels = max(math.prod(variable.shape) for variable in step.layer.weights)
            (before,) = step.sources
            is_part = (
                feeds.count(before) == 1
                and _is_of_channels(step)
                and _takes_scale(steps[before].layer)
                and calls.count(step.layer) == calls.count(steps[before].layer) == 1
            )
            needed += channels * (2 if not is_part else not steps[before].layer.use_bias)
        else:
            needed += sum(math.prod(variable.shape) for variable in getattr(step.layer, "weights", ()))
    return ParameterCounts(needed, sum(math.prod(variable.shape) for variable in model.trainable_weights))


def _is_of_channels(step):
    """Returns whether a step scales and shifts each channel of what a channels-last kernel gives."""
    return bool(row_for(step.layer, {"BatchNormalization": True})) and step.layer.axis in (-1, len(step.output_shape))


def _takes_scale(layer):
    """Returns whether a scale and a shift of what a layer gives can be made part of its own weights."""
    is_last = getattr(layer, "data_format", "channels_last") == "channels_last"
    return bool(row_for(layer, KERNELS)) and activation_name(layer) == "linear" and is_last
