"""Folds: each class and each group alike, and answers only of networks that did not see the image."""

import math

import numpy as np
import pytest

from keras_vision.data.splits import Split
from keras_vision.reporting.progress import Progress
from keras_vision.training import out_of_fold
from keras_vision.training.out_of_fold import out_of_fold_probabilities
from keras_vision.training.recipe import Length
from tests.synthetic import make_split


@pytest.fixture
def trained(monkeypatch):
    """Stands in for trainings: a list that gets the `Split` of each. The networks are sure of nothing."""
    splits = []

    class Model:
        def __init__(self, split, *rest):
            splits.append(split)

        def predict_on_batch(self, images):
            assert not set(map(bytes, splits[-1].images)) & set(map(bytes, images))
            return np.zeros((len(images), 3), np.float32)

    monkeypatch.setattr(out_of_fold, "_trained", Model)
    return splits


def answered(labels, groups):
    """Returns which of as many images were answered for."""
    split = Split(make_split(len(labels)).images, np.array(labels))
    found = out_of_fold_probabilities(split, ("a", "b", "c"), np.array(groups), progress=Progress())
    is_answered = ~np.isnan(found).any(axis=1)
    assert found[is_answered] == pytest.approx(np.full((is_answered.sum(), 3), 1 / 3))
    return is_answered.tolist()


def test_no_network_answers_for_what_it_has_seen(trained):
    assert answered(np.arange(40) % 3, np.arange(40)) == [True] * 40
    assert len(trained) == 4


def test_a_class_of_one_group_is_not_answered_for_but_trained_on(trained):
    labels = [0] * 8 + [1] * 8 + [2] * 4
    assert answered(labels, [*range(16), 16, 16, 16, 16]) == [True] * 16 + [False] * 4
    assert sum(2 in split.labels for split in trained) == 3


def test_there_are_no_more_trainings_than_groups_to_answer_for(trained):
    labels = [0] * 4 + [1] * 2
    assert answered(labels, [0, 0, 1, 1, 2, 2]) == [True] * 4 + [False] * 2
    assert len(trained) == 2


@pytest.mark.parametrize("groups", [[0, 0, 1, 1], [0, 0, 0, 0]])
def test_without_a_class_in_two_folds_nothing_is_trained(trained, groups):
    assert answered([0, 0, 1, 1], groups) == [False] * 4
    assert not trained


@pytest.mark.slow
def test_what_was_learned_is_answered(monkeypatch):
    monkeypatch.setattr(out_of_fold, "LENGTH", Length(40, math.inf))
    split = make_split(240)
    probabilities = out_of_fold_probabilities(
        Split(split.images, split.labels), ("a", "b", "c"), np.arange(240), folds=2, progress=Progress()
    )
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(240))
    assert (probabilities.argmax(axis=1) == split.labels).mean() > 0.8
