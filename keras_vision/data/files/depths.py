"""Values of more than eight bits: which of them is white, and how they become 0 to 255.

A file of 16 bits may hold 8, 10, 12 or 14; one of floats 0 to 1 or 0 to 255. A single image does not tell; the
brightest value of all training images does. That number, the white of a kind, is part of the data set and travels with
the model.
"""

import numpy as np
from PIL import ImageOps

KINDS = ("16-bit", "32-bit", "float")
_DEPTHS = {8: 255, 10: 1023, 12: 4095, 14: 16383, 16: 65535}
_SWAPPED = {"B": "L", "L": "B", "N": "B"}  # N: this machine's own order, little-endian


def kind_of(image):
    """Returns "16-bit", "32-bit" or "float" for an opened image whose white is not known from its header, else None."""
    if image.mode == "F":
        return "float"
    if _declares_its_white(image):
        return None
    if image.mode.startswith("I;16") or raw_mode(image).endswith((";16B", ";16L", ";16N", ";12")):
        return "16-bit"
    if image.mode == "RGB" and _raw_args(image) == ("RGB", 65535):
        return "16-bit"
    return "32-bit" if image.mode == "I" else None


def values_of(image, open_again):
    """Returns the values of an image that has a kind, turned as its EXIF data says: [h, w], or [h, w, channels].

    Args:
        image: An opened image.
        open_again: Returns it opened once more.
    """
    if image.mode == "I" or image.mode == "F" or image.mode.startswith("I;16"):
        return np.asarray(ImageOps.exif_transpose(image))
    if _raw_args(image) == ("RGB", 65535):
        _set_raw(image, "RGB;16B", decoder="raw")
    raw = raw_mode(image)
    # Pillow keeps the upper byte of each value. Told the other byte order, it keeps the lower one.
    upper = np.asarray(ImageOps.exif_transpose(image)).astype(np.uint16)
    if not raw.startswith(("RGB;", "RGBA;")):
        return upper * 257
    with open_again() as other:
        _set_raw(other, raw[:-1] + _SWAPPED[raw[-1]], decoder="raw" if other.format == "PPM" else None)
        return upper * 256 + np.asarray(ImageOps.exif_transpose(other))


def white_of(kind, low, high):
    """Returns the white of a kind, from the smallest and the largest value that its images have.

    Raises:
        ValueError: No rule covers this range.

    Example:

    >>> white_of("16-bit", 0, 4000), white_of("float", 0.0, 0.9), white_of("float", 0.0, 254.0)
    (4095, 1, 255)
    """
    if not np.isfinite([low, high]).all():
        raise ValueError("values that are not finite")
    if low < 0 or high > 65535:
        raise ValueError(f"values from {low:g} to {high:g}")
    if 0 < high <= 1:
        return 1
    return next(white for white in _DEPTHS.values() if high <= white)


def to_eight_bits(values, white):
    """Returns values as uint8: 0 to `white` become 0 to 255, rounded; what lies outside becomes black or white.

    Example:

    >>> to_eight_bits(np.array([0, 2048, 4095]), 4095).tolist()
    [0, 128, 255]
    """
    if not np.isfinite(values).all():
        raise ValueError("values that are not finite")
    return np.clip(np.rint(values * (255 / white)), 0, 255).astype(np.uint8)


def sentence(kind, low, high, white):
    """Returns what was decided about the values of a kind.

    Example:

    >>> sentence("16-bit", 0, 4000, 4095)
    'The 16-bit images hold values from 0 to 4000, so they are read as 12 bits: 0 to 4095 become 0 to 255.'
    """
    bits = next((f" as {bits} bits" for bits, largest in _DEPTHS.items() if white == largest and kind != "float"), "")
    change = "they stay as they are" if white == 255 else f"0 to {white} become 0 to 255"
    return f"The {kind} images hold values from {low:g} to {high:g}, so they are read{bits}: {change}."


def _declares_its_white(image):
    """PPM files with another largest value than 65535: Pillow scales by it."""
    args = _raw_args(image)
    return image.format == "PPM" and len(args) == 2 and args[1] != 65535


def _raw_args(image):
    tiles = getattr(image, "tile", None)  # openers of other packages have none
    args = tiles[0].args if tiles else ()
    return args if isinstance(args, tuple) else (args,)


def raw_mode(image):
    """Returns how a file stores its pixels, as Pillow calls it: "LA;16B"; "" where that is not known."""
    first = next(iter(_raw_args(image)), "")
    return first if isinstance(first, str) else ""


def _set_raw(image, raw, decoder=None):
    tiles = []
    for tile in image.tile:
        args = (raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw
        if decoder:
            tile, args = tile._replace(codec_name=decoder), (raw, 0, 1)
        tiles.append(tile._replace(args=args))
    image.tile = tiles
