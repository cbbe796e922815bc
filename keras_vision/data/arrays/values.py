"""From pixel values as people store them to uint8, 0 to 255. The scale is read off the training images, once.

What the values of the training images mean, by the first row that fits:
    false and true                          black and white
    not finite                              refused
    0 to 1                                  times 255
    -0.5 to 0.5, up to the ends             plus 0.5, times 255
    -1 to 1                                 plus 1, times 127.5
    whole, at most 15 or 16, and not uint8  4 bits, or scikit-learn's 17 grey levels
    0 to 255                                as they are, rounded
    whole, at most 1023, 4095, 16383, 65535 10, 12, 14 or 16 bits
    -127.5 to 127.5, up to the ends         plus 127.5
    whole, -128 to 127                      plus 128
    whole, -32768 to 32767                  plus 32768, then as 16 bits
    all else                                refused, with the range that was seen

0 to 255 holds for floats that pass 16 or are all whole. Floats may pass the ends of their range by 1%, as resizing
makes them; these are clipped.
"""

import dataclasses

import numpy as np
from PIL import Image

from keras_vision.errors import BadInput

# A float copy of so many values at a time: never of all images.
_PIECE = 2_000_000
_SLACK = 0.01
_DEPTHS = {10: 1023, 12: 4095, 14: 16383, 16: 65535}
# Of the brightest value: pictures that reach no half of 255 are told of, for they may be in another range.
_DARK = 128
_FAINT = 0.05
# Of the values of transparency: edges of drawn shapes lie between.
_OPAQUE_OR_CLEAR = 0.8


@dataclasses.dataclass(frozen=True)
class PixelScale:
    """What pixel values mean: `low` becomes 0 and `high` becomes 255.

    Args:
        low, high: The ends of the range.
        sentence: What a person is told about it; "" where the values stay as they are.
        kind: `dtype.kind` of the images that it was read off.
        highest: Their highest value.

    Example:

    >>> PixelScale(0, 1).apply(np.array([0.0, 0.5, 1.0])).tolist()
    [0, 128, 255]
    """

    low: float
    high: float
    sentence: str = ""
    kind: str = "f"
    highest: float = 0

    def apply(self, images):
        """Returns images of any numbers as uint8 of the same shape; what lies beyond the range is clipped."""
        if images.dtype == np.uint8 and (self.low, self.high) == (0, 255):
            return np.ascontiguousarray(images)
        scaled = np.empty(images.shape, np.uint8)
        for piece in _pieces(images):
            values = images[piece].astype(np.float64)
            values -= self.low
            values *= 255 / (self.high - self.low)
            scaled[piece] = np.rint(np.clip(values, 0, 255, out=values))
        return scaled


def to_uint8(images, what, scale=None):
    """Brings pixel values to uint8.

    Args:
        images: Numbers or booleans [n, ...].
        what: Names the images in messages: `"a.npz: x_train"`.
        scale: The `PixelScale` of the training images; None where these are the training images.

    Returns:
        uint8 array of the same shape, the `PixelScale`, and a list of sentences to read before it is trusted.

    Raises:
        BadInput: The range is none that the head of this file lists, or not that of the training images.

    Example:

    >>> to_uint8(np.array([[0, 1023]]), "x_train")[0].tolist()
    [[0, 255]]
    """
    if images.dtype.kind not in "biuf":
        raise BadInput(f"{what} holds {images.dtype}, but pixels must be numbers. Save them as uint8, 0 to 255.")
    low, high = _range(images, what)
    if scale is None:
        scale, warnings = find_scale(images, what, low, high), []
    else:
        warnings = _differences(images, what, scale, low, high)
    return scale.apply(images), scale, warnings


def find_scale(images, what, low, high):
    """Returns the `PixelScale` of training images by the rules at the head of this file.

    Args:
        images: Numbers or booleans.
        what: Names them in messages.
        low, high: Their lowest and highest value.

    Example:

    >>> find_scale(np.array([0.0, 1.0]), "x_train", 0.0, 1.0).sentence
    'x_train: values from 0 to 1 are scaled to 0 to 255.'
    """
    for fits, ends, words in _rules(images, low, high):
        if fits():
            told = f"the brightest value is {high:g} of 255; if that is wrong, scale the images first."
            dark = told if ends == (0, 255) and 0 < high < _DARK else ""
            sentence = " ".join(f"{what}: {one}" for one in (words, dark) if one)
            return PixelScale(*ends, sentence, images.dtype.kind, high)
    raise _unknown_range(images, what, low, high)


def _rules(images, low, high):
    """Rows of (does it fit, the ends of the range, the sentence), the first that fits holds."""
    is_float = images.dtype.kind == "f"
    span = f"values from {low:g} to {high:g}"

    def is_whole():
        return not is_float or _is_whole(images)

    def within(start, end):
        slack = _SLACK * (end - start) if is_float else 0
        return low >= start - slack and high <= end + slack

    def fills(start, end):
        slack = 2 * _SLACK * (end - start)
        return is_float and within(start, end) and low <= start + slack and high >= end - slack

    def is_byte():
        return within(0, 255) and (not is_float or high > 16 or is_whole())

    def taken(start, end):
        ends = "" if (low, high) == (start, end) else f" taken as {start:g} to {end:g} and"
        return (start, end), f"{span} are{ends} scaled to 0 to 255."

    yield lambda: images.dtype.kind == "b", (0, 1), "false becomes black and true white."
    yield lambda: low == high == 0, (0, 255), ""
    yield lambda: within(0, 1), *taken(0, 1)
    yield lambda: fills(-0.5, 0.5), *taken(-0.5, 0.5)
    yield lambda: low < 0 and within(-1, 1), *taken(-1, 1)
    yield lambda: images.dtype != np.uint8 and low >= 0 and high in (15, 16) and is_whole(), *taken(0, high)
    yield is_byte, (0, 255), "" if images.dtype == np.uint8 else f"{span} are taken as 0 to 255."
    yield lambda: fills(-127.5, 127.5) and not is_whole(), *taken(-127.5, 127.5)
    for bits, most in _DEPTHS.items():
        words = f"{span} are taken as {bits} bits and scaled from 0 to {most} to 0 to 255."
        yield lambda most=most: low >= 0 and high <= most and is_whole(), (0, most), words
    for most in (127, 32767):
        fits = lambda most=most: low >= -most - 1 and high <= most and high - low >= most / 2 and is_whole()  # noqa: E731
        yield fits, *taken(-most - 1, most)


def _unknown_range(images, what, low, high):
    numbers = "floats" if images.dtype.kind == "f" else "integers"
    black = _number(low) if low >= 0 else f"({_number(low)})"
    return BadInput(
        f"{what} holds {numbers} from {_number(low)} to {_number(high)}, and nothing says which of them is black and "
        "which is white. If the values were standardised, save the pixels as they were before. Or choose the ends "
        f"yourself, the same for all splits: numpy.clip((x - {black}) * (255 / ({_number(high)} - {black})), 0, 255)"
        ".round().astype('uint8')."
    )


def _number(value):
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _differences(images, what, scale, low, high):
    """Refuses a split that was not stored as the training images were; returns sentences about lesser differences."""
    span = scale.high - scale.low
    beyond = low < scale.low - _SLACK * span or high > scale.high + _SLACK * span
    if (images.dtype.kind == "f") != (scale.kind == "f"):
        own = find_scale(images, what, low, high)
        if (own.low, own.high) != (scale.low, scale.high) and (beyond or high < scale.high * _FAINT):
            raise _other_range(what, scale, low, high)
    if beyond:
        count = sum(
            int(((images[piece] < scale.low) | (images[piece] > scale.high)).sum()) for piece in _pieces(images)
        )
        if count > _SLACK * images.size or high > scale.high + span / 2 or low < scale.low - span / 2:
            raise _other_range(what, scale, low, high)
        return [f"{what}: {count} values lie outside the range of the training images and were clipped."]
    if 0 < high < scale.highest * _FAINT:
        return [
            f"{what}: the brightest value is {high:g}, but in the training images it is {scale.highest:g}. "
            "Check that both were saved in the same way."
        ]
    return []


def _other_range(what, scale, low, high):
    return BadInput(
        f"{what} holds values from {_number(low)} to {_number(high)}, but those of the training images lie between "
        f"{scale.low:g} and {scale.high:g}. Save both in the same way, best as uint8 from 0 to 255."
    )


def _range(images, what):
    low, high = images.min(), images.max()
    if not np.isfinite([low, high]).all():
        count = sum(int((~np.isfinite(images[piece])).sum()) for piece in _pieces(images))
        raise BadInput(
            f"{what} holds {count} values that are not finite (NaN or infinity). Leave out the images that have them: "
            "keep = numpy.isfinite(x).all(axis=tuple(range(1, x.ndim))); x, y = x[keep], y[keep]."
        )
    return low.item(), high.item()


def _is_whole(images):
    return all(bool((images[piece] == np.floor(images[piece])).all()) for piece in _pieces(images))


def _pieces(images):
    """Slices along the first axis, each of about `_PIECE` values."""
    step = max(1, _PIECE * len(images) // max(1, images.size))
    return [slice(start, start + step) for start in range(0, len(images), step)]


def check_fourth_channel(images, what):
    """Returns the sentence about a fourth channel that is transparency, in a tuple; nothing where there is none.

    Transparency is nearly everywhere none or complete. A channel of other values, near-infrared light for example, is
    as much of the image as the others, and would be lost.

    Args:
        images: uint8 [n, h, w, c].
        what: Names them in messages.

    Raises:
        BadInput: Two channels, or a fourth that is not transparency.

    Example:

    >>> check_fourth_channel(np.full((1, 2, 2, 4), 255, "uint8"), "x_train")
    ('x_train: the fourth channel is taken as transparency, and the images are laid over white.',)
    """
    channels = images.shape[3]
    if channels == 4:
        opacity = images[..., 3]
        if np.isin(opacity, (0, 255)).mean() >= _OPAQUE_OR_CLEAR:
            return (f"{what}: the fourth channel is taken as transparency, and the images are laid over white.",)
    if channels in (2, 4):
        seen = "two channels" if channels == 2 else "a fourth channel that does not look like transparency"
        raise BadInput(
            f"{what} has {seen}, and models here take grey or RGB images. Save the channels that matter: one, or three."
        )
    return ()


def over_white(images):
    """Returns images with transparency laid over white, as image files are read; those without any as they are.

    Args:
        images: uint8 [n, h, w, c].

    Returns:
        uint8 [n, h, w, 3] of four channels.

    Example:

    >>> over_white(np.array([[[[0, 0, 0, 0]]]], "uint8")).tolist()
    [[[[255, 255, 255]]]]
    """
    if images.shape[3] != 4:
        return images
    flat = np.empty((*images.shape[:3], 3), np.uint8)
    for piece in _pieces(images):
        tall = images[piece].reshape(-1, *images.shape[2:])
        picture = Image.fromarray(np.ascontiguousarray(tall))
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (255, 255, 255, 255)), picture)
        flat[piece] = np.asarray(picture)[..., :3].reshape(-1, *images.shape[1:3], 3)
    return flat
