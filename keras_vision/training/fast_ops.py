"""Faster ways of TensorFlow to compute what a few layers compute; `acceleration.py` says where they apply."""

import functools
import math
import os

import tensorflow as tf

from keras_vision.system.machine import cores

# The option under which oneDNN runs the convolutions and matrix products of float32 graphs in bfloat16.
BFLOAT16_REWRITE = "auto_mixed_precision_onednn_bfloat16"


def fused_batch_norm(x, gamma, beta, epsilon, mean=None, variance=None):
    """Returns x normalised by the given statistics, or by its own; and the mean and unbiased variance used.

    Args:
        x: (batch, height, width, channels) in float16, bfloat16 or float32.
        gamma, beta, mean, variance: float32 (channels,).
        epsilon: Added to the variance.
    """
    return tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, mean, variance, epsilon=epsilon, is_training=mean is None)


def rewrites_to_bfloat16():
    """Returns whether that option is on."""
    return tf.config.optimizer.get_experimental_options().get(BFLOAT16_REWRITE, False)


def computes_in_bfloat16():
    """Returns whether that option is on and a graph is being made: what runs at once is not rewritten."""
    return rewrites_to_bfloat16() and not tf.executing_eagerly()


one_pass = functools.partial(tf.function, jit_compile=True, autograph=False)


@tf.custom_gradient
def gelu(x):
    """x times the normal distribution function of x; it and its gradient are compiled into one pass over memory each.

    TensorFlow makes five passes, and ten for the gradient.
    """
    return _gelu(x), functools.partial(_gelu_gradient, x)


@one_pass
def _gelu(x):
    wide = _wide(x)
    return tf.cast(wide * _normal_distribution(wide), x.dtype)


@one_pass
def _gelu_gradient(x, upstream):
    wide = _wide(x)
    density = tf.exp(wide * wide * -0.5) * (1 / math.sqrt(2 * math.pi))
    slope = _normal_distribution(wide) + wide * density
    return tf.cast(tf.cast(upstream, wide.dtype) * slope, x.dtype)


def _wide(x):
    return tf.cast(x, tf.float32) if x.dtype == tf.bfloat16 else x


def _normal_distribution(x):
    return tf.math.erf(x * math.sqrt(0.5)) * 0.5 + 0.5


def dense(x, kernel, bias):
    """Multiplies the last axis by a matrix and adds a bias, in bfloat16, whatever comes in.

    The gradient of the bias is a product, too: with a row of ones, which takes a tenth of TensorFlow's own.

    Args:
        x: (..., inputs), float32 or bfloat16.
        kernel: float32 (inputs, units).
        bias: float32 (units,).

    Returns:
        bfloat16 (..., units).
    """
    return _dense(x, tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias))  # a custom gradient takes no variables


@tf.custom_gradient
def _dense(x, kernel, bias):
    inputs, units = kernel.shape
    rows, narrow = _narrow_rows(x), tf.cast(kernel, tf.bfloat16)
    outputs = tf.nn.bias_add(tf.matmul(rows, narrow), tf.cast(bias, tf.bfloat16))

    def gradient(upstream):
        slopes = _narrow_rows(upstream)
        of_x = _shaped_like(tf.matmul(slopes, narrow, transpose_b=True), x, inputs)
        of_kernel = tf.matmul(rows, slopes, transpose_a=True)
        return tf.cast(of_x, x.dtype), tf.cast(of_kernel, kernel.dtype), column_sums(slopes)

    return _shaped_like(outputs, x, units), gradient


def layer_norm(x, gamma, beta, epsilon, dtype):
    """Normalises the last axis, with statistics and the gradient of x in float32, in few passes over memory.

    TensorFlow takes a pass for each of a dozen operations. For bfloat16 the variance is E[x^2] - E[x]^2, which needs no
    tensor of differences. With a mean of 30 standard deviations its error is still below that of rounding the result
    to bfloat16; with one of 1,000 it would be all error.

    Args:
        x: float32 (..., channels).
        gamma, beta: float32 (channels,).
        epsilon: Added to the variance.
        dtype: Of the result: "float32" or "bfloat16".

    Returns:
        A tensor of the shape of x.
    """

    @tf.custom_gradient  # which takes no variables
    def normalized(x, gamma, beta):
        mean = tf.reduce_mean(x, -1, keepdims=True)
        variance = (_variance if dtype == "float32" else _rough_variance)(x, mean)
        scale = tf.math.rsqrt(variance + epsilon)  # outside of what is compiled, which would take one root a number

        def gradient(upstream):
            of_x, products = _layer_norm_gradient(x, gamma, mean, scale, upstream)
            return of_x, *(column_sums(tf.cast(_rows(one), dtype)) for one in (products, upstream))

        return _scaled(x, mean, scale, gamma, beta, dtype), gradient

    return normalized(x, *map(tf.convert_to_tensor, (gamma, beta)))


def _variance(x, mean):
    return tf.reduce_mean(tf.math.squared_difference(x, mean), -1, keepdims=True)


def _rough_variance(x, mean):
    length = tf.math.reduce_euclidean_norm(x, -1, keepdims=True)
    return tf.maximum(tf.square(length) / x.shape[-1] - tf.square(mean), 0)


@one_pass
def _scaled(x, mean, scale, gamma, beta, dtype):
    return tf.cast((x - mean) * scale * gamma + beta, dtype)


@one_pass
def _layer_norm_gradient(x, gamma, mean, scale, upstream):
    narrow, normal = upstream.dtype, (x - mean) * scale
    upstream = tf.cast(upstream, x.dtype)
    slopes = upstream * gamma
    along = tf.reduce_mean(slopes * normal, -1, keepdims=True)
    of_x = scale * (slopes - tf.reduce_mean(slopes, -1, keepdims=True) - normal * along)
    return of_x, tf.cast(upstream * normal, narrow)


def _rows(x):
    """Returns x as a matrix, its last axis for columns."""
    return tf.reshape(x, (-1, x.shape[-1]))


def _narrow_rows(x):
    """Returns x as a matrix in bfloat16, its last axis for columns."""
    return tf.cast(_rows(x), tf.bfloat16)


def _shaped_like(rows, like, columns):
    """Returns a matrix in the shape of a tensor, but for the last axis."""
    outputs = tf.reshape(rows, tf.concat([tf.shape(like)[:-1], [columns]], 0))
    outputs.set_shape([*like.shape[:-1], columns])
    return outputs


def column_sums(rows):
    """Returns the sums of a matrix' columns as float32: added so by a product, of bfloat16 rounded to 8 bits."""
    return tf.cast(tf.matmul(tf.ones((1, tf.shape(rows)[0]), rows.dtype), rows)[0], tf.float32)


def product(x, kernel):
    """Multiplies the last of three axes by a matrix.

    On a processor with AVX2 alone TensorFlow's own gradient of the matrix, a product by a transposed matrix, takes
    twice as long as the product forwards, where positions are many. This one lays out the wider of the two matrices
    anew, so that both are read along rows.

    Args:
        x: (batch, positions, inputs).
        kernel: (inputs, units).
    """
    return _product(x, tf.convert_to_tensor(kernel))  # a custom gradient takes no variables


@tf.custom_gradient
def _product(x, kernel):
    def gradient(upstream):
        is_wider = x.shape[-1] >= upstream.shape[-1]
        wide, narrow = (x, upstream) if is_wider else (upstream, x)
        columns = tf.reshape(tf.transpose(wide, [2, 0, 1]), (wide.shape[-1], -1))
        of_kernel = tf.matmul(columns, _rows(narrow))
        return tf.matmul(upstream, kernel, transpose_b=True), of_kernel if is_wider else tf.transpose(of_kernel)

    return tf.matmul(x, kernel), gradient


def conv(x, kernel):
    """Convolves, stride 1, padded to keep the size.

    TensorFlow's own gradient of the kernel takes up to four times as long as the convolution where there are few
    positions and many channels. But that gradient is again a convolution: of the images by the upstream gradient, with
    channels for images and images for channels. It is the slower one where there are many positions.

    Args:
        x: (batch, height, width, channels).
        kernel: (rows, columns, channels, filters), of odd rows and columns.
    """
    return _conv(x, tf.convert_to_tensor(kernel))  # a custom gradient takes no variables


@tf.custom_gradient
def _conv(x, kernel):
    def gradient(upstream):
        rows, columns = kernel.shape[:2]
        padding = [[0, 0], [rows // 2] * 2, [columns // 2] * 2, [0, 0]]
        channels, filters = tf.transpose(x, [3, 1, 2, 0]), tf.transpose(upstream, [1, 2, 0, 3])
        of_kernel = tf.transpose(tf.nn.conv2d(channels, filters, 1, padding), [1, 2, 0, 3])
        return tf.nn.conv2d_transpose(upstream, kernel, tf.shape(x), 1, "SAME"), of_kernel

    return tf.nn.conv2d(x, kernel, 1, "SAME"), gradient


def depthwise_conv(x, kernel):
    """Convolves each channel by its own filter, stride 1, padded to keep the size.

    On a processor with AVX512_BF16 TensorFlow's own gradient of the kernel takes 8 times as long as the convolution, in
    bfloat16 25 times. But that gradient is again a depthwise convolution: of the images by the upstream gradient, with
    (image, channel) pairs for channels, summed over the images. On one with AVX2 alone it takes 1.5 to 4 times as long
    as TensorFlow's.

    Args:
        x: (batch, height, width, channels).
        kernel: (rows, columns, channels, 1), of odd rows and columns.
    """
    return _depthwise_conv(x, tf.convert_to_tensor(kernel))  # a custom gradient takes no variables


@tf.custom_gradient
def _depthwise_conv(x, kernel):
    convolve = functools.partial(tf.nn.depthwise_conv2d, strides=[1] * 4, padding="SAME")

    def gradient(upstream):
        rows, columns = kernel.shape[:2]
        batch, height, width, channels = tf.unstack(tf.shape(x))
        images = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, height, width, batch * channels])
        filters = tf.reshape(tf.transpose(upstream, [1, 2, 0, 3]), [height, width, batch * channels, 1])
        responses = tf.raw_ops.DepthwiseConv2dNative(
            input=images,
            filter=filters,
            strides=[1] * 4,
            padding="EXPLICIT",
            explicit_paddings=[0, 0, rows // 2, rows // 2, columns // 2, columns // 2, 0, 0],
        )
        of_kernel = tf.reduce_sum(tf.reshape(responses, [rows, columns, batch, channels]), axis=2)
        return convolve(upstream, tf.reverse(kernel, [0, 1])), of_kernel[..., None]

    return convolve(x, kernel), gradient


@tf.custom_gradient
def max_pool(x):
    """Pools by the maximum of squares of 2x2 that lie side by side; what fills no square is left out.

    Where TensorFlow leaves oneDNN alone, its own gradient takes as long as those of a narrow convolution; this one,
    compiled into one pass, a seventh of it. Where it pools by oneDNN, small networks train a tenth faster without this
    one. Like TensorFlow's it goes to the first of equal maxima, row by row.

    Args:
        x: (batch, height, width, channels), of a known size.
    """
    outputs = tf.nn.max_pool2d(x, 2, 2, "VALID")
    return outputs, functools.partial(_max_pool_gradient, x, outputs)


@one_pass
def _max_pool_gradient(x, outputs, upstream):
    height, width, channels = x.shape[1:]
    rows, columns = height // 2, width // 2
    squares = tf.reshape(x[:, : 2 * rows, : 2 * columns], (-1, rows, 2, columns, 2, channels))
    places = tf.cast(tf.reshape(tf.range(4), (1, 1, 2, 1, 2, 1)), x.dtype)  # in a square, row by row
    places_of_maxima = tf.where(squares == outputs[:, :, None, :, None], places, 4)
    first = functools.reduce(tf.minimum, (places_of_maxima[:, :, r, :, c] for r in (0, 1) for c in (0, 1)))
    gradient = tf.where(places == first[:, :, None, :, None], upstream[:, :, None, :, None], 0)
    gradient = tf.reshape(gradient, (-1, 2 * rows, 2 * columns, channels))
    return tf.pad(gradient, [[0, 0], [0, height - 2 * rows], [0, width - 2 * columns], [0, 0]])


def threads():
    """Returns how many threads an operation may use."""
    return int(os.environ.get("TF_NUM_INTRAOP_THREADS") or cores())


def has_gpu():
    """Returns whether TensorFlow sees a GPU, whose own kernels need no help."""
    return bool(tf.config.list_physical_devices("GPU"))
