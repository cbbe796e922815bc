"""What tools/families.py reports, and what it compares: validation images only."""

import types

import families

from keras_vision.models import MODELS, build_model


def finished(tmp_path, validation, test):
    """A finished run with these two accuracies."""
    result = {"val_accuracy": validation, "test": {"accuracy": test, "interval": [0.1, 0.2]}}
    result |= {"epochs_run": 1, "seconds": 4.0}
    return types.SimpleNamespace(path=tmp_path, history=[{"seconds": 4.0}], result=result)


def test_more_is_expected_of_families_that_exist():
    assert families.MORE.keys() <= MODELS.keys()
    assert min(families.MORE.values()) > families.LEAST == families.expected("mlp")


def test_both_accuracies_are_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(families, "load_model", lambda path: build_model("mlp", (8, 8, 1), 10))
    row = dict(zip(families.COLUMNS, families.row("mlp", finished(tmp_path, 0.9, 0.5)), strict=True))
    assert (row["validation accuracy"], row["test accuracy"]) == ("0.9000", "0.5000")


def test_validation_images_decide_and_test_images_do_not(tmp_path):
    runs = {"mlp": finished(tmp_path, 0.95, 0.1), "vgg": finished(tmp_path, 0.1, 0.95)}
    assert families.below(runs) == ["vgg"]
