"""What the corruptions share: kernels over batches, axes drawn anew, clouds."""

import numpy as np
from scipy.signal import fftconvolve


def convolve(x, kernel):
    """Returns images [n, h, w, c] spread by a kernel of odd sides; borders are reflected."""
    rows, columns = (side // 2 for side in kernel.shape)
    padded = np.pad(x, ((0, 0), (rows, rows), (columns, columns), (0, 0)), "symmetric")
    return fftconvolve(padded, kernel[None, :, :, None].astype("float32"), "valid", axes=(1, 2))


def resampled(x, rows, columns):
    """Returns images [n, h, w, c] with rows and columns mixed.

    Args:
        x: The images.
        rows: Array [new h, h], how much of each row is in each new one.
        columns: Array [new w, w], the same of columns.
    """
    n, height, width, channels = x.shape
    x = (rows.astype("float32") @ x.reshape(n, height, width * channels)).reshape(n, -1, width, channels)
    return np.ascontiguousarray(columns.astype("float32") @ x)


def zoomed_axis(size, factor):
    """Returns the array [size, size] that enlarges the middle of an axis, in straight lines between pixels."""
    middle = (size - 1) / 2
    places = middle + (np.arange(size) - middle) / factor
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(size)))


def averaged_axis(size, new):
    """Returns the array [new, size] that makes an axis shorter: each new pixel is the mean of what it covers.

    Example:

    >>> averaged_axis(4, 2).tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    edges, pixels = np.arange(new + 1) * size / new, np.arange(size)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.maximum(covered, 0) * new / size


def clouds(count, height, width, random, decay):
    """Returns clouds: arrays [count, height, width] from 0 to 1, rougher where `decay` is smaller.

    Source: Fournier, Fussell & Carpenter 1982, "Computer rendering of stochastic models": midpoints, displaced.
    """
    side = 1 << (max(height, width) - 1).bit_length()
    field, step, rough = np.zeros((count, side, side), "float32"), side, 1.0

    def displaced(total):
        return total / 4 + rough * random.uniform(-1, 1, total.shape).astype("float32")

    while step >= 2:
        half = step // 2
        corners = field[:, ::step, ::step]
        pairs = corners + np.roll(corners, -1, 1)
        field[:, half::step, half::step] = displaced(pairs + np.roll(pairs, -1, 2))
        middles = field[:, half::step, half::step]
        level = middles + np.roll(middles, 1, 1) + corners + np.roll(corners, -1, 2)
        upright = middles + np.roll(middles, 1, 2) + corners + np.roll(corners, -1, 1)
        field[:, ::step, half::step] = displaced(level)
        field[:, half::step, ::step] = displaced(upright)
        step, rough = half, rough / decay
    field -= field.min(axis=(1, 2), keepdims=True)
    return (field / np.maximum(field.max(axis=(1, 2), keepdims=True), 1e-6))[:, :height, :width]
