"""CSV files: of paths, of pixels, in the forms in which they are distributed."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_vision.data import load_dataset
from keras_vision.data.opening import open_source
from keras_vision.data.splits import Reading
from keras_vision.errors import BadInput

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (24, 6, 6, 1), dtype=np.uint8)
GREY.flat[:2] = (0, 255)
COLOUR = RANDOM.integers(0, 256, (24, 5, 5, 3), dtype=np.uint8)
COLOUR.flat[:2] = (0, 255)
WORDS = [("cat", "dog", "eel")[number % 3] for number in range(24)]
THREE = np.arange(24) % 3
SPLITS = ["train"] * 16 + ["val"] * 4 + ["test"] * 4


def open_spec(spec, on_bad_image="error"):
    return open_source(spec, None, Reading(on_bad_image=on_bad_image))


@pytest.fixture
def write(tmp_path):
    """Writes rows as a CSV file and returns its specification."""

    def write(rows, heading=None, separator=",", name="a.csv", encoding="utf-8"):
        path = tmp_path / name
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=separator).writerows([heading, *rows] if heading else rows)
        return f"csv:{path}"

    return write


@pytest.fixture
def files(tmp_path):
    """24 PNG files beside the table, images/0.png to images/23.png."""
    (tmp_path / "images").mkdir()
    for number, pixels in enumerate(COLOUR):
        Image.fromarray(pixels).save(tmp_path / "images" / f"{number}.png")
    return [f"images/{number}.png" for number in range(24)]


def _paths(tmp_path):
    """Form -> (heading, rows) of tables that all mean the same images and classes."""
    beside = [f"images/{number}.png" for number in range(24)]
    names = [f"{number}.png" for number in range(24)]
    bare = [f"{number}" for number in range(24)]
    sizes = [f"{number * 7 % 24}" for number in range(24)]
    absolute = [tmp_path / name for name in beside]
    windows = [f"images\\{name}" for name in names]
    hot = [[float(word == one) for one in ("dog", "cat", "eel")] for word in WORDS]
    return {
        "path, label": (["path", "label"], zip(beside, WORDS, strict=True)),
        "no heading": (None, zip(beside, WORDS, strict=True)),
        "label first": (None, zip(WORDS, beside, strict=True)),
        "names in the folder beside": (["filename", "class"], zip(names, WORDS, strict=True)),
        "names without suffix": (["id", "breed"], zip(bare, WORDS, strict=True)),
        "names without suffix or heading": (None, zip(bare, WORDS, strict=True)),
        "absolute": (["image", "category"], zip(absolute, WORDS, strict=True)),
        "of Windows": (["path", "label"], zip(windows, WORDS, strict=True)),
        "unknown words in the heading": (["bild", "tier"], zip(beside, WORDS, strict=True)),
        "more columns": (
            ["", "size", "image_id", "target", "remark"],
            zip(bare[::-1], sizes, names, WORDS, bare, strict=True),
        ),
        "more columns, no usual name": (["size", "bild", "tier"], zip(sizes, beside, WORDS, strict=True)),
        "one-hot": (["image", "dog", "cat", "eel"], [(name, *row) for name, row in zip(bare, hot, strict=True)]),
    }


FORMS = [
    *("path, label", "no heading", "label first", "names in the folder beside", "names without suffix"),
    *("names without suffix or heading", "absolute", "of Windows", "unknown words in the heading", "more columns"),
    *("more columns, no usual name", "one-hot"),
]


@pytest.mark.parametrize("form", FORMS)
def test_paths_and_labels_are_found_in_any_usual_form(tmp_path, files, write, form):
    heading, rows = _paths(tmp_path)[form]
    source = open_spec(write(rows, heading))
    assert source.class_names == ("cat", "dog", "eel")
    np.testing.assert_array_equal(source.train.labels, THREE)
    np.testing.assert_array_equal(source.train.images, COLOUR)


def test_every_form_is_tested(tmp_path):
    assert list(_paths(tmp_path)) == FORMS


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
def test_separators_are_told_apart(files, write, separator):
    source = open_spec(write(zip(files, WORDS, strict=True), ["path", "label"], separator))
    np.testing.assert_array_equal(source.train.labels, THREE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings_are_told_apart(files, write, encoding):
    words = [word.replace("a", "ä") for word in WORDS]
    source = open_spec(write(zip(files, words, strict=True), ["path", "label"], encoding=encoding))
    assert source.class_names == ("cät", "dog", "eel")
    assert any("was read as cp1252" in line for line in source.decisions) == (encoding == "cp1252")


def test_an_accent_in_the_last_row_tells_the_encoding(files, write):
    rows = [(files[0], "cat")] * 60 + [(files[1], "dög"), (files[2], "dög")]
    assert open_spec(write(rows, ["path", "label"], encoding="cp1252")).class_names == ("cat", "dög")


def test_an_accent_as_the_last_byte_tells_the_encoding(files, write):
    table = write([(files[0], "thé"), (files[1], "café")], ["path", "label"], encoding="cp1252").removeprefix("csv:")
    Path(table).write_bytes(Path(table).read_bytes().rstrip())
    assert open_spec(f"csv:{table}").class_names == ("café", "thé")


@pytest.mark.parametrize(
    ("labels", "names"),
    [(np.array([10, 9, 2]), ("2", "9", "10")), (np.array(["1.0", "0.0", "2.0"]), ("0", "1", "2"))],
)
def test_labels_that_are_numbers_sort_as_numbers(files, write, labels, names):
    assert open_spec(write(zip(files, labels[THREE], strict=True), ["path", "label"])).class_names == names


@pytest.mark.parametrize(
    "words",
    [("train", "val", "test"), ("Training", "PublicTest", "PrivateTest"), ("TRAIN", "validation", "Testing")],
)
def test_a_split_column_is_heeded(files, write, words):
    spelled = [dict(zip(("train", "val", "test"), words, strict=True))[split] for split in SPLITS]
    source = open_spec(write(zip(files, WORDS, spelled, strict=True), ["path", "label", "usage"]))
    parts = source.train, source.validation, source.test()
    for part, chosen in zip(parts, (slice(0, 16), slice(16, 20), slice(20, 24)), strict=True):
        np.testing.assert_array_equal(part.images, COLOUR[chosen])
        np.testing.assert_array_equal(part.labels, THREE[chosen])


def test_a_column_that_says_whether_to_train_is_heeded(files, write):
    flags = [int(split == "train") for split in SPLITS]
    source = open_spec(write(zip(files, WORDS, flags, strict=True), ["path", "label", "is_training_image"]))
    assert (len(source.train), len(source.test())) == (16, 8)


def test_equal_names_in_folders_of_splits_are_those_of_the_rows_split(tmp_path, write):
    rows = []
    for split, images in (("train", COLOUR[:12]), ("test", COLOUR[12:])):
        (tmp_path / split).mkdir()
        for number, pixels in enumerate(images):
            Image.fromarray(pixels).save(tmp_path / split / f"{number}.png")
            rows.append((f"{number}.png", WORDS[number], split))
    source = open_spec(write(rows, ["file", "label", "split"]))
    np.testing.assert_array_equal(source.train.images, COLOUR[:12])
    np.testing.assert_array_equal(source.test().images, COLOUR[12:])


def test_missing_files_are_counted_and_the_first_named_before_work(tmp_path, files, write):
    for number in range(3, 20, 2):
        (tmp_path / f"images/{number}.png").unlink()
    first = "images/3.png, images/5.png, images/7.png, images/9.png, images/11.png and 4 more"
    with pytest.raises(BadInput, match=f"9 of the 24 images that .* names are missing: {first}"):
        open_spec(write(zip(files, WORDS, strict=True), ["path", "label"]))


def test_damaged_images_are_named_or_skipped(tmp_path, files, write):
    (tmp_path / files[3]).write_text("no image")
    spec = write(zip(files, WORDS, strict=True), ["path", "label"])
    with pytest.raises(BadInput, match=r"1 of 24 images in .* cannot be read: images/3\.png"):
        open_spec(spec)
    assert len(open_spec(spec, on_bad_image="skip").train) == 23


@pytest.mark.parametrize(
    ("heading", "rows", "message"),
    [
        (["name", "label"], [("Anna", "cat"), ("Otto", "dog")], "2 of the 2 images"),
        (["a", "b"], [("x", "y"), ("v", "w")], "no column of image files; its columns are"),
        (["path", "label"], [("images/0.png", "cat"), ("images/1.png", "")], "row 2 has no label"),
        (["path", "label"], [("images/0.png", "cat"), ("images/1.png", "a", "dog")], "row 2 has 3 values"),
        (["path", "cat", "dog"], [*[("images/0.png", 1, 0)] * 60, ("images/1.png", 1, 1)], "row 61 has 2 classes"),
        (["path"], [("images/0.png",)], "has only one column"),
        (
            ["path", "label", "split"],
            [("images/0.png", "cat", "test"), ("images/1.png", "dog", "train")],
            "no train im",
        ),
    ],
)
def test_tables_that_are_not_read_are_refused_in_words(files, write, heading, rows, message):
    with pytest.raises(BadInput, match=message):
        open_spec(write(rows, heading))


def test_missing_table_is_named(tmp_path):
    with pytest.raises(BadInput, match="There is no file"):
        open_spec(f"csv:{tmp_path / 'a.csv'}")


def test_what_is_no_text_is_named(tmp_path):
    (tmp_path / "a.csv").write_bytes(bytes(range(256)))
    with pytest.raises(BadInput, match="not a text file"):
        open_spec(f"csv:{tmp_path / 'a.csv'}")


PIXELS = GREY.reshape(24, 36)
NAMES = [f"pixel{number}" for number in range(36)]
LAST = np.column_stack([PIXELS, THREE])
FIRST = np.column_stack([THREE, PIXELS])
PACKED = [" ".join(map(str, row)) for row in PIXELS]
TABLES = {
    "label first": (["label", *NAMES], FIRST),
    "label last": ([*NAMES, "label"], LAST),
    "no heading, label first": (None, FIRST),
    "no heading, label last": (None, LAST),
    "rows sorted by label": (None, FIRST[np.argsort(THREE, kind="stable")]),
    "numbered pixels": (["label", *map(str, range(36))], FIRST),
    "numbered columns": ([*map(str, range(37))], FIRST),
    "numbered rows": (["", "label", *NAMES], np.column_stack([np.arange(24), FIRST])),
    "unknown name": (["digit_shown", *NAMES], FIRST),
    "floats": (["label", *NAMES], FIRST.astype(float)),
    "floats from 0 to 1": (["label", *NAMES], np.column_stack([THREE, PIXELS / 255])),
    "seventeen levels": (["label", *NAMES], np.column_stack([THREE, np.round(PIXELS / 255 * 16).astype(int)])),
    "packed": (["emotion", "pixels"], list(zip(THREE, PACKED, strict=True))),
}


@pytest.mark.parametrize("name", TABLES)
def test_pixels_and_labels_are_found_in_any_usual_form(write, name):
    heading, rows = TABLES[name]
    order = np.argsort(THREE, kind="stable") if name == "rows sorted by label" else np.arange(24)
    source = open_spec(write(rows, heading))
    assert source.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(source.train.labels, THREE[order])
    expected = np.rint(np.round(GREY / 255 * 16) * 255 / 16) if name == "seventeen levels" else GREY
    np.testing.assert_array_equal(source.train.images, expected[order])


def test_labels_beside_pixels_may_be_words(write):
    source = open_spec(write([(word, *row) for word, row in zip(WORDS, PIXELS, strict=True)]))
    assert source.class_names == ("cat", "dog", "eel")
    np.testing.assert_array_equal(source.train.labels, THREE)


def test_pixels_may_have_colours(write):
    source = open_spec(write(np.column_stack([COLOUR.reshape(24, -1), THREE]), [*map(str, range(75)), "label"]))
    np.testing.assert_array_equal(source.train.images, COLOUR)


def test_usage_of_fer2013_is_heeded(write):
    usage = [{"train": "Training", "val": "PublicTest", "test": "PrivateTest"}[split] for split in SPLITS]
    source = open_spec(write(zip(THREE, PACKED, usage, strict=True), ["emotion", "pixels", "Usage"]))
    np.testing.assert_array_equal(source.train.images, GREY[:16])
    np.testing.assert_array_equal(source.validation.images, GREY[16:20])
    np.testing.assert_array_equal(source.test().labels, THREE[20:])


@pytest.mark.parametrize("names", [("mnist_train.csv", "mnist_test.csv"), ("Train.csv", "Test.csv")])
def test_a_file_named_like_it_is_the_test_split(write, names):
    heading = ["label", *NAMES]
    spec = write(FIRST[:16], heading, name=names[0])
    write(FIRST[16:], heading, name=names[1])
    source = open_spec(spec)
    np.testing.assert_array_equal(source.test().images, GREY[16:])
    assert any(f"{names[1]} is taken as the test split" in line for line in source.decisions)


@pytest.mark.parametrize(
    ("heading", "rows", "message"),
    [
        (["label", *NAMES], FIRST[:, :-1], "row|length|columns"),
        (["label", *NAMES[:-1]], FIRST[:, :-1], r"pixels has the shape \(24, 35\)"),
        (["label", *NAMES], np.where(np.arange(37) == 9, "x", FIRST.astype(str)), "neither label nor pixels: pixel8"),
        (["label", *NAMES], FIRST - 300, "integers from|floats from"),
    ],
)
def test_pixels_that_are_not_read_are_refused_in_words(write, heading, rows, message):
    with pytest.raises(BadInput, match=message):
        open_spec(write(rows, heading))


def test_a_test_file_with_a_class_that_training_lacks_is_refused_before_work(write):
    spec = write(FIRST[:16], ["label", *NAMES], name="a_train.csv")
    write(FIRST[16:] + (np.arange(37) == 0) * 5, ["label", *NAMES], name="a_test.csv")
    with pytest.raises(BadInput, match="labels that no training image has: 5, 6, 7"):
        load_dataset(spec)


def test_the_same_images_are_the_same_data_set_wherever_they_come_from(tmp_path, write):
    """Digits of one class after the other, as a folder lists them."""
    order = np.argsort(THREE, kind="stable")
    images, labels = GREY[order], THREE[order]
    for number, (pixels, label) in enumerate(zip(images, labels, strict=True)):
        (tmp_path / "photos" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[..., 0]).save(tmp_path / "photos" / str(label) / f"{number:02}.png")
    files = [f"photos/{label}/{number:02}.png" for number, label in enumerate(labels)]
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels)
    np.savez(tmp_path / "b.npz", images=images / 255, labels=np.eye(3)[labels])
    specs = [
        f"npz:{tmp_path / 'a.npz'}",
        f"npz:{tmp_path / 'b.npz'}",
        f"folder:{tmp_path / 'photos'}",
        write(zip(files, labels, strict=True), ["path", "label"], name="paths.csv"),
        write(np.column_stack([labels, images.reshape(24, -1)]), name="pixels.csv"),
    ]
    found = [load_dataset(spec) for spec in specs]
    shutil.rmtree(tmp_path / "photos")
    assert len({one.fingerprint for one in found}) == 1
    assert {one.class_names for one in found} == {("0", "1", "2")}
    for one in found:
        np.testing.assert_array_equal(one.validation.images, found[0].validation.images)
        np.testing.assert_array_equal(one.test().images, found[0].test().images)
