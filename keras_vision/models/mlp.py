"""MLP: dense layers on flattened pixels, a baseline that knows nothing of images (Rumelhart et al. 1986, figure 1)."""

import keras

from keras_vision.models.blocks import classify, dense_block, take_pixels
from keras_vision.models.checks import checked


@checked
def mlp(input_shape, num_classes, *, hidden_units=(512, 512), activation="relu", dropout_rate=0.0):
    """Builds a multilayer perceptron.

    Args:
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        hidden_units: Units of the hidden layers; () leaves multinomial logistic regression.
        activation: "relu", "gelu", "tanh", "sigmoid" or "linear".
        dropout_rate: Share of each hidden layer's units dropped.

    Raises:
        BadInput: A setting out of range.

    Example:

    >>> mlp((28, 28, 1), 10, hidden_units=(256,), activation="tanh")
    """
    pixels, x = take_pixels(input_shape)
    x = keras.layers.Flatten(name="flatten")(x)
    for layer, units in enumerate(hidden_units, start=1):
        x = dense_block(x, units, activation=activation, dropout_rate=dropout_rate, name=f"block{layer}")
    return keras.Model(pixels, classify(x, num_classes), name="mlp")
