"""The same CNN without anything non-linear in it, and a larger one; and that it is one affine map of the pixels."""

import numpy as np
from keras import ops

from keras_vision.analysis.gradients import gradients
from keras_vision.studies.claims import Claim, Judgement, above, apart
from keras_vision.studies.plan import PLAIN, PLAIN_WORDS, Case, Scale, Study, smoke
from keras_vision.studies.probes import sample
from keras_vision.studies.table import listed, number, points

USUAL, LINEAR, LARGER = "non-linear", "linear", "linear, larger"
WITHOUT = {"activation": "linear", "pooling": "average"}
LOST = 0.15  # the share of accuracy that the source reports as lost
ABOUT = (0.5, 1.5)  # of these
ROUNDING = 1e-3  # far above it in float32, far below what anything non-linear makes
# scale -> the filters of the first block, and how many times as many the larger network has
WIDTHS = {"smoke": (2, 1), "quick": (16, 4), "full": (32, 2)}


def cases(scale):
    """Returns a network, the same without non-linear parts, and a larger one without them."""
    width, times = WIDTHS[scale]
    small, large = (tuple(first * 2**i for i in range(3)) for first in (width, times * width))
    found = [
        Case(USUAL, "cnn", {"filters": small}),
        Case(LINEAR, "cnn", {"filters": small} | WITHOUT),
        Case(LARGER, "cnn", {"filters": large} | WITHOUT),
    ]
    return found[:2] if scale == "smoke" else found


def measure(run, model, data):
    """Returns how far the network is from the affine map that it is at one image: 0 where it is one map throughout."""
    images, _ = sample(data)
    return {"affine_difference": affine_difference(model, images)}


def affine_difference(model, images):
    """Returns the relative difference of a model's logits from those of its affine map at the mean image.

    The map is f(x) = f(m) + J (x - m), with m the mean image and J the matrix of all derivatives there.

    Args:
        model: A model with logits.
        images: Float array [n, height, width, channels].
    """
    mean = images.mean(axis=0, keepdims=True)
    rows = [gradients(lambda x, k=k: ops.sum(model(x[0])[:, k]), [mean])[0] for k in range(model.output_shape[-1])]
    matrix = np.stack([row.ravel() for row in rows]).astype("float64")
    offset = ops.convert_to_numpy(model(mean)).astype("float64")
    mapped = offset + (images - mean).reshape(len(images), -1) @ matrix.T
    logits = ops.convert_to_numpy(model(images)).astype("float64")
    return float(np.sqrt(np.mean((logits - mapped) ** 2) / np.mean((logits - offset) ** 2)))


def answer(table):
    """What is lost without anything non-linear, what size brings back, and how far from affine each network is."""
    change = table.mean(LINEAR, "val_accuracy") - table.mean(USUAL, "val_accuracy")
    back = ""
    if LARGER in table.cases:
        gained = table.mean(LARGER, "val_accuracy") - table.mean(LINEAR, "val_accuracy")
        size = table.mean(LARGER, "parameters") / table.mean(LINEAR, "parameters")
        back = f", and by {points(gained)} more with a linear network of {number(size)} times the size"
    return (
        f"The network's validation accuracy of {table.percent(USUAL)} changes by {points(change)} without anything "
        f"non-linear{back}. The linear one's logits differ from those of one affine map of the pixels "
        f"by {table.number(LINEAR, 'affine_difference')} of their size, those of the non-linear one by "
        f"{table.number(USUAL, 'affine_difference')}."
    )


def is_about_as_much(table):
    """Judges whether what is lost is about what was reported, by its interval."""
    lost = table.difference(USUAL, LINEAR)
    low, high = (share * LOST for share in ABOUT)
    about = f"about is taken to mean {100 * low:.1f} to {100 * high:.1f}"
    numbers = f"{apart(table, USUAL, LINEAR)}; {about}"
    if low <= lost.low and lost.high <= high:
        return Judgement(True, numbers)
    if lost.high < low or lost.low > high:
        return Judgement(False, numbers)
    return Judgement(None, numbers, "the 95% interval holds one of these borders")


def is_affine(table):
    """Judges whether the linear networks compute the affine maps that they are."""
    found = {case: table.mean(case, "affine_difference") for case in (LINEAR, LARGER) if case in table.cases}
    numbers = listed(f"{number(difference)} with {case}" for case, difference in found.items())
    return Judgement(max(found.values()) < ROUNDING, f"relative difference from that map: {numbers}")


CLAIMS = (
    Claim("Without anything non-linear about 15 points are lost", is_about_as_much),
    Claim("A larger linear network still lacks at least half of these 15 points", above(USUAL, LARGER, by=LOST / 2)),
    Claim(
        "A network without anything non-linear is one affine map of the pixels",
        is_affine,
        reason="Of affine maps that follow one another the last gives an affine map of what the first was given.",
        is_ours=True,
    ),
)


STUDY = Study(
    question="What is a CNN worth without activations and max pooling, and does size bring it back?",
    reported="about 15 points are lost, and size does not bring them back.",
    varied="activations and pooling: ReLU and max, or none and average; and the number of filters",
    held_fixed=f"layers, batch norm (affine once trained), head; {PLAIN_WORDS}",
    scales={
        "smoke": smoke(),
        "quick": Scale(PLAIN | {"epochs": 3}, seeds=3, note="Half the filters, 3 epochs of 20."),
        "full": Scale(PLAIN | {"epochs": 20}, note="The larger linear network has twice the filters."),
    },
    cases=cases,
    measure=measure,
    columns={"affine_difference": "relative difference from one affine map"},
    answer=answer,
    claims=CLAIMS,
    background="The affine map is computed, not trained: the mean image's logits, and all derivatives there.",
)
