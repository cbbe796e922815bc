"""Faster ways of TensorFlow to compute what three layers compute; `layers.py` calls them where they apply."""

import functools
import math

import tensorflow as tf

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


@tf.custom_gradient
def gelu(x):
    """x times the normal distribution function of x, with a gradient compiled into one pass over memory.

    TensorFlow's automatic gradient makes ten passes: three quarters of the time of forward and backward together.
    """
    return x * 0.5 * (tf.math.erf(x * math.sqrt(0.5)) + 1), functools.partial(_gelu_gradient, x)


@tf.function(jit_compile=True, autograph=False)
def _gelu_gradient(x, upstream):
    distribution = tf.math.erf(x * math.sqrt(0.5)) * 0.5 + 0.5
    density = tf.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return upstream * (distribution + x * density)


def conv(x, kernel):
    """Convolves, stride 1, padded to keep the size.

    TensorFlow's own gradient of the kernel takes up to four times as long as the convolution where there are few
    positions and many channels. But that gradient is again a convolution: of the images by the upstream gradient, with
    channels for images and images for channels.

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


def gains_by_conv(x, filters):
    """Returns whether the gradient of `conv` is the faster one: for few positions, fewer of them in float32.

    In bfloat16 it takes 0.3 to 0.8 of the time on 3x3 to 8x8 positions and 1.0 on 12x12; in float32 0.8 on 4x4 and 1.4
    on 8x8. (32 to 512 channels, batches of 128; two cores with AVX512_BF16.)
    """
    height, width, channels = x.shape[1:]
    if None in (height, width):
        return False
    options = tf.config.optimizer.get_experimental_options()
    is_bfloat16 = x.dtype == tf.bfloat16 or options.get(BFLOAT16_REWRITE, False)
    return height * width <= (64 if is_bfloat16 else 16) and channels * filters >= 32 * 64


def depthwise_conv(x, kernel):
    """Convolves each channel by its own filter, stride 1, padded to keep the size.

    TensorFlow's own gradient of the kernel takes 8 times as long as the convolution, in bfloat16 25 times. But that
    gradient is again a depthwise convolution: of the images by the upstream gradient, with (image, channel) pairs for
    channels, summed over the images.

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


def has_gpu():
    """Returns whether TensorFlow sees a GPU, whose own kernels need no help."""
    return bool(tf.config.list_physical_devices("GPU"))
