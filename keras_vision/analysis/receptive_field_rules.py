"""How each kind of layer changes what units see.

A rule takes (layer, step, fields of the step's sources) and returns a `Field`, or None where it cannot be told.
"""

import math
from dataclasses import replace

from keras_vision.analysis.receptive_field_values import AXES, Walk


def _same(layer, step, sources):
    return sources[0]


def _dense(layer, step, sources):
    return _mix(sources[0], [-1], step.output_shape)


def _recurrent(layer, step, sources):
    """Takes every time step to see what the last one does: all features of all steps."""
    return _mix(sources[0], [0, 1], step.output_shape)


def _normalise(layer, step, sources):
    field = sources[0]
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    axes = [axis - 1 if axis > 0 else axis for axis in axes]
    return _mix(field, axes, step.output_shape) if any(_spatial(field.layout[axis]) for axis in axes) else field


def _global_pool(layer, step, sources):
    axes = list(range(len(sources[0].layout)))
    axes.pop(_channels(layer))
    return _mix(sources[0], axes, step.output_shape)


def _conv(layer, step, sources):
    before = list(step.input_shapes[0])
    before[_channels(layer)] = layer.filters
    return _slide(_mix(sources[0], [_channels(layer)], before), layer, step, layer.kernel_size)


def _depthwise_conv(layer, step, sources):
    field = sources[0]
    if layer.depth_multiplier > 1:  # so many outputs for each channel, side by side
        layout = list(field.layout)
        layout[_channels(layer)] += (Walk(None, layer.depth_multiplier),)
        field = replace(field, layout=tuple(layout))
    return _slide(field, layer, step, layer.kernel_size)


def _pool(layer, step, sources):
    return _slide(sources[0], layer, step, layer.pool_size)


def _pad(layer, step, sources):
    return _moved(sources[0], step, [-before for before, _ in layer.padding])


def _crop(layer, step, sources):
    return _moved(sources[0], step, [before for before, _ in layer.cropping])


def _permute(layer, step, sources):
    return replace(sources[0], layout=tuple(sources[0].layout[axis - 1] for axis in layer.dims))


def _reshape(layer, step, sources):
    """Deals the walks out to the new axes, in order; one that is longer than its axis is split in two."""
    walks = [walk for axis in sources[0].layout for walk in axis if walk.length > 1]
    layout = []
    for length in step.output_shape:
        axis = []
        while length > 1:
            walk = walks.pop(0)
            outer = min(length, walk.length)
            if length % outer or walk.length % outer:
                return None
            inner = walk.length // outer
            axis.append(Walk(walk.axis, outer, walk.jump * inner))
            if inner > 1:
                walks.insert(0, replace(walk, length=inner))
            length //= outer
        layout.append(tuple(axis))
    return replace(sources[0], layout=tuple(layout))


def _merge(layer, step, sources):
    """Sees what any of its sources sees."""
    layout = _merged_layout(sources, step.output_shape)
    if layout is None:
        return None
    merged = replace(sources[0], layout=layout)
    for axis in AXES:
        if any(field.is_global_along(axis) for field in sources):
            merged = _spread(merged, axis)
        elif len({field.jump[axis] for field in sources}) > 1:
            return None
        else:
            start = min(field.start[axis] for field in sources)
            end = max(field.start[axis] + field.size[axis] for field in sources)
            merged = _along(merged, axis, start=start, size=end - start)
    return merged


def _merged_layout(sources, shape):
    layout = []
    for position, length in enumerate(shape):
        walks = [field.layout[position] for field in sources if len(field.layout) == len(shape)]
        fitting = [axis for axis in walks if math.prod(walk.length for walk in axis) == length]
        spatial = [axis for axis in fitting if _spatial(axis)]
        if (not fitting and any(map(_spatial, walks))) or any(axis != spatial[0] for axis in spatial):
            return None
        layout.append(next(iter(spatial or fitting), (Walk(None, length),)))
    return tuple(layout)


def _mix(field, axes, shape):
    """Sees all positions along some axes of the input at once; its output has `shape`, without the axes it drops."""
    mixed = {axis % len(field.layout) for axis in axes}
    size = list(field.size)
    for position in mixed:
        for walk in _spatial(field.layout[position]):
            size[walk.axis] += (walk.length - 1) * walk.jump
    if len(shape) == len(field.layout):
        layout = [(Walk(None, shape[i]),) if i in mixed else walks for i, walks in enumerate(field.layout)]
    else:
        layout = [walks for i, walks in enumerate(field.layout) if i not in mixed] or [(Walk(None, shape[-1]),)]
    return replace(field, size=tuple(size), layout=tuple(layout))


def _slide(field, layer, step, window):
    """Sees a window of positions along each axis but the channels'."""
    positions = list(range(len(field.layout)))
    positions.pop(_channels(layer))
    dilations = getattr(layer, "dilation_rate", (1,) * len(window))
    for position, taps, stride, dilation in zip(positions, window, layer.strides, dilations, strict=True):
        if len(field.layout[position]) != 1:
            return None
        walk = field.layout[position][0]
        before, after = step.input_shapes[0][position], step.output_shape[position]
        padding = padding_before(before, after, taps, stride, dilation) if layer.padding == "same" else 0
        slid = (replace(walk, length=after, jump=walk.jump * stride),)
        field = replace(field, layout=(*field.layout[:position], slid, *field.layout[position + 1 :]))
        if walk.axis in AXES:
            start = field.start[walk.axis] - padding * walk.jump
            size = field.size[walk.axis] + (taps - 1) * dilation * walk.jump
            field = _along(field, walk.axis, start=start, size=size)
    return field


def _moved(field, step, positions):
    """Sees the same from a position further on, or back in the padding, along each axis of an image."""
    if [len(walks) for walks in field.layout] != [1, 1, 1]:
        return None
    rows, columns, channels = (walks[0] for walks in field.layout)
    layout = []
    for walk, length, further in zip((rows, columns), step.output_shape, positions, strict=False):
        layout.append((replace(walk, length=length),))
        if walk.axis in AXES:
            start = field.start[walk.axis] + further * walk.jump
            field = _along(field, walk.axis, start=start, size=field.size[walk.axis])
    return replace(field, layout=(*layout, (channels,)))


def padding_before(before, after, taps, stride, dilation):
    """Returns how many zeros "same" padding puts before the first of `before` positions, to give `after` of them."""
    return max((after - 1) * stride + (taps - 1) * dilation + 1 - before, 0) // 2


def _spread(field, axis):
    """Lets every unit see all of the image along one axis."""
    layout = (tuple(Walk(None, w.length) if w.axis == axis else w for w in walks) for walks in field.layout)
    return _along(replace(field, layout=tuple(layout)), axis, start=0, size=field.image[axis])


def _along(field, axis, *, start, size):
    starts, sizes = list(field.start), list(field.size)
    starts[axis], sizes[axis] = start, size
    return replace(field, start=tuple(starts), size=tuple(sizes))


def _spatial(walks):
    return [walk for walk in walks if walk.axis in AXES]


def _channels(layer):
    return 0 if layer.data_format == "channels_first" else -1


# Class of the layer, or of the nearest class above it -> its rule.
RULES = {
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "PReLU", "Softmax", "Dropout"), _same),
    **dict.fromkeys(("Rescaling", "Identity"), _same),
    **dict.fromkeys(("BatchNormalization", "Normalization"), _same),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Divide", "TrueDivide"), _merge),
    **dict.fromkeys(("Maximum", "Minimum", "Average", "Concatenate"), _merge),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "Bidirectional"), _recurrent),
    **dict.fromkeys(("Flatten", "Reshape"), _reshape),
    "LayerNormalization": _normalise,
    "Permute": _permute,
    "ZeroPadding2D": _pad,
    "Cropping2D": _crop,
    "Dense": _dense,
    **dict.fromkeys(("BaseConv", "BaseSeparableConv"), _conv),
    "BaseDepthwiseConv": _depthwise_conv,
    "BasePooling": _pool,
    "BaseGlobalPooling": _global_pool,
}
