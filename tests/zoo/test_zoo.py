"""The zoo gives the smallest network that is good enough, says what there is, and refuses what is not there."""

import importlib
import json
import zipfile
from pathlib import Path

import fill_zoo
import keras
import numpy as np
import pytest

from keras_vision import zoo
from keras_vision.errors import BadInput
from keras_vision.runs import Run, read_card, save_model, write_json
from tests.models.small import pixels, small_model

SHAPE = (8, 8, 1)
ACCURACIES = {1: (0.861, 0.859), 2: (0.902, 0.906), 4: (0.921, 0.921)}  # by width: of each seed


def train_nothing(folder, width, seed, accuracy, dataset="digits"):
    """Makes the run of a study of a network that was never trained; returns the network."""
    run = Run(folder / "runs" / f"{dataset}-{width}-{seed}")
    settings = {"filters": (width,), "blocks": (1,)}
    model = small_model("vgg", SHAPE, 10, **settings)
    config = {"model": "vgg", "settings": settings, "dataset": dataset, "seed": seed, "views": 1, "precision": "auto"}
    run.start(config | {"recipe": {"epochs": 9}}, precision="float32")
    source = {"spec": dataset, "data_dir": "/home/me/images"}
    save_model(model, run.model_path, {"dataset": dataset, "data_source": source, "training_images": ["a", "b"]})
    measured = {"case": f"{dataset} {width}", "seed": seed, "parameters": 100 * width, "trainable_parameters": 90}
    measured |= {"macs": 1000, "test_accuracy": accuracy, "test_low": accuracy - 0.01, "test_high": accuracy + 0.01}
    write_json(run.path / "measured.json", measured | {"test_n": 360})
    return model


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of three sizes and two seeds, none of them trained: its folder, and the networks of seed 0 by width."""
    folder, models = tmp_path_factory.mktemp("study"), {}
    for width, accuracies in ACCURACIES.items():
        for seed, accuracy in enumerate(accuracies):
            model = train_nothing(folder, width, seed, accuracy)
            models.setdefault(width, model)
    train_nothing(folder, 8, 0, 0.99, dataset="cifar10")
    return folder, models


@pytest.fixture
def filled(study, tmp_path, monkeypatch):
    """A zoo that was filled from that study, in a folder of its own."""
    (tmp_path / "digits-7.json").write_text("{}")  # of an earlier study
    fill_zoo.main([str(study[0]), "--dataset", "digits", "--out", str(tmp_path)])
    monkeypatch.setattr(importlib.import_module("keras_vision.zoo"), "FOLDER", tmp_path)
    return tmp_path


def same(model, other):
    """Whether two networks answer alike."""
    return np.allclose(model(pixels(SHAPE)), other(pixels(SHAPE)), atol=1e-6)


@pytest.mark.parametrize(
    ("bounds", "width"),
    [
        ({"accuracy": 0.9}, 2),
        ({"accuracy": 0.91}, 4),
        ({"accuracy": 0.5}, 1),
        ({"parameters": 300}, 2),
        ({"accuracy": 0.86, "parameters": 400}, 1),
    ],
)
def test_the_smallest_that_is_good_enough_is_returned_as_it_was_trained(filled, study, bounds, width):
    assert same(zoo("digits", **bounds), study[1][width])


@pytest.mark.parametrize(
    ("dataset", "bounds", "message"),
    [
        ("digits", {"accuracy": 0.95}, "The best network of the zoo for digits classified 0.9210 of the test images"),
        ("digits", {"accuracy": 0.92, "parameters": 250}, "with at most 250 parameters classified 0.9020"),
        ("digits", {"parameters": 99}, "The smallest network of the zoo for digits has 100 parameters, more than"),
        ("digit", {"accuracy": 0.9}, "no data set 'digit' in the zoo. Did you mean 'digits'"),
        ("digits", {"accuracy": 90}, "For 90% write 0.9"),
        ("digits", {"parameters": 0}, "parameters must be a positive number"),
        (None, {"accuracy": 0.9}, "Give the name of the data set"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(filled, dataset, bounds, message):
    with pytest.raises(BadInput, match=message):
        zoo(dataset, **bounds)


def test_without_bounds_it_lists_what_there_is_from_small_to_large(filled):
    cards = zoo()
    assert cards == zoo("digits")
    assert [card["parameters"] for card in cards] == [100, 200, 400]
    assert cards[1]["test_accuracy"] == 0.902
    assert cards[1]["mean_test_accuracy"] == pytest.approx(0.904)
    assert cards[1]["command"].startswith("python -m keras_vision.train --model vgg --dataset digits --set filters=2,")


def test_plain_keras_loads_what_it_lists(filled, study):
    plain = keras.saving.load_model(zoo("digits")[0]["file"])
    assert same(plain, study[1][1])


def test_a_file_is_compressed_and_says_nothing_of_the_machine_it_was_trained_on(filled):
    (path,) = filled.glob("*-200.keras")
    with zipfile.ZipFile(path) as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_DEFLATED}
    assert read_card(path) == {"dataset": "digits"}
    assert "/home/me" not in "".join(map(json.dumps, zoo()))


def test_an_empty_zoo_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module("keras_vision.zoo"), "FOLDER", tmp_path)
    assert zoo() == []
    with pytest.raises(BadInput, match="came without trained networks"):
        zoo("fashion_mnist", accuracy=0.9)


def test_the_models_of_the_study_must_be_there(study, tmp_path, capsys):
    assert fill_zoo.main([str(study[0]), "--dataset", "mnist", "--out", str(tmp_path)]) == 2
    assert "holds no network for mnist" in capsys.readouterr().err


@pytest.mark.parametrize("card", zoo(), ids=lambda card: Path(card["file"]).stem)
def test_each_network_that_comes_with_the_package_is_whole_and_small(card):
    model = zoo(card["dataset"], parameters=card["parameters"])
    assert model.count_params() >= card["trainable_parameters"]
    assert Path(card["file"]).stat().st_size < 50_000 + 4 * card["parameters"]
