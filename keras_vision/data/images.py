"""One image file in, one uint8 array out: the only place where pixels are decoded, converted and resized.

What becomes of unusual images:
    transparency (RGBA, LA, palette, GIF)   laid over white, as a browser shows it
    palette, CMYK, one bit                  converted to RGB or grey
    grey from colour                        ITU-R 601 luma, 0.299 R + 0.587 G + 0.114 B
    16 bits a channel                       the upper byte
    32-bit integers, floats                 refused: their range is not known
    EXIF orientation                        applied
    animations                              first frame
    other sizes                             stretched to the wanted size, bilinear, anti-aliased when shrinking
"""

import contextlib
import io
import os
import re
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keras_vision.errors import BadInput

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".pgm": "PPM",
    ".ppm": "PPM",
}
# A thread may hold a decoded image of 150 MB and its copies.
THREADS = min(4, os.cpu_count())
# A 50-megapixel photograph is 150 MB decoded; a PNG of 78 kB can claim 81 megapixels, so the header is asked first.
MAX_PIXELS = 50_000_000

_EXIF_ORIENTATION = 0x0112
_WHITE = (255, 255, 255, 255)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a terminal obeys them


class BadImage(BadInput):
    """An image that cannot be used: `name` says which, `reason` why.

    Example:

    >>> BadImage("cat.jpg", "empty file").reason
    'empty file'
    """

    def __init__(self, name, reason):
        self.name, self.reason = name, reason
        expected = f"an image of at most {MAX_PIXELS // 1_000_000} megapixels that can be decoded"
        super().__init__(f"{name} ({reason})", expected)


def probe_image(path):
    """Returns (height, width, channels) as `read_image` would see them, from the header alone.

    Args:
        path: An image file.

    Raises:
        BadImage: It is no image, its extension belies its content, or its header claims more than `MAX_PIXELS`.

    Example:

    >>> probe_image("cat.jpg")  # doctest: +SKIP
    (480, 640, 3)
    """
    with _opened(path) as image:
        width, height = image.size
        if _orientation(image) >= 5:  # the four orientations that exchange the axes
            width, height = height, width
        return height, width, 1 if image.mode in ("1", "L", "LA") or _is_16_bit_grey(image) else 3


def read_image(path_or_bytes, shape):
    """Decodes one image and converts it to a shape, as the head of this file describes.

    Args:
        path_or_bytes: A file, or the content of one.
        shape: (height, width, channels) of the result; channels 1 for grey, 3 for RGB.

    Returns:
        uint8 array of that shape.

    Raises:
        BadImage: The image cannot be decoded, or it is too large.

    Example:

    >>> read_image("cat.jpg", (32, 32, 3)).shape  # doctest: +SKIP
    (32, 32, 3)
    """
    height, width, channels = shape
    if channels not in (1, 3):
        raise BadInput(f"shape={shape}", "1 (grey) or 3 (RGB) channels, last")
    with _opened(path_or_bytes) as image:
        image = _converted(image, "L" if channels == 1 else "RGB")
        return _resized(image, height, width).reshape(shape)


def resize_images(images, height, width):
    """Resizes uint8 images [n, h, w, c] to [n, height, width, c] as `read_image` resizes.

    Args:
        images: uint8 array [n, h, w, c], c 1 or 3.
        height, width: New size in pixels.

    Example:

    >>> resize_images(np.zeros((5, 8, 8, 1), "uint8"), 28, 28).shape
    (5, 28, 28, 1)
    """
    channels = images.shape[-1]
    planes = images[..., 0] if channels == 1 else images
    resized = np.stack([_resized(Image.fromarray(image), height, width) for image in planes])
    return resized.reshape(len(images), height, width, channels)


def printable(path):
    """Returns a path as text that any stream can print on one line, whatever bytes its name holds.

    Example:

    >>> printable("cats/7\\n.png")
    'cats/7\\\\n.png'
    """
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda sign: ascii(sign[0])[1:-1], text)


@contextlib.contextmanager
def _opened(path_or_bytes):
    """Yields an image whose header passed the checks; what its decoder then raises becomes a `BadImage`, too."""
    in_memory = isinstance(path_or_bytes, bytes)
    try:
        if not in_memory and not Path(path_or_bytes).is_file():  # reading a pipe would block for ever
            raise ValueError("no regular file")
        if not (len(path_or_bytes) if in_memory else Path(path_or_bytes).stat().st_size):
            raise ValueError("empty file")
        source = io.BytesIO(path_or_bytes) if in_memory else path_or_bytes
        with Image.open(source, formats=sorted(set(FORMATS.values()))) as image:
            _check_header(image, "" if in_memory else Path(path_or_bytes).suffix.lower())
            yield image
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more
        raise BadImage("image" if in_memory else printable(path_or_bytes), _reason(error)) from error


def _check_header(image, extension):
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(f"{width}x{height} pixels")
    actual = {"MPO": "JPEG"}.get(image.format, image.format)  # MPO: a JPEG with further frames behind
    if extension and FORMATS.get(extension) != actual:
        raise ValueError(f"the content is {actual}, whatever the name says")


def _orientation(image):
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # Pillow would decode all pixels to look for it behind them
    return image.getexif().get(_EXIF_ORIENTATION, 1)


def _reason(error):
    if isinstance(error, Image.UnidentifiedImageError):
        return "content is no image"
    return str(error) or type(error).__name__


def _is_16_bit_grey(image):
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")  # PGM: 0 to 65,535 in 32 bits


def _converted(image, mode):
    has_16_bits = _is_16_bit_grey(image)
    image = ImageOps.exif_transpose(image)
    if has_16_bits:
        image = Image.fromarray((np.asarray(image) >> 8).astype("uint8"))
    if image.mode in ("I", "F"):
        raise ValueError("integers or floats of unknown range")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image)
    return image.convert(mode)


def _resized(image, height, width):
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image)
