"""Temperatures and promises, against made-up answers whose confidence is known."""

import numpy as np
import pytest

from keras_vision.errors import BadInput
from keras_vision.training.calibration import (
    answered_rows,
    answering,
    before_and_after,
    calibrate,
    calibrated,
    calibrated_probabilities,
    fit_temperature,
    shown_precision,
    temperature_of,
)
from keras_vision.training.metrics import brier_score, calibration_scores, reliability


def answers(count, *, temperature=1.0, spread=2, seed=0):
    """Logits that are `temperature` times as large as their truth, and labels drawn by the truth."""
    random = np.random.default_rng(seed)
    truth = random.normal(0, spread, (count, 4))
    chances = calibrated_probabilities(truth)
    labels = (chances.cumsum(axis=1) < random.uniform(size=(count, 1))).sum(axis=1)
    return (truth * temperature).astype("float32"), labels


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_that_made_logits_too_large_is_found(temperature):
    assert fit_temperature(*answers(20_000, temperature=temperature)) == pytest.approx(temperature, rel=0.03)


def test_calibration_lessens_the_error_and_what_is_told_of_it_is_for_other_images():
    temperature = fit_temperature(*answers(5_000, temperature=2, seed=1))
    scores = before_and_after(*answers(20_000, temperature=2, seed=2), temperature)
    assert scores["before"]["calibration_error"] > 0.05
    assert scores["after"]["calibration_error"] < 0.015
    assert scores["after"]["brier"] < scores["before"]["brier"]
    assert scores["after"]["crossentropy"] < scores["before"]["crossentropy"]


def test_few_images_that_are_all_right_do_not_make_a_model_certain():
    logits = np.tile(np.array([[3.0, 0.0]], "float32"), (20, 1))
    assert 0.3 < fit_temperature(logits, np.zeros(20, int)) < 1


def test_classes_stay_the_same_even_where_float32_would_make_two_logits_one():
    random = np.random.default_rng(0)
    first = random.uniform(0.5, 1, 10_000).astype("float32")
    logits = np.stack([first, np.nextafter(first, np.float32(2))], axis=1)
    in_float32 = logits / np.float32(7.3)
    assert (in_float32.argmax(axis=1) != 1).any()  # else this test could not fail
    assert (calibrated(logits, 7.3).argmax(axis=1) == 1).all()


def test_the_brier_score_is_that_of_the_source():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])
    assert brier_score(probabilities, np.array([0, 1])) == pytest.approx((0.09 + 0.04 + 0.01 + 2) / 2)


def test_a_diagram_has_the_images_of_each_range_and_its_gaps_are_the_error():
    logits, labels = answers(3_000, temperature=2)
    probabilities = calibrated_probabilities(logits)
    rows = reliability(probabilities, labels)
    assert sum(row["n"] for row in rows) == 3_000
    gap = sum(row["n"] * abs(row["accuracy"] - row["confidence"]) for row in rows) / 3_000
    assert calibration_scores(probabilities, labels)["calibration_error"] == pytest.approx(gap)
    assert all(row["interval"][0] <= row["accuracy"] <= row["interval"][1] for row in rows)


def test_rows_go_from_the_surest_to_all_and_count_what_they_say():
    logits, labels = answers(2_000)
    probabilities = calibrated_probabilities(logits)
    rows = answered_rows(probabilities, labels)
    assert [row["answered"] for row in rows] == list(range(100, 2_001, 100))
    assert rows[-1]["threshold"] == 0
    for row in rows:
        sure = probabilities.max(axis=1) >= row["threshold"]
        assert row["answered"] == sure.sum()
        assert row["right"] == (probabilities[sure].argmax(axis=1) == labels[sure]).sum()


def test_images_of_one_confidence_are_answered_together():
    rows = answered_rows(np.tile([[0.8, 0.2]], (50, 1)), np.zeros(50, int))
    assert [(row["threshold"], row["answered"]) for row in rows] == [(0.8, 50), (0.0, 50)]


@pytest.mark.slow
def test_a_promise_is_kept_on_new_images_in_19_of_20_models_and_most_are_answered():
    kept, shares = [], []
    for seed in range(40):
        row = answering(calibrate(*answers(2_000, spread=5, seed=seed)), 0.9)
        logits, labels = answers(10_000, spread=5, seed=1_000 + seed)
        probabilities = calibrated_probabilities(logits)
        sure = probabilities.max(axis=1) >= row["threshold"]
        kept.append((probabilities[sure].argmax(axis=1) == labels[sure]).mean() >= 0.9)
        shares.append(sure.mean())
    assert np.mean(kept) >= 0.95
    assert np.mean(shares) > 0.5


def test_what_the_images_do_not_show_is_refused_with_what_they_show():
    found = calibrate(*answers(300))
    with pytest.raises(BadInput, match=r"cannot promise that 99\.9% .* 300 validation images show is \d\d\.\d%"):
        answering(found, 0.999)
    assert answering(found, 0.01)["answered"] == 300


def test_what_is_shown_is_less_than_what_was_seen_and_grows_with_the_images():
    few, many = shown_precision(100, 98), shown_precision(10_000, 9_800)
    assert few < many < 0.98


def test_a_model_that_is_not_calibrated_has_the_temperature_one():
    logits, _ = answers(5)
    assert temperature_of({}) == 1
    assert calibrated(logits, 1) is logits
