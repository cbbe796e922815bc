"""Promise: how likely networks are to reach a target on average over seeds, going by those that were trained.

The logarithm of the error falls with the logarithm of a network's size along a line and with that of its layers' number
along a curve, and is shifted by every other setting. How much, is learned from the trials: a Gaussian process
(Rasmussen & Williams 2006, chapter 2), whose kernel is the sum of those of a line, a curve and equal settings, so that
it needs no list of the values that a setting may have.
"""

import math
from statistics import NormalDist

import numpy as np

# Settings that count layers. At equal size a deeper, narrower network is mostly the better one, up to some depth.
LAYERS = ("blocks", "convs_per_stage", "layers", "depth", "num_blocks")
# Settings of which more makes a network better, other things equal: of these the size tells enough, and the layers.
GROWS = (*LAYERS, "filters", "hidden_units", "units", "width", "hidden_dim", "tokens_mlp_dim", "channels_mlp_dim")
# What is expected before anything is known of the error's logarithm. Its mean, and how much that rises with each unit
# of the logarithm of the size, in units of 1,000, and of the layers' number:
LEVEL, BY_SIZE, BY_LAYERS = -1.0, -0.35, -0.15
# Standard deviations: of these, of each setting that two have not in common, of a network around what is predicted, and
# of one of its trainings around its average.
LEVEL_SD, SIZE_SD, LAYERS_SD, SETTING_SD, NETWORK_SD, TRAINING_SD = 3.0, 0.25, 0.15, 0.15, 0.1, 0.06
DEEP = 6  # layers, as the deepest VGG of a ladder has: beyond, nothing is expected of more until they were tried
CURVE = 0.7  # the length of the curve, in logarithms of the layers' number: two layers tell half of what four do
LEAST_ERROR = 1e-3  # whose logarithm is taken where there is none


def chances(tried, candidates, target):
    """Returns the probability that networks reach a target on average over seeds: of those tried, and of candidates.

    A tried one that reached the target by more than its like did is less likely to on average: it may have been luck.

    Args:
        tried: (values, size, score) of each trial that has a score.
        candidates: (values, size) of each network that could be tried.
        target: The score to be reached, below 1.

    Returns:
        Two arrays.

    Example:

    >>> tried = [({"width": 8}, 1_000, 0.80), ({"width": 16}, 4_000, 0.90)]
    >>> chances(tried, [({"width": 12}, 2_200), ({"width": 24}, 9_000)], 0.89)[1].round(1)
    array([0.1, 1. ])
    """
    known = len(tried)
    networks = [*((values, size) for values, size, _ in tried), *candidates]
    if not networks:
        return np.zeros(0), np.zeros(0)
    errors = np.log(np.maximum([1 - score for *_, score in tried], LEAST_ERROR))
    sizes, layers = np.log([(size / 1_000, max(_layers(values), 1)) for values, size in networks]).T
    expected = LEVEL + BY_SIZE * sizes + BY_LAYERS * np.minimum(layers, math.log(DEEP))
    together = _covariance(sizes, layers, [values for values, _ in networks])
    observed = together[:known, :known] + TRAINING_SD**2 * np.eye(known)
    weights = np.linalg.solve(observed, together[:known])
    means = expected + (errors - expected[:known]) @ weights
    variances = np.diag(together) - (weights * together[:known]).sum(0)
    goal = math.log(max(1 - target, LEAST_ERROR))
    likely = np.array([NormalDist().cdf(one) for one in (goal - means) / np.sqrt(variances)])
    return likely[:known], likely[known:]


def _covariance(sizes, layers, settings):
    """Returns the covariances of the errors' logarithms of networks, before any is known: (networks, networks)."""
    line = SIZE_SD**2 * np.outer(sizes, sizes)
    curve = LAYERS_SD**2 * np.exp(-(np.subtract.outer(layers, layers) ** 2) / (2 * CURVE**2))
    others = {name for values in settings for name in values} - {*GROWS}
    codes = (np.unique([repr(values.get(name)) for values in settings], return_inverse=True)[1] for name in others)
    alike = SETTING_SD**2 * sum(np.equal.outer(code, code) for code in codes)
    return LEVEL_SD**2 + line + curve + alike + NETWORK_SD**2 * np.eye(len(sizes))


def _layers(values):
    """Returns how many layers settings say that a network has: of each block, or in all."""
    counts = [values[name] for name in LAYERS if values.get(name)]
    return sum(sum(count) if isinstance(count, (tuple, list)) else count for count in counts)
