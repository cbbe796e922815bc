"""A mend for a gradient that oneDNN takes wrongly on processors with AVX2 alone."""

import os
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops

from keras_vision.system.machine import instructions
from keras_vision.system.onednn import VARIABLE


def mend_gradient() -> None:
    """Gives 1x1 convolutions that skip positions another gradient where oneDNN's damages memory.

    oneDNN, as in TensorFlow 2.21, takes the gradient of their kernel with AVX2 on one thread so that it writes behind
    the end of its memory. The same numbers come from the positions that are not skipped, as a convolution of all.
    """
    if "avx2" not in instructions() or "avx512f" in instructions() or os.environ.get(VARIABLE) == "0":
        return
    entry = ops.gradient_registry._registry["Conv2D"]  # TensorFlow lets nobody register a gradient twice
    if entry["type"] is not _gradient:
        _STOCK.append(entry["type"])
        entry["type"] = _gradient


_STOCK: list[Callable] = []  # TensorFlow's own gradient, once ours is in its place


def _gradient(op: tf.Operation, upstream: tf.Tensor) -> Any:
    x, kernel = op.inputs
    strides = op.get_attr("strides")
    padding, layout = (tf.compat.as_str(op.get_attr(name)) for name in ("padding", "data_format"))
    skips = tuple(kernel.shape[:2]) == (1, 1) and tuple(strides) != (1, 1, 1, 1)
    if not skips or layout != "NHWC" or padding == "EXPLICIT":
        return _STOCK[0](op, upstream)
    of_x = tf.raw_ops.Conv2DBackpropInput(
        input_sizes=tf.shape(x), filter=kernel, out_backprop=upstream, strides=strides, padding=padding
    )
    of_kernel = tf.raw_ops.Conv2DBackpropFilter(
        input=x[:, :: strides[1], :: strides[2]],
        filter_sizes=tf.shape(kernel),
        out_backprop=upstream,
        strides=[1] * 4,
        padding="VALID",
    )
    return of_x, of_kernel
