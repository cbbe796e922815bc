"""Which export a folder holds, and whether it can be opened: told by its card, before anything else of it is read."""

from pathlib import Path

from keras_vision.errors import BadInput
from keras_vision.formats import FORMATS, JSON, check_format
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
