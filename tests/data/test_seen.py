"""Which images a model was trained on: what its file keeps of them, and what that tells of others."""

import dataclasses

import numpy as np

from keras_vision.data import load_dataset
from keras_vision.data.seen import numbers_of, seen_in_training

IMAGES = np.random.default_rng(0).integers(0, 256, (2500, 4, 4, 1), dtype=np.uint8)


def kept(count, name="folder:photos"):
    digits = load_dataset("digits")
    return numbers_of(
        dataclasses.replace(digits, name=name, train=dataclasses.replace(digits.train, images=IMAGES[:count]))
    )


def test_images_of_the_training_are_counted():
    assert "trained on 3 of these 9 images" in seen_in_training(IMAGES[997:1006], kept(1000))
    assert seen_in_training(IMAGES[1000:], kept(1000)) is None


def test_of_many_training_images_some_are_kept():
    numbers = kept(2500)
    assert len(numbers) == 2000
    assert "trained on at least 2,000 of these 2,500 images" in seen_in_training(IMAGES, numbers)


def test_nothing_is_kept_of_data_sets_that_have_a_name():
    assert kept(100, name="digits") == []


def test_of_an_older_model_nothing_is_said():
    assert seen_in_training(IMAGES, None) is None
