"""Chances of networks that were not trained, by those that were."""

import numpy as np
import pytest

from keras_vision.search.promise import chances

SMALL, LARGE = ({"blocks": (1,)}, 1_000, 0.80), ({"blocks": (1,)}, 8_000, 0.90)


def chance(values, size, target=0.88, tried=(SMALL, LARGE)):
    (found,) = chances(tried, [(values, size)], target)
    return found


def test_chances_rise_with_the_size_and_fall_with_the_target():
    sizes = [chance({"blocks": (1,)}, size) for size in (500, 2_000, 5_000, 20_000)]
    assert sizes == sorted(sizes) and sizes[0] < 0.05 and sizes[-1] > 0.95
    targets = [chance({"blocks": (1,)}, 5_000, target) for target in (0.8, 0.88, 0.95)]
    assert targets == sorted(targets, reverse=True)


def test_between_two_that_were_tried_the_line_decides():
    halfway = np.sqrt(1_000 * 8_000)
    target = 1 - np.sqrt(0.2 * 0.1)
    assert chance({"blocks": (1,)}, halfway, target) == pytest.approx(0.5, abs=0.05)


def test_of_equal_size_the_deeper_one_is_more_likely():
    assert chance({"blocks": (2, 2)}, 3_000) > chance({"blocks": (1,)}, 3_000)
    assert chance({"depth": 8}, 3_000) > chance({"depth": 2}, 3_000)


def test_what_a_setting_does_is_learned_from_those_that_have_it():
    other = {"blocks": (1,), "convolution": "separable"}
    unknown = chance(other, 3_000)
    good, bad = ((other, 2_000, score) for score in (0.90, 0.78))
    assert chance(other, 3_000, tried=(SMALL, LARGE, bad)) < unknown < chance(other, 3_000, tried=(SMALL, LARGE, good))


def test_what_nothing_like_it_was_tried_of_is_less_certain():
    plain, strange = {"blocks": (1,)}, {"blocks": (1,), "kernel": 5, "activation": "prelu"}
    assert chance(plain, 30_000) > chance(strange, 30_000) > 0.5
    assert chance(plain, 500) < chance(strange, 500) < 0.5


def test_many_candidates_are_judged_as_each_alone():
    candidates = [({"blocks": (1,)}, 3_000), ({"blocks": (1, 2), "convolution": "separable"}, 2_000)]
    together = chances([SMALL, LARGE], candidates, 0.88)
    alone = [chances([SMALL, LARGE], [one], 0.88)[0] for one in candidates]
    assert together == pytest.approx(alone, abs=0.02)
    assert chances([SMALL, LARGE], [], 0.88).shape == (0,)


def test_a_score_without_a_mistake_is_no_infinity():
    tried = [({"blocks": (1,)}, 1_000, 1.0), ({"blocks": (2,)}, 2_000, 1.0)]
    assert 0 <= chances(tried, [({"blocks": (1,)}, 500)], 1.0)[0] <= 1
