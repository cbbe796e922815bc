import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import ops

from keras_vision.system import conv_gradient


@pytest.fixture
def _mended(monkeypatch):
    """Has the mend in place, whatever the processor, for the length of a test."""
    monkeypatch.setattr(conv_gradient, "instructions", lambda: {"avx2"})
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    before = ops.gradient_registry._registry["Conv2D"]["type"]
    conv_gradient.mend_gradient()
    yield
    ops.gradient_registry._registry["Conv2D"]["type"] = before


def _tensors(side, rows, channels=3, filters=4):
    random = np.random.default_rng(0)
    shapes = (2, side, side + 1, channels), (rows, rows, channels, filters)
    return [tf.constant(random.normal(size=shape).astype("float32")) for shape in shapes]


def _gradients(x, kernel, strides, padding):
    with tf.GradientTape() as tape:
        tape.watch((x, kernel))
        y = tf.nn.conv2d(x, kernel, strides, padding)
        loss = tf.reduce_sum(y * tf.reshape(tf.range(tf.size(y), dtype=tf.float32), tf.shape(y)))
    return tape.gradient(loss, (x, kernel))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("strides", [1, 2, (2, 3)])
@pytest.mark.parametrize("rows", [1, 3])
def test_gradients_are_those_of_a_larger_kernel_with_zeros_around(rows, strides, padding, _mended):
    x, kernel = _tensors(7, rows)
    if rows > 1:
        padding = "VALID"
    of_x, of_kernel = _gradients(x, kernel, strides, padding)
    wide = tf.pad(kernel, [[1, 1], [1, 1], [0, 0], [0, 0]])  # which takes another kernel of oneDNN
    around = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    of_around, of_wide = _gradients(around, wide, strides, "VALID")
    np.testing.assert_allclose(of_kernel, of_wide[1:-1, 1:-1], rtol=1e-4)
    np.testing.assert_allclose(of_x, of_around[:, 1:-1, 1:-1], rtol=1e-4)


def test_no_gradient_of_a_1x1_kernel_skips_positions(_mended):
    step = tf.function(lambda x, kernel: _gradients(x, kernel, 2, "SAME"))
    graph = step.get_concrete_function(*_tensors(8, 1)).graph
    strides = [op.get_attr("strides") for op in graph.get_operations() if op.type == "Conv2DBackpropFilter"]
    assert strides == [[1, 1, 1, 1]]


@pytest.mark.parametrize(("flags", "variable"), [({"avx2", "avx512f"}, "1"), ({"avx2"}, "0"), (set(), "1")])
def test_elsewhere_tensorflows_gradient_stays(flags, variable, monkeypatch):
    monkeypatch.setattr(conv_gradient, "instructions", lambda: flags)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", variable)
    before = dict(ops.gradient_registry._registry["Conv2D"])
    conv_gradient.mend_gradient()
    assert ops.gradient_registry._registry["Conv2D"] == before
