"""Folds: each class and each group alike, every image once."""

import numpy as np
import pytest

from keras_vision.data.folds import cross_fold, fold_numbers
from keras_vision.errors import BadInput
from tests.synthetic import make_dataset


def test_folds_have_as_many_of_each_class():
    labels = np.repeat([0, 1, 2], [40, 20, 8])
    folds = fold_numbers(labels, np.arange(68), 4)
    for label, count in ((0, 10), (1, 5), (2, 2)):
        assert np.bincount(folds[labels == label]).tolist() == [count] * 4


def test_a_group_is_in_one_fold_and_the_seed_decides_which():
    groups = np.arange(60) // 3
    folds = fold_numbers(np.repeat([0, 1], 30), groups, 4)
    assert all(len(set(folds[groups == group])) == 1 for group in range(20))
    assert (fold_numbers(np.repeat([0, 1], 30), groups, 4) == folds).all()
    assert (fold_numbers(np.repeat([0, 1], 30), groups, 4, seed=1) != folds).any()


def rows(split):
    return [*map(bytes, split.images)]


def test_every_image_is_left_out_once_and_each_class_alike():
    data = make_dataset(train=90, validation=30)
    folds = [cross_fold(data, number, 5, seed=3) for number in range(1, 6)]
    left_out = [row for fold in folds for row in rows(fold.validation)]
    assert sorted(left_out) == sorted(rows(data.train) + rows(data.validation))
    for fold in folds:
        assert np.bincount(fold.validation.labels).tolist() == [8, 8, 8]
        assert not set(rows(fold.train)) & set(rows(fold.validation))
        assert fold.fingerprint == data.fingerprint


def test_copies_are_never_on_both_sides():
    data = make_dataset(train=60, validation=30)
    data.train.images[::3] = data.train.images[0]
    for number in (1, 2, 3):
        fold = cross_fold(data, number, 3, seed=0)
        assert not set(rows(fold.train)) & set(rows(fold.validation))


def test_the_statistics_are_those_of_the_images_that_are_trained_on():
    fold = cross_fold(make_dataset(train=60, validation=30), 1, 3, seed=0)
    assert fold.statistics.mean == pytest.approx((fold.train.images.mean(),))


def test_too_many_folds_are_refused():
    with pytest.raises(BadInput, match="has only 9 images, too few for 5 folds"):
        cross_fold(make_dataset(train=6, validation=3), 1, 5, seed=0)
