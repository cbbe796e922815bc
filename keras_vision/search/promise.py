"""Promise: how likely a network is to reach a target, going by those that were trained.

The logarithm of the error falls with the logarithm of a network's size and with that of its layers' number, each along a
line, and is shifted by every other setting. How much, is learned from the trials: Bayesian linear regression (Bishop
2006, "Pattern Recognition and Machine Learning", section 3.3), as a Gaussian process with a linear kernel (Rasmussen &
Williams 2006, section 2.1), which needs no list of the values that a setting may have.
"""

import math
from statistics import NormalDist

import numpy as np

# Settings that count layers. At equal size a deeper, narrower network is mostly the better one.
LAYERS = ("blocks", "convs_per_stage", "layers", "depth", "num_blocks")
# What is expected before anything is known, as (mean, standard deviation) of the error's logarithm: for all networks,
# for each unit of the logarithm of the size and of the layers' number, and for each setting that two have not in common.
LEVEL, BY_SIZE, BY_LAYERS, BY_SETTING = (-1.0, 3.0), (-0.35, 0.25), (-0.15, 0.15), 0.15
SCATTER = 0.08  # of networks around what is predicted, and of one's trainings
LEAST_ERROR = 1e-3  # whose logarithm is taken where there is none


def chances(tried, candidates, target):
    """Returns the probability that each candidate reaches a target, in an array.

    Args:
        tried: (values, size, score) of each trial that has a score.
        candidates: (values, size) of each network that could be tried.
        target: The score to be reached, below 1.

    Example:

    >>> tried = [({"width": 8}, 1_000, 0.80), ({"width": 16}, 4_000, 0.90)]
    >>> chances(tried, [({"width": 12}, 2_200), ({"width": 24}, 9_000)], 0.89).round(1)
    array([0.2, 0.9])
    """
    if not candidates:
        return np.zeros(0)
    errors = np.log(np.maximum([1 - score for *_, score in tried], LEAST_ERROR))
    networks, known = [*((values, size) for values, size, _ in tried), *candidates], len(tried)
    numbers = _numbers(networks)
    expected = LEVEL[0] + numbers @ (BY_SIZE[0], BY_LAYERS[0])
    together = _covariance(numbers, [values for values, _ in networks])
    within = together[:known, :known] + SCATTER**2 * np.eye(known)
    weights = np.linalg.solve(within, together[:known, known:])
    means = expected[known:] + (errors - expected[:known]) @ weights
    variances = np.diag(together)[known:] - (weights * together[:known, known:]).sum(0) + SCATTER**2
    goal = math.log(max(1 - target, LEAST_ERROR))
    return np.array([NormalDist().cdf(one) for one in (goal - means) / np.sqrt(variances)])


def _covariance(numbers, settings):
    """Returns the covariances of the errors' logarithms of networks, before any is known: (networks, networks)."""
    lines = (numbers * np.square((BY_SIZE[1], BY_LAYERS[1]))) @ numbers.T
    others = {name for values in settings for name in values} - {*LAYERS}
    codes = (np.unique([repr(values.get(name)) for values in settings], return_inverse=True)[1] for name in others)
    return LEVEL[1] ** 2 + lines + BY_SETTING**2 * sum(np.equal.outer(code, code) for code in codes)


def _numbers(networks):
    """Returns the logarithms of the size, in units of 1,000, and of the layers' number: (networks, 2)."""
    return np.log([(size / 1_000, max(_layers(values), 1)) for values, size in networks])


def _layers(values):
    """Returns how many layers settings say that a network has: of each block, or in all."""
    counts = [values[name] for name in LAYERS if values.get(name)]
    return sum(sum(count) if isinstance(count, (tuple, list)) else count for count in counts)
