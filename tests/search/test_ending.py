"""When trainings are given up: on recorded curves of many data sets, and by the rule's own words."""

import pytest
from curves import CAUTION, DATASETS, Curve, fit_table, read_curves, wrong_endings

from keras_vision.search.ending import ENDINGS, LEAST_LEFT, hopeless, least_left, never, smallest_error


@pytest.fixture(scope="module")
def curves():
    return read_curves()


def test_the_bank_holds_complete_trainings_of_many_data_sets_and_families(curves):
    assert {curve.dataset for curve in curves} == {name for name, _, _ in DATASETS} and len(DATASETS) >= 8
    assert {curve.model for curve in curves} == {"vgg", "cnn", "mlp", "lstm"}
    assert len(curves) >= 90
    assert all(len(curve.accuracy) == len(curve.val_accuracy) >= 6 for curve in curves)


def test_the_rules_table_is_what_the_bank_gives(curves):
    assert fit_table(curves) == LEAST_LEFT


def test_of_curves_that_were_not_fitted_at_most_one_in_a_hundred_is_given_up_wrongly(curves):
    assert len(wrong_endings(curves)) <= 0.01 * len(curves)


def test_a_table_that_is_too_bold_would_be_found_out(curves, monkeypatch):
    monkeypatch.setattr("curves.CAUTION", 3 * CAUTION)
    assert len(wrong_endings(curves)) > 0.01 * len(curves)


def test_networks_that_are_far_too_small_are_given_up(curves):
    """Else the rule would be of no use: it could always say no."""
    goal = 0.99
    far = [curve for curve in curves if curve.val_accuracy[-1] < 0.7]
    given_up = [
        any(hopeless(curve.rows(done), len(curve.accuracy), goal) for done in range(1, len(curve.accuracy)))
        for curve in far
    ]
    assert len(far) > 10 and sum(given_up) > 0.9 * len(far)


def test_what_is_left_is_the_least_that_was_seen_with_caution():
    curve = Curve("a", 10, "vgg", {}, (0.5,) * 10, (0.5, 0.5, 0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.9))
    table = dict(fit_table([curve]))
    assert table[0.5] == pytest.approx(CAUTION * 0.1 / 0.3, abs=1e-3)
    assert table[0.9] == pytest.approx(CAUTION * 0.1 / 0.2, abs=1e-3)


@pytest.mark.parametrize(("share", "least"), [(0.1, 0.0), (0.5, 0.2), (0.6, 0.2), (0.7, 0.3), (0.99, 0.3)])
def test_between_two_shares_that_of_the_one_before_holds(share, least):
    assert least_left(share, ((0.5, 0.2), (0.7, 0.3))) == least


def test_training_images_count_in_the_first_half_only():
    rows = [{"accuracy": 0.95, "val_accuracy": 0.5}]
    assert smallest_error(rows, 0.4) == pytest.approx(0.05)
    assert smallest_error(rows, 0.5) == pytest.approx(0.5)


def test_the_rule_follows_the_metric():
    rows = [{"accuracy": 0.2, "val_accuracy": 0.99, "val_balanced_accuracy": 0.2}] * 9
    assert hopeless(rows, 10, 0.98, "balanced_accuracy") and not hopeless(rows, 10, 0.98)


def test_a_training_that_is_done_is_not_given_up():
    assert not hopeless([{"accuracy": 0.1, "val_accuracy": 0.1}] * 10, 10, 0.99)


def test_endings_can_be_switched_off():
    assert ENDINGS["never"] is never and not never([{"accuracy": 0.0, "val_accuracy": 0.0}] * 9, 10, 0.99)
