"""What happens to images between a camera and a network: 15 kinds of corruption at 5 strengths.

The kinds, and their strengths for 32x32 pixels, are those of CIFAR-10-C (Hendrycks & Dietterich 2019, "Benchmarking
neural network robustness to common corruptions and perturbations", section 3 and appendix B). What has a length in
pixels grows with the images. Frost is drawn here; the source cuts it from six photographs. The random seed decides all
that is left to chance, so that every network sees the same images.

A kind is a function of (x, strength, random, scale):
    x         float32 array [n, height, width, channels] of grey or RGB images from 0 to 1, which it may change
    strength  0 to 4
    random    a `numpy.random.Generator`
    scale     how many times as large as 32 pixels the smaller side is
It returns an array of the shape of x; what lies outside 0 to 1 is cut.
"""

import numpy as np

from keras_vision.data.corruptions.blur import defocus_blur, glass_blur, motion_blur, zoom_blur
from keras_vision.data.corruptions.digital import contrast, elastic_transform, jpeg_compression, pixelate
from keras_vision.data.corruptions.noise import gaussian_noise, impulse_noise, shot_noise
from keras_vision.data.corruptions.weather import brightness, fog, frost, snow
from keras_vision.data.splits import images_at_once
from keras_vision.errors import check_name

STRENGTHS = 5
KINDS = {
    "gaussian noise": gaussian_noise,
    "shot noise": shot_noise,
    "impulse noise": impulse_noise,
    "defocus blur": defocus_blur,
    "glass blur": glass_blur,
    "motion blur": motion_blur,
    "zoom blur": zoom_blur,
    "snow": snow,
    "frost": frost,
    "fog": fog,
    "brightness": brightness,
    "contrast": contrast,
    "elastic transform": elastic_transform,
    "pixelate": pixelate,
    "jpeg compression": jpeg_compression,
}
_SIDE = 32  # pixels, of the images that the strengths are for


def corrupt(images, kind, strength, seed=0):
    """Returns corrupted images.

    Args:
        images: uint8 array [n, height, width, channels] of grey or RGB images.
        kind: A name in `KINDS`.
        strength: From 1 to `STRENGTHS`.
        seed: Decides all that is left to chance; an image's corruption also depends on its place.

    Returns:
        uint8 array of the same shape.

    Example:

    >>> corrupt(np.full((2, 28, 28, 1), 100, "uint8"), "brightness", 5)[0, 0, 0]
    array([177], dtype=uint8)
    """
    check_name("corruption", kind, KINDS)
    height, width = images.shape[1:3]
    size, scale = images_at_once(images.shape[1:]), min(height, width) / _SIDE
    seeds = np.random.SeedSequence([seed, list(KINDS).index(kind), strength])
    result = np.empty_like(images)
    for start, own in zip(range(0, len(images), size), seeds.spawn(-(-len(images) // size)), strict=True):
        piece = images[start : start + size].astype("float32") / 255
        changed = KINDS[kind](piece, strength - 1, np.random.default_rng(own), scale)
        result[start : start + size] = np.rint(np.clip(changed, 0, 1) * 255)
    return result
