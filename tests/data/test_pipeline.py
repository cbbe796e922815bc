"""Batches: what is in them, in which order, and that a resumed run sees the same."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from keras_vision.data import Split
from keras_vision.data.augmentation import Augmentation
from keras_vision.data.pipeline import _in_memory, evaluation_batches, training_batches
from keras_vision.data.splits import steps_per_epoch
from keras_vision.errors import BadInput

COUNT = 50
EVERYTHING = Augmentation(flip="alternating", shift=1, cutout=2, cutmix=0.5)


@pytest.fixture
def split():
    """Images that show their own number, in ten classes."""
    numbers = np.arange(COUNT, dtype=np.uint8)
    return Split(numbers[:, None, None, None].repeat(4, 1).repeat(4, 2), np.arange(COUNT, dtype=np.int64) % 10)


def _train(split, **changed):
    settings = {"num_classes": 10, "batch_size": 16, "seed": 0, "epochs": 3} | changed
    return list(training_batches(split, **settings).as_numpy_iterator())


def _numbers(batches):
    return [images[:, 0, 0, 0].tolist() for images, _ in batches]


def _joined(lists):
    return list(itertools.chain.from_iterable(lists))


def test_batches_have_the_shapes_and_types_of_training(split):
    dataset = training_batches(split, num_classes=10, batch_size=16, seed=0, epochs=1)
    assert [tuple(spec.shape) for spec in dataset.element_spec] == [(16, 4, 4, 1), (16, 10)]
    assert [spec.dtype.name for spec in dataset.element_spec] == ["uint8", "float32"]


@pytest.mark.parametrize("augmentation", [Augmentation(), EVERYTHING])
def test_shapes_are_static_with_and_without_augmentation(split, augmentation):
    dataset = training_batches(split, num_classes=10, batch_size=16, seed=0, epochs=1, augmentation=augmentation)
    assert all(spec.shape.is_fully_defined() for spec in dataset.element_spec)


def test_all_epochs_are_one_dataset_of_known_length(split):
    assert len(training_batches(split, num_classes=10, batch_size=16, seed=0, epochs=5, start_epoch=2)) == 9


def test_epoch_holds_no_image_twice(split):
    numbers = _joined(_numbers(_train(split, epochs=1)))
    assert len(numbers) == len(set(numbers)) == 48


def test_labels_stay_with_their_images(split):
    for images, labels in _train(split):
        np.testing.assert_array_equal(labels.argmax(1), images[:, 0, 0, 0] % 10)


def test_each_epoch_has_its_own_order(split):
    numbers = _numbers(_train(split, epochs=3))
    assert numbers[0:3] != numbers[3:6] != numbers[6:9]


def test_split_is_shuffled(split):
    assert _numbers(_train(split, epochs=1, batch_size=COUNT))[0] != list(range(COUNT))


def test_images_left_over_differ_between_epochs(split):
    numbers = _numbers(_train(split, epochs=3))
    used = [frozenset(_joined(numbers[3 * epoch : 3 * epoch + 3])) for epoch in range(3)]
    assert len(set(used)) > 1


def _assert_equal(batches, others):
    assert len(batches) == len(others)
    for batch, other in zip(batches, others, strict=True):
        for part, other_part in zip(batch, other, strict=True):
            np.testing.assert_array_equal(part, other_part)


def test_resumed_run_sees_the_batches_of_an_undisturbed_one(split):
    undisturbed = _train(split, epochs=4, augmentation=EVERYTHING)
    resumed = _train(split, epochs=4, start_epoch=2, augmentation=EVERYTHING)
    _assert_equal(resumed, undisturbed[6:])


@pytest.mark.slow
def test_longer_run_begins_like_a_shorter_one(split):
    longer = _train(split, epochs=4, augmentation=EVERYTHING)
    _assert_equal(_train(split, epochs=2, augmentation=EVERYTHING), longer[:6])


@pytest.mark.slow
def test_same_seed_gives_the_same_batches(split):
    _assert_equal(_train(split, augmentation=EVERYTHING), _train(split, augmentation=EVERYTHING))


def test_other_seed_gives_other_batches(split):
    assert _numbers(_train(split, seed=0)) != _numbers(_train(split, seed=1))


def test_large_seed_is_a_seed(split):
    assert _numbers(_train(split, seed=2**40)) != _numbers(_train(split, seed=0))


def test_alternating_flip_mirrors_each_image_in_every_other_epoch():
    images = np.zeros((8, 2, 2, 1), np.uint8)
    images[:, :, 0, 0] = np.arange(1, 9)[:, None]
    split = Split(images, np.zeros(8, np.int64))
    mirrored = []
    for batch, _ in _train(split, batch_size=8, epochs=4, augmentation=Augmentation(flip="alternating")):
        numbers = batch.max((1, 2, 3))
        mirrored.append((batch[:, 0, 1, 0] > 0)[numbers.argsort()])
    np.testing.assert_array_equal(mirrored, [mirrored[0], ~mirrored[0]] * 2)
    assert 0 < mirrored[0].sum() < 8


def test_every_step_of_every_epoch_has_its_own_draws():
    image = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 1), dtype=np.uint8)
    same = Split(image.repeat(32, axis=0), np.zeros(32, np.int64))
    batches = _train(same, epochs=2, augmentation=Augmentation(shift=1))
    assert len({images.tobytes() for images, _ in batches}) == 4


def test_split_smaller_than_a_batch_is_one_batch(split):
    batches = _train(split, batch_size=64, epochs=1)
    assert [len(labels) for _, labels in batches] == [COUNT]


@pytest.mark.parametrize(("batch_size", "steps"), [(16, 3), (50, 1), (64, 1), (1, 50)])
def test_steps_per_epoch_counts_whole_batches(split, batch_size, steps):
    assert steps_per_epoch(split, batch_size) == steps


def test_evaluation_keeps_the_order_and_the_remainder(split):
    batches = list(evaluation_batches(split, num_classes=10, batch_size=16).as_numpy_iterator())
    assert [len(labels) for _, labels in batches] == [16, 16, 16, 2]
    assert _joined(_numbers(batches)) == list(range(COUNT))
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in batches]).argmax(1), split.labels)


@pytest.mark.parametrize("batches", [training_batches, evaluation_batches])
def test_batch_size_zero_is_refused(split, batches):
    arguments = {"seed": 0, "epochs": 1} if batches is training_batches else {}
    with pytest.raises(BadInput, match="batch_size must be at least 1, not 0"):
        batches(split, num_classes=10, batch_size=0, **arguments)


def test_empty_split_is_refused(split):
    empty = Split(split.images[:0], split.labels[:0])
    with pytest.raises(BadInput, match="At least one is needed"):
        evaluation_batches(empty, num_classes=10, batch_size=16)


@pytest.mark.parametrize("rows", [[3, 1, 1], np.arange(20) % 3 == 0], ids=["numbers", "a mask"])
def test_chosen_images_are_trained_on_in_the_memory_that_they_have(rows):
    images = np.arange(20 * 5 * 7 * 3, dtype="uint16").reshape(20, 5, 7, 3).astype("uint8")
    chosen = Split(images, np.arange(20)).at(rows)
    np.testing.assert_array_equal(chosen.images, images[rows])
    np.testing.assert_array_equal(chosen.labels, np.arange(20)[rows])
    tensor, _ = _in_memory(chosen)
    chosen.images[-1] = 7
    np.testing.assert_array_equal(tensor, chosen.images)


@pytest.mark.parametrize("change", ["moved", "turned", "read-only"])
def test_images_that_lie_otherwise_are_copied(change):
    images = Split(np.arange(4 * 8 * 8, dtype="uint8").reshape(4, 8, 8, 1), np.arange(4)).at(range(4)).images
    if change == "moved":
        images = np.concatenate([np.zeros(1, "uint8"), images.ravel()])[1:].reshape(images.shape)
    elif change == "turned":
        images = images.transpose(0, 2, 1, 3)
    else:
        images.flags.writeable = False
    tensor, _ = _in_memory(Split(images, np.arange(4)))
    np.testing.assert_array_equal(tensor, images)


@pytest.mark.parametrize("left_out", [[0], [7], [19], [3, 4, 11], [0, 19], list(range(1, 20, 2))], ids=str)
@pytest.mark.parametrize("side", [8, 9, 30])
def test_images_are_moved_together_in_their_memory(left_out, side):
    images = np.random.default_rng(0).integers(0, 256, (20, side, side, 1), "uint8")
    before, rows = images.copy(), np.setdiff1d(np.arange(20), left_out)
    moved = Split(images, np.arange(20)).moved_together(rows)
    np.testing.assert_array_equal(moved.images, before[rows])
    np.testing.assert_array_equal(moved.labels, rows)
    assert np.shares_memory(moved.images, images)
    tensor, _ = _in_memory(moved)
    np.testing.assert_array_equal(tensor, before[rows])


def test_images_in_the_memory_of_others_stay_where_they_are():
    images = np.random.default_rng(0).integers(0, 256, (20, 9, 9, 1), "uint8")
    before, few = images.copy(), images[2:]
    moved = Split(few, np.arange(18)).moved_together(np.arange(1, 18))
    np.testing.assert_array_equal(moved.images, before[3:])
    np.testing.assert_array_equal(images, before)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="says how much memory a process has on Linux alone")
def test_no_batch_needs_another_copy_of_the_images():
    images = Split(np.ones((20_000, 64, 64, 1), np.uint8), np.arange(20_000, dtype=np.int64) % 10)
    images = images.at(np.arange(19_999))  # memory that TensorFlow can use as it is
    next(iter(training_batches(images.at(np.arange(10)), num_classes=10, batch_size=10, seed=0, epochs=1)))
    before = _resident_bytes()
    batches = iter(training_batches(images, num_classes=10, batch_size=16, seed=0, epochs=1))
    next(batches)
    assert _resident_bytes() - before < images.images.nbytes / 2


def _resident_bytes():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
