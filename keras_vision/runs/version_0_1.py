"""Model files of version 0.1, whose layers were the package's own: read as the stock layers that compute the same."""

import contextlib
import io
import json
import re
import tempfile
import zipfile
from pathlib import Path

import h5py

MODULE, PACKAGE = "keras_vision.models.layers", "keras_vision>"
# Class of version 0.1 -> (module, class) of Keras. What it added was speed, or a start of the weights.
STOCK = {
    "Dirac": ("keras.initializers", "HeNormal"),
    "PixelNormalization": ("keras.layers", "Normalization"),
    **{
        name: ("keras.layers", name)
        for name in (
            *("Activation", "BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D"),
            *("LayerNormalization", "Permute"),
        )
    },
}
GELU = {"module": "builtins", "class_name": "function", "config": f"{PACKAGE}gelu", "registered_name": "function"}


def in_stock_classes(part):
    """Returns a description of a model, as Keras writes one, with stock classes in the place of those of version 0.1.

    Example:

    >>> in_stock_classes({"activation": GELU, "units": 3})
    {'activation': 'gelu', 'units': 3}
    """
    if isinstance(part, list):
        return [in_stock_classes(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part | GELU == part:
        return "gelu"
    part = {key: in_stock_classes(value) for key, value in part.items()}
    for name, (module, stock) in STOCK.items():
        if [part.get(key) for key in ("module", "class_name", "registered_name")] == [MODULE, name, PACKAGE + name]:
            return part | {"module": module, "class_name": stock, "registered_name": None}
    return part


@contextlib.contextmanager
def stock_file(path):
    """Gives the path of a model file of stock classes: `path` itself, or of what version 0.1 wrote a passing copy.

    Args:
        path: A local `.keras` file that passed `check_members` and `check_weights`.
    """
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        if (stock := in_stock_classes(config)) == config:
            yield path
            return
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(copy := Path(folder, "model.keras"), "w") as new:
                new.writestr("config.json", json.dumps(stock))
                new.writestr("metadata.json", archive.read("metadata.json"))
                new.writestr("model.weights.h5", _renamed(archive.read("model.weights.h5")))
            yield copy


def _renamed(weights):
    """Returns an HDF5 file of weights, which Keras finds by the names of their layers' classes, with stock names."""
    buffer, old = io.BytesIO(weights), []
    with h5py.File(buffer, "r+") as file:
        file.visit(lambda name: old.append(name) if re.search(r"(^|/)pixel_normalization(_\d+)?$", name) else None)
        for name in old:
            file.move(name, re.sub("pixel_(?=[^/]*$)", "", name))
    return buffer.getvalue()
