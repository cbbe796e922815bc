"""How long a network takes for one image, measured on this machine."""

import statistics
import time

import numpy as np

WARM_UP = 3
CALLS = 30


def latency_ms(model, batch_size=1):
    """Returns the milliseconds that `model.predict_on_batch` takes: the median of 30 calls after the first few.

    Args:
        model: A model of raw pixels, in any precision; trained or not makes no difference.
        batch_size: Images per call.

    Example:

    >>> latency_ms(build_model("cnn", (28, 28, 1), 10))  # doctest: +SKIP
    1.3
    """
    pixels = np.zeros((batch_size, *model.input_shape[1:]), "float32")
    for _ in range(WARM_UP):
        model.predict_on_batch(pixels)
    seconds = []
    for _ in range(CALLS):
        start = time.perf_counter()
        model.predict_on_batch(pixels)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000
