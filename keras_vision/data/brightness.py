"""How images look as a whole: what a model file keeps of its training images, so that unlike images can be told."""

import numpy as np

from keras_vision.data.splits import pieces_of

# Images that are looked at, spread over all there are: means of so many are exact to a grey level or two.
_LOOKED_AT = 2000
# Images look inverted where their borders are nearer to the inverse of the training's than to those, and so many of the
# training's standard deviations away. Borders around middle grey, as of photographs, have no inverse to be told by:
# theirs must lie so far apart. No single image of ten data sets that we looked at is called inverted by its own model;
# their inverses are, where they are ink on paper, clothes or signs on one ground.
_DEVIATIONS, _APART = 4, 100
# And they are nearly blank where their contrast is so small a share of the training's, as after a wrong scaling.
_BLANK = 0.1
# They are pictures of another kind where most of them lie outside all that was seen in training, of one measure, by
# this share of its range. Of 10 data sets with 24 to 3,000 test images each, at most 0.8% are warned of alone;
# without the share it would be over 1%.
_OUTSIDE = 0.1
# Grey levels that are as good as black or white.
_NEAR = 8
# measure -> what is said of images that have less of it than any in training, and more
_WORDS = {
    "brightness": ("darker", "brighter"),
    "border": ("darker at the border", "brighter at the border"),
    "contrast": ("of less contrast", "of more contrast"),
    "colour": ("less colourful", "more colourful"),
    "extremes": ("less black and white", "more black and white"),
}


def measures_of(images):
    """Returns float arrays [n] of what tells uint8 images [n, h, w, c] apart, a dict by the names in `_WORDS`.

    All are in grey levels, extremes too: 255 where all pixels are nearly black or white.
    """
    pieces = [_measures_of_piece(piece) for piece in pieces_of(images)]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _measures_of_piece(images):
    grey = images.mean(axis=3, dtype=np.float32)
    edges = (grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1])
    return {
        "brightness": grey.mean(axis=(1, 2)),
        "border": np.concatenate(edges, axis=1).mean(axis=1),
        "contrast": grey.std(axis=(1, 2)),
        "colour": (images.max(axis=3) - images.min(axis=3)).mean(axis=(1, 2), dtype=np.float32),
        "extremes": 255 * ((grey <= _NEAR) | (grey >= 255 - _NEAR)).mean(axis=(1, 2), dtype=np.float32),
    }


def pixel_statistics(images):
    """Returns mean, standard deviation, lowest and highest, over images, of each of `measures_of`.

    Args:
        images: uint8 array [n, h, w, c].
    """
    measured = measures_of(images[:: max(1, len(images) // _LOOKED_AT)])
    kept = {"mean": np.mean, "std": np.std, "lowest": np.min, "highest": np.max}
    return {name: {key: round(float(of(values)), 2) for key, of in kept.items()} for name, values in measured.items()}


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
    measured = measures_of(images)
    found = {name: float(values.mean()) for name, values in measured.items()}
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
    return _another_kind(measured, known)


def _another_kind(measured, known):
    """Returns in a sentence of which measure most images have less, or more, than any image in training; or None."""
    for name, (less, more) in _WORDS.items():
        own = known.get(name, {})
        if "lowest" not in own:  # of a model file of an earlier version
            continue
        margin = max(1.0, _OUTSIDE * (own["highest"] - own["lowest"]))
        below, above = measured[name] < own["lowest"] - margin, measured[name] > own["highest"] + margin
        is_outside, word = max((below, less), (above, more), key=lambda pair: pair[0].sum())
        if is_outside.mean() > 0.5:
            several = f"The images look like another kind of picture: {is_outside.mean():.0%} of them are"
            begin = several if len(is_outside) > 1 else "The image looks like another kind of picture: it is"
            return (
                f"{begin} {word} than any that was looked at in training "
                f"({measured[name][is_outside].mean():.0f} on average, there {own['lowest']:.0f} to "
                f"{own['highest']:.0f}). Its answers may mean nothing."
            )
    return None
