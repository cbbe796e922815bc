"""How bright images are: what a model file keeps of its training images, so that unlike images can be told."""

import numpy as np

from keras_vision.data.splits import images_at_once

# Images that are looked at, spread over all there are: means of so many are exact to a grey level or two.
_LOOKED_AT = 2000
# Images look inverted where their borders are nearer to the inverse of the training's than to those, and so many of the
# training's standard deviations away. Borders around middle grey, as of photographs, have no inverse to be told by:
# theirs must lie so far apart. No single image of ten data sets that we looked at is called inverted by its own model;
# their inverses are, where they are ink on paper, clothes or signs on one ground.
_DEVIATIONS, _APART = 4, 100
# And they are nearly blank where their contrast is so small a share of the training's, as after a wrong scaling.
_BLANK = 0.1


def measures_of(images):
    """Returns float arrays [n] of uint8 images [n, h, w, c]: brightness, border and contrast, in grey levels."""
    size = images_at_once(images.shape[1:])
    pieces = [_measures_of_piece(images[start : start + size]) for start in range(0, len(images), size)]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _measures_of_piece(images):
    grey = images.mean(axis=3, dtype=np.float32)
    edges = (grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1])
    return {
        "brightness": grey.mean(axis=(1, 2)),
        "border": np.concatenate(edges, axis=1).mean(axis=1),
        "contrast": grey.std(axis=(1, 2)),
    }


def pixel_statistics(images):
    """Returns mean and standard deviation, over images, of each of `measures_of`.

    Args:
        images: uint8 array [n, h, w, c].
    """
    measured = measures_of(images[:: max(1, len(images) // _LOOKED_AT)])
    return {
        name: {"mean": round(float(of.mean()), 2), "std": round(float(of.std()), 2)} for name, of in measured.items()
    }


def unlike_training(images, known):
    """Returns in a sentence how images differ from those that a model was trained on, or None.

    Args:
        images: uint8 array [n, h, w, c], n from 1.
        known: `pixel_statistics` of the training images; None of a model that does not carry them.

    Example:

    >>> black, white = np.zeros((9, 8, 8, 1), "uint8"), np.full((9, 8, 8, 1), 255, "uint8")
    >>> unlike_training(white, pixel_statistics(black))[:27]
    'The images look inverted: t'
    """
    if not known:
        return None
    found = {name: float(values.mean()) for name, values in measures_of(images).items()}
    border, contrast = known["border"], known["contrast"]
    inverse, away = 255 - border["mean"], abs(found["border"] - border["mean"])
    is_far = away > _DEVIATIONS * border["std"] and abs(found["border"] - inverse) < away
    if is_far and abs(inverse - border["mean"]) >= _APART:
        return (
            f"The images look inverted: the brightness of their borders is {found['border']:.0f} on average, but was "
            f"{border['mean']:.0f} in training. Invert them (255 - value), or train on images like these."
        )
    if found["contrast"] < _BLANK * contrast["mean"]:
        return (
            f"The images have hardly any contrast: {found['contrast']:.1f} grey levels on average, against "
            f"{contrast['mean']:.0f} in training. Were their values scaled to 0 to 255?"
        )
    return None
