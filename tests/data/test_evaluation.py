"""Images that a model is measured on: which of a source, in which shape, and by which names."""

import numpy as np
import pytest
from PIL import Image

from keras_vision import data
from keras_vision.data.evaluation import evaluation_images, match_classes, with_the_classes_of
from keras_vision.data.splits import Source, Split
from keras_vision.errors import BadInput

SHAPE = (4, 4, 1)
NAMES = ("ants", "bees")


def split_of(count, shape=SHAPE, value=7):
    return Split(np.full((count, *shape), value, "uint8"), np.arange(count) % 2, (f"{count} images",))


def source(**parts):
    given = {"train": None, "validation": None, "test": None} | parts
    test = given.pop("test")
    return Source(test=test and (lambda: test), class_names=NAMES, origin="here", **given)


@pytest.mark.parametrize(
    ("parts", "split", "expected", "said"),
    [
        ({"train": 9, "test": 4}, None, ("test", 4), "x has train and test; its 4 test images are measured"),
        ({"train": 9, "test": 4}, "all", ("all", 13), "All 13 images of x are measured (train and test)."),
        ({"train": 9, "validation": 3}, None, ("all", 12), "All 12 images of x are measured (train and validation)."),
        ({"train": 9, "validation": 3, "test": 2}, "validation", ("validation", 3), "its 3 validation images"),
        ({"train": 9}, None, ("all", 9), "All 9 images of x are measured."),
        ({"test": 5}, None, ("test", 5), "x has test; its 5 test images are measured."),
        ({"test": 5}, "all", ("all", 5), "All 5 images of x are measured."),
    ],
)
def test_a_test_split_is_measured_where_there_is_one_and_all_images_elsewhere(parts, split, expected, said):
    found = evaluation_images("x", source(**{name: split_of(count) for name, count in parts.items()}), SHAPE, split)
    assert (found.split, len(found.images)) == expected
    assert said in found.decisions[0]


def test_warnings_of_the_parts_that_are_measured_travel_with_them():
    opened = source(train=split_of(9), test=split_of(4))
    assert evaluation_images("x", opened, SHAPE).images.warnings == ("4 images",)
    assert evaluation_images("x", opened, SHAPE, "all").images.warnings == ("9 images", "4 images")


def test_a_source_without_any_images_is_refused():
    with pytest.raises(BadInput, match="x has no images"):
        evaluation_images("x", source(train=split_of(0)), SHAPE)


def test_a_source_of_test_images_alone_is_measured_and_not_trained_on(monkeypatch):
    monkeypatch.setattr("keras_vision.data.loading.open_source", lambda *args, **options: source(test=split_of(6)))
    assert len(data.load_images(data.DataSource("folder:x"), shape=SHAPE).images) == 6
    with pytest.raises(BadInput, match="A model can be evaluated on it, but not trained"):
        data.load_dataset("folder:x")


def test_the_models_own_data_is_told_by_its_fingerprint():
    own = data.load_dataset("digits").fingerprint
    assert data.load_images(data.DataSource("digits"), shape=(8, 8, 1), own=own) is None
    assert data.load_images(data.DataSource("digits"), shape=(8, 8, 1), own="other").fingerprint == own


def test_labels_without_a_name_are_refused():
    with pytest.raises(BadInput, match="x has labels from 2 to 2, but names for 2 classes only"):
        evaluation_images("x", source(train=Split(split_of(3).images, np.array([2, 2, 2]))), SHAPE)


def test_colours_become_grey_as_pillow_makes_them_and_grey_becomes_three_equal_channels():
    colours = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3)).astype("uint8")
    found = evaluation_images("x", source(train=Split(colours, np.array([0, 1, 0]))), SHAPE).images.images
    expected = [np.asarray(Image.fromarray(image).convert("L")) for image in colours]
    np.testing.assert_array_equal(found[..., 0], expected)
    grey = evaluation_images("x", source(train=split_of(2)), (4, 4, 3)).images.images
    np.testing.assert_array_equal(grey, np.full((2, 4, 4, 3), 7))


def test_parts_of_different_sizes_are_brought_to_the_models():
    opened = source(train=split_of(2, (8, 6, 1)), validation=split_of(2, (4, 4, 1)))
    found = evaluation_images("x", opened, SHAPE)
    assert found.images.images.shape == (4, *SHAPE)
    assert "Images of 8x6 pixels are resized to the model's 4x4." in found.decisions


@pytest.mark.parametrize(
    ("of_data", "numbers"),
    [
        (("bees", "ants"), [1, 0]),
        (("BEES",), [1]),
        (("Ants", "ants"), [0, 0]),
        (("ants", "wasps"), [0, -1]),  # of wasps there are no images
    ],
)
def test_classes_match_by_name_in_any_order_and_case(of_data, numbers):
    assert (
        match_classes(NAMES, of_data, {0, 1} - {of_data.index(n) for n in of_data if n == "wasps"}, "x")[0] == numbers
    )


def test_blanks_underscores_and_hyphens_are_alike_and_it_is_said():
    numbers, notes = match_classes(("black bear", "ice_cream"), ("Ice-Cream", "black_bear"), {0, 1}, "x")
    assert numbers == [1, 0]
    assert notes == ["Classes are matched by name: 'Ice-Cream' is 'ice_cream', 'black_bear' is 'black bear'."]


def test_what_may_be_another_class_does_not_match():
    for of_model, given in ((("C", "Java"), "C++"), (("12", "3"), "1-2")):
        with pytest.raises(BadInput, match="does not know"):
            match_classes(of_model, (given,), {0}, "x")


def test_classes_that_differ_by_case_alone_match_exactly_only():
    assert match_classes(("a", "A"), ("A", "a"), {0, 1}, "x") == ([1, 0], [])


def test_a_near_name_is_suggested():
    with pytest.raises(
        BadInput, match=r"does not know: 'bes' \(did you mean 'bees'\?\)\. The model's classes are ants"
    ):
        match_classes(NAMES, ("ants", "bes"), {0, 1}, "x")


def test_plain_numbers_of_an_array_file_are_the_models_numbers_where_there_are_as_many():
    numbers, notes = match_classes(NAMES, ("0", "1"), {0, 1}, "npz:x.npz")
    assert numbers == [0, 1]
    assert notes == ["The labels of npz:x.npz are read as the model's class numbers: 0 is 'ants', 1 is 'bees'."]
    for name, of_data in (("folder:x", ("0", "1")), ("npz:x.npz", ("0", "1", "2"))):
        with pytest.raises(BadInput, match="the model does not know: '0'"):
            match_classes(NAMES, of_data, {0, 1}, name)


def test_labels_follow_the_models_order_and_missing_classes_are_said():
    found = evaluation_images("x", source(train=Split(split_of(3).images, np.array([1, 1, 1]))), SHAPE)
    found = with_the_classes_of(found, ("wasps", "bees", "ants"), 3)
    assert found.images.labels.tolist() == [1, 1, 1]
    assert found.class_names == ("wasps", "bees", "ants")
    assert found.decisions[-1] == "There are no images of wasps, ants."


def test_a_model_without_names_needs_as_many_classes():
    found = evaluation_images("x", source(train=split_of(3)), SHAPE)
    assert with_the_classes_of(found, None, 2) is found
    with pytest.raises(BadInput, match="The model has 3 classes without names, but x has 2"):
        with_the_classes_of(found, None, 3)


def _npz(path, pictures, labels):
    arrays = {f"x_{split}": images for split, images in pictures.items()}
    np.savez(path / "a.npz", **arrays, **{f"y_{split}": np.array(names) for split, names in labels.items()})
    return f"npz:{path / 'a.npz'}"


def _npz_one_hot(path, pictures, labels):
    """Rows are as long as the split has classes."""
    numbers = {split: [WITH_WASPS.index(name) for name in names] for split, names in labels.items()}
    return _npz(path, pictures, {split: np.eye(max(of) + 1, dtype=int)[of] for split, of in numbers.items()})


def _csv_of_pixels(path, pictures, labels):
    for split, images in pictures.items():
        rows = [
            f"{name},{','.join(map(str, image.ravel()))}" for name, image in zip(labels[split], images, strict=True)
        ]
        heading = ",".join(["label", *(f"pixel{number}" for number in range(images[0].size))])
        (path / f"a_{split}.csv").write_text("\n".join([heading, *rows]))
    return f"csv:{path / 'a_train.csv'}"


def _csv_of_paths(path, pictures, labels):
    _folder(path, pictures, labels)
    files = [file.relative_to(path) for file in sorted(path.rglob("*.png"))]
    rows = [f"{file},{file.parts[-2]},{file.parts[-3]}" for file in files]
    (path / "a.csv").write_text("\n".join(["path,label,split", *rows]))
    return f"csv:{path / 'a.csv'}"


def _folder(path, pictures, labels):
    for split, images in pictures.items():
        for number, (image, name) in enumerate(zip(images, labels[split], strict=True)):
            file = path / "photos" / split / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(file)
    return f"folder:{path / 'photos'}"


WITH_WASPS = ("ants", "bees", "wasps")


@pytest.mark.parametrize("write", [_npz, _npz_one_hot, _csv_of_pixels, _csv_of_paths, _folder])
def test_a_class_that_only_test_images_have_is_measured_and_not_trained_on(write, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (20, 6, 6), dtype=np.uint8)
    pictures[[0, 14], 0, :2] = (0, 255)
    labels = [*NAMES] * 7 + [*WITH_WASPS] * 2
    parts = {"train": slice(0, 14), "test": slice(14, 20)}
    spec = write(tmp_path, {k: pictures[v] for k, v in parts.items()}, {k: labels[v] for k, v in parts.items()})
    found = with_the_classes_of(
        data.load_images(data.DataSource(spec), shape=(6, 6, 1), known=WITH_WASPS), WITH_WASPS, 3
    )
    assert found.split == "test" and found.class_names == WITH_WASPS
    assert np.bincount(found.images.labels).tolist() == [2, 2, 2]
    with pytest.raises(BadInput, match=r"labels that no|classes that train/ lacks"):
        data.load_dataset(spec)
