"""The few layers that Keras lacks or is slow at. All are registered, so saved models load without `custom_objects`."""

import functools
import math

import keras
import numpy as np
from keras import ops

from keras_vision.errors import BadInput

_register = keras.saving.register_keras_serializable(package="keras_vision")


@_register
class PixelNormalization(keras.layers.Normalization):
    """Standardises channels by statistics that it reads from its weights at every call.

    The stock layer copies its weights into constants when it is adapted or loaded. After `model.set_weights`, or inside
    a function compiled earlier, it would silently go on with the old statistics. Until `set_statistics` is called this
    layer changes nothing.

    Example:

    >>> PixelNormalization(name="normalization")(pixels)  # float32 (batch, height, width, channels) -> the same shape
    """

    def call(self, inputs):
        mean, variance = map(ops.convert_to_tensor, (self.adapt_mean, self.adapt_variance))
        return (inputs - mean) / ops.maximum(ops.sqrt(variance), 1e-7)


def set_statistics(model, mean, std):
    """Makes a model's first layer subtract `mean` and divide by `std`, channel by channel.

    A channel that is the same everywhere (`std` 0) is centred and left at its scale.

    Args:
        model: A model from `build_model`.
        mean: One number per channel, in pixel units (0-255).
        std: One number per channel, in pixel units (0-255), not negative.

    Raises:
        BadInput: Where the numbers are not one per channel of the model.

    Example:

    >>> set_statistics(model, mean=(72.9,), std=(90.0,))  # Fashion-MNIST
    """
    channels = model.input_shape[-1]
    mean, std = np.asarray(mean, "float64"), np.asarray(std, "float64")
    if mean.shape != (channels,) or std.shape != (channels,):
        raise BadInput(
            f"statistics of {mean.size} means and {std.size} standard deviations",
            f"one of each per channel, and {model.name} has {channels}",
        )
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std >= 0).all()):
        raise BadInput(f"mean={mean.tolist()}, std={std.tolist()}", "finite numbers, and no negative std")
    std = np.where(std > 0, std, 1.0)
    # The two values mean - std and mean + std have exactly this mean and this standard deviation.
    model.get_layer("normalization").adapt(np.stack([mean - std, mean + std]).reshape(2, 1, 1, channels))


@_register
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation by TensorFlow's fused op where it applies; by stock Keras, with equal results, elsewhere.

    Stock Keras makes the statistics and the scaling of a dozen elementwise ops. The fused op takes (batch, height,
    width, channels) only, and only TensorFlow has it. Both compute in float32 from float16 and bfloat16 inputs.

    Args:
        momentum: Weight of the past in the moving statistics. 0.9 settles within 50 steps, where Keras' 0.99 needs 500,
            more than some of our whole epochs.
        **kwargs: As `keras.layers.BatchNormalization`.

    Example:

    >>> BatchNormalization(name="stem_norm")(x)

    Source: Ioffe & Szegedy 2015, algorithm 1.
    """

    def __init__(self, momentum=0.9, **kwargs):
        super().__init__(momentum=momentum, **kwargs)

    def call(self, inputs, training=None, mask=None):
        if mask is not None or not self._has_fused_op(inputs):
            return super().call(inputs, training=training, mask=mask)
        return self._fused(inputs, training=bool(training and self.trainable))

    def _has_fused_op(self, inputs):
        return (
            _on_tensorflow()
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and self.scale
            and self.center
            and not (self.renorm or self.synchronized)
            and keras.backend.standardize_dtype(inputs.dtype) in ("float16", "bfloat16", "float32")
        )

    def _fused(self, inputs, training):
        from keras_vision.models.speedups import fused_batch_norm

        normalize = functools.partial(fused_batch_norm, inputs, self.gamma.value, self.beta.value, self.epsilon)
        if not training:
            return normalize(self.moving_mean.value, self.moving_variance.value)[0]
        outputs, mean, variance = normalize()
        # The op returns the unbiased variance, over n - 1; Keras keeps the biased one, over n.
        n = ops.cast(ops.prod(ops.shape(inputs)[:-1]), variance.dtype)
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance * (n - 1) / n)
        return outputs

    def _move(self, statistic, value):
        statistic.assign(statistic * self.momentum + value * (1 - self.momentum))


@_register
class Conv2D(keras.layers.Conv2D):
    """Convolution with a fast gradient of its kernel on TensorFlow's CPUs; stock Keras, with equal results, elsewhere.

    The fast gradient is for odd kernels, stride 1 and padding "same", where there are few positions and many channels:
    see `gains_by_conv` in `keras_vision.models.speedups`.

    Example:

    >>> Conv2D(64, 3, padding="same", use_bias=False, name="block1_conv1")(pixels)
    """

    def call(self, inputs, training=None):
        if not (training and self._has_fast_gradient(inputs)):
            return super().call(inputs)
        from keras_vision.models.speedups import conv

        return _finished(self, conv(inputs, ops.convert_to_tensor(self.kernel)))

    def _has_fast_gradient(self, inputs):
        if not (_is_plain(self) and self.groups == 1 and max(self.kernel_size) > 1):
            return False
        from keras_vision.models.speedups import gains_by_conv

        return gains_by_conv(inputs, self.filters)


@_register
class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """Depthwise convolution with a fast gradient on TensorFlow's CPUs; stock Keras, with equal results, elsewhere.

    The fast gradient is for odd kernels, stride 1, padding "same" and one filter per channel.

    Example:

    >>> DepthwiseConv2D(5, padding="same", name="block1_depthwise_conv")(pixels)

    Source: Chollet 2017, section 3.
    """

    def call(self, inputs):
        if not self._has_fast_gradient():
            return super().call(inputs)
        from keras_vision.models.speedups import depthwise_conv

        return _finished(self, depthwise_conv(inputs, ops.convert_to_tensor(self.kernel)))

    def _has_fast_gradient(self):
        return _is_plain(self) and self.depth_multiplier == 1


def _is_plain(convolution):
    """Returns whether a layer convolves on TensorFlow, no GPU at hand, by odd kernels, steps of one, padded to size."""
    return (
        _on_tensorflow(gpu=False)
        and convolution.data_format == "channels_last"
        and convolution.padding == "same"
        and set((*convolution.strides, *convolution.dilation_rate)) == {1}
        and all(side % 2 for side in convolution.kernel_size)
    )


def _finished(convolution, outputs):
    """Returns what a layer makes of what its kernel gave: with its bias and its activation."""
    outputs = outputs + convolution.bias if convolution.use_bias else outputs
    return outputs if convolution.activation is None else convolution.activation(outputs)


class _KeepsBfloat16:
    """A layer that, under the float32 policy, takes bfloat16 as it comes, where Keras would cast it back.

    Training gains by that where oneDNN runs a float32 graph's products in bfloat16: `Dense` and `LayerNormalization`
    give bfloat16 there, and what lies between two products need not be wider than they are.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.autocast = self.autocast and self.compute_dtype != "float32"


@_register
class Permute(_KeepsBfloat16, keras.layers.Permute):
    """Stock Keras, except that under the float32 policy bfloat16 stays bfloat16.

    Example:

    >>> Permute((2, 1), name="block1_token_mixing_transpose1")(x)
    """


@_register
class Activation(_KeepsBfloat16, keras.layers.Activation):
    """Stock Keras, except that under the float32 policy bfloat16 stays bfloat16.

    Example:

    >>> Activation(gelu, name="block1_token_mixing_gelu")(x)
    """


@_register
class Dense(_KeepsBfloat16, keras.layers.Dense):
    """Dense layer that trains faster where oneDNN runs products in bfloat16; stock Keras elsewhere.

    Its results are bfloat16 there; a stock layer after it casts them back.

    Example:

    >>> Dense(128, name="block1_token_mixing_dense1")(x)
    """

    def call(self, inputs, training=None):
        if not (training and self.use_bias and _runs_in_bfloat16(self)):
            return super().call(ops.cast(inputs, self.compute_dtype), training=training)
        from keras_vision.models.speedups import dense

        outputs = dense(inputs, self.kernel, self.bias)
        return outputs if self.activation is None else self.activation(outputs)


@_register
class LayerNormalization(keras.layers.LayerNormalization):
    """Layer normalisation that trains faster where oneDNN runs products in bfloat16; stock Keras elsewhere.

    Its results are bfloat16 there, its statistics float32 everywhere.

    Example:

    >>> LayerNormalization(epsilon=1e-6, name="head_norm")(x)

    Source: Ba et al. 2016, section 3.
    """

    def call(self, inputs, training=None):
        if not (training and self._has_fast_gradient(inputs)):
            return super().call(inputs)
        from keras_vision.models.speedups import layer_norm

        return layer_norm(inputs, self.gamma, self.beta, self.epsilon)

    def _has_fast_gradient(self, inputs):
        return (
            self.axis in ([-1], [len(inputs.shape) - 1])
            and self.scale
            and self.center
            and not self.rms_scaling
            and keras.backend.standardize_dtype(inputs.dtype) == "float32"
            and _runs_in_bfloat16(self)
        )


def _runs_in_bfloat16(layer):
    """Returns whether oneDNN runs the products of a layer in bfloat16 though its policy is float32."""
    if layer.compute_dtype != "float32" or not _on_tensorflow(gpu=False):
        return False
    from keras_vision.models.speedups import computes_in_bfloat16

    return computes_in_bfloat16()


@_register
class Dirac(keras.initializers.Initializer):
    """Starts a convolution as the identity: its first filters, one per channel, pass each on as it is.

    The others, and all of a convolution with fewer filters than channels, start as He et al. 2015 say.

    Args:
        seed: Of the other filters.

    Example:

    >>> keras.layers.Conv2D(64, 3, padding="same", kernel_initializer=Dirac())

    Source: Jordan 2024, arXiv:2404.00498, section 3.3.
    """

    def __init__(self, seed=None):
        self._others = keras.initializers.HeNormal(seed)

    def __call__(self, shape, dtype=None):
        *sides, channels, filters = shape
        kernel = self._others(shape, dtype)
        if filters < channels:
            return kernel
        identity = np.zeros((*sides, channels, channels), "float32")
        identity[tuple(side // 2 for side in sides)] = np.eye(channels)
        return ops.concatenate([ops.convert_to_tensor(identity, kernel.dtype), kernel[..., channels:]], axis=-1)

    def get_config(self):
        return {"seed": self._others.get_config()["seed"]}


@_register
def gelu(x):
    """Gaussian error linear unit, x times the normal distribution function of x. Any shape in, the same shape out.

    Made of erf, because Keras' own is made of erfc, which ONNX lacks: its exporter writes an invalid file without a
    word.

    Example:

    >>> keras.layers.Activation(gelu)(x)

    Source: Hendrycks & Gimpel 2016, section 2.
    """
    if _on_tensorflow(gpu=False):
        from keras_vision.models import speedups

        return speedups.gelu(ops.convert_to_tensor(x))
    return x * 0.5 * (ops.erf(x * math.sqrt(0.5)) + 1)


def _on_tensorflow(gpu=True):
    """Returns whether Keras runs on TensorFlow; with `gpu=False`, whether it does so without a GPU."""
    if keras.backend.backend() != "tensorflow":
        return False
    from keras_vision.models.speedups import has_gpu

    return gpu or not has_gpu()
