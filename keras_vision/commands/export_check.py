"""The check that an artifact must pass before it is called done: opened in its own runtime, compared with the model."""

import dataclasses
import math
import time

import numpy as np

from keras_vision.data.splits import pieces_of
from keras_vision.errors import KerasVisionError
from keras_vision.formats import CALIBRATION, FORMATS, format_module
from keras_vision.training.metrics import share

BATCHES = (1, 64)  # whose latency is measured
INT8_LOSS = 0.01  # the most that 8-bit integers may cost, as a share of the images compared on
REAL, RANDOM = 2000, 256  # images, at most


@dataclasses.dataclass(frozen=True, eq=False)
class Images:
    """What the model and its artifacts are compared on.

    Args:
        pixels: uint8 [n, h, w, c].
        source: What they are, as in "200 SOURCE".
        labels: int64 [n]; None where nobody knows.
        calibration: uint8 [m, h, w, c], training images to quantise by; None where there are none.
    """

    pixels: np.ndarray
    source: str
    labels: np.ndarray | None = None
    calibration: np.ndarray | None = None


def real_images(data):
    """Returns validation images of a data set, and training images to calibrate on, both drawn by a fixed seed."""
    rng = np.random.default_rng(0)  # the images of a class may lie side by side
    chosen, training = (rng.permutation(len(split)) for split in (data.validation, data.train))
    return Images(
        pixels=data.validation.images[chosen[:REAL]],
        source=f"validation images of {data.name}",
        labels=data.validation.labels[chosen[:REAL]],
        calibration=data.train.images[training[:CALIBRATION]],
    )


def random_images(shape):
    """Returns noise, for a model whose data cannot be found."""
    return Images(np.random.default_rng(0).integers(0, 256, (RANDOM, *shape), "uint8"), "images of random pixels")


def answers(run, pixels):
    """Returns the probabilities [n, classes] that a function gives for uint8 pixels [n, h, w, c]."""
    return np.concatenate([run(piece.astype("float32")) for piece in pieces_of(pixels)])


def check(name, directory, images, expected, quantize=None):
    """Opens an artifact in its own runtime and compares it with the model.

    Args:
        name: The format.
        directory: Where the artifact is.
        images: `Images`.
        expected: The model's probabilities for them.
        quantize: None or "int8".

    Returns:
        A dict: images, source, difference (the largest in probability, over all entries), agreement (share of images
        with the same top class), bytes, latency_ms (by batch size, median), bound (in words); where there are labels,
        accuracy and float32_accuracy, each with n and interval, and lost, what `loss` returns.

    Raises:
        KerasVisionError: The artifact differs beyond the bound.
    """
    entries = format_module(name).load(directory)
    got = {entry: answers(run, images.pixels) for entry, run in entries.items()}
    first = next(iter(entries))
    found = {
        "images": len(images.pixels),
        "source": images.source,
        "difference": max(float(np.abs(one - expected).max()) for one in got.values()),
        "agreement": float((got[first].argmax(axis=1) == expected.argmax(axis=1)).mean()),
        "bytes": sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()),
        "latency_ms": {str(batch): latency(entries[first], images.pixels, batch) for batch in BATCHES},
    }
    if images.labels is not None:
        found["accuracy"] = accuracy(got[first], images.labels)
        found["float32_accuracy"] = accuracy(expected, images.labels)
        found["lost"] = loss(expected, got[first], images.labels)
    return found | {"bound": judge(name, found, quantize)}


def accuracy(probabilities, labels):
    """Returns the accuracy, n and interval of probabilities [n, classes] for labels [n]."""
    return share((probabilities.argmax(axis=1) == labels).sum(), len(labels))


def loss(before, after, labels):
    """Returns how much accuracy is lost from `before` to `after`, as a dict of accuracy, n and interval (95%).

    Both answer the same images, so that only those blur the difference that one has right and the other wrong: it is
    known better than either accuracy.

    Args:
        before, after: Probabilities [n, classes].
        labels: Int array [n].

    Example:

    >>> loss(np.eye(2)[[0, 1, 0, 1]], np.eye(2)[[0, 1, 0, 0]], np.array([0, 1, 0, 1]))["accuracy"]
    0.25

    Source: Agresti & Min 2005, section 3: Wald's interval for a difference of dependent proportions, after half an
    image is added to each of the four cells. Without that it would be of no width where all answers are alike.
    """
    was_right, is_right = (one.argmax(axis=1) == labels for one in (before, after))
    n = len(labels) + 2
    worse, better = ((np.sum(one) + 0.5) / n for one in (was_right & ~is_right, is_right & ~was_right))
    middle, half = worse - better, 1.96 * math.sqrt((worse + better - (worse - better) ** 2) / n)
    lost = int(np.sum(was_right) - np.sum(is_right)) / len(labels)
    interval = [round(float(bound), 4) for bound in (middle - half, middle + half)]
    return {"accuracy": lost, "n": len(labels), "interval": interval}


def latency(run, pixels, batch, seconds=0.3):
    """Returns the median milliseconds of one call, warm, of at least five that take `seconds` together."""
    pixels = np.resize(pixels, (batch, *pixels.shape[1:])).astype("float32")
    run(pixels)
    times = []
    while len(times) < 5 or sum(times) < seconds:
        start = time.perf_counter()
        run(pixels)
        times.append(time.perf_counter() - start)
    return round(1000 * float(np.median(times)), 3)


def judge(name, found, quantize):
    """Returns the bound that the findings of a check keep to, in words; raises `KerasVisionError` where they do not."""
    if quantize:
        lost = found["lost"]["accuracy"]
        low, high = found["lost"]["interval"]
        measured = f"{lost:.2%}, 95% interval {low:.2%} to {high:.2%}"
        if lost > INT8_LOSS:
            raise KerasVisionError(
                f"{name} in {quantize} is right on {found['accuracy']['accuracy']:.2%} of {found['images']:,} "
                f"{found['source']}, and in float32 on {found['float32_accuracy']['accuracy']:.2%}. It loses more than "
                f"{INT8_LOSS:.0%} of them ({measured}), so it was not kept."
            )
        return f"accuracy at most {INT8_LOSS:.0%} of the images below that of float32 ({measured})"
    bound = FORMATS[name].bound
    if not found["difference"] <= bound:
        raise KerasVisionError(
            f"{name} differs from the model by {found['difference']:.2g} in probability, more than {bound:g}, "
            "so it was not kept."
        )
    return f"probabilities within {bound:g} of the model's"
