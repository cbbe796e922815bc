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


def test_no_network_answers_for_what_it_has_seen(monkeypatch):
    split, seen = make_split(40), []

    class Model:
        def __init__(self, trained):
            self.trained = set(map(bytes, trained.images))

        def predict_on_batch(self, images):
            seen.append(self.trained & set(map(bytes, images)))
            return np.zeros((len(images), 3), np.float32)

    monkeypatch.setattr(out_of_fold, "_trained", lambda split, *rest: Model(split))
    probabilities = out_of_fold_probabilities(split, ("a", "b", "c"), np.arange(40), progress=Progress())
    assert seen == [set()] * 4
    assert probabilities == pytest.approx(np.full((40, 3), 1 / 3))


@pytest.mark.slow
def test_what_was_learned_is_answered(monkeypatch):
    monkeypatch.setattr(out_of_fold, "LENGTH", Length(40, math.inf))
    split = make_split(240)
    probabilities = out_of_fold_probabilities(
        Split(split.images, split.labels), ("a", "b", "c"), np.arange(240), folds=2, progress=Progress()
    )
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(240))
    assert (probabilities.argmax(axis=1) == split.labels).mean() > 0.8
