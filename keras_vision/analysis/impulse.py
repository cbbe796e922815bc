"""Reading a layer's kernel back from its answer to a unit impulse, and a map's answers from those to impulses.

A linear, shift-equivariant layer is a convolution: its answer to an impulse at p is its kernel around p. The answer is
mirrored, since deep learning's "convolution" slides the kernel as it is. A stride of s hides all but every s-th number
of the answer, so s impulses, a pixel apart, are needed along each axis.
"""

from dataclasses import dataclass

import keras
import numpy as np
from scipy import ndimage

from keras_vision.analysis.kernels import whole_kernel
from keras_vision.analysis.receptive_field_rules import padding_before
from keras_vision.errors import check_name
from keras_vision.models.graph import row_for, steps_of
from keras_vision.reporting import style

BATCH = 64


@dataclass(frozen=True)
class Impulse:
    """What a layer answered.

    Attributes:
        layer: Its name.
        response: For a convolution [height, width, inputs, outputs]: the answer around the impulse, with the zeros that
            dilation puts between. For a dense layer [inputs, outputs].
        read: The kernel read from it: mirrored, without those zeros.
        stored: The kernel in the layer's weights, written out for all pairs of input and output channels.
    """

    layer: str
    response: np.ndarray
    read: np.ndarray
    stored: np.ndarray

    @property
    def difference(self):
        """Largest difference between a weight that was read and the stored one."""
        return float(np.abs(self.read - self.stored).max())


def impulse_response(model, layer):
    """Feeds unit impulses to one layer, without its bias and its activation, and reads its kernel back.

    Args:
        model: A functional model.
        layer: Name of a convolution, depthwise convolution or dense layer in it.

    Returns:
        An `Impulse`.

    Raises:
        BadInput: There is no such layer, or it is of another kind; those that serve are listed.

    Example:

    >>> impulse_response(build_model("vgg", (32, 32, 3), 10), "block1_conv1").read.shape
    (3, 3, 3, 64)
    """
    readers = {step.name: (row_for(step.layer, READERS), step) for step in steps_of(model)}
    readers = {name: pair for name, pair in readers.items() if pair[0]}
    reader, step = readers[check_name("layer", layer, readers, "whose kernel can be read")]
    return Impulse(layer, *reader(step.layer, linear_part(step.layer, step.input_shapes[0]), step))


def superposed(function, image, strides=(1, 1)):
    """Returns what a map would answer if it were linear and commuted with shifts by its strides.

    It is the sum over all pixels of the answers to an impulse in the middle, scaled by the pixel and shifted. What a
    shift moves out is lost and zeros come in, as with zero padding.

    Args:
        function: Takes an array [n, height, width, channels], returns one [n, rows, columns, outputs].
        image: Array [height, width, channels].
        strides: Pixels of input per row and per column of output.

    Returns:
        An array [rows, columns, outputs].

    Example:

    >>> image = np.random.default_rng(0).random((4, 4, 1))
    >>> np.allclose(superposed(lambda x: 2 * x, image), 2 * image)
    True
    """
    *side, channels = image.shape
    middle = np.array(side) // 2 // strides * strides
    answers = {phase: _answers(function, side, middle + phase, channels) for phase in np.ndindex(*strides)}
    total = 0.0
    for place in np.ndindex(*side):
        rows, columns = (np.array(place) - middle) // strides
        answer = np.tensordot(image[place], answers[tuple((np.array(place) - middle) % strides)], axes=1)
        total = total + ndimage.shift(answer, (rows, columns, 0), order=0)
    return total


def linear_part(layer, input_shape):
    """Returns a float32 copy of a layer that has its kernel only: without bias, without activation.

    Args:
        layer: A convolution, depthwise convolution or dense layer.
        input_shape: Of its input, without the batch.
    """
    config = {**layer.get_config(), "activation": None, "use_bias": False, "dtype": "float32"}
    copy = type(layer).from_config(config)
    copy.build((None, *input_shape))
    copy.set_weights([_numbers(kernel) for kernel in layer.weights[: len(copy.weights)]])  # a bias would come last
    return copy


def _read_dense(layer, linear, step):
    response = _numbers(linear(np.eye(step.input_shapes[0][-1], dtype="float32")))
    return response, response, _numbers(layer.kernel)


def _read_conv(layer, linear, step):
    channels = step.input_shapes[0][-1]
    dilation, strides = np.array(layer.dilation_rate), np.array(layer.strides)
    reach = (np.array(layer.kernel_size) - 1) * dilation
    first = -(-reach // strides) * strides  # the first impulse: every tap sees it, however far the border
    side = first + strides + reach + 1
    response = np.zeros((*(reach + 1), channels, step.output_shape[-1]), "float32")
    for shift in np.ndindex(*strides):
        answers = _answers(linear, side, first + shift, channels)
        rows, columns = (
            _offsets(layer, axis, side[axis], answers.shape[1 + axis], first[axis] + shift[axis]) for axis in (0, 1)
        )
        seen = answers[:, list(rows)][:, :, list(columns)]
        response[np.ix_(list(rows.values()), list(columns.values()))] = np.moveaxis(seen, 0, 2)
    read = response[::-1, ::-1][:: dilation[0], :: dilation[1]]
    return response, read, _written_out(layer, channels, read.shape[-1])


def _offsets(layer, axis, before, after, place):
    """Returns, for each output that sees an impulse at `place`, its position in the response, along one axis."""
    taps, stride, dilation = layer.kernel_size[axis], layer.strides[axis], layer.dilation_rate[axis]
    padding = padding_before(before, after, taps, stride, dilation) if layer.padding == "same" else 0
    reach = (taps - 1) * dilation
    offsets = {output: output * stride - padding - place + reach for output in range(after)}
    return {output: offset for output, offset in offsets.items() if 0 <= offset <= reach}


def _answers(linear, side, place, channels):
    """Returns the answers [channel, height, width, outputs] to an impulse at `place` in each input channel in turn."""
    answers = []
    for start in range(0, channels, BATCH):
        batch = range(start, min(start + BATCH, channels))
        images = np.zeros((len(batch), *side, channels), "float32")
        images[np.arange(len(batch)), place[0], place[1], list(batch)] = 1
        answers.append(_numbers(linear(images)))
    return np.concatenate(answers)


def _numbers(tensor):
    return keras.ops.convert_to_numpy(tensor).astype("float32")


def _written_out(layer, channels, outputs):
    """Returns the stored kernel for all pairs of channels: zero between those of different groups."""
    kernel = whole_kernel(layer)
    whole = np.zeros((*kernel.shape[:2], channels, outputs), "float32")
    groups = channels // kernel.shape[2]
    for group in range(groups):
        inputs = slice(group * channels // groups, (group + 1) * channels // groups)
        units = slice(group * outputs // groups, (group + 1) * outputs // groups)
        whole[:, :, inputs, units] = kernel[..., units]
    return whole


# Class of the layer, or of the nearest class above it -> how its kernel is read.
READERS = {"Dense": _read_dense, "Conv2D": _read_conv, "DepthwiseConv2D": _read_conv, "SeparableConv2D": _read_conv}


def plot_impulse(impulse, pairs=5):
    """Draws responses, what is read from them, and the stored kernel, for the strongest pairs of channels.

    Args:
        impulse: An `Impulse`.
        pairs: Number of pairs of input and output channel; a dense layer is drawn as one matrix.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    stages = {"response to an impulse": impulse.response, "read back": impulse.read, "stored": impulse.stored}
    if impulse.read.ndim == 2:
        columns = {"units (down) and inputs (across)": {name: matrix[:64, :64].T for name, matrix in stages.items()}}
    else:
        strength = np.abs(impulse.stored).sum(axis=(0, 1))
        strongest = np.argsort(strength, axis=None)[::-1][:pairs]
        chosen = [np.unravel_index(i, strength.shape) for i in strongest]
        columns = {f"channel {i} to {o}": {name: k[..., i, o] for name, k in stages.items()} for i, o in chosen}
    largest = np.abs(impulse.stored).max() or 1
    figure = style.new_figure(height=5.0)
    figure.suptitle(f"{impulse.layer}: largest difference {impulse.difference:.1e}", fontsize=9)
    for number, (title, images) in enumerate(columns.items(), start=1):
        for row, (name, image) in enumerate(images.items()):
            place = (len(images), len(columns), row * len(columns) + number)
            axes = style.new_picture(figure, place, title=title if row == 0 else "")
            axes.title.set_fontsize(8)
            drawn = axes.imshow(image, cmap=style.WEIGHTS, vmin=-largest, vmax=largest, interpolation="nearest")
            if number == 1:
                axes.set_ylabel(name, fontsize=8)
    bar = figure.colorbar(drawn, ax=figure.axes, shrink=0.6, aspect=30, pad=0.02)
    bar.set_label("weight", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure
