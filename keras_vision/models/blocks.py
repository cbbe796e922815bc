"""The pieces that two or more families share: verbs that take the tensor first and a path-like name last."""

import keras

from keras_vision.models.identity import start_as_identity
from keras_vision.models.normalization import normalize

# name: (what Keras applies, how the kernels before it start). He et al. 2015 for units that are zero on one side,
# Glorot & Bengio 2010 for the symmetric ones.
ACTIVATIONS = {
    "relu": ("relu", "he_normal"),
    "gelu": ("gelu", "he_normal"),
    "tanh": ("tanh", "glorot_normal"),
    "sigmoid": ("sigmoid", "glorot_normal"),
    "linear": (None, "glorot_normal"),
    "prelu": ("prelu", "he_normal"),
}
PRELU_SLOPE = 0.25  # of each channel's negative values, until it has learned its own (He et al. 2015, section 2.1)
# Weight of the past in batch norm's moving statistics: 0.9 settles within 50 steps, where Keras' 0.99 needs 500, more
# than some of our whole epochs.
MOMENTUM = 0.9
CONVOLUTIONS = ("full", "separable")
POOLINGS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
HEADS = {"gap": keras.layers.GlobalAveragePooling2D, "flatten": keras.layers.Flatten}


def take_pixels(input_shape):
    """Returns a model's input, raw pixels 0-255, and the same standardised."""
    pixels = keras.Input(input_shape, dtype="float32", name="pixels")
    return pixels, normalize(pixels)


def activate(x, activation, *, name):
    """Applies an activation by its name in `ACTIVATIONS`; "linear" adds no layer."""
    function, _ = ACTIVATIONS[activation]
    if function is None:
        return x
    if function == "prelu":  # one slope for each channel, wherever in the image
        start, positions = keras.initializers.Constant(PRELU_SLOPE), tuple(range(1, len(x.shape) - 1))
        return keras.layers.PReLU(alpha_initializer=start, shared_axes=positions or None, name=name)(x)
    return keras.layers.Activation(function, name=name)(x)


def drop(x, rate, *, name):
    """Drops a share `rate` of the units while training; 0 adds no layer. Source: Srivastava et al. 2014."""
    return keras.layers.Dropout(rate, name=name)(x) if rate else x


def normalized(x, *, name):
    """Batch normalisation (Ioffe & Szegedy 2015, algorithm 1) of each channel."""
    return keras.layers.BatchNormalization(momentum=MOMENTUM, name=name)(x)


def conv_norm(
    x,
    filters,
    kernel_size,
    *,
    strides=1,
    padding="same",
    pooling=None,
    batch_norm=True,
    convolution="full",
    initializer="he_normal",
    identity=False,
    name,
):
    """Convolution - pooling, a layer, where one is given - batch norm over (batch, height, width, channels).

    By default padded to keep the size. A convolution has no bias where batch norm, which adds its own, would subtract
    it again. With `identity` it starts by passing its channels on. A "separable" one is a filter for each channel, with
    batch norm of its own, then a 1x1 convolution of all (Howard et al. 2017, "MobileNets", section 3.1, without the
    activation between the two: Chollet 2017, "Xception", section 4.7).
    """
    if convolution == "separable":
        x = depthwise(x, kernel_size, strides=strides, padding=padding, batch_norm=batch_norm, name=f"{name}_depthwise")
        kernel_size, strides = 1, 1
    layer = keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        use_bias=not batch_norm,
        kernel_initializer=initializer,
        name=name,
    )
    x = start_as_identity(layer, x) if identity else layer(x)
    x = x if pooling is None else pooling(x)
    return normalized(x, name=f"{name}_norm") if batch_norm else x


def depthwise(x, kernel_size, *, strides, padding, batch_norm, name):
    """Convolves each channel by a filter of its own, then batch norm."""
    x = keras.layers.DepthwiseConv2D(
        kernel_size,
        strides=strides,
        padding=padding,
        use_bias=not batch_norm,
        # Keras counts all channels into the fan-in, but each of these filters sees one.
        depthwise_initializer=keras.initializers.VarianceScaling(x.shape[-1], mode="fan_in"),
        name=name,
    )(x)
    return normalized(x, name=f"{name}_norm") if batch_norm else x


def conv_block(x, filters, kernel_size, *, activation="relu", initializer=None, name, **options):
    """Convolution - batch norm - activation; `options` as in `conv_norm`."""
    initializer = initializer or ACTIVATIONS[activation][1]
    x = conv_norm(x, filters, kernel_size, initializer=initializer, name=name, **options)
    return activate(x, activation, name=f"{name}_activation")


def add_shortcut(x, shortcut, *, strides=1, batch_norm=True, name):
    """Returns x + shortcut; a shortcut of another shape is projected first, by a 1x1 convolution.

    Source: He et al. 2016, "Deep residual learning", section 3.3, option B.
    """
    if shortcut.shape != x.shape:
        shortcut = conv_norm(shortcut, x.shape[-1], 1, strides=strides, batch_norm=batch_norm, name=f"{name}_shortcut")
    return keras.layers.Add(name=f"{name}_add")([x, shortcut])


def dense_block(x, units, *, activation="relu", dropout_rate=0.0, name):
    """Dense layer - activation - dropout over the last axis."""
    x = keras.layers.Dense(units, kernel_initializer=ACTIVATIONS[activation][1], name=f"{name}_dense")(x)
    x = activate(x, activation, name=f"{name}_activation")
    return drop(x, dropout_rate, name=f"{name}_dropout")


def classify(x, num_classes):
    """Returns one logit per class, in float32 under every precision policy: softmax in 16 bits loses small chances."""
    return keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
