"""Predictions by a model whose answers can be worked out by hand: it names the colour channel that is brightest."""

import csv
import io
import json
import math
import os
import sys
import types

import keras
import numpy as np
import pytest
from PIL import Image

from keras_vision.data.files import images as images_module
from keras_vision.data.files import listing as files
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.predict import main, predict
from keras_vision.reporting.progress import PlainProgress as Plain
from keras_vision.runs import save_model
from keras_vision.training import classifier as classifier_module

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
NAMES = ["red", "green", "blue"]
# Logits are 0.02 times the mean of each channel.
SURE = round(math.exp(5.1) / (math.exp(5.1) + 2), 6)


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(card=None, *, shape=(8, 8, 3), ending=None, scale=0.02):
    """Saves the model as model.keras; `ending` is one more layer."""
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling(scale)(keras.layers.GlobalAveragePooling2D()(inputs))
    save_model(keras.Model(inputs, ending(x) if ending else x), "model.keras", {} if card is None else card)
    return "model.keras"


@pytest.fixture
def model():
    return save({"class_names": NAMES})


def write(path, colour=RED, size=(5, 3), **options):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)
    return path


def named(answers):
    return {os.path.basename(one["image"]): one["predictions"][0]["class"] for one in answers if "error" not in one}


def reasons(answers):
    return {os.path.basename(one["image"]): one["error"] for one in answers if "error" in one}


def test_the_class_and_its_probability_are_those_worked_out_by_hand(model):
    (answer,) = predict(model, write("a.png"))
    assert answer == {"image": "a.png", "predictions": [{"class": "red", "probability": SURE}]}


def test_several_images_are_answered_in_their_order(model):
    colours = {"c.png": RED, "a.png": GREEN, "b.png": BLUE}
    paths = [write(name, colour) for name, colour in colours.items()]
    assert list(named(predict(model, paths, batch_size=2)).items()) == [
        ("c.png", "red"),
        ("a.png", "green"),
        ("b.png", "blue"),
    ]


def test_the_most_probable_classes_come_first(model):
    (answer,) = predict(model, write("a.png", (10, 250, 120)), top=2)
    assert [one["class"] for one in answer["predictions"]] == ["green", "blue"]


def test_all_classes_are_named_where_more_are_asked_for_and_add_up_to_one(model):
    (answer,) = predict(model, write("a.png", (10, 250, 120)), top=9)
    assert len(answer["predictions"]) == 3
    assert sum(one["probability"] for one in answer["predictions"]) == pytest.approx(1, abs=3e-6)


def test_a_model_without_class_names_answers_with_numbers():
    (answer,) = predict(save(), write("a.png", GREEN))
    assert answer["predictions"] == [{"class": 1, "probability": SURE}]


def test_probabilities_do_not_go_through_a_second_softmax():
    (answer,) = predict(save(ending=keras.layers.Softmax()), write("a.png"))
    assert answer["predictions"] == [{"class": 0, "probability": SURE}]


def test_a_folder_is_walked_in_order_and_hidden_files_are_left_out(model):
    for name in ("b/2.png", "b/10.JPG", "a/1.png", "0.png", ".hidden.png", "._0.png", ".git/3.png"):
        write(f"photos/{name}", format="JPEG" if name.endswith("JPG") else None)
    (open("photos/notes.txt", "w")).close()
    os.symlink("..", "photos/a/back")  # would lead round and round
    answers = predict(model, "photos")
    assert [one["image"] for one in answers] == [
        f"photos/{name}" for name in ("0.png", "a/1.png", "b/10.JPG", "b/2.png")
    ]


def test_pictures_of_kinds_that_cannot_be_read_get_an_answer_each(model, monkeypatch):
    from keras_vision.data.files import file_types

    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as where it is not installed
    file_types.readable_formats.cache_clear()
    write("photos/a.png")
    write("photos/without_suffix", format="PNG")
    for name in ("b.HEIC", "c.svg"):
        with open(f"photos/{name}", "wb") as file:
            file.write(b"\x00\x00\x00\x18ftypheic" if name == "b.HEIC" else b"<svg>")
    answers = list(predict(model, "photos"))
    file_types.readable_formats.cache_clear()
    assert named(answers) == {"a.png": "red", "without_suffix": "red"}
    assert set(reasons(answers)) == {"b.HEIC", "c.svg"}
    assert "Install pillow-heif" in reasons(answers)["b.HEIC"]
    assert reasons(answers)["c.svg"] == "the content is SVG, which cannot be read here. Convert it to JPEG or PNG"


def test_images_of_more_bits_are_scaled_as_in_training():
    """A 16-bit image of 2000: half grey by a model of 12 bits, nearly black by one of 16."""
    Image.new("I;16", (5, 3), 2000).save("a.png")
    for white, grey in ((4095, 125), (65535, 8)):
        ending = keras.layers.Dense(2, kernel_initializer="ones", bias_initializer=keras.initializers.Constant(0))
        grey_model = save({"pixel_scale": {"16-bit": white}}, shape=(8, 8, 1), ending=ending, scale=1)
        classifier = classifier_module.open_classifier(grey_model)
        assert (files.read("a.png", classifier.shape, classifier.pixel_scale) == grey).all()


GOOD = {
    "jpeg.jpg": ("RGB", RED, {"quality": 100}),
    "grey.png": ("L", 200, {}),
    "one_bit.png": ("1", 1, {}),
    "rgba.png": ("RGBA", (255, 0, 0, 255), {}),
    "grey_alpha.png": ("LA", (200, 255), {}),
    "sixteen.png": ("I;16", 60_000, {}),
    "gif.gif": ("RGB", RED, {}),
    "webp.webp": ("RGB", RED, {"lossless": True}),
    "bmp.bmp": ("RGB", RED, {}),
    "tiff.tiff": ("RGB", RED, {}),
    "sixteen.tif": ("I;16", 60_000, {}),
    "cmyk.jpg": ("CMYK", (0, 255, 255, 0), {"quality": 100}),
    "cmyk.tif": ("CMYK", (0, 255, 255, 0), {}),
}


@pytest.fixture
def mixed():
    """A folder of good files of all kinds, and of bad ones."""
    os.mkdir("mixed")
    for name, (mode, colour, options) in GOOD.items():
        Image.new(mode, (5, 3), colour).save(f"mixed/{name}", **options)
    Image.new("RGB", (5, 3), RED).quantize(4).save("mixed/palette.png")
    write("mixed/one_pixel.png", RED, size=(1, 1))
    exif = Image.Exif()
    exif[0x0112] = 6
    write("mixed/rotated.jpg", RED, exif=exif)
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), "uint8")).save(whole, "PNG")
    bad = {
        "empty.png": b"",
        "text.jpg": b"no image",
        "cut.png": whole.getvalue()[:2000],
        "belied.jpg": whole.getvalue(),
    }
    for name, content in bad.items():
        with open(f"mixed/{name}", "wb") as file:
            file.write(content)
    Image.new("F", (5, 3), 0.5).save("mixed/float.tif")
    return "mixed"


def test_images_of_all_kinds_are_answered_and_every_bad_one_is_named_with_its_reason(model, mixed):
    answers = list(predict(model, mixed, batch_size=4))
    assert set(named(answers)) == {*GOOD, "palette.png", "one_pixel.png", "rotated.jpg", "belied.jpg"}
    grey = {"grey.png", "grey_alpha.png", "one_bit.png", "sixteen.png", "sixteen.tif", "belied.jpg"}
    assert {name for name, label in named(answers).items() if label != "red"} <= grey
    wrong = reasons(answers)
    assert set(wrong) == {"empty.png", "text.jpg", "cut.png", "float.tif"}
    assert wrong["empty.png"] == "empty file"
    assert wrong["text.jpg"] == "the content is not an image"
    assert "truncated" in wrong["cut.png"]
    assert "unknown range" in wrong["float.tif"]


def test_a_file_without_an_extension_is_read_for_what_it_is(model):
    assert named(predict(model, [write("photo", RED, format="JPEG")])) == {"photo": "red"}


def test_a_bomb_is_named_and_not_unpacked(model, monkeypatch):
    monkeypatch.setattr(images_module, "MAX_PIXELS", 100)
    assert reasons(predict(model, [write("a.png"), write("bomb.png", size=(11, 10))])) == {
        "bomb.png": "11x10 pixels, more than 0 megapixels"
    }


def test_a_missing_file_and_a_pipe_are_named_and_the_others_answered(model):
    os.mkfifo("pipe.png")
    answers = list(predict(model, ["missing.png", "pipe.png", write("a.png")]))
    assert reasons(answers) == {"missing.png": "no such file", "pipe.png": "not a regular file"}
    assert named(answers) == {"a.png": "red"}


def test_images_are_read_one_batch_at_a_time(model, monkeypatch):
    read, read_image = [], images_module.read_image
    monkeypatch.setattr(files, "read_image", lambda path, *how: read.append(path) or read_image(path, *how))
    answers = predict(model, [write(f"{number}.png") for number in range(6)], batch_size=2)
    assert len(read) == 2  # what is wrong is told at once
    assert len(list(answers)) == 6


def test_the_paths_of_a_folder_are_not_kept(monkeypatch):
    for name in ("a/1.png", "b/2.png", "c/3.png"):
        write(f"photos/{name}")
    walked, walk = [], os.walk
    monkeypatch.setattr(os, "walk", lambda *args, **kwargs: (walked.append(1) or one for one in walk(*args, **kwargs)))
    assert next(files.image_files(["photos"])) == os.path.join("photos", "a", "1.png")
    assert len(walked) == 2  # the folder itself, and the first in it


def test_colour_is_read_as_grey_where_the_model_is():
    grey = save(shape=(8, 8, 1), ending=keras.layers.Dense(2, kernel_initializer="ones", bias_initializer="ones"))
    (answer,) = predict(grey, write("a.png"))
    assert answer["predictions"] == [{"class": 0, "probability": 0.5}]


@pytest.fixture
def closed(monkeypatch):
    """Returns a function that makes a folder unreadable, whoever runs the tests."""
    names, scan = set(), os.scandir

    def scandir(path):
        if str(path) in names:
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return names.add


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_a_folder_that_cannot_be_listed_is_named_and_the_others_answered(model, closed, name, capsys):
    for folder in "abc":
        write(f"photos/{folder}/1.png", RED)
    closed(f"photos/{name}")
    assert main([model, "photos", "--json"]) == 1
    captured = capsys.readouterr()
    answers = [json.loads(line) for line in captured.out.splitlines()]
    assert reasons(answers) == {name: "Permission denied"}
    assert [one["image"] for one in answers if "error" not in one] == [
        f"photos/{folder}/1.png" for folder in "abc" if folder != name
    ]
    assert "1 of 3 images could not be read" in captured.err


def test_a_given_folder_that_cannot_be_listed_is_named_and_the_next_image_answered(model, closed):
    os.mkdir("photos")
    closed("photos")
    answers = list(predict(model, ["photos", write("a.png", RED)]))
    assert reasons(answers) == {"photos": "Permission denied"}
    assert named(answers) == {"a.png": "red"}


def test_a_folder_without_images_beside_others_is_named_and_they_are_answered(model):
    os.mkdir("empty")
    answers = list(predict(model, ["empty", write("a.png", RED)]))
    assert reasons(answers) == {"empty": "it holds no images"}
    assert named(answers) == {"a.png": "red"}


def test_a_folder_without_images_is_refused(model):
    os.makedirs("empty/inner")
    with pytest.raises(BadInput, match=r"folder empty cannot be used: it holds no images\. Give image files"):
        list(predict(model, "empty"))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: save({"class_names": ["red", "green"]}),
            "has 3 classes, but 2 class names. Give one with a name for each",
        ),
        (
            lambda: save(ending=keras.layers.Dense(1)),
            r"returns \(None, 1\)\. Give one that takes grey or RGB images .* one number for each class",
        ),
        (
            lambda: save(shape=(None, None, 3)),
            r"takes inputs of shape \(None, None, None, 3\) .* images of a fixed size",
        ),
        (lambda: save(shape=(8, 8, 4)), r"takes inputs of shape \(None, 8, 8, 4\) .* takes grey or RGB images"),
        (
            lambda: save(ending=keras.layers.Activation("sigmoid")),
            "ends in a sigmoid. Give one that ends in logits or a softmax",
        ),
        (lambda: save(shape=(2000, 8, 3)), "for images of 2000x8x3, and no side may have more than 1024 pixels"),
    ],
)
def test_models_that_do_not_name_images_are_refused(build, message):
    with pytest.raises(BadInput, match=message):
        list(predict(build(), write("a.png")))


def test_a_model_that_answers_nan_is_reported_and_nothing_is_printed(capsys):
    save(scale=float("1e38"))
    write("a.png")
    assert main(["model.keras", "a.png", "--json"]) == 1
    captured = capsys.readouterr()
    assert "answers with NaN or infinity" in captured.err
    assert captured.out == ""


def test_no_class_at_all_cannot_be_asked_for(model):
    with pytest.raises(BadInput, match="top must be a whole number of at least 1, not 0"):
        list(predict(model, "a.png", top=0))


def test_json_is_one_object_a_line_and_a_bad_image_makes_the_exit_code_1(model, mixed, capsys):
    assert main([model, mixed, "--json", "--top", "3"]) == 1
    captured = capsys.readouterr()
    answers = [json.loads(line) for line in captured.out.splitlines()]
    assert {len(one["predictions"]) for one in answers if "error" not in one} == {3}
    assert len(reasons(answers)) == 4
    assert captured.err == "4 of 21 images could not be read\n"


def test_csv_has_a_line_for_each_class_named(model, capsys):
    write("a, b.png")
    assert main([model, "a, b.png", "missing.png", "--csv", "--top", "2", "--quiet"]) == 1
    captured = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(captured.out)))
    assert [(row["image"], row["rank"], row["class"], row["error"]) for row in rows] == [
        ("a, b.png", "1", "red", ""),
        ("a, b.png", "2", "green", ""),
        ("missing.png", "", "", "no such file"),
    ]
    assert float(rows[0]["probability"]) == SURE
    assert captured.err == ""


def test_the_table_names_image_class_and_probability(model, capsys):
    write("[bold]a.png")
    assert main([model, "[bold]a.png", "missing.png", "--top", "2"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:3] == ["[bold]a.png", "red", f"{SURE:.4f}"] for line in lines)
    assert lines[-1] == "missing.png  error: no such file"


def test_the_table_shows_long_names_whole_and_keeps_its_columns_narrow_beside_errors(model, capsys):
    name, missing = f"{'long/' * 24}a.png", f"{'long/' * 24}missing.png"
    main([model, write(name), missing])
    *lines, error = capsys.readouterr().out.splitlines()
    assert "".join(line.split()[0] for line in lines[2:] if "long" in line or "png" in line) == name
    assert "class  probability" in lines[1]
    assert error == f"{missing}  error: no such file"


def test_images_unlike_those_of_the_training_are_warned_of_once_in_a_run(capsys):
    from keras_vision.data.brightness import pixel_statistics

    model = save({"class_names": NAMES, "pixel_statistics": pixel_statistics(np.zeros((3, 8, 8, 3), "uint8"))})
    write("paper/a.png", (255, 255, 255))
    write("paper/b.png", (255, 255, 255))
    write("ink.png", (0, 0, 0))
    assert main([model, "paper", "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err.count("warning: The images look inverted") == 1
    assert len([json.loads(line) for line in printed.out.splitlines()]) == 2
    assert main([model, "ink.png", "--json"]) == 0
    assert "warning" not in capsys.readouterr().err


def test_errors_alone_make_no_table(model, capsys):
    assert main([model, "missing.png"]) == 1
    assert capsys.readouterr().out == "missing.png  error: no such file\n"


def test_good_images_alone_exit_0(model):
    assert main([model, write("a.png"), write("b.png")]) == 0


def test_standard_input_is_one_image(model, monkeypatch, capsys):
    content = io.BytesIO()
    Image.new("RGB", (5, 3), BLUE).save(content, "PNG")
    content.seek(0)
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=content))
    assert main([model, "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["predictions"][0]["class"] == "blue"


def test_endless_standard_input_is_cut_off(model, monkeypatch):
    monkeypatch.setattr(files, "MAX_PIXELS", 1_000_000)
    with open("/dev/zero", "rb") as endless:
        monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=endless))
        assert reasons(predict(model, "-")) == {"-": "more than 8 MB"}


def test_progress_goes_to_standard_error(model, monkeypatch, capsys):
    monkeypatch.setattr("keras_vision.commands.image_batches._SECONDS_BETWEEN_LINES", -1)
    main([model, write("a.png"), write("b.png"), "--batch-size", "1", "--json"])
    captured = capsys.readouterr()
    assert captured.err.splitlines() == ["1 of 2 images", "2 of 2 images"]
    assert len(captured.out.splitlines()) == 2


def test_json_and_csv_together_are_refused(model, capsys):
    assert main([model, "a.png", "--json", "--csv"]) == 2
    assert "Give either --json or --csv, not both." in capsys.readouterr().err


def test_names_that_no_stream_can_print_are_spelt_out(model, capsys):
    os.rename(write("a.png"), b"a\xff\n.png")
    assert main([model, os.fsdecode(b"a\xff\n.png"), "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("a\\xff\\n.png,1,red,")


def test_the_model_file_alone_is_enough(model, monkeypatch):
    os.mkdir("elsewhere")
    os.rename(model, "elsewhere/renamed.keras")
    monkeypatch.chdir("elsewhere")
    assert named(predict("renamed.keras", write("a.png"))) == {"a.png": "red"}


def test_a_failure_half_way_keeps_what_was_answered(model, monkeypatch, capsys):
    best, calls = classifier_module.Classifier.best, []

    def fail_at_the_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KerasVisionError("it broke")
        return best(*arguments)

    monkeypatch.setattr(classifier_module.Classifier, "best", fail_at_the_second)
    assert main([model, write("a.png"), write("b.png"), "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["image"] == "a.png"
    assert "it broke" in captured.err


CALIBRATION = {
    "temperature": 2.0,
    "images": 1_000,
    "answered": [
        {"threshold": 0.8, "answered": 600, "right": 594, "shown": 0.975},
        {"threshold": 0.5, "answered": 800, "right": 772, "shown": 0.945},
        {"threshold": 0.0, "answered": 1_000, "right": 900, "shown": 0.87},
    ],
}


@pytest.fixture
def calibrated():
    return save({"class_names": NAMES, "calibration": CALIBRATION})


def test_a_calibrated_model_answers_by_its_temperature(calibrated):
    (answer,) = predict(calibrated, write("a.png"))
    assert answer["predictions"][0]["probability"] == round(math.exp(2.55) / (math.exp(2.55) + 2), 6)


def test_a_softmax_in_the_model_has_the_temperature_already():
    model = save({"class_names": NAMES, "calibration": CALIBRATION}, ending=keras.layers.Softmax())
    (answer,) = predict(model, write("a.png"))
    assert answer["predictions"][0]["probability"] == SURE


def test_images_of_which_the_model_is_not_sure_enough_get_no_answer(calibrated):
    paths = [write("sure.png"), write("unsure.png", (120, 100, 90))]
    sure, unsure = predict(calibrated, paths, at_least=0.95)
    assert sure["predictions"][0]["class"] == "red"
    assert sure["confidence"] == sure["predictions"][0]["probability"] >= 0.8
    assert unsure["predictions"] == []
    assert 1 / 3 < unsure["confidence"] < 0.5
    assert all(one["predictions"] for one in predict(calibrated, paths, at_least=0.8))


def test_what_is_promised_and_how_many_are_answered_is_said(calibrated):
    said = io.StringIO()
    list(predict(calibrated, [write("a.png"), write("b.png", (120, 100, 90))], at_least=0.94, progress=Plain(said)))
    first, last = said.getvalue().splitlines()
    assert first.startswith(
        "answers from a confidence of 0.5000 on: so it answered 80% of 1,000 validation images, 96.50"
    )
    assert last == "answered 1 of 2 images (50.0%)"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--at-least", "0.99"], 2, "cannot promise that 99.0% of its answers are right. The most that its 1,000"),
        (["--at-least", "95"], 2, "For 95% write 0.95."),
    ],
)
def test_promises_that_cannot_be_kept_are_refused(calibrated, words, code, message, capsys):
    assert main([calibrated, write("a.png"), *words]) == code
    assert message in capsys.readouterr().err


def test_a_model_that_is_not_calibrated_promises_nothing(model, capsys):
    assert main([model, write("a.png"), "--at-least", "0.9"]) == 2
    assert "python -m keras_vision.evaluate model.keras --calibrate" in capsys.readouterr().err


def test_an_image_without_an_answer_is_told_in_every_form(calibrated, capsys):
    words = [calibrated, write("a.png", (120, 100, 90)), "--at-least", "0.95"]
    for form in ([], ["--csv"], ["--json"]):
        assert main([*words, *form]) == 0
    out = capsys.readouterr().out
    assert "not sure" in out
    (row,) = [row for row in csv.reader(io.StringIO(out)) if len(row) == 5 and row[0] == "a.png"]
    assert row[1:3] == ["", ""] and float(row[3]) < 0.5
    assert json.loads(out.splitlines()[-1])["predictions"] == []
