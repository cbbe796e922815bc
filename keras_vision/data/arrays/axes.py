"""The axes of image arrays as people store them, brought to [n, h, w, c].

    [n, h, w]                   grey
    [n, h, w, c]                c 1 or 3; 4 with transparency, which is laid over white later
    [n, c, h, w]                channels first, as PyTorch has them
    [h, w, c, n], [h, w, n]     images last, as MATLAB has them
    [n, h*w], [n, h*w*c]        flat, of square images
    [n, h*w, c], [n, c, h*w]    half flat, of square images of at least 8x8

n is the number of labels. Where two rows fit, the first does, unless only the other gives square images.
"""

import dataclasses
import math

import numpy as np

from keras_vision.errors import BadInput

_CHANNELS = (1, 2, 3, 4)
_LEAST_FLAT = 64
_LOOKED_AT = 256


@dataclasses.dataclass(frozen=True)
class Axes:
    """How an array becomes images: `shape` to take it in, -1 for the number of images, then `order` of the axes.

    Args:
        ndim: Of the arrays that this fits.
        shape: To reshape to; None to keep it.
        order: Where each axis of the images lies in that; channels are appended where it names three.
        sentence: What a person is told; "" where nothing was moved.
    """

    ndim: int
    shape: tuple[int, ...] | None = None
    order: tuple[int, ...] = (0, 1, 2, 3)
    sentence: str = ""

    def apply(self, images):
        """Returns [n, h, w, c]: a view, as far as numpy can."""
        images = images if self.shape is None else images.reshape(self.shape)
        images = images.transpose(self.order)
        return images[..., None] if images.ndim == 3 else images


def find_axes(images, count, what):
    """Says how an array holds its images.

    Args:
        images: Array of 2 to 4 axes.
        count: Number of labels.
        what: Names the array in messages.

    Returns:
        An `Axes`.

    Raises:
        BadInput: The shape fits no row of the head of this file.

    Example:

    >>> find_axes(np.zeros((5, 3, 8, 8)), 5, "x_train").sentence
    'x_train: the channels come first and were moved last.'
    """
    if 0 in images.shape:
        raise BadInput(
            f"{what} has the shape {images.shape}, so it holds no images. Save [n, height, width, channels]."
        )
    if count not in images.shape:
        raise BadInput(
            f"{what} has the shape {images.shape}, but there are {count} labels. Save one label for each image, and "
            "the images as [n, height, width] or [n, height, width, channels]."
        )
    find = {2: _of_two, 3: _of_three, 4: _of_four}.get(images.ndim)
    axes = find(images, count, what) if find else None
    if axes is None:
        raise BadInput(
            f"{what} has the shape {images.shape}, which cannot be read as images with {count} labels. Save "
            "[n, height, width], or [n, height, width, channels] with 1 or 3 channels; n is the number of labels."
        )
    return axes


def _of_two(images, count, what):
    if images.shape[0] != count:
        return None
    length = images.shape[1]
    for channels in (1, 3):
        side = math.isqrt(length // channels)
        if side * side * channels != length:
            continue
        if channels == 1:
            sentence = f"{what}: rows of {length} values are {side}x{side} grey images."
            return Axes(2, (-1, side, side), (0, 1, 2), sentence)
        if _is_planar(images, side):
            words = "all red values first, then green, then blue"
            return Axes(2, (-1, 3, side, side), (0, 2, 3, 1), _colours(what, length, side, words))
        words = "the three colours of a pixel together"
        return Axes(2, (-1, side, side, 3), sentence=_colours(what, length, side, words))
    return None


def _colours(what, length, side, words):
    return f"{what}: rows of {length} values are {side}x{side} colour images, {words}."


def _is_planar(images, side):
    """Pictures are smooth: of the two orders of colours the right one has much smaller steps between neighbours."""
    some = images[:: max(1, len(images) // _LOOKED_AT)].astype(np.float64)
    together, planes = some.reshape(-1, side, side, 3), some.reshape(-1, 3, side, side)
    if side < 2:
        return False
    return np.abs(np.diff(planes, axis=3)).mean() < 0.9 * np.abs(np.diff(together, axis=2)).mean()


def _of_three(images, count, what):
    first, second, third = images.shape
    if first != count and third != count:
        return None
    if first != count:
        return Axes(3, None, (2, 0, 1), f"{what}: the images lie along the last axis, which was moved first.")
    for length, channels, shape, order in (
        (second, third, lambda side: (-1, side, side, third), (0, 1, 2, 3)),
        (third, second, lambda side: (-1, second, side, side), (0, 2, 3, 1)),
    ):
        side = math.isqrt(length)
        if channels in _CHANNELS and length >= _LEAST_FLAT and side * side == length:
            sentence = f"{what}: {length} pixels a channel are taken as {side}x{side} images."
            return Axes(3, shape(side), order, sentence)
    return Axes(3, None, (0, 1, 2))


def _of_four(images, count, what):
    first, second, third, fourth = images.shape
    if first == count:
        is_last, is_first = fourth in _CHANNELS, second in _CHANNELS
        if is_last and (second == third or not (is_first and third == fourth)):
            return Axes(4)
        if is_first:
            return Axes(4, None, (0, 2, 3, 1), f"{what}: the channels come first and were moved last.")
        return Axes(4) if is_last else None
    if fourth != count:
        return None
    sentence = f"{what}: the images lie along the last axis, which was moved first."
    if third in _CHANNELS:
        return Axes(4, None, (3, 0, 1, 2), sentence)
    return Axes(4, None, (3, 1, 2, 0), sentence) if first in _CHANNELS else None
