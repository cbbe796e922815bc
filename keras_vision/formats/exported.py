"""An export opened in its own runtime, to answer as the model did that it was made of."""

from pathlib import Path

import numpy as np

from keras_vision.formats import format_module


class ExportedModel:
    """An export with what a Keras model has that only answers: float32 or uint8 pixels in, probabilities out.

    Args:
        directory: The export's folder.
        card: Its model card.

    Example:

    >>> ExportedModel("runs/a/export/onnx", card).predict_on_batch(images)  # doctest: +SKIP
    """

    def __init__(self, directory, card):
        self.name = f"{card['model']} ({card['format']})"
        self.input_shape = (None, *card["input_shape"])
        self._run = next(iter(format_module(card["format"]).load(Path(directory)).values()))
        probabilities = self.predict_on_batch(np.zeros((1, *card["input_shape"]), "uint8"))
        self.output_shape = (None, probabilities.shape[-1])

    def predict_on_batch(self, pixels):
        """Returns the probabilities [n, classes] of pixels [n, height, width, channels]."""
        return self._run(np.asarray(pixels, "float32"))
