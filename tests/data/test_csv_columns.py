"""Which columns of a table mean what: splits, labels, paths; and what is refused because it could be several things."""

import itertools

import numpy as np
import pytest
from PIL import Image

from keras_vision.data import load_dataset
from keras_vision.data.opening import open_source
from keras_vision.data.splits import Reading
from keras_vision.errors import BadInput

COUNT = 12
WORDS = [("cat", "dog", "eel")[number % 3] for number in range(COUNT)]
FILES = [f"{number}.png" for number in range(COUNT)]
PIXELS = np.random.default_rng(0).integers(20, 256, (COUNT, 36))


@pytest.fixture
def write(tmp_path):
    """Writes a heading and columns, or any text, as a table beside 12 images of grey 0, 10 ... 110; opens it."""
    for number, name in enumerate(FILES):
        Image.new("L", (5, 5), 10 * number).save(tmp_path / name)

    def write(heading, *columns, name="a.csv", text=None, encoding="utf-8", opened=True):
        rows = [heading, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
        (tmp_path / name).write_text(text or "\n".join(rows), encoding=encoding)
        return open_source(f"csv:{tmp_path / name}", None, Reading()) if opened else f"csv:{tmp_path / name}"

    return write


def greys(split):
    """The numbers of the images of a split."""
    return (split.images[:, 0, 0, 0] // 10).tolist()


def parts(source):
    return tuple(
        greys(part) if part else [] for part in (source.train, source.validation, source.test and source.test())
    )


TWO_THIRDS = [*range(8)]
SPLIT_COLUMNS = {
    "split": ["train"] * 8 + ["val"] * 2 + ["test"] * 2,
    "partition": [0] * 8 + [1] * 2 + [2] * 2,
    "is_train,is_test": ["1,0"] * 8 + ["0,0"] * 2 + ["0,1"] * 2,
    "train,test": ["1,0"] * 8 + ["0,0"] * 2 + ["0,1"] * 2,
    "train,val,test": ["True,False,False"] * 8 + ["False,True,False"] * 2 + ["False,False,True"] * 2,
}


@pytest.mark.parametrize("name", SPLIT_COLUMNS)
def test_columns_that_say_the_split_are_heeded_and_told(write, name):
    source = write(f"path,label,{name}", FILES, WORDS, SPLIT_COLUMNS[name])
    assert parts(source) == (TWO_THIRDS, [8, 9], [10, 11])
    assert "for training (8 rows)" in source.decisions[0] and "for testing (2 rows)" in source.decisions[0]


@pytest.mark.parametrize(("name", "blank"), [("split", ""), ("split", "nan"), ("is_train", "")])
def test_rows_that_say_no_split_are_left_out_and_counted(write, name, blank):
    values = {"split": ("train", "test"), "is_train": (1, 0)}[name]
    source = write(f"path,label,{name}", FILES, WORDS, [values[0]] * 8 + [values[1]] * 3 + [blank])
    assert parts(source) == (TWO_THIRDS, [], [8, 9, 10])
    assert "rows that say none are left out (1 rows)" in source.decisions[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("split", "extra"),
        ("split", "tset"),
        ("split", "2"),
        ("partition", "3"),
        ("is_train", "maybe"),
        ("usage", "Old"),
    ],
)
def test_a_column_of_splits_with_other_values_is_refused_with_the_values(write, name, value):
    usual = {"is_train": 1, "partition": 0}.get(name, "train")
    with pytest.raises(BadInput, match=rf"column {name} should say the split, .* none: .*'{value}' \(2 rows\)"):
        write(f"path,label,{name}", FILES, WORDS, [usual] * 10 + [value] * 2)


def test_a_train_beside_a_bus_is_a_class(write):
    hot = [",".join(str(int(number % 3 == one)) for one in range(3)) for number in range(COUNT)]
    source = write("path,bus,car,train", FILES, hot)
    assert source.class_names == ("bus", "car", "train") and source.test is None


def test_a_split_beside_pixels_leaves_rows_out(write):
    rows = ["train"] * 11 + [""]
    source = write(f"label,split,{','.join(f'p{n}' for n in range(36))}", WORDS, rows, *PIXELS.T)
    np.testing.assert_array_equal(source.train.images.reshape(11, 36), PIXELS[:11])


@pytest.mark.parametrize("marks", [("True", "False"), ("1", "0"), ("1.0", "0.0")])
def test_a_column_for_each_class_may_hold_words_or_numbers(write, marks):
    hot = [",".join(marks[number % 3 != one] for one in range(3)) for number in range(COUNT)]
    source = write("path,eel,dog,cat", FILES, hot)
    assert source.train.labels.tolist() == [(2 - number) % 3 for number in range(COUNT)]
    assert source.class_names == ("cat", "dog", "eel")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("True,True,False", r"row 4 has 2 classes \(eel, dog\)"),
        ("0,0,0", "row 4 has 0 classes"),
        ("0.9,0.05,0.05", r"row 4 holds shares \(eel 0\.9, dog 0\.05, cat 0\.05\)"),
    ],
)
def test_rows_without_exactly_one_class_are_refused(write, row, message):
    hot = ["1,0,0", "0,1,0", "0,0,1"] * 4
    hot[3] = row
    with pytest.raises(BadInput, match=message):
        write("path,eel,dog,cat", FILES, hot)


@pytest.mark.parametrize(
    ("heading", "columns", "able"),
    [
        ("file,width,height,animal", ([40, 50] * 6, [30] * 6 + [20] * 6, WORDS), "width, height, animal"),
        ("path,colour,animal", (["red", "blue"] * 6, WORDS), "colour, animal"),
        ("path,animal,male,female", (WORDS, [0, 1] * 6, [1, 0] * 6), "animal, male, female"),
    ],
)
def test_labels_that_could_be_in_several_columns_are_refused(write, heading, columns, able):
    with pytest.raises(BadInput, match=f"which column is the label: it could be {able}"):
        write(heading, FILES, *columns)


def test_two_columns_of_the_same_name_are_refused(write):
    with pytest.raises(BadInput, match="2 columns named as the label's: 'label', 'Label'"):
        write("path,label,Label", FILES, WORDS, WORDS[::-1])


def test_the_choice_of_the_label_and_unused_columns_are_told(write):
    source = write("filename,label,category,fold", FILES, WORDS, WORDS[::-1], [*range(4)] * 3)
    assert source.class_names == ("cat", "dog", "eel")
    assert source.decisions == (
        "a.csv: filename is taken as the path, label as the label.",
        "a.csv: these columns are not used: category, fold.",
    )


def test_two_images_in_a_row_are_refused(write):
    with pytest.raises(BadInput, match="names some in left, right"):
        write("left,right,label", FILES, FILES[::-1], WORDS)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["1e0", "2.0", "10"], ("1", "2", "10")),
        (["007", "008", "010"], ("007", "008", "010")),
        (["cafe\u0301", "caf\u00e9", "tea"], ("caf\u00e9", "tea")),
    ],
)
def test_labels_of_other_spellings(write, given, names):
    assert write("path,label", FILES, given * 4).class_names == names


def test_labels_of_one_number_in_two_spellings_are_told(write):
    assert write("path,label", FILES, ["1e3", "1000", "7"] * 4).decisions == ("a.csv: '1000' and '1e3' are one class.",)


@pytest.mark.parametrize(("label", "message"), [("0.5", "fractions, such as 0.5"), ("NaN", "4 empty labels")])
def test_labels_that_are_no_classes_are_refused(write, label, message):
    with pytest.raises(BadInput, match=message):
        write("path,label", FILES, [label, "1", "2"] * 4)


def test_long_values_are_no_names_of_files(write):
    source = write("path,label,remark", FILES, WORDS, ["word " * 1000] * COUNT)
    assert greys(source.train) == [*range(COUNT)]


def test_all_pixels_of_an_image_may_stand_in_one_value(write):
    images = np.random.default_rng(0).integers(100, 256, (4, 224 * 224 * 3), dtype=np.uint8)
    source = write("label,pixels", "abab", [" ".join(map(str, image)) for image in images])
    np.testing.assert_array_equal(source.train.images.reshape(4, -1), images)


@pytest.mark.parametrize(
    ("line", "message"), [('{0}.png,"cat', r"a quote in row 4 is not closed"), ('"{0}.png,cat', "a quote in row 4")]
)
def test_a_quote_that_is_not_closed_is_named_by_its_row(write, line, message):
    lines = [f"{file},{word}" for file, word in zip(FILES, WORDS, strict=True)]
    lines[3] = line.format(3)
    with pytest.raises(BadInput, match=message):
        write("", text="\n".join(["path,label", *lines]))


def test_a_quote_that_is_open_from_the_first_row_on_is_named(write):
    with pytest.raises(BadInput, match="a quote in row 1 is not closed"):
        write("", text='path,label\n0.png,"cat\n1.png,dog\n')


def test_a_quote_that_is_closed_rows_later_is_named(write):
    lines = [f"{file},{word}" for file, word in zip(FILES, WORDS, strict=True)]
    lines[3], lines[5] = '3.png,"cat', '5.png,eel"'
    with pytest.raises(BadInput, match="the label in row 4 goes over several lines"):
        write("", text="\n".join(["path,label", *lines]))


ROWS = "\n".join(f"{file};{word}" for file, word in zip(FILES, WORDS, strict=True))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (f"path;label\n{ROWS}".replace(";", "\t"), "utf-16"),
        (f"sep=;\npath;label\n{ROWS}", "utf-8"),
        (f"# made by me, in May\n# for you\npath;label\n{ROWS}", "utf-8"),
        (f"sep=,\n{ROWS}".replace(";", ","), "utf-8"),
    ],
)
def test_what_excel_and_people_put_above_a_table_is_passed_over(write, text, encoding):
    source = write("", text=text, encoding=encoding)
    assert greys(source.train) == [*range(COUNT)] and source.train.labels.tolist() == [0, 1, 2] * 4


PIXEL_NAMES = [f"pixel{number}" for number in range(36)]


def test_a_test_file_of_pixels_without_labels_is_no_test_split(write):
    write(",".join(PIXEL_NAMES), *PIXELS.T, name="test.csv", opened=False)
    spec = write(",".join(["label", *PIXEL_NAMES]), WORDS, *PIXELS.T, name="train.csv", opened=False)
    data = load_dataset(spec)
    assert "test.csv holds no labels, so it is not used as a test split: it has no column label." in data.decisions
    assert len(data.test()) == 3


def test_a_test_file_of_paths_is_the_test_split(write):
    write("path,label", FILES[9:], ["Cat", "dog", "eel"], name="test.csv", opened=False)
    source = write("path,label", FILES[:9], WORDS[:9], name="train.csv")
    assert parts(source) == ([*range(9)], [], [9, 10, 11]) and source.test().labels.tolist() == [0, 1, 2]
    assert source.decisions == (
        "test.csv is taken as the test split of train.csv.",
        "Classes of the test images are spelled as in training: Cat is cat.",
    )


def test_a_test_file_of_paths_without_labels_is_no_test_split(write):
    write("path", FILES[9:], name="test.csv", opened=False)
    source = write("path,label", FILES[:9], WORDS[:9], name="train.csv")
    assert source.test is None and "test.csv holds no labels" in source.decisions[0]


def test_names_that_fit_files_in_several_folders(tmp_path, write):
    for (name, first), number in itertools.product((("train", 100), ("test", 200)), range(3)):
        (tmp_path / name).mkdir(exist_ok=True)
        Image.new("L", (5, 5), first + 10 * number).save(tmp_path / name / f"x{number}.png")
    rows = ["x0.png", "x1.png", "x2.png"], WORDS[:3]
    with pytest.raises(BadInput, match=r"3 of the 3 names in .* several folders: x0\.png is in test/, train/"):
        write("path,label", *rows)
    assert greys(write("path,label", *rows, name="train.csv").train) == [10, 11, 12]


def test_a_table_whose_label_is_not_named_beside_pixels_is_refused(write):
    packed = [" ".join(map(str, row)) for row in PIXELS]
    with pytest.raises(BadInput, match="it could be age, gender"):
        write("age,gender,img_name,pixels", [1, 2, 3] * 4, [0, 1] * 6, FILES, packed)
    source = write("age,img_name,pixels", [1, 2, 3] * 4, FILES, packed)
    assert source.decisions[:2] == (
        "a.csv: column age is taken as the label.",
        "a.csv: these columns are not used: img_name.",
    )


def test_pixels_without_labels_are_refused(write):
    with pytest.raises(BadInput, match="pixels, pixel0 to pixel35, and no column of labels"):
        write(",".join(PIXEL_NAMES), *PIXELS.T)


def test_a_column_without_a_name_is_called_by_its_number(write):
    with pytest.raises(BadInput, match="csv: column 3 should say the split"):
        write("0.png,cat,train", FILES * 5, WORDS * 5, ["train"] * 55 + ["x"] * 5)
