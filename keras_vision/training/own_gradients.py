"""Gradients of our own for layers of which TensorFlow's are slow: for some shapes, on some machines, and not on others.

Which are faster is for `choosing` to find out; `acceleration` gives them to layers. What they compute is the same.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable

import keras
from keras import ops

from keras_vision.training import fast_ops


@dataclasses.dataclass(frozen=True)
class OwnGradient:
    """A gradient of our own that layers of one kind and shape could take.

    Args:
        own, stock: The function with it, and TensorFlow's.
        shapes: Of what both take: an image first.
        dtype: Of that.
        count: How many layers compute this.
        work: Roughly how much, for one image.
    """

    own: Callable
    stock: Callable
    shapes: tuple
    dtype: str
    count: int
    work: int


def own_gradients(model):
    """Returns a dict: what a layer computes, in words -> its `OwnGradient`; what takes most to compute comes first.

    Example:

    >>> list(own_gradients(build_model("vgg", (28, 28, 1), 10, filters=(8, 16), blocks=(1, 1))))
    ['convolution of 14x14x8 by 3x3x16', 'convolution of 28x28x1 by 3x3x8', 'max pooling of 28x28x8', ...]
    """
    found = {}
    for layer in model.layers:
        with contextlib.suppress(AttributeError, ValueError):  # it is used more than once, or not in the graph
            if words := _words(layer, layer.input.shape):
                count = 1 + (found[words].count if words in found else 0)
                found[words] = _own_gradient(layer, count)
    return dict(sorted(found.items(), key=lambda item: -item[1].work))


def _own_gradient(layer, count):
    image, positions = tuple(layer.input.shape[1:]), math.prod(layer.output.shape[1:-1])
    kernels = [tuple(kernel.shape) for kernel in _kernels(layer)]
    work = positions * sum(map(math.prod, kernels)) if kernels else math.prod(image)
    return OwnGradient(*OWN[type(layer)], (image, *kernels), layer.compute_dtype, count, count * work)


def _kernels(layer):
    """Returns the kernel of a layer, as a list; of a pooling there is none."""
    return [layer.kernel] if hasattr(layer, "kernel") else []


def _words(layer, shape):
    """Returns what a layer computes of images of a shape, where there is a gradient of our own for it; else None."""
    if fast_ops.has_gpu() or None in shape[1:] or len(shape) not in (3, 4):
        return None
    images = "x".join(map(str, shape[1:]))
    if len(shape) == 3:
        is_dense = type(layer) is keras.layers.Dense and not fast_ops.rewrites_to_bfloat16()
        return f"dense layer of {images} by {layer.units}" if is_dense else None
    if type(layer) is keras.layers.MaxPooling2D:
        return f"max pooling of {images}" if _has_squares(layer, shape) else None
    if type(layer) not in CONVOLUTIONS or not _is_plain(layer) or max(layer.kernel_size) == 1:
        return None
    filters = () if type(layer) is keras.layers.DepthwiseConv2D else (layer.filters,)
    kind, kernel = CONVOLUTIONS[type(layer)], "x".join(map(str, (*layer.kernel_size, *filters)))
    return f"{kind} of {images} by {kernel}"


def with_own_gradient(gradients, otherwise, layer, inputs, **options):
    """Has a gradient of our own where that was found to be faster; `otherwise` is the call of all other layers."""
    if _words(layer, inputs.shape) not in gradients:
        return otherwise(layer, inputs, **options)
    own, _ = OWN[type(layer)]
    kernels = _kernels(layer)
    outputs = own(inputs, *map(ops.convert_to_tensor, kernels))
    return _finished(layer, outputs) if kernels else outputs


def _stock_conv(x, kernel):
    return ops.conv(x, kernel, padding="same")


def _stock_depthwise_conv(x, kernel):
    return ops.depthwise_conv(x, kernel, padding="same")


def _stock_max_pool(x):
    return ops.max_pool(x, 2, 2)


def _stock_product(x, kernel):
    return ops.matmul(x, kernel)


def _is_plain(convolution):
    """Returns whether a layer convolves by odd kernels, all channels or each alone, steps of one, keeping the size."""
    return (
        getattr(convolution, "groups", 1) == getattr(convolution, "depth_multiplier", 1) == 1
        and convolution.data_format == "channels_last"
        and convolution.padding == "same"
        and set((*convolution.strides, *convolution.dilation_rate)) == {1}
        and all(side % 2 for side in convolution.kernel_size)
    )


def _finished(layer, outputs):
    """Returns what a layer makes of what its kernel gave: with its bias and its activation."""
    outputs = outputs + layer.bias if layer.use_bias else outputs
    return outputs if layer.activation is None else layer.activation(outputs)


def _has_squares(pooling, shape):
    """Returns whether a layer pools squares of 2x2 that lie side by side."""
    is_plain = pooling.pool_size == pooling.strides == (2, 2) and pooling.data_format == "channels_last"
    return is_plain and (pooling.padding == "valid" or not any(side % 2 for side in shape[1:3]))


# What has a gradient of our own, which is taken where it was found to be faster -> (our function, TensorFlow's).
OWN = {
    keras.layers.Conv2D: (fast_ops.conv, _stock_conv),
    keras.layers.DepthwiseConv2D: (fast_ops.depthwise_conv, _stock_depthwise_conv),
    keras.layers.MaxPooling2D: (fast_ops.max_pool, _stock_max_pool),
    keras.layers.Dense: (fast_ops.product, _stock_product),
}
# Those of them that convolve -> what they are called.
CONVOLUTIONS = {
    keras.layers.Conv2D: "convolution",
    keras.layers.DepthwiseConv2D: "depthwise convolution",
}
