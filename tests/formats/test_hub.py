"""The folder for the Hugging Face Hub: what it says, what it leaves unsaid, and that its example does what it says."""

import json
import runpy
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

from keras_vision.analysis.counts import count
from keras_vision.formats import FORMATS, JSON, hub
from keras_vision.formats.model_card import facts, write_card
from keras_vision.formats.network import with_probabilities
from keras_vision.formats.opening import export_card
from keras_vision.predict import predict
from tests.models.small import small_model

PLACE = "/home/secret me/photos"
ORIGIN = {
    "class_names": ["cat", "Hündin", "3", "4", "5"],
    "dataset": f"folder:{PLACE}",
    "data_source": {"spec": f"folder:{PLACE}", "data_dir": "/home/secret"},
    "fingerprint": "f",
}
CHECK = {"images": 2, "source": f"validation images of folder:{PLACE}", "difference": 0.0, "agreement": 1.0}
CHECK |= {"bound": "b", "bytes": 9, "latency_ms": {}}
TEST = {"accuracy": 0.9, "n": 50, "interval": [0.8, 0.95], "views": 1}


@pytest.fixture(scope="module", params=[1, 3], ids=["grey", "colour"])
def folder(request, tmp_path_factory):
    """The folder of a small network for images of 12x10."""
    folder = tmp_path_factory.mktemp("hub")
    model = small_model("cnn", (12, 10, request.param))
    hub.write(with_probabilities(model), folder, origin=ORIGIN)
    card = facts(model, count(model), ORIGIN, {"test": TEST}) | {"precision": "float32", "format": "hub"}
    write_card(folder, "hub", card | {"check": CHECK})
    return folder


def metadata(folder):
    head, text = (folder / "README.md").read_text(encoding="utf-8").removeprefix("---\n").split("---\n", 1)
    return yaml.safe_load(head), text


def test_the_card_begins_with_metadata_as_the_hub_reads_them(folder):
    head, text = metadata(folder)
    assert (head["library_name"], head["pipeline_tag"]) == ("keras", "image-classification")
    (result,) = head["model-index"][0]["results"]
    assert result["dataset"] == {"name": "folder:photos", "type": "folder:photos", "split": "test"}
    assert result["metrics"][0]["value"] == 0.9
    assert text.startswith("\n# ") and "\n## Limits\n" in text and "\n## Use\n" in text


def test_the_hubs_own_library_reads_the_card(folder):
    library = pytest.importorskip("huggingface_hub")
    (result,) = library.ModelCard.load(folder / "README.md").data.eval_results
    assert (result.metric_type, result.metric_value) == ("accuracy", 0.9)


def test_a_model_that_was_not_measured_has_no_results():
    card = {"model": "cnn", "data": {"dataset": "cifar10"}, "test": {"accuracy": None}}
    found = hub._metadata(card)
    assert found["datasets"] == ["uoft-cs/cifar10"]
    assert "model-index" not in found


def test_the_folder_does_not_say_where_the_images_lie(folder):
    assert {path.name for path in folder.iterdir()} == {*FORMATS["hub"].files, JSON, "README.md"}
    assert not [path.name for path in folder.iterdir() if b"secret" in path.read_bytes()]
    assert "folder:photos" in (folder / JSON).read_text(encoding="utf-8")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_example_answers_as_predict_does(folder, tmp_path, monkeypatch, capsys, mode):
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, channels), dtype=np.uint8).squeeze()
    path = tmp_path / "image.png"
    Image.fromarray(pixels, mode).save(path)
    (expected,) = predict(folder, path)
    monkeypatch.setattr(sys, "argv", ["example.py", str(path)])
    runpy.run_path(str(folder / "example.py"))
    (best,) = expected["predictions"]
    assert capsys.readouterr().out == f"{best['class']} {best['probability']:.4f}\n"
    assert export_card(folder) is None  # it is opened as a model file


def test_classes_are_named_by_their_numbers(folder):
    about = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    assert about["id2label"] == dict(zip("01234", ORIGIN["class_names"], strict=True))
    assert about["size"]["height"] == 12
