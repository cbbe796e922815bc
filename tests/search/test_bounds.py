"""Bounds that keep their word."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from keras_vision.search.bounds import CONFIDENCE, DEVIATION, effective_images, lower_bound, needed


@pytest.mark.parametrize(("right", "n"), [(0, 10), (90, 100), (5_430, 6_000), (100, 100)])
def test_the_bound_is_wilsons_one_sided(right, n):
    expected = binomtest(right, n).proportion_ci(1 - 2 * (1 - CONFIDENCE), method="wilson").low
    assert lower_bound(right / n, n) == pytest.approx(expected, abs=1e-9)
    assert lower_bound(right / n, n, trainings=3) <= expected + 1e-9


@pytest.mark.parametrize("accuracy", [0.6, 0.9, 0.98])
def test_the_bound_is_wrong_no_more_often_than_it_says(accuracy):
    right = np.random.default_rng(0).binomial(1_500, accuracy, 4_000)
    wrong = np.mean([lower_bound(one / 1_500, 1_500) > accuracy for one in right])
    assert wrong <= 1 - CONFIDENCE + 0.01


@pytest.mark.parametrize("images", [500, 20_000])
@pytest.mark.parametrize("accuracy", [0.6, 0.9, 0.98])
def test_the_bound_is_one_of_the_network_that_is_handed_over(accuracy, images):
    rng = np.random.default_rng(0)
    networks = rng.normal(accuracy, DEVIATION * (1 - accuracy), (4_000, 4))  # three that are measured, one handed over
    scores = rng.binomial(images, networks[:, :3]) / images
    bounds = np.array([lower_bound(score, 3 * images, trainings=3) for score in scores.mean(axis=1)])
    wrong = np.mean(bounds > networks[:, 3])
    assert 0.02 <= wrong <= 1 - CONFIDENCE + 0.01  # neither too bold nor so careful that it shows nothing


@pytest.mark.parametrize("trainings", [1, 3, math.inf])
@pytest.mark.parametrize("images", [50, 500, 18_000])
@pytest.mark.parametrize("target", [0.5, 0.9, 0.99])
def test_what_is_needed_is_just_what_shows_the_target(images, target, trainings):
    goal = needed(target, images, trainings)
    if goal < 1:
        assert lower_bound(goal, images, trainings) == pytest.approx(target, abs=1e-9)


def test_rare_classes_decide_how_much_is_known_of_balanced_accuracy():
    labels = np.array([0] * 970 + [1] * 30)
    assert effective_images(labels, "accuracy") == 1_000
    assert effective_images(labels, "balanced_accuracy") == pytest.approx(4 / (1 / 970 + 1 / 30))
    assert effective_images(np.arange(100) % 4, "balanced_accuracy") == pytest.approx(100)
