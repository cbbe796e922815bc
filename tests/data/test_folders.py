"""Folders of images with everything that real folders have in them."""

import os

import numpy as np
import pytest

from keras_vision.data import DataSource, load_dataset, load_images
from keras_vision.data.files.listing import image_files
from keras_vision.errors import BadInput
from keras_vision.runs import Run


def _load(path, **arguments):
    return load_dataset(f"folder:{path}", **arguments)


def _said(warnings, phrase):
    return any(phrase in warning for warning in warnings)


@pytest.fixture
def split_photos(photos, write_image):
    """photos/ as train/, and two other images per class in test/."""
    root = photos.parent / "split"
    root.mkdir()
    photos.rename(root / "train")
    for label, name in enumerate(("cat", "dog")):
        for number in range(2):
            write_image(root / "test" / name / f"{number}.png", seed=1000 + 10 * label + number)
    return root


def test_classes_are_folders_in_alphabetical_order(photos):
    dataset = _load(photos)
    assert dataset.class_names == ("cat", "dog")


def test_labels_are_those_of_the_folders(photos):
    dataset = _load(photos)
    cats = {np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8).tobytes() for seed in range(10)}
    shown = [image.tobytes() in cats for image in dataset.train.images]
    assert shown == (dataset.train.labels == 0).tolist()


def test_without_test_folder_a_test_split_is_carved_and_told(photos):
    dataset = _load(photos)
    assert len(dataset.test()) == 2
    assert _said(dataset.warnings, "There is no test split, so 2 images")


def test_train_and_test_folders_are_the_splits(split_photos):
    dataset = _load(split_photos)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test())) == (18, 2, 4)


def test_bad_images_are_all_named_before_work_starts(photos, write_image):
    (photos / "cat" / "page.png").write_text("<!DOCTYPE html><html>")
    (photos / "cat" / "text.jpg").write_text("not an image")
    (photos / "dog" / "cut.png").write_bytes((photos / "dog" / "0.png").read_bytes()[:60])
    write_image(photos / "dog" / "a.png").rename(photos / "dog" / "belied.jpg")
    with pytest.raises(BadInput, match=r"3 of 24 images") as error:
        _load(photos)
    assert all(name in str(error.value) for name in ("page.png", "text.jpg", "cut.png", "--on-bad-image skip"))


def test_a_model_that_is_measured_is_not_told_of_an_option_that_evaluate_lacks(photos):
    (photos / "cat" / "0.png").write_text("no image")
    with pytest.raises(BadInput, match=r"1 of 10 images|1 of 20 images") as refused:
        load_images(DataSource(f"folder:{photos}"), shape=(8, 8, 3), known=("cat", "dog"))
    assert "on-bad-image" not in str(refused.value)


@pytest.mark.skipif(os.name == "nt" or not os.getuid(), reason="this user may read all files")
def test_an_image_that_may_not_be_read_is_told_in_words(photos):
    (photos / "cat" / "0.png").chmod(0)
    with pytest.raises(BadInput, match=r"0\.png \(permission denied\)"):
        _load(photos)


def test_damage_behind_the_header_is_named_with_damage_in_it(photos, write_image):
    (photos / "cat" / "text.jpg").write_text("not an image")
    cut = write_image(photos / "dog" / "cut.png", size=(64, 64), seed=0)
    cut.write_bytes(cut.read_bytes()[:2000])
    with pytest.raises(BadInput, match=r"2 of 22 images.*text\.jpg.*cut\.png"):
        _load(photos)


def test_skip_leaves_bad_training_images_out_and_counts_them(photos):
    (photos / "cat" / "text.png").write_text("not an image")
    dataset = _load(photos, on_bad_image="skip")
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test()) == 20
    assert _said(dataset.warnings, "1 of 21 image files cannot be decoded and are left out")


def test_empty_files_are_left_out_and_told(split_photos):
    (split_photos / "train" / "cat" / "empty.png").touch()
    (split_photos / "test" / "cat" / "empty.png").touch()
    dataset = _load(split_photos)
    assert (len(dataset.train) + len(dataset.validation), len(dataset.test())) == (20, 4)
    assert _said(dataset.warnings, "1 of 21 image files are empty and are left out")
    assert _said(dataset.test().warnings, "1 of 5 image files are empty and are left out")


def test_skip_does_not_apply_to_test_images(split_photos):
    (split_photos / "test" / "cat" / "text.png").write_text("not an image")
    dataset = _load(split_photos, on_bad_image="skip")
    with pytest.raises(BadInput, match=r"1 of 5 images.*text\.png"):
        dataset.test()


def test_class_of_bad_images_only_is_refused_when_they_are_skipped(photos):
    (photos / "eel").mkdir()
    (photos / "eel" / "empty.png").touch()
    with pytest.raises(BadInput, match="eel"):
        _load(photos, on_bad_image="skip")


def test_folder_without_images_is_no_class(photos):
    (photos / "eel").mkdir()
    dataset = _load(photos)
    assert dataset.class_names == ("cat", "dog")
    assert _said(dataset.warnings, "Folders without images are not classes: eel")


@pytest.mark.parametrize("where", ["runs/train-cnn", "run", "cat/run"])
def test_runs_of_this_program_are_no_images(photos, write_image, where):
    before = _load(photos)
    Run(photos / where).start({"model": "cnn"})
    write_image(photos / where / "figures" / "curves.png")
    after = _load(photos)
    assert (after.fingerprint, after.warnings, after.class_names) == (
        before.fingerprint,
        before.warnings,
        ("cat", "dog"),
    )


def test_runs_below_a_folder_are_not_predicted(photos, write_image):
    before = [*image_files([photos])]
    Run(photos / "runs" / "a").start({"model": "cnn"})
    write_image(photos / "runs" / "a" / "figures" / "curves.png")
    assert [*image_files([photos])] == before


def test_a_folder_with_settings_of_another_program_is_a_class(photos, write_image):
    write_image(photos / "fox" / "1.png")
    (photos / "fox" / "config.json").write_text('{"settings": {}}')
    assert _load(photos).class_names == ("cat", "dog", "fox")


def test_runs_alone_are_refused(tmp_path):
    Run(tmp_path / "runs" / "a").start({"model": "cnn"})
    with pytest.raises(BadInput, match="holds what this program wrote and no images"):
        _load(tmp_path / "runs")


def test_classes_and_numbers_of_images_are_told(photos):
    expected = (
        "2 classes: cat, dog.",
        "Images: 16 for training, 2 for validation (set aside), 2 for testing (set aside).",
    )
    assert _load(photos).decisions == expected


def test_one_class_is_refused(tmp_path, write_image):
    for number in range(5):
        write_image(tmp_path / "one" / "cat" / f"{number}.png")
    with pytest.raises(BadInput, match="one class, 'cat'"):
        _load(tmp_path / "one")


@pytest.mark.parametrize("hidden", [".DS_Store", "cat/._1.png", ".git/config.png"])
def test_hidden_files_are_left_alone(photos, hidden):
    (photos / hidden).parent.mkdir(exist_ok=True)
    (photos / hidden).write_text("not an image")
    dataset = _load(photos)
    assert dataset.class_names == ("cat", "dog")
    assert not _said(dataset.warnings, "no images of a class")


def test_images_beside_the_classes_are_told(photos, write_image):
    write_image(photos / "top.png")
    assert _said(_load(photos).warnings, "Images outside the folders of classes are not read (1 in all): top.png")


@pytest.mark.parametrize("stray", ["notes.txt", "cat/notes.txt"])
def test_stray_files_are_listed(photos, stray):
    (photos / stray).write_text("notes")
    assert _said(_load(photos).warnings, f"1 files or folders are not images of a class: {stray}")


def test_images_at_any_depth_belong_to_the_class_above(photos, write_image):
    write_image(photos / "cat" / "young" / "white" / "1.png")
    write_image(photos / "dog" / "images" / "1.png")
    dataset = _load(photos)
    splits = (dataset.train, dataset.validation, dataset.test())
    assert dataset.class_names == ("cat", "dog")
    assert sorted(label for split in splits for label in split.labels.tolist()) == [0] * 11 + [1] * 11


def test_unicode_names_are_kept(photos):
    (photos / "cat").rename(photos / "猫 été")
    assert _load(photos).class_names == ("dog", "猫 été")


def test_two_spellings_of_an_accent_are_one_class(split_photos):
    (split_photos / "train" / "cat").rename(split_photos / "train" / "\u00e9t\u00e9")
    (split_photos / "test" / "cat").rename(split_photos / "test" / "e\u0301te\u0301")
    dataset = _load(split_photos)
    assert dataset.class_names == ("dog", "\u00e9t\u00e9")
    assert sorted(dataset.test().labels.tolist()) == [0, 0, 1, 1]


def test_name_that_is_no_text_can_still_be_printed(photos):
    os.rename(photos / "cat", os.fsencode(photos) + b"/caf\xe9")
    assert _load(photos).class_names == ("caf\\xe9", "dog")


def test_link_that_leads_back_up_is_no_class(photos):
    (photos / "loop").symlink_to(photos, target_is_directory=True)
    (photos / "self").symlink_to(photos / "self")
    dataset = _load(photos)
    assert dataset.class_names == ("cat", "dog")
    assert _said(dataset.warnings, "loop") and _said(dataset.warnings, "self")


def test_class_only_in_test_is_refused_at_the_start(split_photos, write_image):
    write_image(split_photos / "test" / "eel" / "1.png")
    with pytest.raises(BadInput, match=r"classes that train/ lacks: eel"):
        _load(split_photos)


def test_class_missing_in_test_is_told(split_photos):
    for file in (split_photos / "test" / "dog").iterdir():
        file.unlink()
    assert _said(_load(split_photos).test().warnings, "There are no test images of these classes: dog")


def test_third_folder_beside_train_and_test_is_listed(split_photos):
    (split_photos / "extra").mkdir()
    assert _said(_load(split_photos).warnings, "and not extra")


def test_damaged_test_image_stops_nothing_before_the_test(split_photos):
    (split_photos / "test" / "cat" / "0.png").write_text("not an image")
    dataset = _load(split_photos)
    assert len(dataset.train) == 18
    with pytest.raises(BadInput, match=r"0\.png \(the content is not an image\)"):
        dataset.test()


def test_unreadable_test_folder_is_told_and_stops_nothing(split_photos, monkeypatch):
    scan = os.scandir

    def fail_for_test(directory):
        if os.path.basename(directory) == "test":
            raise PermissionError(13, "Permission denied")
        return scan(directory)

    monkeypatch.setattr(os, "scandir", fail_for_test)
    dataset = _load(split_photos)
    assert _said(dataset.warnings, "The test split cannot be read at the moment")
    with pytest.raises(BadInput, match="Permission denied"):
        dataset.test()


def test_images_in_train_and_test_are_counted(split_photos, write_image):
    write_image(split_photos / "test" / "cat" / "again.png", seed=3)
    write_image(split_photos / "test" / "dog" / "again.png", seed=4)
    said = "2 of 6 test images are also training images, 1 of them with another label"
    assert _said(_load(split_photos).test().warnings, said)


def test_image_with_two_labels_is_counted(photos, write_image):
    write_image(photos / "dog" / "again.png", seed=3)
    write_image(photos / "dog" / "twice.png", seed=3)
    dataset = _load(photos.rename(photos.parent / "train").parent, validation_share=0.2)
    assert _said(dataset.warnings, "1 different training images appear with more than one label")


def test_other_sizes_are_resized_to_the_most_common_and_counted(photos, write_image):
    write_image(photos / "cat" / "large.png", size=(20, 30))
    dataset = _load(photos)
    assert dataset.shape == (8, 8, 3)
    assert _said(dataset.decisions, "1 of 21 training images were resized to 8x8")


def test_white_shapes_on_transparent_ground_are_told(tmp_path, write_image):
    for name in ("cat", "dog"):
        for number in range(5):
            write_image(tmp_path / name / f"{number}.png", mode="RGBA", colour=(255, 255, 255, 40 * number))
    assert _said(_load(tmp_path).warnings, "nearly of one colour: all values lie between 255 and 255")


def test_image_size_is_heeded(photos):
    assert _load(photos, image_size=(4, 6)).shape == (4, 6, 3)


def test_size_that_was_asked_for_is_no_warning(photos):
    assert not _said(_load(photos, image_size=4).decisions, "resized")


def test_grey_files_give_one_channel(tmp_path, write_image):
    for name in ("a", "b"):
        for number in range(4):
            write_image(tmp_path / "grey" / name / f"{number}.png", mode="L")
    assert _load(tmp_path / "grey").shape == (8, 8, 1)


def test_one_colour_file_gives_three_channels(tmp_path, write_image):
    for name in ("a", "b"):
        for number in range(4):
            write_image(tmp_path / "mixed" / name / f"{number}.png", mode="RGB" if number == 3 else "L")
    assert _load(tmp_path / "mixed").shape == (8, 8, 3)


def test_more_than_the_memory_is_refused_before_decoding(photos, monkeypatch):
    monkeypatch.setattr("keras_vision.data.splits.free_memory", lambda: 100)
    with pytest.raises(BadInput, match="GB of memory"):
        _load(photos)


@pytest.mark.parametrize(
    ("path", "seen"), [("nowhere", "does not exist"), ("file.txt", "is a file, not a folder"), ("hollow", "is empty")]
)
def test_no_folder_of_images_is_refused(tmp_path, path, seen):
    (tmp_path / "file.txt").touch()
    (tmp_path / "hollow").mkdir()
    with pytest.raises(BadInput, match=rf"{path} {seen}\. Give .* folder of images for each class"):
        _load(tmp_path / path)
