import numpy as np
import pytest

from keras_vision.data import Split, load_dataset
from keras_vision.data.mirror import look_at_mirror_images


def blobs(n, classes, columns, seed=0):
    """Bright spots on noise, a class by its row; `columns(generator, label)` says in which column of 16 they are."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    images = generator.integers(0, 60, (n, 16, 16, 1)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        column = columns(generator, label)
        image[4 * label : 4 * label + 4, column : column + 4] = 255
    return Split(images, labels)


def test_images_that_come_both_ways_round_are_mirrored():
    found = look_at_mirror_images(blobs(300, 3, lambda generator, label: generator.integers(0, 13)))
    assert found.allowed and 0.4 < found.further < 0.6 and found.images == 300
    assert "are mirrored in training" in found.sentence()


def test_images_that_all_face_one_way_are_not():
    found = look_at_mirror_images(blobs(300, 3, lambda generator, label: generator.integers(0, 3)))
    assert not found.allowed and found.further > 0.95
    assert "not mirrored in training: 9" in found.sentence() or "100%" in found.sentence()


def test_one_class_that_would_turn_into_another_is_enough():
    def columns(generator, label):
        return generator.integers(0, 3) if label == 0 else generator.integers(0, 13)

    found = look_at_mirror_images(blobs(800, 4, columns))
    assert found.further < 0.75 and found.most > 0.95 and not found.allowed


def test_classes_that_are_each_others_mirror_images_are_not_mirrored():
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 2
    images = generator.integers(0, 60, (200, 16, 16, 1)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:8, 1:5] = 255
        image[:] = image[:, ::-1] if label else image
    assert not look_at_mirror_images(Split(images, labels)).allowed


@pytest.mark.parametrize("n", [0, 1, 2, 29])
def test_too_few_images_do_not_tell(n):
    found = look_at_mirror_images(blobs(n, 1, lambda generator, label: 6))
    assert not found.allowed and "too few" in found.sentence()


def test_digits_are_not_mirrored_whatever_they_are_called():
    assert not look_at_mirror_images(load_dataset("digits").train).allowed


@pytest.mark.slow
@pytest.mark.real_data
def test_photographs_are_mirrored_and_clothes_are_not(cifar10, fashion_mnist):
    assert look_at_mirror_images(cifar10.train).allowed
    assert not look_at_mirror_images(fashion_mnist.train).allowed


def test_more_classes_than_images_that_are_looked_at_are_no_harm():
    labels = np.repeat(np.arange(2_500), 2)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 8, 8, 1), "uint8")
    assert look_at_mirror_images(Split(images, labels)).images == 1_000
