"""Wrong labels by confident learning: counted by hand, and found among labels that were flipped."""

import numpy as np
import pytest

from keras_vision.analysis.label_errors import class_thresholds, confident_joint, label_suspects

# Three images of each of two classes; the third of class 0 shows class 1, and the network is unsure of the last.
SURE = np.array([[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.1, 0.9], [0.2, 0.8], [0.5, 0.5]])
LABELS = np.array([0, 0, 0, 1, 1, 1])


def test_a_class_counts_from_the_mean_probability_of_those_labelled_so():
    assert class_thresholds(SURE, LABELS) == pytest.approx([1.75 / 3, 2.2 / 3])
    assert class_thresholds(np.full((1, 2), 0.5), np.array([0])).tolist() == [0.5, np.inf]


def test_the_joint_counts_sure_images_and_is_scaled_to_all():
    assert confident_joint(SURE, LABELS) == pytest.approx(np.array([[2, 1], [0, 3]]))


def test_the_image_that_shows_the_other_class_is_suspected():
    (one,) = label_suspects(SURE, LABELS)
    assert (one.position, one.label, one.guess, one.label_probability) == (2, 0, 1, 0.05)


def test_labels_that_the_network_agrees_with_are_not_suspected():
    assert label_suspects(SURE[[0, 1, 3, 4]], LABELS[[0, 1, 3, 4]]) == []


def test_flipped_labels_come_first():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 5, 2_000)
    logits = generator.normal(size=(2_000, 5)) + 7 * np.eye(5)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flipped = generator.permutation(2_000)[:60]
    labels = truth.copy()
    labels[flipped] = (truth[flipped] + 1) % 5
    found = [one.position for one in label_suspects(probabilities, labels)]
    assert np.isin(found[:60], flipped).mean() >= 0.9
    assert np.isin(flipped, found).mean() >= 0.95
