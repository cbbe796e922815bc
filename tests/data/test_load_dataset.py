"""What holds for every data set, whatever its source."""

import re

import numpy as np
import pytest

from keras_vision.data import load_dataset
from keras_vision.errors import BadInput


def _as_set(split):
    return {image.tobytes() for image in split.images}


@pytest.fixture
def npz(tmp_path):
    """300 different images, two thirds of them of class 0, without a test split."""
    images = np.random.default_rng(0).integers(0, 256, (300, 4, 4, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=np.arange(300) % 3 // 2)
    return f"npz:{tmp_path / 'a.npz'}"


def test_splits_share_no_image_and_lose_none(npz):
    dataset = load_dataset(npz)
    splits = [_as_set(split) for split in (dataset.train, dataset.validation, dataset.test())]
    assert sum(map(len, splits)) == len(set.union(*splits)) == 300


def test_validation_holds_its_share_of_each_class(npz):
    dataset = load_dataset(npz, validation_share=0.2)
    assert np.bincount(dataset.validation.labels).tolist() == [36, 18]


def test_same_seed_gives_the_same_validation_images(npz):
    first, second = (load_dataset(npz, seed=3).validation for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)


def test_seed_zero_is_a_seed(npz):
    first, second = (load_dataset(npz, seed=0).validation for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)


def test_other_seed_gives_other_validation_images(npz):
    assert _as_set(load_dataset(npz, seed=0).validation) != _as_set(load_dataset(npz, seed=1).validation)


def test_carved_test_split_is_the_same_for_every_seed(npz):
    assert _as_set(load_dataset(npz, seed=0).test()) == _as_set(load_dataset(npz, seed=1).test())


def test_images_are_uint8_and_labels_int64(npz):
    train = load_dataset(npz).train
    assert (train.images.dtype, train.labels.dtype) == (np.uint8, np.int64)


def test_statistics_are_those_of_the_training_split(npz):
    dataset = load_dataset(npz)
    np.testing.assert_allclose(dataset.statistics.mean, dataset.train.images.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(dataset.statistics.std, dataset.train.images.std(axis=(0, 1, 2)))


def test_constant_channel_has_no_zero_deviation(tmp_path):
    images = np.full((40, 4, 4, 3), 7, np.uint8)
    np.savez(tmp_path / "flat.npz", x_train=images, y_train=np.arange(40) % 2)
    assert load_dataset(f"npz:{tmp_path / 'flat.npz'}").statistics.std == (1.0, 1.0, 1.0)


def test_fingerprint_does_not_depend_on_the_seed(npz):
    assert load_dataset(npz, seed=0).fingerprint == load_dataset(npz, seed=1, validation_share=0.3).fingerprint


def test_fingerprint_tells_one_changed_pixel(npz, tmp_path):
    with np.load(npz.removeprefix("npz:")) as archive:
        arrays = dict(archive)
    arrays["x_train"][17, 0, 0, 0] ^= 1
    np.savez(tmp_path / "b.npz", **arrays)
    assert load_dataset(npz).fingerprint != load_dataset(f"npz:{tmp_path / 'b.npz'}").fingerprint


def test_image_size_resizes_every_split(npz):
    dataset = load_dataset(npz, image_size=8)
    shapes = {split.images.shape[1:] for split in (dataset.train, dataset.validation, dataset.test())}
    assert shapes == {(8, 8, 3)} == {dataset.shape}


def test_image_in_training_and_validation_is_counted(tmp_path):
    images = np.zeros((40, 1, 1, 1), np.uint8)
    images[20:, 0, 0, 0] = np.arange(20)
    np.savez(tmp_path / "twice.npz", x_train=images, y_train=np.arange(40) // 20)
    warnings = load_dataset(f"npz:{tmp_path / 'twice.npz'}", validation_share=0.5).warnings
    (count,) = [int(line.split()[0]) for line in warnings if "validation images are also training images" in line]
    assert count > 5  # each of the black ones in validation counts


def test_a_test_split_without_images_is_named(tmp_path):
    images, labels = np.zeros((40, 4, 4), np.uint8), np.arange(40) % 2
    np.savez(tmp_path / "empty.npz", x_train=images, y_train=labels, x_test=images[:0], y_test=labels[:0])
    with pytest.raises(BadInput, match=r"x_test has the shape \(0, 4, 4\), so it holds no images"):
        load_dataset(f"npz:{tmp_path / 'empty.npz'}").test()


def test_class_of_one_image_is_trained_on_and_told(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (41, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "rare.npz", x_train=images, y_train=np.append(np.arange(40) % 2, 2))
    dataset = load_dataset(f"npz:{tmp_path / 'rare.npz'}")
    assert 2 in dataset.train.labels
    assert any("These classes have one image each, too few to validate them: 2" in line for line in dataset.warnings)


@pytest.mark.parametrize("share", [0, 1, 10, -0.1])
def test_validation_share_is_a_share(npz, share):
    with pytest.raises(
        BadInput, match=f"validation_share must be a share between 0 and 1, not {share}. For 10% write 0.1"
    ):
        load_dataset(npz, validation_share=share)


@pytest.mark.parametrize("size", [0, 5000, (8,), (8, 8, 3), 1.5, "8"])
def test_image_size_is_a_side_or_two(npz, size):
    with pytest.raises(BadInput, match=f"a side, or a height and a width, .*, not {re.escape(repr(size))}"):
        load_dataset(npz, image_size=size)


def test_on_bad_image_is_one_of_two(npz):
    with pytest.raises(BadInput, match="on_bad_image must be error or skip, not"):
        load_dataset(npz, on_bad_image="ignore")


def test_folds_validate_on_other_images_each_and_train_on_all_the_rest():
    dataset = load_dataset("digits")
    splits = [dataset, dataset.fold(1), dataset.fold(2)]
    validated = [{image.tobytes() for image in one.validation.images} for one in splits]
    assert not validated[0] & validated[1] and not validated[1] & validated[2] and not validated[0] & validated[2]
    everything = sorted(image.tobytes() for split in (dataset.train, dataset.validation) for image in split.images)
    for one in splits:
        images = np.concatenate([one.train.images, one.validation.images])
        assert sorted(image.tobytes() for image in images) == everything
        assert abs(np.bincount(one.validation.labels) - np.bincount(dataset.validation.labels)).max() <= 1


def test_a_fold_keeps_label_and_image_together():
    dataset = load_dataset("digits")
    labels = {image.tobytes(): label for image, label in zip(dataset.train.images, dataset.train.labels, strict=True)}
    validation = dataset.fold(1).validation
    assert [labels[image.tobytes()] for image in validation.images] == validation.labels.tolist()


def test_a_fold_of_three_images_in_each_class_has_validation_images(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "tiny.npz", x_train=images, y_train=np.arange(6) % 2)
    dataset = load_dataset(f"npz:{tmp_path / 'tiny.npz'}")
    fold = dataset.fold(1)
    assert sorted(fold.validation.labels) == sorted(fold.train.labels) == [0, 1]
    assert not {one.tobytes() for one in fold.validation.images} & {one.tobytes() for one in dataset.validation.images}


def test_a_negative_seed_is_refused():
    with pytest.raises(BadInput, match="seed must be a whole number from 0"):
        load_dataset("digits", seed=-1)
