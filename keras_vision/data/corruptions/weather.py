"""Weather: snow, frost on the glass, fog, and the sun."""

import numpy as np

from keras_vision.data.corruptions.blur import moved
from keras_vision.data.corruptions.geometry import clouds, resampled, zoomed_axis
from keras_vision.system.grey import LUMA, grey

# Mean and deviation of the noise that flakes are made of, how far it is enlarged, from which value on it is a flake,
# the length and the deviation of a flake's way, and how much of the image is left as it is.
SNOW = (
    (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
    (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
    (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
    (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
    (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
)
FROST = ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))  # of the image, and of the frost
FOG = ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))  # thickness, and decay of the clouds
LIGHT = (0.05, 0.1, 0.15, 0.2, 0.3)
ICE = (0.8, 0.9, 1.0)  # red, green and blue of frost


def snow(x, strength, random, scale):
    """Whitens an image and lets flakes fall in front of it."""
    mean, deviation, zoom, least, length, way, kept = SNOW[strength]
    n, height, width, _ = x.shape
    flakes = random.normal(mean, deviation, (n, height, width, 1)).astype("float32")
    zoom *= max(1.0, scale)
    flakes = resampled(flakes, zoomed_axis(height, zoom), zoomed_axis(width, zoom))
    flakes = moved(np.clip(np.where(flakes < least, 0, flakes), 0, 1), length * scale, way * scale, random, (-135, -45))
    whitened = kept * x + (1 - kept) * np.maximum(x, 1.5 * grey(x)[..., None] + 0.5)
    return whitened + flakes + flakes[:, ::-1, ::-1]


def frost(x, strength, random, scale):
    """Lays crystals over an image: the ridges between two clouds, thicker where a third one is dense."""
    n, height, width, channels = x.shape
    first, second, density = (clouds(n, height, width, random, decay) for decay in (1.9, 1.9, 2.5))
    ridges = 1 - np.minimum(np.abs(2 * first - 1), np.abs(2 * second - 1))
    ice = (0.3 + 0.7 * density) * ridges**3
    tint = np.array(ICE if channels == 3 else (np.dot(ICE, LUMA),), "float32")
    image, layer = FROST[strength]
    return image * x + layer * 1.5 * ice[..., None] * tint


def fog(x, strength, random, scale):
    """Lays clouds over an image, which takes the contrast away."""
    thickness, decay = FOG[strength]
    most = np.maximum(x.max(axis=(1, 2, 3), keepdims=True), 1e-3)
    layer = clouds(len(x), x.shape[1], x.shape[2], random, decay)[..., None]
    return (x + thickness * layer) * most / (most + thickness)


def brightness(x, strength, random, scale):
    """Adds light: the same to the largest of red, green and blue, with the others in proportion."""
    value = x.max(axis=3, keepdims=True)
    lighter = np.minimum(value + LIGHT[strength], 1)
    return np.where(value > 0, x * (lighter / np.where(value > 0, value, 1)), lighter)
