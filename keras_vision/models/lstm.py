"""LSTM: reads an image row by row and classifies its last state (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

Keras starts the input kernels Glorot-uniform, the recurrent ones orthogonal and the forget gates open, with a bias of 1
(Jozefowicz et al. 2015).
"""

import keras

from keras_vision.models.blocks import classify, drop, take_pixels
from keras_vision.models.checks import checked


@checked
def lstm(input_shape, num_classes, *, units=128, layers=1, bidirectional=False, dropout_rate=0.0):
    """Builds an LSTM over image rows: row y is the input of time step y.

    Args:
        input_shape: (height, width, channels) of the raw pixels.
        num_classes: Number of logits.
        units: Units of each layer, and in each direction.
        layers: Number of stacked LSTM layers.
        bidirectional: Whether a second LSTM reads from the bottom up; the two are concatenated.
        dropout_rate: Share dropped of what each layer hands upwards, never of what it hands to its own next step
            (Zaremba et al. 2014).

    Raises:
        BadInput: A setting out of range.

    Example:

    >>> lstm((28, 28, 1), 10, units=64, layers=2)
    """
    height, width, channels = input_shape
    pixels, x = take_pixels(input_shape)
    x = keras.layers.Reshape((height, width * channels), name="rows")(x)
    for layer in range(1, layers + 1):
        x = read_rows(x, units, bidirectional, whole_sequence=layer < layers, name=f"block{layer}")
        x = drop(x, dropout_rate, name=f"block{layer}_dropout")
    return keras.Model(pixels, classify(x, num_classes), name="lstm")


def read_rows(x, units, bidirectional, *, whole_sequence, name):
    """Runs over (batch, rows, features); returns the output after every row, or after the last."""
    reader = keras.layers.LSTM(units, return_sequences=whole_sequence, name=f"{name}_lstm")
    if bidirectional:
        reader = keras.layers.Bidirectional(reader, name=f"{name}_bidirectional")
    return reader(x)
