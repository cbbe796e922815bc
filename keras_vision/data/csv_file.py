"""CSV files: paths and labels (`csv_images.py`), or pixels and labels (`csv_pixels.py`)."""

from keras_vision.data.csv_images import open_images
from keras_vision.data.csv_pixels import holds_pixels, open_pixels
from keras_vision.data.csv_table import read_table
from keras_vision.errors import BadInput


def open_csv(path, *, image_size, on_bad_image, announce, pixel_scale=None, known=None):
    """Opens a CSV file.

    Args:
        path: The file.
        image_size, on_bad_image, announce, pixel_scale: As in `open_folder`; for image files alone.
        known: As in `open_arrays`.

    Returns:
        A `Source`.

    Raises:
        BadInput: No such file, columns that are neither paths nor pixels, missing or damaged images.

    Example:

    >>> open_csv(Path("labels.csv"), image_size=None, on_bad_image="error", announce=print)  # doctest: +SKIP
    """
    table = read_table(path)
    if not holds_pixels(table):
        return open_images(
            table,
            image_size=image_size,
            on_bad_image=on_bad_image,
            announce=announce,
            pixel_scale=pixel_scale,
            known=known,
        )
    if on_bad_image == "skip":
        raise BadInput(f"{path} holds pixels and names no image files, so none can be skipped. Leave out on_bad_image.")
    announce(f"Reading the pixels in {path}")
    return open_pixels(table, known)
