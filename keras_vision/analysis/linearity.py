"""Is a layer linear, and does it commute with shifts of the image? Measured, kind by kind, on random inputs.

A map f is linear if f(x + y) = f(x) + f(y) (additive) and f(a x) = a f(x) for every number a, negative ones too
(homogeneous). It is equivariant to translation if shifting its input shifts its output: by one position for every
`stride` pixels. A convolution is linear and equivariant; a bias breaks the first, a dense matrix the second.
"""

import inspect
import itertools
import math
from dataclasses import dataclass

import keras
import numpy as np

from keras_vision.models.float32 import in_float32
from keras_vision.models.graph import activation_name, row_for, steps_of

# Relative error from which on a property does not hold: far above rounding, far below what breaking it gives.
TOLERANCE = 1e-4
IMAGES = 4
# Layers that can give several rows and columns for each of the input.
ENLARGING = dict.fromkeys(("UpSampling2D", "BaseConvTranspose"), True)
TEXTBOOK_SHAPE = (8, 8, 2)


@dataclass(frozen=True)
class Linearity:
    """What was measured of one kind of layer.

    Attributes:
        kind: Its class and what changes its behaviour: `"Conv2D 3x3, stride 2, bias"`.
        layer: The model's first layer of this kind; "" for the textbook maps of `textbook_table`.
        additivity: Relative error of f(x + y) = f(x) + f(y).
        homogeneity: Largest relative error of f(a x) = a f(x), over numbers a of both signs.
        every_shift: Largest relative error of equivariance over shifts by any number of pixels, away from the borders;
            None where input or output has no rows and columns, or too few of them, or more than one for each pixel.
        stride_shifts: The same over multiples of the stride.
    """

    kind: str
    layer: str
    additivity: float
    homogeneity: float
    every_shift: float | None
    stride_shifts: float | None

    def verdicts(self):
        """Returns a dict of the four properties: True, False, or None where one cannot be asked."""
        names = ("additivity", "homogeneity", "every_shift", "stride_shifts")
        errors = {name: getattr(self, name) for name in names}
        return {name: None if error is None else error < TOLERANCE for name, error in errors.items()}


def linearity_table(model, seed=0):
    """Measures each kind of layer in a model, in inference mode and in float32.

    All weights are first moved away from their starting values by random numbers, so that biases of zero and scales of
    one do not hide what the layer can do.

    Args:
        model: A functional model.
        seed: Of the inputs and of the weights.

    Returns:
        A list of `Linearity`, one per kind, in the order in which the model has them; without operations with a
        constant, such as x / 255, of which the graph tells half.
    """
    first = {}
    for step in steps_of(model):
        if step.sources and _is_map(step):
            first.setdefault(kind_of(step.layer), step)
    return [_measure_step(kind, step, seed) for kind, step in first.items()]


def _is_map(step):
    """Whether a layer, or an operation, needs nothing but the tensors that feed it."""
    if isinstance(step.layer, keras.layers.Layer):
        return True
    parameters = inspect.signature(step.layer.call).parameters.values()
    return sum(one.default is one.empty for one in parameters) <= len(step.sources)


def textbook_table(seed=0):
    """Measures the maps of `textbook_maps`.

    Returns:
        A list of `Linearity`.
    """
    return [
        measure(function, [TEXTBOOK_SHAPE], kind=kind, strides=strides, seed=seed)
        for kind, (function, strides) in textbook_maps(seed).items()
    ]


def textbook_maps(seed=0):
    """Returns the maps that textbooks ask about, of images of `TEXTBOOK_SHAPE`: name -> (function, strides).

    Args:
        seed: Of the bias and the matrix.
    """
    random = np.random.default_rng(seed)
    bias, matrix = random.standard_normal(2), random.standard_normal((128, 128))
    return {
        "ReLU": (lambda x: np.maximum(x, 0), (1, 1)),
        "adding a bias": (lambda x: x + bias, (1, 1)),
        "dense matrix on all pixels": (lambda x: (x.reshape(len(x), -1) @ matrix).reshape(x.shape), (1, 1)),
        "keeping the top-right pixel of each 2x2": (lambda x: x[:, 0::2, 1::2], (2, 2)),
    }


def measure(function, shapes, *, kind, layer="", strides=(1, 1), margins=(0, 0), seed=0):
    """Measures one map.

    Args:
        function: Takes an array [n, ...] per input, returns one array [n, ...].
        shapes: Shapes of its inputs, without n.
        kind, layer: As in `Linearity`.
        strides: Pixels of input per row and per column of output; None where there are fewer: no shift is asked for.
        margins: Rows and columns at each border of the output that padding reaches.
        seed: Of the inputs.

    Returns:
        A `Linearity`.
    """
    random = np.random.default_rng(seed)
    x, y = ([random.standard_normal((IMAGES, *shape)).astype("float32") for shape in shapes] for _ in range(2))
    of_x, of_y = function(*x), function(*y)
    of_sum = function(*(a + b for a, b in zip(x, y, strict=True)))
    scaled = {a: function(*(a * one for one in x)) for a in (-1.5, 0.4)}
    asked = (function, shapes, of_x.shape[1:], strides, margins, random)
    every, multiples = _shift_errors(*asked) if strides else (None, None)
    return Linearity(
        kind=kind,
        layer=layer,
        additivity=relative_error(of_sum, of_x + of_y),
        homogeneity=max(relative_error(found, a * of_x) for a, found in scaled.items()),
        every_shift=every,
        stride_shifts=multiples,
    )


def kind_of(layer):
    """Returns a layer's class with what changes its behaviour: window, stride, bias, activation."""
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    strides = getattr(layer, "strides", (1,))
    parts = [type(layer).__name__ + (f" {'x'.join(map(str, window))}" if window else "")]
    parts += [f"stride {'x'.join(map(str, strides))}"] if set(strides) != {1} else []
    parts += ["bias"] if getattr(layer, "use_bias", False) else []
    parts += [activation_name(layer)] if activation_name(layer) != "linear" else []
    return ", ".join(parts)


def _measure_step(kind, step, seed):
    layer, shapes = step.layer, step.input_shapes
    strides, margins = getattr(layer, "strides", None) or (1, 1), _margins(layer)
    if any(margins) and len(shapes[0]) == 3:
        shapes = [_roomy(shape, strides, margins) for shape in shapes]
    return measure(
        _with_random_weights(layer, seed),
        shapes,
        kind=kind,
        layer=step.name,
        strides=None if row_for(layer, ENLARGING) and max(getattr(layer, "size", strides)) > 1 else strides,
        margins=margins,
        seed=seed,
    )


def _margins(layer):
    """Returns how many rows and columns of the output, at each border, see what pads the image."""
    if row_for(layer, {"ZeroPadding2D": True}):
        return tuple(max(sides) for sides in layer.padding)
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None) or (1, 1)
    reach = [(taps - 1) * d for taps, d in zip(window, getattr(layer, "dilation_rate", (1, 1)), strict=False)]
    strides = getattr(layer, "strides", None) or (1, 1)
    return tuple(math.ceil(pixels / 2 / stride) for pixels, stride in zip(reach, strides, strict=True))


def _roomy(shape, strides, margins):
    """Returns an image shape that leaves an interior: at least six outputs between the margins, along each axis."""
    sides = [max(n, s * (2 * m + 6)) for n, s, m in zip(shape, strides, margins, strict=False)]
    return (*sides, shape[-1])


def _with_random_weights(layer, seed):
    random = np.random.default_rng(seed)

    def moved(variable):
        value = keras.ops.convert_to_numpy(variable)
        is_real = value.dtype.kind not in "iub"
        return value + random.uniform(0.1, 1.0, value.shape).astype(value.dtype) if is_real else value

    takes_list = row_for(layer, {"Merge": True, "Layer": False})
    if takes_list is None:  # an operation, such as x + y
        return lambda *inputs: keras.ops.convert_to_numpy(layer(*map(keras.ops.convert_to_tensor, inputs)))
    layer = in_float32(layer)
    weights = [moved(variable) for variable in layer.trainable_variables]
    others = [moved(variable) for variable in layer.non_trainable_variables]

    def function(*inputs):
        arguments = [list(inputs)] if takes_list else inputs
        options = {"training": False} if layer._call_has_training_arg else {}
        outputs, _ = layer.stateless_call(weights, others, *arguments, **options)
        return keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32"))

    return function


def _shift_errors(function, shapes, output_shape, strides, margins, random):
    """Returns the largest errors of equivariance over all shifts and over multiples of the strides."""
    if {len(shape) for shape in shapes} != {3} or len(output_shape) != 3:
        return None, None
    reach = [2 * stride for stride in strides]
    canvases = [
        random.standard_normal((IMAGES, height + reach[0], width + reach[1], channels)).astype("float32")
        for height, width, channels in shapes
    ]
    seen = {}
    for shift in itertools.product(*(range(pixels + 1) for pixels in reach)):
        windows = [canvas[:, shift[0] :, shift[1] :] for canvas in canvases]
        seen[shift] = function(*(w[:, :h, :v] for w, (h, v, _) in zip(windows, shapes, strict=True)))
    errors = {shift: _shift_error(seen[0, 0], found, shift, strides, margins) for shift, found in seen.items()}
    if None in errors.values():
        return None, None
    multiples = [e for shift, e in errors.items() if not any(s % n for s, n in zip(shift, strides, strict=True))]
    return max(errors.values()), max(multiples)


def _shift_error(still, shifted, shift, strides, margins):
    """Returns how far `shifted` is from `still` moved by whole positions: the nearest that fit, down or up."""
    choices = [{s // n, -(-s // n)} for s, n in zip(shift, strides, strict=True)]
    errors = []
    for rows, columns in itertools.product(*choices):
        top, left = margins
        height, width = still.shape[1] - rows - top, still.shape[2] - columns - left
        if height <= top or width <= left:
            return None
        moved = still[:, rows + top : rows + height, columns + left : columns + width]
        errors.append(relative_error(shifted[:, top:height, left:width], moved))
    return min(errors)


def relative_error(a, b):
    """Returns the root mean square of a - b over that of both: 0 for equal arrays, at most the root of 2."""
    scale = np.sqrt(np.mean(np.square(a)) + np.mean(np.square(b)))
    return float(np.sqrt(np.mean(np.square(a - b))) / scale) if scale else 0.0
