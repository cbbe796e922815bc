"""Augmentation: each change alone, by pixel value, and that every image has a draw of its own."""

import numpy as np
import pytest
import tensorflow as tf

from keras_vision.data.augmentation import Augmentation, augment
from keras_vision.errors import BadInput

BATCH, SIDE = 64, 12


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture
def labels():
    return np.eye(BATCH, dtype=np.float32)


def _augment(images, labels, seed=(0, 0), epoch=0, first_flips=None, **settings):
    flips = np.zeros(len(images), bool) if first_flips is None else first_flips
    augmented, mixed = augment(
        tf.constant(images), tf.constant(labels), Augmentation(**settings), seed=seed, epoch=epoch, first_flips=flips
    )
    return augmented.numpy(), mixed.numpy()


def _is_mirrored(augmented, images):
    mirrored = (augmented == images[:, :, ::-1]).all((1, 2, 3))
    kept = (augmented == images).all((1, 2, 3))
    assert (mirrored ^ kept).all()
    return mirrored


def test_nothing_asked_for_changes_nothing(images, labels):
    np.testing.assert_array_equal(_augment(images, labels)[0], images)


ALL = {"flip": "random", "shift": 2, "cutout": 4, "cutmix": 1.0}


def test_types_and_shapes_stay(images, labels):
    augmented, mixed = _augment(images, labels, **ALL)
    assert (augmented.dtype, augmented.shape) == (np.uint8, images.shape)
    assert (mixed.dtype, mixed.shape) == (np.float32, labels.shape)


def test_same_seed_gives_the_same_batch(images, labels):
    np.testing.assert_array_equal(_augment(images, labels, **ALL)[0], _augment(images, labels, **ALL)[0])


@pytest.mark.parametrize("setting", [{"flip": "random"}, {"shift": 2}, {"cutout": 4}, {"cutmix": 1.0}])
def test_other_seed_gives_another_batch(images, labels, setting):
    first, second = (_augment(images, labels, seed=(0, step), **setting)[0] for step in range(2))
    assert (first != second).any()


@pytest.mark.parametrize("setting", [{"flip": "random"}, {"shift": 2}, {"cutout": 4}])
def test_every_image_has_its_own_draw(labels, setting):
    same = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8).repeat(BATCH, axis=0)
    assert len(np.unique(_augment(same, labels, **setting)[0], axis=0)) >= (2 if "flip" in setting else 10)


def test_random_flip_mirrors_about_half(images, labels):
    assert BATCH // 4 < _is_mirrored(_augment(images, labels, flip="random")[0], images).sum() < 3 * BATCH // 4


def test_alternating_flip_follows_the_first_choice(images, labels):
    first = np.arange(BATCH) % 3 == 0
    augmented, _ = _augment(images, labels, flip="alternating", first_flips=first, epoch=0)
    np.testing.assert_array_equal(_is_mirrored(augmented, images), first)


def test_alternating_flip_takes_turns(images, labels):
    first = np.arange(BATCH) % 3 == 0
    turns = [
        _is_mirrored(_augment(images, labels, flip="alternating", first_flips=first, epoch=epoch)[0], images)
        for epoch in range(4)
    ]
    np.testing.assert_array_equal(turns, [first, ~first, first, ~first])


def test_shift_shows_a_window_of_the_reflected_image(images, labels):
    shifted, _ = _augment(images, labels, shift=2)
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    offsets = set()
    for image, source in zip(shifted, padded, strict=True):
        windows = {(y, x) for y in range(5) for x in range(5) if (image == source[y : y + SIDE, x : x + SIDE]).all()}
        assert len(windows) == 1
        offsets |= windows
    assert len(offsets) > 15


def test_cutout_sets_a_square_to_the_images_mean_colour(images, labels):
    cut, _ = _augment(images, labels, cutout=4)
    for image, source in zip(cut, images, strict=True):
        rows, columns = np.nonzero((image != source).any(-1))
        square = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert (square == source.mean((0, 1)).astype(np.uint8)).all()


def test_cutout_square_has_its_side_unless_the_border_cuts_it(images, labels):
    cut, _ = _augment(images, labels, cutout=4)
    heights = [np.ptp(np.nonzero((a != b).any(-1))[0]) + 1 for a, b in zip(cut, images, strict=True)]
    assert max(heights) == 4 and min(heights) == 2


def test_cutmix_shows_the_neighbour_in_a_box(images, labels):
    mixed, _ = _augment(images, labels, cutmix=1.0)
    neighbours = np.roll(images, 1, axis=0)
    assert ((mixed == images) | (mixed == neighbours)).all()
    assert (mixed != images).any()


def test_cutmix_mixes_labels_by_the_boxs_true_area():
    images = np.arange(BATCH, dtype=np.uint8)[:, None, None, None].repeat(SIDE, 1).repeat(SIDE, 2)
    mixed, labels = _augment(images, np.eye(BATCH, dtype=np.float32), cutmix=1.0)
    own_area = (mixed == images).mean((1, 2, 3))
    own, neighbours = np.eye(BATCH), np.roll(np.eye(BATCH), 1, axis=0)
    expected = own * own_area[:, None] + neighbours * (1 - own_area[:, None])
    np.testing.assert_allclose(labels, expected, atol=1e-6)


def test_cutmix_happens_to_its_share_of_batches(images, labels):
    mixed = [(_augment(images, labels, seed=(0, step), cutmix=0.5)[0] != images).any() for step in range(60)]
    assert 15 < sum(mixed) < 45


@pytest.mark.slow
def test_works_with_a_batch_size_unknown_when_traced(images, labels):
    traced = tf.function(
        lambda x, y, flips: augment(x, y, Augmentation(**ALL), seed=(0, 0), epoch=0, first_flips=flips),
        input_signature=[
            tf.TensorSpec((None, SIDE, SIDE, 3), tf.uint8),
            tf.TensorSpec((None, BATCH)),
            tf.TensorSpec((None,), tf.bool),
        ],
    )
    augmented, _ = traced(images, labels, np.zeros(BATCH, bool))
    np.testing.assert_array_equal(augmented, _augment(images, labels, **ALL)[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flip": "vertical"}, "flip must be none, random or alternating, not 'vertical'"),
        ({"shift": -1}, "shift must be a whole number of pixels, 0 or more, not -1"),
        ({"shift": 1.5}, "shift must be a whole number of pixels, 0 or more, not 1.5"),
        ({"cutout": -8}, "cutout must be a whole number of pixels, 0 or more, not -8"),
        ({"cutmix": 50}, "cutmix must be a probability between 0 and 1, not 50"),
    ],
)
def test_settings_outside_their_range_are_refused(settings, message):
    with pytest.raises(BadInput, match=message):
        Augmentation(**settings)


def test_shift_as_large_as_the_image_is_refused(images, labels):
    with pytest.raises(BadInput, match=f"less than the images' side, {SIDE}"):
        _augment(images, labels, shift=SIDE)
