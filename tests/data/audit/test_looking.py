"""Odd files, series, blank and outlying images: what is planted is named, and clean images are left in peace."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vision.data.audit.collection import collect
from keras_vision.data.audit.file_facts import odd_files, telling_facts
from keras_vision.data.audit.fingerprints import Describer
from keras_vision.data.audit.looking import look
from keras_vision.data.audit.outliers import blank_images, outlying_images
from keras_vision.data.audit.quick import quick_audit
from keras_vision.data.audit.series import are_alike, series_by_name
from keras_vision.data.source import DataSource


def texts(*counted):
    return np.array([text for text, count in counted for _ in range(count)], object)


def test_nothing_is_found_among_clean_images(pictures, collect_made):
    looked = look(collect_made(pictures(300)))
    assert looked.findings == []
    assert looked.sentences == []


@pytest.mark.parametrize("sides", [(1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.filterwarnings("error")
def test_images_of_a_row_or_a_pixel_are_looked_at(sides, collect_made):
    images = np.random.default_rng(0).integers(0, 256, (60, *sides, 3), dtype=np.uint8)
    assert np.isfinite(Describer(images).describe(images)).all()
    outlying_images(images)
    look(collect_made(images))


def test_blank_images_are_found(pictures):
    images = pictures(20)
    images[3], images[7] = 255, images[7] // 255
    assert blank_images(images).tolist() == [3, 7]
    assert not len(blank_images(pictures(20)))


def test_an_image_unlike_all_others_is_found(pictures):
    images = pictures(200)
    noise = np.random.default_rng(0).choice([0, 255], images.shape[1:]).astype(np.uint8)
    assert outlying_images(np.concatenate([images, noise[None]]))[0].tolist() == [200]
    assert not len(outlying_images(images)[0])
    assert not len(outlying_images(images[:10])[0])


def test_the_only_file_of_a_format_is_odd_and_a_mixture_is_not():
    assert odd_files({"format": texts(("JPEG", 399), ("GIF", 1))}) == {399: "format GIF, where 399 of 400 have JPEG"}
    assert odd_files({"format": texts(("JPEG", 300), ("PNG", 100)), "suffix": texts(("jpg", 399), ("jpeg", 1))}) == {}


def test_a_suffix_that_tells_the_class_is_told_and_one_by_chance_is_not():
    labels = np.repeat([0, 1, 2], 50)
    (told,) = telling_facts({"suffix": texts((".JPG", 100), (".jpg", 50))}, labels, ("a", "b", "c"))
    assert told.fact == "suffix" and 0.5 < told.share < 0.6
    assert told.examples == (".JPG only in a, b", ".jpg only in c")
    chance = np.random.default_rng(0).choice([".jpg", ".JPG"], 150).astype(object)
    sizes = np.array([f"{number}x{number}" for number in range(150)], object)  # each image its own: tells nothing
    assert telling_facts({"suffix": chance, "size": sizes}, labels, ("a", "b", "c")) == []


def test_facts_that_say_the_same_are_told_once():
    facts = {"suffix": texts((".png", 50), (".gif", 50)), "format": texts(("PNG", 50), ("GIF", 50))}
    assert [one.fact for one in telling_facts(facts, np.repeat([0, 1], 50), ("a", "b"))] == ["suffix"]


@pytest.fixture
def frames(pictures):
    """Twenty series of five frames each, of two classes: names, labels and pictures that differ a little."""
    series = pictures(20).astype(float).repeat(5, axis=0)
    noise = np.random.default_rng(0).normal(0, 25, series.shape)
    images = np.clip(series + noise, 0, 255).astype(np.uint8)
    names = [f"{'cat' if one < 10 else 'dog'}/{one:05}_{frame:05}.png" for one in range(20) for frame in range(5)]
    return names, np.repeat([0, 1], 50), images


def test_series_are_believed_where_their_images_are_alike(frames, pictures):
    names, labels, images = frames
    series = series_by_name([Path(name) for name in names], labels)
    assert np.bincount(series).tolist() == [5] * 20
    assert are_alike(series, labels, Describer(images).describe(images))
    others = pictures(100, seed=5)
    assert not are_alike(series, labels, Describer(others).describe(others))


def test_frames_of_one_series_on_both_sides_of_a_split_are_found(frames, write_pictures):
    names, _, images = frames
    folder = write_pictures(names, images)
    collection = collect(DataSource(f"folder:{folder}"))
    looked = look(collection)
    series = [one for one in looked.findings if one.kind == "series"]
    assert len(series) == 18  # all that were set aside
    assert {one.split for one in series} == {"validation", "test"}
    assert any("images form 20 series (cat/00000_*" in sentence for sentence in looked.sentences)
    assert len(np.unique(looked.groups)) == 20


def test_sentences_and_reasons_say_what_they_mean(pictures, write_pictures):
    names = [f"cat/a{number}x.png" for number in range(110)] + [f"dog/b{number}x.jpg" for number in range(10)]
    images = pictures(120)
    images[0] = 255 * (np.indices((24, 24)).sum(axis=0) % 2)[..., None]
    looked = look(collect(DataSource(f"folder:{write_pictures(names, images)}")))
    said = " ".join(looked.sentences)
    assert "cat has 110 images, dog has 10. --metric balanced_accuracy counts all classes alike." in said
    assert "The suffix of a file gives away 9" in said and "% of what there is to know about its class (" in said
    reason = next(one.reason for one in looked.findings if one.kind == "outlier")
    assert re.fullmatch(r"unlike the other images, \d+\.\d standard deviations more than usual", reason)


def test_a_folder_with_an_empty_and_an_odd_file_is_read_and_both_are_named(pictures, write_pictures):
    names = [f"{name}/{letter}{number}x.png" for name in ("cat", "dog") for letter in "abc" for number in range(100)]
    folder = write_pictures(names, pictures(600))
    (folder / "cat" / "empty.png").touch()
    Image.fromarray(pictures(1, seed=9)[0, ..., 0]).save(folder / "dog" / "odd.gif")
    collection = collect(DataSource(f"folder:{folder}"))
    assert [(Path(one.name).name, one.kind, one.reason) for one in look(collection).findings] == [
        ("empty.png", "unreadable", "empty file"),
        ("odd.gif", "odd_file", "format GIF, where 600 of 601 have PNG"),
    ]


def test_damaged_test_images_are_listed_and_the_others_looked_at(pictures, write_pictures):
    names = [f"{split}/{name}/{n}.png" for split in ("train", "test") for name in ("cat", "dog") for n in range(20)]
    folder = write_pictures(names, pictures(80))
    (folder / "test" / "cat" / "3.png").write_bytes(b"no picture")
    collection = collect(DataSource(f"folder:{folder}"))
    assert len(collection) == 79
    ((bad, split),) = collection.left_out
    assert (Path(bad.name).name, split) == ("3.png", "test")
    assert collection.own_splits == ("train", "test")


def test_images_without_files_are_called_by_their_place():
    collection = collect(DataSource("digits"))
    assert collection.files is None
    assert sorted(collection.names, key=lambda name: int(name[6:])) == [f"train/{number}" for number in range(1797)]
    origin = DataSource("digits").open().train
    assert "train/0" in collection.names and len(origin) < len(collection)


def test_the_quick_audit_says_what_it_sees_in_a_line(frames, write_pictures):
    names, _, images = frames
    folder = write_pictures(names, images)
    data = DataSource(f"folder:{folder}").open()
    said = quick_audit(data)
    assert "8 validation images of a series that also has training images" in said
    assert said.endswith(f"More shows: python -m keras_vision.audit folder:{folder}")


def test_the_quick_audit_is_silent_about_clean_images_and_names_blank_ones_and_near_copies(pictures, write_pictures):
    names = [f"{name}/{letter}{number}x.png" for name in ("cat", "dog") for letter in "abc" for number in range(20)]
    data = DataSource(f"folder:{write_pictures(names, pictures(120))}").open()
    assert quick_audit(data) is None
    images = data.train.images.copy()
    images[0] = 7
    images[1] = np.minimum(data.validation.images[0] * 1.2, 255).astype(np.uint8)
    said = quick_audit(dataclasses.replace(data, train=dataclasses.replace(data.train, images=images)))
    assert "training images that are nearly the same as 1 of the 10 validation images; " in said
    assert "1 blank image" in said
