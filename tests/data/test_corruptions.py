"""The kinds of corruption: what each does to images of any size, grey or in colour."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from keras_vision.data.corruptions import KINDS, STRENGTHS, corrupt
from keras_vision.data.corruptions.geometry import averaged_axis, clouds, convolve, resampled, zoomed_axis
from keras_vision.errors import BadInput

SHAPES = [(28, 28, 1), (32, 32, 3), (24, 17, 1), (96, 64, 3), (4, 4, 3)]


def pictures(count=6, shape=(28, 28, 1), seed=0):
    """Smooth pictures, dark to bright."""
    noise = np.random.default_rng(seed).normal(0, 1, (count, *shape))
    smooth = gaussian_filter(noise, (0, 1, 1, 0), mode="wrap")
    return (128 + 50 * smooth / smooth.std()).clip(0, 255).astype("uint8")


def difference(images, changed):
    return np.abs(images.astype(int) - changed).mean()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_images_of_any_size_and_leaves_their_shape(kind, shape):
    images = pictures(shape=shape)
    before = images.copy()
    changed = corrupt(images, kind, STRENGTHS)
    assert (changed.shape, changed.dtype) == (images.shape, np.uint8)
    assert (images == before).all()
    weakest = corrupt(images, kind, 1)
    assert difference(images, weakest) < 100
    assert difference(images, changed) > 0.3 or min(shape[:2]) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_decides_all_and_another_seed_something_else(kind):
    images = pictures(shape=(16, 16, 3))
    assert (corrupt(images, kind, 3, seed=1) == corrupt(images, kind, 3, seed=1)).all()
    is_drawn = kind not in (
        "defocus blur",
        "zoom blur",
        "brightness",
        "contrast",
        "pixelate",
        "jpeg compression",
    )
    assert (corrupt(images, kind, 3, seed=1) != corrupt(images, kind, 3, seed=2)).any() == is_drawn


# That of the source shears most at its weakest.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "elastic transform"])
def test_the_strongest_changes_more_than_the_weakest(kind):
    images = pictures(40, (32, 32, 3))
    weakest, strongest = (difference(images, corrupt(images, kind, strength)) for strength in (1, STRENGTHS))
    assert strongest > 1.05 * weakest


def test_images_of_several_pieces_are_all_corrupted():
    images = pictures(1_100, (32, 32, 1))
    changed = corrupt(images, "impulse noise", 5)
    assert all((one != other).any() for one, other in zip(images, changed, strict=True))
    assert (changed[0] != changed[512]).any()


def test_impulse_noise_makes_as_many_values_white_as_black():
    changed = corrupt(np.full((50, 32, 32, 3), 128, "uint8"), "impulse noise", 5)
    black, white = ((changed == value).mean() for value in (0, 255))
    assert black == pytest.approx(0.035, abs=0.003)
    assert white == pytest.approx(0.035, abs=0.003)


def test_shot_noise_is_that_of_photons():
    changed = corrupt(np.full((50, 32, 32, 1), 128, "uint8"), "shot noise", 5)
    assert changed.mean() == pytest.approx(128, abs=0.5)
    assert changed.std() == pytest.approx(255 * (128 / 255 / 50) ** 0.5, rel=0.03)


def test_contrast_is_a_share_of_what_it_was_about_the_same_mean():
    image = pictures(1)
    changed = corrupt(image, "contrast", 5)
    assert changed.mean() == pytest.approx(image.mean(), abs=0.5)
    assert changed.std() == pytest.approx(0.15 * image.std(), rel=0.02)


def test_brightness_keeps_the_colour_and_black_becomes_grey():
    images = np.array([[[[100, 50, 0], [0, 0, 0]]]], "uint8")
    changed = corrupt(images, "brightness", 5)[0, 0]
    assert changed.tolist() == [[177, 88, 0], [76, 76, 76]]


def test_glass_moves_pixels_and_makes_no_new_ones_where_nothing_is_blurred(monkeypatch):
    from keras_vision.data.corruptions import blur

    monkeypatch.setattr(blur, "GLASS", ((0, 1, 1),) * 5)
    images = np.random.default_rng(0).integers(0, 256, (5, 12, 13, 1), dtype=np.uint8)
    changed = corrupt(images, "glass blur", 1)
    assert (changed != images).any()
    assert (np.sort(changed.reshape(5, -1)) == np.sort(images.reshape(5, -1))).all()


@pytest.mark.parametrize("kind", ["defocus blur", "motion blur", "zoom blur", "pixelate", "elastic transform"])
def test_what_moves_light_leaves_an_even_image_as_it_is(kind):
    images = np.full((3, 30, 20, 3), 77, "uint8")
    assert (corrupt(images, kind, 5) == 77).all()


def test_motion_draws_points_out_in_one_direction():
    images = np.zeros((1, 33, 33, 1), "uint8")
    images[0, 16, 16] = 255
    changed = corrupt(images, "motion blur", 5)[0, :, :, 0].astype(float)
    rows, columns = np.indices(changed.shape)
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(np.stack([rows.ravel(), columns.ravel()]), aweights=changed.ravel())))
    assert spread[1] > 2 * spread[0]


@pytest.mark.parametrize("kind", ["snow", "frost", "fog"])
def test_weather_is_different_in_every_image(kind):
    images = np.full((4, 32, 32, 1), 90, "uint8")
    changed = corrupt(images, kind, 4)
    assert len({one.tobytes() for one in changed}) == 4
    assert changed.std() > 3


def test_clouds_reach_from_nothing_to_all_and_are_rougher_where_they_decay_less():
    smooth, rough = (clouds(20, 32, 32, np.random.default_rng(0), decay) for decay in (3, 1.5))
    assert (smooth.min(), smooth.max()) == (0, 1)
    roughness = [np.abs(np.diff(one, axis=1)).mean() / one.std() for one in (smooth, rough)]
    assert roughness[1] > 1.5 * roughness[0]
    assert clouds(2, 20, 33, np.random.default_rng(0), 2).shape == (2, 20, 33)


def test_axes_that_are_drawn_anew_keep_the_brightness():
    assert averaged_axis(10, 7).sum(axis=1) == pytest.approx(1)
    assert zoomed_axis(10, 1.3).sum(axis=1) == pytest.approx(1)
    x = np.random.default_rng(0).random((2, 10, 8, 3)).astype("float32")
    np.testing.assert_allclose(resampled(x, zoomed_axis(10, 1), zoomed_axis(8, 1)), x, rtol=1e-6)


def test_a_kernel_reflects_the_border():
    x = np.arange(4, dtype="float32").reshape(1, 1, 4, 1)
    shifted = convolve(x, np.array([[1, 0, 0]]))  # a kernel is turned over, as everywhere in mathematics
    assert shifted[0, 0, :, 0].tolist() == pytest.approx([1, 2, 3, 3], abs=1e-5)


def test_an_unknown_kind_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'fog'"):
        corrupt(pictures(), "fogg", 1)
