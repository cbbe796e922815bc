"""`explain` on a model whose answers can be worked out by hand: it names the colour channel that is brightest."""

import csv
import io
import json
import os
import types

import keras
import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_vision.analysis.explanation import METHODS
from keras_vision.commands import explain as command
from keras_vision.errors import BadInput
from keras_vision.explain import explain, main
from keras_vision.export import export
from keras_vision.runs import Run, save_model, write_json

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
NAMES = ["red", "green", "blue"]


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(path="model.keras", *, positions=True, ending=None, names=NAMES):
    """Saves a model whose logits are 0.02 times the mean of each channel, with or without a layer with positions."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(3, 1, use_bias=False, name="channels")(inputs) if positions else inputs
    x = keras.layers.Rescaling(0.02)(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, ending(x) if ending else x)
    if positions:
        model.get_layer("channels").set_weights([np.eye(3).reshape(1, 1, 3, 3)])
    save_model(model, path, {"class_names": names} if names else {})
    return str(path)


@pytest.fixture
def run():
    save("run/model.keras")
    write_json("run/config.json", {})
    return "run"


def write(path, colour=RED, size=(8, 8)):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def maps(monkeypatch):
    """The maps that are drawn, in their order."""
    drawn, plot = [], command.plot_explanation
    monkeypatch.setattr(command, "plot_explanation", lambda *given: drawn.append(given[1]) or plot(*given))
    return drawn


def test_an_answer_has_the_classes_the_method_and_a_picture():
    (answer,) = explain(save(), write("photos/a.png"))
    assert answer["image"] == "photos/a.png"
    assert [one["class"] for one in answer["predictions"]] == ["red", "green", "blue"]
    assert answer["predictions"][0]["probability"] > 0.98
    assert (answer["explained"], answer["method"]) == ("red", "occlusion")
    assert answer["figure"] == os.path.join("explanations", "a.png")
    with Image.open(answer["figure"]) as picture:
        assert picture.format == "PNG"


@pytest.mark.slow
def test_the_map_is_where_the_class_is_or_where_another_class_is_asked_for(maps):
    image = np.zeros((8, 8, 3), "uint8")
    image[:2, :2, 0], image[4:6, 4:6, 2] = 255, 250
    Image.fromarray(image).save("a.png")
    model = save()
    for method in METHODS:
        list(explain(model, "a.png", method=method))
        list(explain(model, "a.png", method=method, label="blue"))
    found = [tuple(int(place) // 2 for place in np.unravel_index(one.argmax(), one.shape)) for one in maps]
    assert found == [(0, 0), (2, 2)] * 3


def test_a_run_keeps_its_pictures_and_shows_them_in_tensorboard(run, monkeypatch):
    monkeypatch.setattr(command, "IN_TENSORBOARD", 2)
    answers = list(explain(run, [write(f"{name}.png") for name in "abc"]))
    folder = Run(run).figures / "explanations"
    assert [one["figure"] for one in answers] == [str(folder / f"{name}.png") for name in "abc"]
    shown = EventAccumulator(str(Run(run).tensorboard)).Reload()
    assert shown.Tags()["images"] == ["explanations/a", "explanations/b"]


def test_another_folder_leaves_the_run_as_it_is(run):
    (answer,) = explain(run, write("a.png"), out="new/folder")
    assert answer["figure"] == os.path.join("new", "folder", "a.png")
    assert not Run(run).figures.exists()
    assert not Run(run).tensorboard.exists()


def test_no_picture_takes_the_place_of_a_photo():
    photo, model = write("photos/a.png"), save()
    with pytest.raises(BadInput, match=r"out=photos holds files, and no mark"):
        list(explain(model, photo, out="photos"))
    (answer,) = explain(model, photo)
    with pytest.raises(BadInput, match=r"a\.png lies in explanations, where the pictures go"):
        list(explain(model, answer["figure"]))
    (answer,) = explain(model, "photos", out="photos/explained")
    assert [one["image"] for one in explain(model, "photos", out="new")] == [photo]


@pytest.mark.slow
def test_images_of_one_name_get_pictures_of_their_own(run):
    paths = [write("a/1.png"), write("b/1.png"), write("c/1-2.png"), write("d/1.png")]
    names = [os.path.basename(one["figure"]) for one in explain(run, paths)]
    assert names == ["1.png", "1-2.png", "1-2-2.png", "1-3.png"]


def test_an_image_that_cannot_be_read_is_named_and_the_others_answered(capsys):
    with open("bad.png", "wb") as file:
        file.write(b"no image")
    assert main([save(), "bad.png", write("a.png"), "missing.png"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "bad.png  error: the content is not an image"
    assert lines[1].startswith("a.png  red 0.98") and lines[1].endswith(os.path.join("explanations", "a.png"))
    assert lines[2] == "missing.png  error: no such file"


def test_a_batch_without_a_readable_image_is_passed_over():
    answers = list(explain(save(), ["missing.png", write("a.png")], batch_size=1))
    assert [("error" in one) for one in answers] == [True, False]


def test_standard_input_is_explained(monkeypatch):
    content = io.BytesIO()
    Image.new("RGB", (8, 8), BLUE).save(content, "PNG")
    content.seek(0)
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=content))
    (answer,) = explain(save(), "-")
    assert (answer["explained"], answer["figure"]) == ("blue", os.path.join("explanations", "image.png"))


def test_json_is_one_object_a_line(capsys):
    model, image = save(), write("a.png", (200, 10, 30))
    assert main([model, image, "--json", "--method", "integrated_gradients", "--top", "1"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["predictions"]) == 1
    assert answer["deviation"] <= 0.01


def test_csv_has_a_line_for_each_image(capsys):
    assert main([save(), write("a.png"), "missing.png", "--csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["image"], row["class"], row["method"], row["error"]) for row in rows] == [
        ("a.png", "red", "occlusion", ""),
        ("missing.png", "", "", "no such file"),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "gren"}, "'gren'.* Did you mean 'green'"),
        ({"layer": "chanels", "method": "layercam"}, "Did you mean 'channels'"),
        ({"layer": "channels", "method": "occlusion"}, "layer=channels works only with --method layercam"),
        ({"method": "gradcam"}, "method"),
        ({"out": "model.keras"}, "out=model.keras is not a folder that can be written"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(options, message):
    with pytest.raises(BadInput, match=message):
        list(explain(save(), write("a.png"), **options))


def test_a_foreign_model_that_ends_in_a_softmax_is_explained_by_its_logits(maps):
    """Its probability is 1, whose gradient is zero."""
    image = np.zeros((8, 8, 3), "uint8")
    image[2, 2, 0] = 255
    Image.fromarray(image).save("a.png")

    def sure(x):
        return keras.layers.Dense(3, kernel_initializer=keras.initializers.Identity(1e5), activation="softmax")(x)

    (answer,) = explain(save(ending=sure, names=None), "a.png", method="layercam")
    assert answer["predictions"][0] == {"class": 0, "probability": 1.0}
    assert maps[0][2, 2] == 1


def test_classes_without_names_are_asked_for_by_number():
    (answer,) = explain(save(names=None), write("a.png"), label=2)
    assert answer["explained"] == 2


def test_a_network_without_positions_has_no_layercam():
    with pytest.raises(BadInput, match=r"layercam needs a layer .* These work here: occlusion, integrated_gradients\."):
        list(explain(save(positions=False), write("a.png"), method="layercam"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model exported in formats that this machine has: saved_model, and keras, which keeps its gradients."""
    folder = tmp_path_factory.mktemp("exported")
    model = save(folder / "model.keras")
    return {one["format"]: one["path"] for one in export(model, format="saved_model,keras")["exports"]}


@pytest.mark.slow
def test_an_export_is_explained_by_occlusion(exported, maps):
    image = np.zeros((8, 8, 3), "uint8")
    image[2:4, 2:4, 1] = 255
    Image.fromarray(image).save("a.png")
    (answer,) = explain(exported["saved_model"], "a.png")
    assert (answer["explained"], answer["method"]) == ("green", "occlusion")
    assert maps[0][2:4, 2:4].min() > 0 >= maps[0][6:, 6:].max()


def test_an_export_has_no_gradients_but_for_that_in_keras_own_format(exported):
    with pytest.raises(BadInput, match=r"layercam needs gradients, which an export does not have\. These work here"):
        list(explain(exported["saved_model"], write("a.png"), method="layercam"))
    (answer,) = explain(exported["keras"], write("a.png"), method="layercam")
    assert answer["explained"] == "red"


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"format": "gguf"}, "does not say which format"),
        ({"format": "saved_model"}, "does not say what images the export takes"),
        ([], "does not say which format"),
    ],
)
def test_a_card_that_does_not_say_how_to_open_the_export_is_refused(card, message):
    write_json("export/model_card.json", card)
    with pytest.raises(BadInput, match=message):
        list(explain("export", write("a.png")))
