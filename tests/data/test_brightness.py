"""Images that are unlike those of the training: inverted, or nearly blank."""

import numpy as np
import pytest

from keras_vision.data.brightness import measures_of, pixel_statistics, unlike_training


def signs(count=50, *, ground=0, sign=230, noise=0, seed=0):
    """Images of one ground with a brighter or darker square in the middle."""
    random = np.random.default_rng(seed)
    images = np.full((count, 10, 10, 1), ground, "float64")
    images[:, 3:7, 3:7] = sign
    images += random.normal(0, noise, (count, 1, 1, 1)) if noise else 0
    return images.clip(0, 255).astype("uint8")


def photographs(seed):
    """Images whose borders are anything, middle grey on average."""
    random = np.random.default_rng(seed)
    images = random.uniform(30, 225, (300, 1, 1, 3)) + random.normal(0, 30, (300, 8, 8, 3))
    return images.clip(0, 255).astype("uint8")


def test_border_brightness_and_contrast_are_those_of_the_grey_image():
    image = np.zeros((1, 4, 4, 3), "uint8")
    image[0, 1:3, 1:3] = (30, 60, 90)
    found = {name: float(value[0]) for name, value in measures_of(image).items()}
    assert found == pytest.approx({"brightness": 60 / 4, "border": 0, "contrast": 60 * (0.25 * 0.75) ** 0.5}, abs=1e-4)


def test_statistics_are_plain_numbers_of_images_spread_over_all():
    images = np.repeat(np.array([0, 100], "uint8"), 4000)[:, None, None, None] * np.ones((1, 4, 4, 1), "uint8")
    assert pixel_statistics(images)["brightness"] == {"mean": 50.0, "std": 50.0}


@pytest.mark.parametrize("train", [signs(), signs(ground=220, sign=30, noise=10), signs(ground=30, noise=15)])
def test_inverted_signs_are_told_one_or_many_and_others_are_not(train):
    known = pixel_statistics(train)
    for count in (1, 50):
        assert unlike_training(train[:count], known) is None
        assert "look inverted" in unlike_training(255 - train[:count], known)


def test_photographs_have_no_inverse_and_a_bright_one_is_none():
    known = pixel_statistics(photographs(0))
    assert unlike_training(photographs(1), known) is None
    assert not [image for image in photographs(2) if unlike_training(image[None], known)]


def test_nearly_blank_images_are_told_with_what_may_be_wrong():
    images = photographs(0)
    warning = unlike_training(images // 16, pixel_statistics(images))
    assert warning.startswith("The images have hardly any contrast")
    assert warning.endswith("Were their values scaled to 0 to 255?")


def test_a_model_that_does_not_say_how_bright_its_images_were_compares_nothing():
    assert unlike_training(signs(), None) is None
