"""Blur: out of focus, behind frosted glass, moved, and zoomed while the shutter is open."""

import itertools

import numpy as np
from scipy.ndimage import gaussian_filter

from keras_vision.data.corruptions.geometry import convolve, resampled, zoomed_axis

DISK = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))  # radius, and the blur of its edge
GLASS = ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2))  # blur, reach of a swap, rounds
MOTION = ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))  # length, and the deviation of its weights
ZOOM = (1.06, 1.11, 1.16, 1.21, 1.26)  # up to which, in steps of 0.01
FINE = 8  # parts of a pixel's side by which the disk is drawn: one of whole pixels would not grow with its radius
TOGETHER = 32  # images that are moved in one direction


def defocus_blur(x, strength, random, scale):
    """Spreads each point over a disk."""
    radius, edge = (scale * size for size in DISK[strength])
    side = 2 * int(np.ceil(radius + 3 * edge)) + 1
    places = (np.arange(side * FINE) + 0.5) / FINE - side / 2
    disk = (places[:, None] ** 2 + places**2 <= max(radius, 1 / FINE) ** 2).astype("float32")
    fine = gaussian_filter(disk, edge * FINE, mode="constant")
    kernel = fine.reshape(side, FINE, side, FINE).sum(axis=(1, 3))
    return convolve(x, kernel / kernel.sum())


def glass_blur(x, strength, random, scale):
    """Swaps pixels with near ones, between two blurs.

    Pixels that lie further apart than swaps reach are swapped at once; the source goes pixel by pixel.
    """
    deviation, reach, rounds = GLASS[strength]
    deviation, reach = deviation * scale, max(1, round(reach * scale))
    x = gaussian_filter(x, (0, deviation, deviation, 0))
    height, width, step = x.shape[1], x.shape[2], 2 * reach + 1
    images = np.arange(len(x))[:, None, None]
    starts = [(row, column) for row in range(reach, step + reach) for column in range(reach, step + reach)]
    for _, (top, left) in itertools.product(range(rounds), starts):
        rows, columns = np.arange(top, height - reach, step), np.arange(left, width - reach, step)
        if not len(rows) or not len(columns):
            continue
        moves = random.integers(-reach, reach + 1, (2, len(x), len(rows), len(columns)))
        here = (images, rows[:, None], columns[None, :])
        there = (images, here[1] + moves[0], here[2] + moves[1])
        x[here], x[there] = x[there], x[here]
    return gaussian_filter(x, (0, deviation, deviation, 0))


def motion_blur(x, strength, random, scale):
    """Draws each point out to one side, up to 45 degrees from level."""
    length, deviation = (scale * size for size in MOTION[strength])
    return moved(x, length, deviation, random, (-45, 45))


def moved(x, length, deviation, random, degrees):
    """Draws points out along a line; every `TOGETHER` images in a direction of their own between two angles."""
    for start in range(0, len(x), TOGETHER):
        kernel = _line(length, deviation, np.radians(random.uniform(*degrees)))
        x[start : start + TOGETHER] = convolve(x[start : start + TOGETHER], kernel)
    return x


def _line(length, deviation, angle):
    """Returns a kernel with half a bell curve from its middle outwards, each of its points shared among four pixels."""
    reach = int(np.ceil(length)) + 1
    along = np.arange(0, length + 0.25, 0.5)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), "float32")
    rows, columns = reach + along * np.sin(angle), reach + along * np.cos(angle)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    for down, right in itertools.product((0, 1), (0, 1)):
        share = (1 - np.abs(rows - top - down)) * (1 - np.abs(columns - left - right))
        np.add.at(kernel, (top + down, left + right), share * np.exp(-(along**2) / (2 * deviation**2)))
    return kernel / kernel.sum()


def zoom_blur(x, strength, random, scale):
    """Averages an image with enlargements of it."""
    factors = np.arange(1, ZOOM[strength], 0.01)
    total = x.copy()
    for factor in factors:
        total += resampled(x, zoomed_axis(x.shape[1], factor), zoomed_axis(x.shape[2], factor))
    return total / (len(factors) + 1)
