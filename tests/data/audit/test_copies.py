"""Copies: the right pairs are found, however they were altered, and no others."""

import io

import numpy as np
import pytest
from PIL import Image

from keras_vision.data.audit.copies import equal_groups, groups_of, joined, near_pairs
from keras_vision.data.audit.copy_findings import classes_alike, copy_findings, find_copies


def jpeg(image):
    content = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(content, "JPEG", quality=75)
    return np.asarray(Image.open(content)).reshape(image.shape)


ALTERED = {
    "shifted down": lambda image: np.roll(image, 1, axis=0),
    "shifted right": lambda image: np.pad(image, ((0, 0), (2, 0), (0, 0)), "edge")[:, :-2],
    "jpeg": jpeg,
    "darker": lambda image: np.rint(image * 0.7).astype(np.uint8),
    "brighter": lambda image: np.minimum(np.rint(image * 1.25), 255).astype(np.uint8),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_copy_is_found_beside_its_original_and_nothing_else(pictures, how, channels):
    images = pictures(200, channels=channels)
    copies = np.stack([ALTERED[how](image) for image in images[:10]])
    pairs = near_pairs(np.concatenate([images, copies]))
    assert sorted(map(tuple, pairs.tolist())) == [(number, 200 + number) for number in range(10)]


def test_no_copies_are_found_among_different_pictures(pictures):
    assert not len(near_pairs(pictures(300)))
    assert not len(near_pairs(pictures(1)))


def test_asked_images_are_compared_with_the_others_alone(pictures):
    images = pictures(60)
    asked = jpeg(images[0])[None]
    assert near_pairs(np.concatenate([images, [jpeg(images[1])]]), asked).tolist() == [[0, 0]]


def test_groups_join_pairs_and_equal_pixels(pictures):
    images = pictures(4)[[0, 1, 0, 2, 3]]
    assert equal_groups(images).tolist() == [0, 1, 0, 3, 4]
    numbers = joined([(0, 2), (2, 3)], 5)
    assert [group.tolist() for group in groups_of(numbers)] == [[0, 2, 3]]


THREE = ("train", "validation", "test")


def found(collection):
    return {(one.number, one.kind, one.leaves_out) for one in copy_findings(collection, find_copies(collection))}


def test_a_copy_in_the_same_class_is_left_out_but_for_the_first(pictures, collect_made):
    images = pictures(40)[[*range(40), 4]]
    assert found(collect_made(images)) == {(4, "same", False), (40, "same", True)}


def test_a_picture_in_two_classes_is_left_out_of_both(pictures, collect_made):
    images = pictures(40)[[*range(40), 5]]
    assert found(collect_made(images)) == {(5, "same_other_class", True), (40, "same_other_class", True)}


def test_of_splits_the_one_that_is_measured_keeps_its_picture(pictures, collect_made):
    images = pictures(40)
    images = np.concatenate([images, images[[4]], [jpeg(images[6])]])
    splits = ["train"] * 40 + ["test", "validation"]
    collection = collect_made(images, [*np.arange(40) % 2, 0, 0], splits, THREE)
    assert found(collection) == {
        (4, "same_other_split", True),
        (40, "same_other_split", False),
        (6, "near_other_split", True),
        (41, "near_other_split", False),
    }


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        pytest.param(
            ("train", "train", "validation"),
            {(4, "near_other_split", True), (40, "near_other_split", True), (41, "near_other_split", False)},
            id="both of two equal training images",
        ),
        pytest.param(
            ("train", "validation", "test"),
            {(4, "same_other_split", True), (40, "same_other_split", True), (41, "near_other_split", False)},
            id="the copies in two splits of a picture in the third",
        ),
        pytest.param(
            ("train", "test", "test"),
            {(4, "same_other_split", True), (40, "same_other_split", False), (41, "near_other_split", False)},
            id="nearly the same pictures in the split that is measured stay",
        ),
    ],
)
def test_splits_are_judged_over_all_that_show_nearly_the_same(pictures, collect_made, places, expected):
    images = pictures(40)
    images = np.concatenate([images, images[[4]], [jpeg(images[4])]])
    splits = np.array(["train"] * 42, object)
    splits[[4, 40, 41]] = places
    assert found(collect_made(images, [*np.arange(40) % 2, 0, 0], splits.astype(str), THREE)) == expected


def test_of_equal_images_beside_one_of_another_class_one_stays(pictures, collect_made):
    images = pictures(40)
    images = np.concatenate([images, images[[4]], [jpeg(images[4])]])
    assert found(collect_made(images, [*np.arange(40) % 2, 0, 1])) == {
        (4, "near_other_class", False),
        (40, "near_other_class", True),
        (41, "near_other_class", False),
    }


def test_what_was_set_aside_gives_way_to_a_split_of_its_own(pictures, collect_made):
    images = pictures(40)[[*range(40), 4]]
    splits = ["train"] * 40 + ["validation"]
    splits[4] = "test"
    assert found(collect_made(images, [*np.arange(40) % 2, 0], splits, ("train", "validation"))) == {
        (4, "same_other_split", True),
        (40, "same_other_split", False),
    }


def test_splits_that_were_set_aside_count_as_training_images(pictures, collect_made):
    images = pictures(40)
    images = np.concatenate([images, [jpeg(images[6])]])
    collection = collect_made(images, splits=["train"] * 40 + ["test"])
    assert found(collection) == {(6, "near", False), (40, "near", False)}


def test_a_reason_names_the_other_image(pictures, collect_made):
    collection = collect_made(pictures(40)[[*range(40), 5]])
    first, _ = copy_findings(collection, find_copies(collection))
    assert first.reason == "the same pixels as train/40 (cat, train)"
    assert first.others == (40,)


def test_classes_with_the_same_pictures_are_named(pictures, collect_made):
    images = pictures(40)
    both = collect_made(np.concatenate([images, images[:6]]), [0] * 20 + [1] * 20 + [1] * 6)
    assert classes_alike(both, find_copies(both)) == [("cat", "dog", 6, 20)]
    apart = collect_made(images)
    assert classes_alike(apart, find_copies(apart)) == []
