"""An export opened in its own runtime, to answer as the model did that it was made of."""

from pathlib import Path

import numpy as np

from keras_vision.errors import BadInput
from keras_vision.formats import FORMATS, JSON, check_format, format_module
from keras_vision.runs import read_json


def export_card(source):
    """Returns the model card of an export's folder; None where `source` is something else, as a model file is.

    A folder of the format keras, or hub, holds a model file.

    Raises:
        BadInput: The card does not say what is needed to open the export, or packages are missing.
    """
    path = Path(source, JSON)
    if not path.is_file():
        return None
    card = read_json(path)
    if not isinstance(card, dict) or card.get("format") not in FORMATS:
        raise BadInput(f"{path} does not say which format the export has. Export the model again.")
    if FORMATS[card["format"]].files[0] == FORMATS["keras"].files[0]:
        return None
    if not _is_image_shape(card.get("input_shape")):
        raise BadInput(f"{path} does not say what images the export takes. Export the model again.")
    check_format(card["format"])
    return card


def _is_image_shape(shape):
    return isinstance(shape, list) and len(shape) == 3 and all(type(side) is int and side > 0 for side in shape)


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
