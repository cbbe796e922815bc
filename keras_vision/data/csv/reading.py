"""CSV files: paths and labels (`images.py`), or pixels and labels (`pixels.py`)."""

from keras_vision.data.csv.images import open_images
from keras_vision.data.csv.pixels import holds_pixels, open_pixels
from keras_vision.data.csv.table import read_table
from keras_vision.errors import BadInput


def open_csv(path, reading):
    """Opens a CSV file.

    Args:
        path: The file.
        reading: A `Reading`. Its size, scale and what it says of bad images are for image files alone.

    Returns:
        A `Source`.

    Raises:
        BadInput: Columns that are neither paths nor pixels, missing or damaged images.

    Example:

    >>> open_csv(Path("labels.csv"), Reading())  # doctest: +SKIP
    """
    table = read_table(path)
    if not holds_pixels(table):
        return open_images(table, reading)
    if reading.on_bad_image == "skip":
        raise BadInput(f"{path} holds pixels and names no image files, so none can be skipped. Leave out on_bad_image.")
    reading.announce(f"Reading the pixels in {path}")
    return open_pixels(table, reading.known)
