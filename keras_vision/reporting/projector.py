"""The files that TensorBoard's projector reads: points in many dimensions, what they are, and a thumbnail of each."""

import math
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins.projector import ProjectorConfig
from tensorboard.plugins.projector.metadata import PROJECTOR_FILENAME

from keras_vision.system.pictures import as_picture

LARGEST = 64  # pixels of a thumbnail's larger side
FOLDER = "projector"


def write_projection(directory, features, rows, images):
    """Writes points for TensorBoard's projector into the directory of a TensorBoard run, and returns the file's path.

    Args:
        directory: Where the run's event files are.
        features: Float array [n, d].
        rows: A list of n dicts with the same keys: what is known of a point.
        images: uint8 array [n, height, width, channels].

    Raises:
        OSError: The files cannot be written.
    """
    folder = Path(directory, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    np.savetxt(folder / "features.tsv", features, fmt="%.6g", delimiter="\t")
    lines = [list(rows[0]), *(row.values() for row in rows)]
    text = "\n".join("\t".join(" ".join(str(cell).split()) for cell in line) for line in lines)
    (folder / "metadata.tsv").write_text(text + "\n", encoding="utf-8")
    sprite, size = _sprite(images)
    as_picture(sprite).save(folder / "thumbnails.png")
    config = ProjectorConfig()
    points = config.embeddings.add(tensor_name="last features", tensor_path=f"{FOLDER}/features.tsv")
    points.metadata_path = f"{FOLDER}/metadata.tsv"
    points.sprite.image_path = f"{FOLDER}/thumbnails.png"
    points.sprite.single_image_dim.extend(size)
    path = Path(directory, PROJECTOR_FILENAME)
    path.write_text(text_format.MessageToString(config), encoding="utf-8")
    return path


def _sprite(images):
    """Returns thumbnails in a square, row by row as the projector reads them, and the (width, height) of one."""
    step = math.ceil(max(images.shape[1:3]) / LARGEST)
    small = images[:, ::step, ::step]
    columns = math.ceil(math.sqrt(len(small)))
    _, height, width, channels = small.shape
    sprite = np.zeros((columns * columns, height, width, channels), "uint8")
    sprite[: len(small)] = small
    square = sprite.reshape(columns, columns, height, width, channels).swapaxes(1, 2)
    return square.reshape(columns * height, columns * width, channels), (width, height)
