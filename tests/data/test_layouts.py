"""Folders as people lay them out: which images are trained on, validated and tested on, and as which class."""

import os

import numpy as np
import pytest
from PIL import Image

from keras_vision.data import load_dataset
from keras_vision.data.folders.flat import classes_from_names
from keras_vision.data.folders.layout import find_layout
from keras_vision.data.folders.tree import list_folder
from keras_vision.data.split_names import role_of, split_named
from keras_vision.errors import BadInput

CLASSES = ("cat", "dog")


@pytest.fixture
def lay(tmp_path):
    """Returns a function that writes images of two colours: `{"train/CLASS": 5}` are five a class, by a running number.

    Red is 100 for cats and 200 for dogs; green tells the image; so the pixels tell what the labels have to be.
    """
    written = iter(range(10_000))

    def write(parts, classes=CLASSES, name="{number}.png"):
        for folder, count in parts.items():
            for label, one in enumerate(classes):
                where = tmp_path / folder.replace("CLASS", one)
                where.mkdir(parents=True, exist_ok=True)
                for number in range(count):
                    unique = next(written)
                    colour = ((100 + 100 * label) % 256, unique % 256, unique // 256)
                    Image.new("RGB", (6, 6), colour).save(where / name.format(number=number, name=one))
        return tmp_path

    return write


def load(path, **arguments):
    return load_dataset(f"folder:{path}", **arguments)


def right(dataset):
    """Whether every image has the label that its colour tells; returns how many there are of each split."""
    splits = (dataset.train, dataset.validation, dataset.test())
    for split in splits:
        np.testing.assert_array_equal(split.images[:, 0, 0, 0], 100 + 100 * split.labels)
    return tuple(len(split) for split in splits)


def said(lines, phrase):
    return any(phrase in line for line in lines)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Train", "Valid", "Test"),
        ("TRAIN", "VALIDATION", "TEST"),
        ("training_set", "validation-set", "test set"),
        ("Training", "dev", "Testing"),
        ("train_images", "valImages", "testImages"),
        ("seg_train/seg_train", "seg_val/seg_val", "seg_test/seg_test"),
        ("train", "eval", "holdout"),
        ("trainset", "val", "eval"),
        ("data/my_train", "data/my_val", "data/my_test1"),
    ],
)
def test_splits_are_found_in_any_spelling(lay, train, validation, test):
    root = lay({f"{train}/CLASS": 6, f"{validation}/CLASS": 3, f"{test}/CLASS": 2})
    dataset = load(root)
    assert dataset.class_names == CLASSES
    assert right(dataset) == (12, 6, 4)
    assert dataset.seed is None


def test_without_a_test_folder_the_test_split_is_carved_and_the_validation_folder_used(lay):
    dataset = load(lay({"train/CLASS": 10, "val/CLASS": 4}))
    assert right(dataset) == (18, 8, 2)
    assert "train/ is for training and val/ is for validation." in dataset.decisions


@pytest.mark.parametrize("other", ["train", "test", "val"])
@pytest.mark.parametrize("below", ["", "/images"])
def test_a_class_that_is_named_like_a_split_is_a_class(lay, other, below):
    names = sorted(("car", other))
    dataset = load(lay({f"CLASS{below}": 10, f"zebra{below}": 5}, classes=names))
    assert dataset.class_names == (*names, "zebra")


@pytest.mark.parametrize(
    "layout",
    ["dataset/PetImages/CLASS", "CLASS/images", "CLASS/a/b/c", "train/train/CLASS", "train/CLASS/img", "CLASS"],
)
def test_images_some_folders_down_are_read(lay, layout):
    dataset = load(lay({layout: 10}))
    assert dataset.class_names == CLASSES
    assert right(dataset) == (16, 2, 2)


@pytest.mark.parametrize("layout", ["CLASS/train CLASS/test", "train_CLASS test_CLASS", "CLASS-train CLASS-test"])
def test_splits_and_classes_in_the_other_order(lay, layout):
    train, test = layout.split()
    dataset = load(lay({train: 10, test: 3}))
    assert dataset.class_names == CLASSES
    assert right(dataset) == (18, 2, 6)


def test_masks_beside_images_are_not_read_and_told(lay):
    dataset = load(lay({"CLASS/images": 10, "CLASS/masks": 10}))
    assert sum(right(dataset)) == 20
    assert said(dataset.decisions, "beside the images are not read: cat/masks, dog/masks")


def test_files_that_are_masks_of_others_are_not_read_and_told(lay):
    lay({"CLASS": 10}, name="{name} ({number}).png")
    dataset = load(lay({"CLASS": 10}, name="{name} ({number})_mask.png"))
    assert sum(right(dataset)) == 20
    assert said(dataset.decisions, "cat/cat (0)_mask.png, cat/cat (1)_mask.png, cat/cat (2)_mask.png and 17 more")


def test_a_data_set_beside_other_folders_is_to_be_named(lay):
    lay({"set/train/CLASS": 4, "set/test/CLASS": 4})
    with pytest.raises(BadInput, match=r"set/ has training images of its own\. Give --dataset folder:.*set\.$"):
        load(lay({"more/CLASS": 4}))


def test_two_data_sets_in_one_folder_are_refused(lay):
    with pytest.raises(BadInput, match="train_HR/ and train_LR/ both look like training images"):
        load(lay({"train_HR/CLASS": 4, "train_LR/CLASS": 4, "val_HR/CLASS": 4, "val_LR/CLASS": 4}))


def test_masks_are_a_class_beside_other_classes(lay):
    assert load(lay({"CLASS": 10}, classes=("mask", "no_mask"))).class_names == ("mask", "no_mask")


def test_a_second_copy_inside_is_not_read(lay):
    assert sum(right(load(lay({"cells/CLASS": 10, "cells/cells/CLASS": 10})))) == 20


def test_the_upper_of_two_levels_are_the_classes_where_the_lower_differ(lay):
    lay({"fruit/CLASS": 5}, classes=("apple", "pear"))
    dataset = load(lay({"roots/CLASS": 5}, classes=("beet", "leek")))
    assert dataset.class_names == ("fruit", "roots")
    assert said(dataset.decisions, "The 2 outer folders are the classes")


def test_two_levels_that_could_both_be_the_classes_are_refused(lay):
    with pytest.raises(BadInput, match=r"could both be the classes.*--dataset folder:.*anna"):
        load(lay({"anna/CLASS": 3, "bert/CLASS": 3}))


def test_parts_that_hold_the_same_classes_are_taken_together(lay):
    dataset = load(lay({"fold1/CLASS": 5, "fold2/CLASS": 5}))
    assert dataset.class_names == CLASSES
    assert right(dataset) == (16, 2, 2)


def test_links_that_lead_round_do_not_hang(lay):
    root = lay({"CLASS": 10})
    os.symlink(root, root / "cat" / "up")
    os.symlink(root / "dog", root / "cat" / "dogs")
    os.symlink(root / "cat", root / "dog" / "cats")
    assert load(root).class_names == CLASSES


def test_many_links_to_one_another_hide_no_class(lay):
    names = [f"class{number:02}" for number in range(12)]
    root = lay({"CLASS": 4}, classes=names)
    for one in names:
        for other in names:
            os.symlink(root / other, root / one / f"to_{other}")
    assert load(root).class_names == tuple(names)


def test_links_to_folders_and_files_are_followed(lay, tmp_path):
    root = lay({"elsewhere/CLASS": 10})
    (root / "mine").mkdir()
    os.symlink(root / "elsewhere" / "cat", root / "mine" / "cat")
    (root / "mine" / "dog").mkdir()
    for file in (root / "elsewhere" / "dog").iterdir():
        os.symlink(file, root / "mine" / "dog" / file.name)
    assert right(load(root / "mine")) == (16, 2, 2)


@pytest.mark.parametrize(
    "name", ["{name}.{number}.png", "{name}_{number:03}.png", "{name} ({number}).png", "{name}{number}.png"]
)
def test_classes_of_a_flat_folder_are_the_beginnings_of_names(lay, name):
    dataset = load(lay({"train": 10}, name=name))
    assert dataset.class_names == CLASSES
    assert right(dataset) == (16, 2, 2)
    assert said(dataset.decisions, "beginnings of the file names: cat, dog")


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["n01440764_10026", "n01443537_2"], ["n01440764", "n01443537"]),
        (["american_bulldog_100", "Abyssinian_1"], ["american_bulldog", "Abyssinian"]),
        (["cat_001_002", "dog_001_002"], ["cat", "dog"]),
    ],
)
def test_beginnings_of_names(tmp_path, names, classes):
    files = [tmp_path / f"{name}{number}.jpg" for name in names for number in range(4)]
    assert classes_from_names(files) == [one for one in classes for _ in range(4)]


@pytest.mark.parametrize(
    "names", [["IMG_20200101_1", "IMG_20200102_2"], ["IMG_1", "DSC_1"], ["a1b2", "c3d4"], ["1", "2"], ["cat", "dog"]]
)
def test_names_that_tell_no_class(tmp_path, names):
    assert classes_from_names([tmp_path / f"{name}{n}.jpg" for name in names for n in range(1)]) is None


def test_a_flat_folder_without_classes_is_refused_with_what_was_seen(lay):
    with pytest.raises(
        BadInput, match=r"holds 10 images, but nothing says which class.*Put the images of each class into"
    ):
        load(lay({"photos": 5}, name="IMG_{number}{name}.png"))


@pytest.mark.parametrize("beside", ["train", "."])
@pytest.mark.parametrize(("suffix", "comma"), [("", ","), (".png", ";")])
def test_a_table_beside_flat_images_is_named_with_what_to_type(lay, beside, suffix, comma):
    root = lay({"train": 5}, name="{name}{number}x.png")
    rows = [f"{one}{number}x{suffix}{comma}{one}" for one in CLASSES for number in range(5)]
    (root / beside / "labels.csv").write_text("\n".join([f"id{comma}label", *rows]))
    with pytest.raises(BadInput, match=rf"Give --dataset csv:.*{beside}.*labels\.csv"):
        load(root)


@pytest.mark.parametrize("folder", ["test", "val"])
def test_images_without_classes_beside_train_are_told_and_not_used(lay, folder):
    root = lay({"train/CLASS": 10})
    lay({folder: 4}, name="{number}_{name}.png")
    dataset = load(root)
    assert right(dataset) == (16, 2, 2)
    assert said(dataset.decisions, f"{folder}/ holds 8 images without folders of classes. They are not used")


def test_a_flat_test_folder_whose_names_are_classes_is_read(lay):
    root = lay({"letters_train/letters_train/CLASS": 10})
    lay({"letters_test/letters_test": 1}, name="{name}_test.png")
    lay({"letters_val": 2}, name="{name}{number}.png")
    assert right(load(root)) == (20, 4, 2)


def test_other_spellings_of_classes_in_test_are_the_same_classes(lay):
    root = lay({"train/CLASS": 10})
    lay({"test/CLASS": 2}, classes=("Cat", "DOG"))
    dataset = load(root)
    assert right(dataset) == (18, 2, 4)
    assert said(dataset.decisions, "Cat is cat, DOG is dog")


@pytest.mark.parametrize("parts", [("val", "test"), ("test",)])
def test_splits_without_training_images_are_refused(lay, parts):
    with pytest.raises(BadInput, match=r"test/ and no folder of training images\. "):
        load(lay({f"{part}/CLASS": 4 for part in parts}))


@pytest.mark.parametrize("parts", [("val", "test"), ("test",)])
def test_splits_without_training_images_are_listed_for_a_model(lay, parts):
    root = lay({f"{part}/CLASS": 4 for part in parts})
    splits = find_layout(list_folder(root), known=CLASSES).splits
    assert splits["test"].classes == ["cat"] * 4 + ["dog"] * 4
    assert len(splits) == len(parts)


@pytest.mark.parametrize("other", ["validation", "Test"])
def test_classes_beside_a_split_of_them_are_refused(lay, other):
    with pytest.raises(BadInput, match=rf"{other}/ with folders of classes in it, and beside it cat/, dog/\. If these"):
        load(lay({"CLASS": 10, f"{other}/CLASS": 4}))


def test_a_class_named_like_a_split_is_told(lay):
    root = lay({"CLASS": 10}, classes=("cat", "dog", "validation"))
    assert said(load(root).warnings, "validation/ became a class, like cat/, dog/. If it is a split, put the folders")
    assert not said(load(lay({"vehicles/CLASS": 10}, classes=("car", "train")) / "vehicles").warnings, "became a class")


def test_classes_that_differ_only_in_case_or_blanks_are_told(lay):
    root = lay({"CLASS": 10}, classes=("Cat", "cat", "ice cream", "icecream"))
    assert said(load(root).warnings, "'Cat' and 'cat', 'ice cream' and 'icecream' are spelled alike")
    assert not said(load(lay({"letters/CLASS": 10}, classes=("A", "a")) / "letters").warnings, "spelled alike")


def test_two_folders_of_training_images_are_refused(lay):
    with pytest.raises(BadInput, match="train_1/ and train_2/ both look like training images"):
        load(lay({"train_1/CLASS": 4, "train_2/CLASS": 4, "test/CLASS": 4}))


@pytest.mark.parametrize("names", [("train station", "train track"), ("train 1", "train 2"), ("test a", "test b")])
def test_classes_with_a_word_of_splits_in_their_names_are_classes(lay, names):
    assert load(lay({"CLASS": 10}, classes=(*names, "zebra"))).class_names == (*names, "zebra")


def test_validation_images_that_are_too_few_to_tell_are_trained_on(lay):
    dataset = load(lay({"train/CLASS": 150, "val/CLASS": 1}))
    assert right(dataset) == (244, 28, 30)
    assert said(dataset.decisions, "val/ holds only 2 images")


def test_a_disk_given_by_mistake_is_not_walked_to_its_end(lay, monkeypatch):
    monkeypatch.setattr("keras_vision.data.folders.tree._MOST_OTHERS", 10)
    root = lay({"CLASS": 4})
    for number in range(30):
        (root / f"{number}.txt").touch()
    with pytest.raises(BadInput, match=r"files are not images, the last in .*Give a folder that holds the images"):
        load(root)


def test_an_archive_is_to_be_unpacked(tmp_path):
    (tmp_path / "images.zip").write_bytes(b"PK")
    with pytest.raises(BadInput, match=r"holds no images, only other files \(1 \.zip\)\. Unpack the archive first\."):
        load(tmp_path)


def test_names_that_are_whole_numbers_sort_as_numbers(lay):
    names = [str(number) for number in (2, 10, 0, 1, 42)]
    root = lay({"CLASS": 4}, classes=names)
    dataset = load(root)
    assert dataset.class_names == ("0", "1", "2", "10", "42")
    reds = {
        label: red for red, label in zip(dataset.train.images[:, 0, 0, 0].tolist(), dataset.train.labels, strict=True)
    }
    assert [reds[label] for label in range(5)] == [44, 144, 100, 200, 244]  # as written: 2, 10, 0, 1, 42


def test_other_names_sort_as_text(lay):
    assert load(lay({"CLASS": 4}, classes=("a10", "a2", "7"))).class_names == ("7", "a10", "a2")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Training_Set", "train"),
        ("X-test", "test"),
        ("VAL", "validation"),
        ("trains", None),
        ("testament", None),
        ("contest", None),
        ("train_test", None),
        ("TRAINset", "train"),
        ("PublicTest", "validation"),
        ("held-out", "test"),
        ("eval", "evaluation"),
        ("tr", None),
    ],
)
def test_roles_of_names(name, role):
    assert role_of(name)[0] == role


@pytest.mark.parametrize(
    ("word", "split"),
    [("x-test", None), ("trainval", "train"), ("eval", "test"), ("tr", "train"), ("TESTset", "test"), ("7", None)],
)
def test_splits_named_by_a_word(word, split):
    assert split_named(word) == split


def test_lists_of_names_stay_short(lay):
    root = lay({"CLASS": 1}, classes=[f"class{number:03}" for number in range(150)])
    lay({"CLASS": 10}, classes=["many"])
    dataset = load(root)
    assert said(dataset.warnings, "class004 and 145 more")
    assert max(map(len, dataset.warnings)) < 300
