"""Who judges which labels, and what is said of those that nobody can judge."""

import numpy as np
import pytest

from keras_vision.commands import audit_labels
from keras_vision.commands.audit_labels import judge, label_findings
from keras_vision.data.audit.collection import collect
from keras_vision.data.folds import cross_fold
from keras_vision.data.source import DataSource
from keras_vision.models import build_model
from keras_vision.reporting.progress import Progress
from keras_vision.runs import save_model
from keras_vision.training import out_of_fold
from keras_vision.training.trainer import model_card
from tests.synthetic import make_split


class Brightness:
    """Stands in for a small network: knows the classes that it was trained on by their brightness, and no others."""

    def __init__(self, split, class_names, *rest):
        self.levels = np.full(len(class_names), -1e9)
        for label in np.unique(split.labels):
            self.levels[label] = split.images[split.labels == label].mean()

    def predict_on_batch(self, images):
        return -np.abs(images.mean(axis=(1, 2, 3))[:, None] - self.levels).clip(max=1e3).astype("float32")


@pytest.fixture
def source(tmp_path):
    """60 images in three classes, as a source that sets validation images aside, and test images of its own."""
    train, test = make_split(60, seed=1), make_split(30, seed=2)
    path = tmp_path / "images.npz"
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return DataSource(f"npz:{path}", seed=3)


def test_a_class_of_one_series_is_not_called_wrong_and_that_is_said(source, monkeypatch):
    monkeypatch.setattr(out_of_fold, "_trained", Brightness)
    collection = collect(source)
    is_series = collection.labels == 2
    groups = np.where(is_series, -1, np.arange(len(collection)))
    probabilities, told = judge(collection, groups, None, source, Progress())
    assert (np.isnan(probabilities).any(axis=1) == is_series).all()
    assert not [one for one in label_findings(collection, probabilities) if collection.labels[one.number] == 2]
    assert f"The labels of {(~is_series).sum()} images were judged by small networks" in told
    assert f"The labels of {is_series.sum()} images were not judged" in told and "(2)" in told


def test_suspects_are_named_by_their_place_among_all_images(source):
    collection = collect(source)
    labels = collection.labels
    probabilities = np.where(np.arange(3) == labels[:, None], 0.998, 0.001)
    probabilities[labels == 0] = np.nan
    wrong = np.flatnonzero(labels == 1)[4]
    probabilities[wrong] = [0.0005, 0.0005, 0.999]
    (found,) = label_findings(collection, probabilities)
    assert (found.number, found.leaves_out) == (wrong, True)
    assert found.reason == "labelled 1 (0.1%), looks like 2 (99.9%)"


def test_where_no_class_can_be_judged_nothing_is_trained(source):
    collection = collect(source)
    probabilities, told = judge(collection, collection.labels, None, source, Progress())
    assert np.isnan(probabilities).all() and not list(label_findings(collection, probabilities))
    assert told.startswith("The labels of 90 images were not judged") and told.endswith("(0, 1, 2).")


@pytest.mark.parametrize("number", [1, 3])
def test_the_model_of_a_fold_judges_its_fold_and_not_the_usual_validation_images(source, number, tmp_path, monkeypatch):
    data = source.open()
    model = build_model("mlp", data.shape, 3, hidden_units=())
    card = model_card(data, model, {"data_source": source.whole().record(), "fold": [number, 3]})
    save_model(model, tmp_path / "model.keras", card)
    asked = []

    def answers(split, class_names, groups, *, seed, progress):
        asked.extend(map(bytes, split.images))
        return np.full((len(split), 3), 1 / 3)

    monkeypatch.setattr(audit_labels, "out_of_fold_probabilities", answers)
    collection = collect(source)
    judge(collection, np.arange(len(collection)), tmp_path / "model.keras", source, Progress())
    assert sorted(asked) == sorted(map(bytes, cross_fold(data, number, 3, source.seed).train.images))
