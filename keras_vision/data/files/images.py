"""One image file in, one uint8 array out: the only place where pixels are decoded, converted and resized.

What becomes of unusual images:
    transparency (RGBA, LA, palette, GIF)   laid over white, as a browser shows it
    palette, CMYK, one bit                  converted to RGB or grey
    grey from colour                        ITU-R 601 luma, 0.299 R + 0.587 G + 0.114 B
    16 bits a channel                       scaled by the depth that is in use; see `depths.py`
    32-bit integers, floats                 scaled by the range of the training images; refused where it is not known
    EXIF orientation                        applied
    animations                              first frame
    a suffix that belies the content        read by the content
    large JPEGs                             decoded at 1/2, 1/4 or 1/8 where that is at least twice the wanted size
    other sizes                             stretched to the wanted size, bilinear, anti-aliased when shrinking
"""

import contextlib
import dataclasses
import io
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keras_vision.data.files.depths import kind_of, raw_mode, to_eight_bits, values_of, white_of
from keras_vision.data.files.file_types import (
    FORMATS,
    first_bytes,
    mend_for,
    pillow_names,
    readable_formats,
    signature_of,
)
from keras_vision.data.words import printable
from keras_vision.errors import BadInput
from keras_vision.system.pictures import as_picture

# A thread may hold a decoded image of 150 MB and its copies.
THREADS = min(4, os.cpu_count() or 1)
# A 50-megapixel photograph is 150 MB decoded; a PNG of 78 kB can claim 81 megapixels, so the header is asked first.
MAX_PIXELS = 50_000_000

EMPTY = "empty file"

_ALIASES = {"MPO": "JPEG", "HEIF": "HEIC", "DIB": "BMP"}  # MPO: a JPEG with further frames behind
_EXIF_ORIENTATION = 0x0112
_WHITE = (255, 255, 255, 255)


class BadImage(BadInput):
    """An image that cannot be used: `name` says which, `reason` why, `short` both.

    Example:

    >>> BadImage("cat.jpg", "empty file").reason
    'empty file'
    """

    def __init__(self, name, reason):
        super().__init__(f"{name} cannot be used as an image: {reason.rstrip('.')}.")
        self.name, self.reason, self.short = name, reason, f"{name} ({reason})"


@dataclasses.dataclass(frozen=True)
class Header:
    """What the header of an image file says.

    Args:
        shape: (height, width, channels) as `read_image` would see them.
        kind: "16-bit", "32-bit" or "float" where values have to be scaled; else None.
        belied: The format of the content where the suffix names another; else None.
        format: Of the content: "JPEG".
        mode: What a pixel is, in Pillow's words: "RGB", "L", "P".
    """

    shape: tuple[int, int, int]
    kind: str | None = None
    belied: str | None = None
    format: str = ""
    mode: str = ""


def read_header(path_or_bytes):
    """Returns the `Header` of an image file, or of the content of one; no pixel is decoded.

    Raises:
        BadImage: It is no image, or its header claims more than `MAX_PIXELS`.

    Example:

    >>> read_header("cat.jpg").shape  # doctest: +SKIP
    (480, 640, 3)
    """
    with _opened(path_or_bytes) as image:
        width, height = image.size
        if _orientation(image) >= 5:  # the four orientations that exchange the axes
            width, height = height, width
        is_grey = image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;16")
        is_grey |= image.mode == "RGBA" and raw_mode(image) == "LA;16B"
        named = None if isinstance(path_or_bytes, bytes) else FORMATS.get(Path(path_or_bytes).suffix.lower())
        actual = _ALIASES.get(image.format, image.format)
        belied = actual if named and named != actual else None
        return Header((height, width, 1 if is_grey else 3), kind_of(image), belied, actual, image.mode)


def read_range(path):
    """Returns the smallest and the largest value of an image whose header names a kind.

    Raises:
        BadImage: The image cannot be decoded.
    """
    with _opened(path) as image:
        values = values_of(image, lambda: _open(path))
        values = values[..., :3] if values.ndim == 3 else values  # not its transparency
        return values.min().item(), values.max().item()


def read_image(path_or_bytes, shape, pixel_scale=None):
    """Decodes one image and converts it to a shape, as the head of this file describes.

    Args:
        path_or_bytes: A file, or the content of one.
        shape: (height, width, channels) of the result; channels 1 for grey, 3 for RGB.
        pixel_scale: The white of each kind of `depths.KINDS`, as `Dataset.pixel_scale` has it. Of 16-bit images it is
            else the depth that the image itself uses; others are refused without it.

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
        raise BadInput(f"shape must be (height, width, channels) with 1 or 3 channels, not {shape}.")
    with _opened(path_or_bytes) as image:
        mode = "L" if channels == 1 else "RGB"
        if kind := kind_of(image):
            values = values_of(image, lambda: _open(path_or_bytes))
            image = _scaled(kind, values, pixel_scale or {})
        else:
            _draft(image, height, width)
        image = _converted(image, mode)
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
    resized = np.stack([_resized(as_picture(image), height, width) for image in images])
    return resized.reshape(len(images), height, width, channels)


def turn_grey(images):
    """Turns uint8 images [n, h, w, 3] into [n, h, w, 1] as `read_image` does."""
    return np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in images])[..., None]


@contextlib.contextmanager
def without_pillow_warnings():
    """Keeps what Pillow says about odd metadata, palettes and sizes from the person; for the main thread."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


@contextlib.contextmanager
def _opened(path_or_bytes):
    """Yields an image whose header passed the checks; what its decoder then raises becomes a `BadImage`, too."""
    in_memory = isinstance(path_or_bytes, bytes)
    try:
        if not in_memory and not Path(path_or_bytes).is_file():  # reading a pipe would block for ever
            raise ValueError("not a regular file" if Path(path_or_bytes).exists() else "no such file")
        if not (len(path_or_bytes) if in_memory else Path(path_or_bytes).stat().st_size):
            raise ValueError(EMPTY)
        with _open(path_or_bytes) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ValueError(f"{width}x{height} pixels, more than {MAX_PIXELS // 1_000_000} megapixels")
            yield image
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more
        name = "image" if in_memory else printable(path_or_bytes)
        raise BadImage(name, _reason(error, path_or_bytes)) from error


def _open(path_or_bytes):
    if isinstance(path_or_bytes, bytes):
        return Image.open(io.BytesIO(path_or_bytes), formats=pillow_names())
    return Image.open(path_or_bytes, formats=pillow_names(Path(path_or_bytes).suffix.lower()))


def _orientation(image):
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # Pillow would decode all pixels to look for it behind them
    return image.getexif().get(_EXIF_ORIENTATION, 1)


def _reason(error, path_or_bytes):
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MAX_PIXELS // 1_000_000} megapixels"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    if not isinstance(error, Image.UnidentifiedImageError):
        return str(error) or type(error).__name__
    start = path_or_bytes[:64] if isinstance(path_or_bytes, bytes) else first_bytes(path_or_bytes)
    kind = signature_of(start)
    if kind and kind not in readable_formats():
        return f"the content is {kind}, which cannot be read here. {mend_for([kind], 'it')}".rstrip(".")
    return "the content is not an image"


def _scaled(kind, values, pixel_scale):
    white = pixel_scale.get(kind)
    if white is None and kind != "16-bit":
        raise ValueError(f"{'floats' if kind == 'float' else 'integers'} of unknown range")
    if white is None:
        shown = values[..., :3] if values.ndim == 3 else values
        white = white_of(kind, shown.min().item(), shown.max().item())
    pixels = to_eight_bits(values, white)
    if values.ndim == 3 and values.shape[2] == 4:
        opacity = values[..., 3]
        pixels[..., 3] = to_eight_bits(opacity, white if opacity.max() <= white else 65535)
    return Image.fromarray(pixels)


def _draft(image, height, width):
    """Lets the JPEG decoder shrink: a photograph of 12 megapixels then takes a tenth of the time and of the memory."""
    if image.format in ("JPEG", "MPO"):
        if _orientation(image) >= 5:
            height, width = width, height
        image.draft(None, (2 * width, 2 * height))


def _converted(image, mode):
    image = ImageOps.exif_transpose(image)
    if image.mode == "I":  # a PGM that names its largest value, by which Pillow scaled it to 65535
        image = Image.fromarray(to_eight_bits(np.asarray(image), 65535))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image)
    return image.convert(mode)


def _resized(image, height, width):
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image)
