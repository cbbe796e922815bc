"""Arrays as Pillow's pictures, which are written to files and shown."""

import io

import numpy as np
from PIL import Image


def as_picture(image: np.ndarray) -> Image.Image:
    """Returns a uint8 array [h, w, 1 or 3] as a picture, in grey or in colour.

    Example:

    >>> as_picture(np.zeros((2, 3, 1), "uint8")).mode, as_picture(np.zeros((2, 3, 3), "uint8")).size
    ('L', (3, 2))
    """
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Returns a uint8 array [h, w, 1 or 3] as it comes back from a JPEG file of this quality, 1 to 95.

    Example:

    >>> through_jpeg(np.full((8, 8, 1), 7, "uint8"), quality=75).shape
    (8, 8, 1)
    """
    file = io.BytesIO()
    as_picture(image).save(file, "JPEG", quality=quality)
    with Image.open(file) as read:
        return np.asarray(read).reshape(image.shape)
