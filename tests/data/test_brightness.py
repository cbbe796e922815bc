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
    light = {"brightness": 60 / 4, "border": 0, "contrast": 60 * (0.25 * 0.75) ** 0.5}
    assert found == pytest.approx(light | {"colour": 60 / 4, "extremes": 255 * 0.75}, abs=1e-4)


def test_statistics_are_plain_numbers_of_images_spread_over_all():
    images = np.repeat(np.array([0, 100], "uint8"), 4000)[:, None, None, None] * np.ones((1, 4, 4, 1), "uint8")
    expected = {"mean": 50.0, "std": 50.0, "lowest": 0.0, "highest": 100.0}
    assert pixel_statistics(images)["brightness"] == expected


@pytest.mark.parametrize("train", [signs(), signs(ground=220, sign=30, noise=10), signs(ground=30, noise=15)])
def test_inverted_signs_are_told_one_or_many_and_others_are_not(train):
    known = pixel_statistics(train)
    for count in (1, 50):
        assert unlike_training(train[:count], known) is None
        assert "look inverted" in unlike_training(255 - train[:count], known)


def test_photographs_have_no_inverse_and_a_bright_one_is_none():
    known = pixel_statistics(photographs(0))
    assert unlike_training(photographs(1), known) is None
    found = [unlike_training(image[None], known) or "" for image in photographs(2)]
    assert not any("inverted" in one for one in found)
    assert sum(map(bool, found)) <= 0.01 * len(found)


def test_nearly_blank_images_are_told_with_what_may_be_wrong():
    images = photographs(0)
    warning = unlike_training(images // 16, pixel_statistics(images))
    assert warning.startswith("The images have hardly any contrast")
    assert warning.endswith("Were their values scaled to 0 to 255?")


def test_a_model_that_does_not_say_how_bright_its_images_were_compares_nothing():
    assert unlike_training(signs(), None) is None


def colourful(seed, count=300):
    """Images of many colours."""
    random = np.random.default_rng(seed)
    grey = random.integers(40, 216, (count, 8, 8, 1))
    return (grey + random.permuted(np.tile([-30, 0, 30], (count, 1)), axis=1)[:, None, None]).astype("uint8")


@pytest.mark.parametrize(
    ("images", "word"),
    [
        (np.repeat(colourful(1).mean(axis=3, keepdims=True).astype("uint8"), 3, axis=3), "less colourful"),
        (255 * (colourful(1) > 128).astype("uint8"), "of more contrast"),
        (colourful(1) // 3, "darker"),
        (np.pad(colourful(1)[:, 2:6, 2:6], ((0, 0), (2, 2), (2, 2), (0, 0))), "darker"),
    ],
)
def test_pictures_of_another_kind_are_told_by_what_most_of_them_are(images, word):
    known = pixel_statistics(colourful(0))
    assert unlike_training(colourful(1), known) is None
    for some in (images, images[:1], np.concatenate([images[:60], colourful(1, 40)])):
        begin = "of them are" if len(some) > 1 else "The image looks like another kind of picture: it is"
        assert f"{begin} {word}" in unlike_training(some, known)
    assert unlike_training(np.concatenate([images[:40], colourful(1, 60)]), known) is None


def test_statistics_of_an_earlier_version_tell_what_they_can():
    old = {name: {key: of[key] for key in ("mean", "std")} for name, of in pixel_statistics(signs(noise=10)).items()}
    assert unlike_training(np.full((9, 10, 10, 1), 90, "uint8") + signs(9, sign=60), old) is None
    assert "look inverted" in unlike_training(255 - signs(), old)
