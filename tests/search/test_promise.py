"""Chances of networks that were not trained, by those that were."""

import numpy as np
import pytest

from keras_vision.search.promise import chances

SMALL, LARGE = ({"blocks": (1,)}, 1_000, 0.80), ({"blocks": (1,)}, 8_000, 0.90)


def chance(values, size, target=0.88, tried=(SMALL, LARGE)):
    _, (found,) = chances(tried, [(values, size)], target)
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


def test_a_width_counts_by_the_size_alone():
    narrow, wide = ({"blocks": (1,), "filters": (width,)} for width in (8, 64))
    assert chance(narrow, 3_000) == chance(wide, 3_000)


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
    _, together = chances([SMALL, LARGE], candidates, 0.88)
    assert together == pytest.approx([chance(*one) for one in candidates], abs=0.02)
    of_tried, of_none = chances([SMALL, LARGE], [], 0.88)
    assert of_tried.shape == (2,) and of_none.shape == (0,)
    assert [one.shape for one in chances([], [], 0.88)] == [(0,), (0,)]


def test_before_anything_was_tried_the_prior_speaks():
    _, (small, large) = chances([], [({"blocks": (1,)}, 1_000), ({"blocks": (1,)}, 1_000_000)], 0.7)
    assert 0 < small < large < 1


def test_one_that_reached_where_its_like_missed_may_have_been_lucky():
    alike = [({"blocks": (1,)}, size, 0.87) for size in (2_800, 2_900, 3_100, 3_200)]
    lucky, sure = (chances([*alike, ({"blocks": (1,)}, 3_000, score)], [], 0.88)[0][-1] for score in (0.881, 0.9))
    assert lucky < 0.5 < sure


def test_a_depth_far_from_all_that_were_tried_promises_no_more_than_it_is_expected_to():
    depths = [({"depth": depth}, 3_000, score) for depth, score in ((1, 0.8), (2, 0.85), (4, 0.86))]
    near, far = (chance({"depth": depth}, 3_000, 0.86, tried=depths) for depth in (5, 40))
    assert far > 0.2 and abs(far - near) < 0.4  # along a line it would be certain


def test_a_score_without_a_mistake_is_no_infinity():
    tried = [({"blocks": (1,)}, 1_000, 1.0), ({"blocks": (2,)}, 2_000, 1.0)]
    assert 0 <= chance({"blocks": (1,)}, 500, 1.0, tried) <= 1
