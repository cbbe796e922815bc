"""NumPy archives in the forms in which people save them: what is read, and what is refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from keras_vision.data import load_dataset
from keras_vision.data.opening import open_source
from keras_vision.data.splits import Reading
from keras_vision.errors import BadInput

RANDOM = np.random.default_rng(0)
COLOUR = RANDOM.integers(0, 256, (40, 6, 5, 3), dtype=np.uint8)
GREY = RANDOM.integers(0, 256, (40, 6, 6, 1), dtype=np.uint8)
COLOUR.flat[:2] = GREY.flat[:2] = (0, 255)  # so that the range is that of the type
FOUR = np.arange(40) % 4


@pytest.fixture
def save(tmp_path):
    """Saves arrays as an .npz file and returns its specification."""

    def save(arrays, *unnamed):
        np.savez(tmp_path / "a.npz", *unnamed, **arrays)
        return f"npz:{tmp_path / 'a.npz'}"

    return save


@pytest.fixture
def open_arrays(save):
    """Saves training arrays and whatever else is given, and opens the file as a `Source`."""

    def open_arrays(x=COLOUR, y=FOUR, **others):
        return open_spec(save({"x_train": x, "y_train": y} | others))

    return open_arrays


def open_spec(spec):
    return open_source(spec, None, Reading())


@pytest.fixture
def arrays():
    return {"x_train": COLOUR, "y_train": FOUR, "x_test": COLOUR[1:4], "y_test": np.array([3, 0, 3])}


# What a person may save -> the images that it means.
SIXTEEN = GREY.astype(int) * 257
VALUES = {
    "floats from 0 to 1": (COLOUR / 255, COLOUR),
    "floats from 0 to 1, in 16 bits": ((COLOUR / 255).astype(np.float16), COLOUR),
    "floats from 0 to 255": (COLOUR.astype(np.float32), COLOUR),
    "floats a little past their ends": ((COLOUR / 255 * 1.01 - 0.005).astype(np.float32), None),
    "floats from -1 to 1": (COLOUR / 127.5 - 1, COLOUR),
    "floats from -0.5 to 0.5": (COLOUR / 255 - 0.5, COLOUR),
    "floats from -127.5 to 127.5": (COLOUR - 127.5, COLOUR),
    "wide integers": (COLOUR.astype(np.int64), COLOUR),
    "eight bits in sixteen": (COLOUR.astype(np.uint16), COLOUR),
    "booleans": (COLOUR > 99, (COLOUR > 99) * np.uint8(255)),
    "zeros and ones": ((COLOUR > 99).astype(np.uint8), (COLOUR > 99) * np.uint8(255)),
    "wide zeros and ones": ((COLOUR > 99).astype(int), (COLOUR > 99) * np.uint8(255)),
    "ten bits": (np.round(GREY * (1023 / 255)).astype(np.uint16), GREY),
    "twelve bits": (np.round(GREY * (4095 / 255)).astype(np.int32), GREY),
    "twelve bits, whole floats": (np.round(GREY * (4095 / 255)), GREY),
    "fourteen bits": (np.round(GREY * (16383 / 255)).astype(np.int32), GREY),
    "sixteen bits": (SIXTEEN.astype(np.uint16), GREY),
    "signed bytes": ((GREY.astype(int) - 128).astype(np.int8), GREY),
    "signed sixteen bits": ((SIXTEEN - 32768).astype(np.int16), GREY),
    "scikit-learn's seventeen levels": (np.round(GREY / 255 * 16), np.round(np.round(GREY / 255 * 16) * 255 / 16)),
}


@pytest.mark.parametrize("name", VALUES)
def test_pixels_of_any_usual_range_become_the_right_bytes(open_arrays, name):
    given, expected = VALUES[name]
    source = open_arrays(given)
    assert source.train.images.dtype == np.uint8
    if expected is None:
        expected = np.clip(np.rint(given * 255.0), 0, 255)
    np.testing.assert_array_equal(source.train.images, expected)
    assert len(source.decisions) == 1 and "x_train: " in source.decisions[0]


def test_plain_bytes_need_no_words(open_arrays):
    assert open_arrays().decisions == ()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (RANDOM.normal(size=(40, 6, 6)), r"floats from -\d\.\d+ to \d\.\d+, and nothing says which of them is black"),
        (RANDOM.uniform(0, 2.5, (40, 6, 6)), r"floats from .* to 2\.4\d+, and nothing says which"),
        (GREY.astype(int) - 300, "integers from -300 to -45, and nothing says which"),
        (GREY.astype(np.int64) * 10**6, "integers from 0 to 255000000, and nothing says which"),
        (np.where(GREY == 7, np.nan, GREY / 255), r"holds \d+ values that are not finite"),
        (np.where(GREY == 7, np.inf, GREY / 255), r"holds \d+ values that are not finite"),
        (GREY + 1j, "x_train holds complex128, but pixels must be numbers"),
        (GREY.astype(str), "x_train holds <U3, but pixels must be numbers"),
    ],
)
def test_pixels_of_unknown_range_are_refused_with_the_range(open_arrays, images, message):
    with pytest.raises(BadInput, match=message):
        open_arrays(images)


def test_the_mend_for_an_unknown_range_is_right(open_arrays):
    x = RANDOM.normal(size=(40, 6, 6))
    with pytest.raises(BadInput) as refused:
        open_arrays(x)
    code = str(refused.value).partition("splits: ")[2].removesuffix(".")
    mended = eval(code, {"x": x, "numpy": np})
    assert (mended.dtype, mended.min(), mended.max()) == (np.uint8, 0, 255)
    assert np.corrcoef(mended.ravel(), x.ravel())[0, 1] > 0.999


def test_the_mend_for_values_that_are_not_finite_is_right(open_arrays):
    x, y = np.where(np.arange(40)[:, None, None, None] == 7, np.nan, GREY / 255), FOUR
    with pytest.raises(BadInput) as refused:
        open_arrays(x)
    names = {"x": x, "y": y, "numpy": np}
    exec(str(refused.value).partition("have them: ")[2].removesuffix("."), names)
    assert len(open_arrays(names["x"], names["y"]).train) == 39


@pytest.mark.parametrize("name", ["floats from 0 to 1", "ten bits", "zeros and ones", "floats from -1 to 1"])
def test_a_darker_test_split_is_scaled_as_the_training_images(open_arrays, name):
    given, expected = VALUES[name]
    middle = np.sort(given.ravel())[given.size // 2]
    dark = np.minimum(given, middle)
    images = open_arrays(given, x_test=dark, y_test=FOUR).test().images
    np.testing.assert_array_equal(images, np.minimum(expected, np.sort(expected.ravel())[expected.size // 2]))


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (COLOUR / 255, COLOUR),
        (COLOUR / 255, COLOUR.astype(float)),
        (COLOUR, COLOUR / 255),
        (COLOUR > 99, COLOUR),
        (COLOUR.astype(np.uint16), COLOUR * np.uint16(257)),
    ],
)
def test_a_test_split_in_another_range_is_refused(open_arrays, train, test):
    with pytest.raises(BadInput, match=r"x_test holds values from .* but those of the training images lie between"):
        open_arrays(train, x_test=test, y_test=FOUR).test()


def test_few_test_values_beyond_the_range_are_clipped_and_told(open_arrays):
    test = COLOUR / 255
    test[0, 0, 0, 0] = 1.2
    split = open_arrays(COLOUR / 255, x_test=test, y_test=FOUR).test()
    assert split.images[0, 0, 0, 0] == 255 and "1 values lie outside the range" in split.warnings[0]


def test_a_test_split_that_is_almost_black_is_told(open_arrays):
    split = open_arrays(COLOUR.astype(float), x_test=COLOUR / 255, y_test=FOUR).test()
    assert "the brightest value is 1, but in the training images it is 255" in split.warnings[0]


def test_dark_pictures_are_told(open_arrays):
    assert "the brightest value is 63 of 255" in open_arrays(COLOUR // 4).decisions[0]


# Shape in which a person may save the images -> the images that it means.
ALPHA = np.concatenate([COLOUR, GREY[:, :, :5] // 255 * 255], axis=-1)
AXES = {
    "no channel": (GREY[..., 0], GREY),
    "channels first": (COLOUR.transpose(0, 3, 1, 2), COLOUR),
    "grey, channel first": (GREY.transpose(0, 3, 1, 2), GREY),
    "grey, channel first, as narrow as colours": (GREY[:, :3, :3].transpose(0, 3, 1, 2), GREY[:, :3, :3]),
    "as MATLAB": (COLOUR.transpose(1, 2, 3, 0), COLOUR),
    "as MATLAB, grey": (GREY[..., 0].transpose(1, 2, 0), GREY),
    "flat": (GREY.reshape(40, 36), GREY),
    "flat colours": (COLOUR[:, :5].reshape(40, 75), COLOUR[:, :5]),
    "transparent": (ALPHA, np.where(ALPHA[..., 3:] == 255, COLOUR, 255)),
}


@pytest.mark.parametrize("name", AXES)
def test_axes_in_any_usual_order_become_the_right_images(open_arrays, name):
    given, expected = AXES[name]
    source = open_arrays(given, x_test=given if given.shape[0] == 40 else given[..., :], y_test=FOUR)
    np.testing.assert_array_equal(source.train.images, expected)
    np.testing.assert_array_equal(source.test().images, expected)


def test_flat_colours_are_read_plane_by_plane_where_that_is_smooth(open_arrays):
    ramp = np.linspace(0, 255, 8)
    picture = np.stack([ramp[:, None] + 0 * ramp, ramp + 0 * ramp[:, None], 255 - ramp[:, None] + 0 * ramp])
    planes = np.stack([picture] * 40).astype(np.uint8)
    source = open_arrays(planes.reshape(40, -1))
    np.testing.assert_array_equal(source.train.images, planes.transpose(0, 2, 3, 1))
    assert "all red values first" in source.decisions[0]


def test_half_flat_images_are_read(open_arrays):
    images = RANDOM.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(open_arrays(images.reshape(40, 64, 3)).train.images, images)
    first = images.transpose(0, 3, 1, 2).reshape(40, 3, 64)
    np.testing.assert_array_equal(open_arrays(first).train.images, images)


@pytest.mark.parametrize("shape", [(40, 7), (40, 0, 5), (40, 6, 5, 7), (40, 2, 3, 4, 5), (39, 6, 5, 3), (40,)])
def test_other_shapes_are_refused_with_the_shape(open_arrays, shape):
    with pytest.raises(BadInput, match=rf"x_train has the shape \({', '.join(map(str, shape))}"):
        open_arrays(np.zeros(shape, np.uint8))


# Labels as a person may save them -> the classes, and the class of each.
WORDS = np.array(["dog", "ant", "cow", "bee"])
LABELS = {
    "a column": (FOUR[:, None], "0123", FOUR),
    "a row": (FOUR[None], "0123", FOUR),
    "one-hot floats": (np.eye(4)[FOUR], "0123", FOUR),
    "one-hot integers": (np.eye(4, dtype=np.uint8)[FOUR], "0123", FOUR),
    "one-hot booleans": (np.eye(4, dtype=bool)[FOUR], "0123", FOUR),
    "whole floats": (FOUR.astype(np.float32), "0123", FOUR),
    "bytes": (FOUR.astype(np.uint8), "0123", FOUR),
    "from 1": (FOUR + 1, "1234", FOUR),
    "with gaps": (np.array([9, 3, 5, 7])[FOUR], "3579", np.array([3, 0, 1, 2])[FOUR]),
    "below zero": (FOUR - 1, ("-1", "0", "1", "2"), FOUR),
    "strings": (WORDS[FOUR], ("ant", "bee", "cow", "dog"), np.array([3, 0, 2, 1])[FOUR]),
    "byte strings": (WORDS.astype("S")[FOUR], ("ant", "bee", "cow", "dog"), np.array([3, 0, 2, 1])[FOUR]),
    "strings of digits": (np.array(["10", "9", "8", "11"])[FOUR], ("8", "9", "10", "11"), np.array([2, 1, 0, 3])[FOUR]),
    "booleans": (FOUR > 1, ("False", "True"), FOUR // 2),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_usual_kind_become_the_right_classes(open_arrays, name):
    given, names, expected = LABELS[name]
    source = open_arrays(y=given, x_test=COLOUR, y_test=given)
    assert source.class_names == tuple(names)
    assert source.train.labels.dtype == np.int64
    np.testing.assert_array_equal(source.train.labels, expected)
    np.testing.assert_array_equal(source.test().labels, expected)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (FOUR, ()),
        (FOUR + 1, ("the labels 1, 2, 3, 4 became classes 0 to 3.",)),
        (WORDS[FOUR], ()),
    ],
)
def test_numbers_that_change_are_told(open_arrays, labels, told):
    decisions = open_arrays(y=labels).decisions
    assert tuple(line.partition("y_train: ")[2] for line in decisions) == told


NAMES = np.array(["ant", "bee", "cow", "dog"])


@pytest.mark.parametrize(
    ("labels", "names", "expected"),
    [
        (FOUR, NAMES, FOUR),
        (FOUR + 1, NAMES, FOUR),
        (np.eye(4)[FOUR], NAMES, FOUR),
        (WORDS[FOUR], NAMES[::-1], np.array([0, 3, 1, 2])[FOUR]),
        (np.array([3, 5, 7, 9])[FOUR], NAMES, FOUR),
        (np.array([3, 5, 7, 9])[FOUR], np.array(["9", "7", "5", "3"]), np.array([3, 2, 1, 0])[FOUR]),
        (FOUR.astype(str), NAMES, FOUR),
        (FOUR, NAMES.astype("S"), FOUR),
        (FOUR, NAMES[:, None], FOUR),
    ],
)
def test_class_names_given_beside_the_labels_are_used(open_arrays, labels, names, expected):
    source = open_arrays(y=labels, class_names=names)
    assert source.class_names == tuple(names.reshape(-1).astype(str))
    np.testing.assert_array_equal(source.train.labels, expected)


def test_names_that_no_image_has_are_left_out_and_told(arrays, save):
    arrays |= {"y_train": FOUR % 2 * 2, "y_test": np.array([2, 0, 2]), "class_names": NAMES}
    dataset = load_dataset(save(arrays))
    assert dataset.class_names == ("ant", "cow")
    assert set(dataset.train.labels) == {0, 1} and dataset.test().labels.tolist() == [1, 0, 1]
    assert "left out: bee, dog." in dataset.decisions[0]


KEYS = {
    "underscore": ("x_{}", "y_{}", "train", "val", "test"),
    "MedMNIST": ("{}_images", "{}_labels", "train", "val", "test"),
    "capital": ("X_{}", "y_{}", "train", "valid", "test"),
    "both capital": ("X_{}", "Y_{}", "TRAIN", "VALID", "TEST"),
    "camel": ("{}X", "{}Y", "train", "validation", "test"),
    "fused": ("x{}", "y{}", "train", "val", "test"),
    "camel, behind": ("X{}", "Y{}", "Train", "Val", "Test"),
    "data and target": ("data_{}", "target_{}", "train", "dev", "test"),
    "sets": ("{}_set_x", "{}_set_y", "train", "valid", "test"),
    "longer": ("{}_images", "{}_labels", "training", "validation", "testing"),
}


@pytest.mark.parametrize("name", KEYS)
def test_names_of_arrays_in_any_usual_spelling_are_known(save, name):
    x, y, *splits = KEYS[name]
    arrays = {}
    for part, split in enumerate(splits):
        arrays |= {x.format(split): COLOUR[part::3], y.format(split): FOUR[part::3]}
    source = open_spec(save(arrays))
    for part, split in enumerate((source.train, source.validation, source.test())):
        np.testing.assert_array_equal(split.images, COLOUR[part::3])
        np.testing.assert_array_equal(split.labels, FOUR[part::3])


@pytest.mark.parametrize("others", [(), ("train",)])
def test_training_and_validation_images_together_are_for_training_where_no_others_are(save, others):
    arrays = {f"{role}_{part}": of for part in (*others, "train_val") for role, of in (("X", COLOUR), ("y", FOUR))}
    source = open_spec(save(arrays))
    assert len(source.train) == len(FOUR) and source.validation is None
    assert bool(others) == any("not used: X_train_val, y_train_val" in decision for decision in source.decisions)


@pytest.mark.parametrize("x, y", [("images", "labels"), ("x", "y"), ("X", "y"), ("data", "target"), ("image", "label")])
def test_arrays_of_no_split_are_training_arrays(save, x, y):
    source = open_spec(save({x: COLOUR, y: FOUR}))
    np.testing.assert_array_equal(source.train.images, COLOUR)
    assert source.test is None and source.validation is None


@pytest.mark.parametrize("order", ["xyXY", "xXyY"])
def test_arrays_without_names_are_known_by_their_shapes(save, order):
    arrays = {"x": COLOUR, "y": FOUR, "X": COLOUR[:9], "Y": FOUR[:9]}
    source = open_spec(save({}, *(arrays[key] for key in order)))
    np.testing.assert_array_equal(source.train.images, COLOUR)
    np.testing.assert_array_equal(source.test().labels, FOUR[:9])
    assert any("are read as train images and labels" in line for line in source.decisions)


def test_arrays_without_names_may_hold_one_hot_labels_and_flat_images(save):
    source = open_spec(save({}, GREY.reshape(40, 36), np.eye(4)[FOUR]))
    np.testing.assert_array_equal(source.train.images, GREY)
    np.testing.assert_array_equal(source.train.labels, FOUR)


@pytest.mark.parametrize("arrays", [(COLOUR,), (FOUR, FOUR), (COLOUR[:9], FOUR[:9], COLOUR, FOUR), (COLOUR, FOUR[:9])])
def test_arrays_without_names_that_could_be_anything_are_refused(save, arrays):
    with pytest.raises(BadInput, match=r"does not say which array is which: arr_0 .*numpy\.savez"):
        open_spec(save({}, *arrays))


def test_arrays_that_are_not_read_are_named(open_arrays):
    assert "arrays that are not used: ids." in open_arrays(ids=np.arange(40)).decisions[0]


def test_validation_arrays_are_the_validation_split(arrays, save):
    dataset = load_dataset(save(arrays | {"x_val": COLOUR[::2], "y_val": FOUR[::2]}))
    assert len(dataset.train) == 40
    np.testing.assert_array_equal(dataset.validation.images, COLOUR[::2])


def test_only_a_test_part_can_be_opened_but_not_trained_on(save):
    spec = save({"x_test": COLOUR, "y_test": FOUR})
    source = open_spec(spec)
    assert source.train is None and len(source.test()) == 40
    with pytest.raises(BadInput, match="has no training images"):
        load_dataset(spec)


def test_arrays_without_test_arrays_get_a_carved_test_split(arrays, save):
    dataset = load_dataset(save({key: arrays[key] for key in ("x_train", "y_train")}))
    assert len(dataset.test()) == 4


def test_splits_are_read(arrays, save):
    dataset = load_dataset(save(arrays))
    assert (dataset.shape, len(dataset.train), len(dataset.validation)) == ((6, 5, 3), 36, 4)
    np.testing.assert_array_equal(dataset.test().images, arrays["x_test"])


@pytest.mark.parametrize("labels", [FOUR[:, None], np.eye(4)[FOUR], FOUR.astype(str), FOUR.astype(float)])
def test_the_same_images_are_the_same_data_set_in_whatever_form(arrays, save, labels):
    plain = load_dataset(save(arrays))
    other = load_dataset(save(arrays | {"x_train": COLOUR / 255, "x_test": COLOUR[1:4] / 255, "y_train": labels}))
    assert (plain.fingerprint, plain.class_names) == (other.fingerprint, other.class_names)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": None}, "has train labels, y_train, but no images. It holds"),
        ({"y_test": None}, "has test images, x_test, but no labels"),
        (
            {key: None for key in ("x_train", "y_train", "x_test", "y_test")},
            "has no images with labels, such as x_train and y_train",
        ),
        ({"X_train": COLOUR}, "several arrays of train images: x_train, X_train"),
        ({"x_train": np.array([None] * 40)}, "x_train holds Python objects, which are not loaded"),
        ({"y_train": np.array([None] * 40)}, "y_train holds Python objects, which are not loaded"),
        ({"y_train": FOUR + 0.5}, r"labels with fractions, such as 0\.5"),
        ({"y_train": np.where(FOUR, FOUR, np.nan)}, r"labels that are not finite"),
        ({"y_train": np.zeros((40, 4), int)}, "rows with no class or with several"),
        ({"y_train": np.eye(4)[FOUR] + np.eye(4)[FOUR - 1]}, "rows with no class or with several"),
        ({"y_train": np.eye(4)[FOUR] * 0.8 + 0.1 * (FOUR == 1)[:, None]}, "not one-hot"),
        ({"y_train": np.zeros((40, 2, 2), int)}, r"y_train has the shape \(40, 2, 2\)"),
        ({"y_train": np.array(["a", ""] * 20)}, "20 empty labels"),
        ({"y_train": np.zeros(40, int), "y_test": np.zeros(3, int)}, "one class, '0'"),
        ({"y_train": np.arange(40)}, "At least one class needs three or more"),
        (
            {"y_train": FOUR * 3, "class_names": NAMES[:3]},
            "4 different labels from 0 to 9, but there are 3",
        ),
        ({"y_train": np.eye(4)[FOUR], "class_names": NAMES[:3]}, "rows of 4 classes, but there are 3 class names"),
        ({"y_train": WORDS[FOUR], "class_names": NAMES[:3]}, "not among the class names: dog"),
        ({"class_names": np.array(["a", "a", "c", "d"])}, "class_names names a class twice: a"),
        ({"class_names": np.ones(4)}, "class_names holds float64"),
        ({"class_names": np.array([], str)}, "there are 0 class names"),
        ({"class_names": np.array(["a\n", "b\n", "c\n", "d\n"])}, r"The name 'a\\n' contains line ends"),
        ({"x_train": np.zeros((40, 1, 1025), np.uint8)}, "have 1x1025 pixels, and no side may have more than 1024"),
        ({"y_test": np.array([4, 0, 0])}, "y_test has labels that no training image has: 4"),
        ({"y_train": WORDS[FOUR], "y_test": np.array(["ant", "elk", "ant"])}, "no training image has: elk"),
        ({"x_val": COLOUR[:2], "y_val": np.array([7, 0])}, "y_val has labels that no training image has: 7"),
    ],
)
def test_faults_are_named(arrays, save, change, message):
    changed = {key: value for key, value in (arrays | change).items() if value is not None}
    with pytest.raises(BadInput, match=message):
        load_dataset(save(changed))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_test": np.zeros((3, 5, 5, 3), np.uint8)}, "The test images of .* have the shape"),
        ({"x_test": COLOUR[:2]}, r"x_test holds 2 images, but .*y_test 3 labels"),
    ],
)
def test_test_images_that_do_not_fit_are_refused_before_they_are_opened(arrays, save, change, message):
    spec = save(arrays | change)
    with pytest.raises(BadInput, match=message):
        load_dataset(spec)


def test_the_axes_of_test_images_are_found_by_their_own_shape(arrays, save):
    data = load_dataset(save(arrays | {"x_train": COLOUR.transpose(0, 3, 1, 2)}))
    np.testing.assert_array_equal(data.test().images, COLOUR[1:4])
    data = load_dataset(save(arrays | {"x_test": COLOUR[1:4].transpose(0, 3, 1, 2)}))
    np.testing.assert_array_equal(data.test().images, COLOUR[1:4])


def test_test_images_of_another_size_fit_where_all_are_resized(arrays, save):
    spec = save(arrays | {"x_test": np.zeros((3, 9, 9, 3), np.uint8)})
    assert load_dataset(spec, image_size=8).test().images.shape == (3, 8, 8, 3)


def test_test_images_of_another_type_are_told_before_they_are_opened(arrays, save):
    warnings = load_dataset(save(arrays | {"x_test": COLOUR[1:4] / 255})).warnings
    assert any("x_test holds float64, unlike the training images" in line for line in warnings)


def test_classes_without_test_images_are_told(arrays, save):
    assert "There are no test images of these classes: 1, 2." in load_dataset(save(arrays)).test().warnings


@pytest.mark.parametrize(("value", "told"), [(0, "training images are nearly black"), (250, "nearly of one colour")])
def test_images_that_show_nothing_are_told(arrays, save, value, told):
    warnings = load_dataset(save(arrays | {"x_train": np.full_like(COLOUR, value)})).warnings
    assert any(told in line for line in warnings)


@pytest.mark.parametrize(
    ("channels", "seen"), [(2, "has two channels"), (4, "has a fourth channel that does not look like transparency")]
)
def test_channels_that_are_no_transparency_are_refused(open_arrays, channels, seen):
    images = RANDOM.integers(0, 256, (40, 6, 5, channels), dtype=np.uint8)
    with pytest.raises(BadInput, match=f"x_train {seen}"):
        open_arrays(images)


def test_transparency_is_told(open_arrays):
    assert "fourth channel is taken as transparency" in open_arrays(ALPHA).decisions[0]


def test_spellings_of_text_labels(open_arrays):
    y = np.array(["cat", "cat ", "caf\u00e9", "cafe\u0301"])[FOUR]
    source = open_arrays(y=y, x_test=COLOUR[:2], y_test=np.array(["Cat", "caf\u00e9"]))
    assert source.class_names == ("caf\u00e9", "cat") and source.test().labels.tolist() == [1, 0]
    assert "'cat' and 'cat ' are one class" in source.decisions[0]
    assert source.test().warnings == ("Classes of a.npz: y_test are spelled as in training: Cat is cat.",)


def test_whole_numbers_as_text_sort_as_numbers(open_arrays):
    assert open_arrays(y=np.array(["1.0", "2.0", "10.0", "3.0"])[FOUR]).class_names == ("1", "2", "3", "10")


def test_very_large_labels_keep_their_names(open_arrays):
    y = np.array([2**63 + 5, 1, 2, 3], np.uint64)[FOUR]
    assert open_arrays(y=y).class_names == ("1", "2", "3", str(2**63 + 5))


def test_a_class_that_validation_lacks_is_told(arrays, save):
    dataset = load_dataset(save(arrays | {"x_val": COLOUR[1:3], "y_val": FOUR[1:3]}))
    assert any(
        "There are no validation images of these classes" in line and ": 0, 3." in line for line in dataset.warnings
    )


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="There is no file"):
        load_dataset(f"npz:{tmp_path / 'a.npz'}")


def test_a_single_array_is_refused_with_what_to_do(tmp_path):
    np.save(tmp_path / "a.npy", COLOUR)
    with pytest.raises(BadInput, match=r"is a single array.*numpy\.savez"):
        load_dataset(f"npz:{tmp_path / 'a.npy'}")


def test_damaged_file_is_refused(arrays, save):
    spec = save(arrays)
    path = Path(spec.removeprefix("npz:"))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(BadInput, match=r"a\.npz cannot be read \("):
        load_dataset(spec)


def test_file_larger_than_memory_allows_is_refused(arrays, save, monkeypatch):
    monkeypatch.setattr("keras_vision.data.splits.free_memory", lambda: 100)
    with pytest.raises(BadInput, match="GB of memory"):
        load_dataset(save(arrays))


def test_matlab_files_are_read_with_the_test_file_beside(tmp_path):
    """As Street View House Numbers is distributed: images last, ten for zero."""
    scipy_io = pytest.importorskip("scipy.io")
    images, labels = COLOUR.transpose(1, 2, 3, 0), (FOUR[:, None] + 1).astype(np.uint8)
    scipy_io.savemat(tmp_path / "train_32x32.mat", {"X": images, "y": labels})
    scipy_io.savemat(tmp_path / "test_32x32.mat", {"X": images[..., 4:20], "y": labels[4:20]})
    source = open_spec(f"npz:{tmp_path / 'train_32x32.mat'}")
    np.testing.assert_array_equal(source.train.images, COLOUR)
    np.testing.assert_array_equal(source.train.labels, FOUR)
    np.testing.assert_array_equal(source.test().images, COLOUR[4:20])
    assert source.class_names == tuple("1234")


@pytest.mark.parametrize(("name", "content"), [("a.npz", b"text"), ("a.mat", b"text" * 99)])
def test_files_of_another_kind_are_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=name):
        open_spec(f"npz:{tmp_path / name}")


def test_an_archive_of_images_is_to_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("cat/1.png", b"")
    with pytest.raises(BadInput, match=r"archive of other files \(cat/1\.png\).* unpack it and give folder:PATH"):
        open_spec(f"npz:{tmp_path / 'photos.zip'}")
    with pytest.raises(BadInput, match=r"photos\.zip is a file, not a folder\. Unpack it"):
        open_spec(f"folder:{tmp_path / 'photos.zip'}")
