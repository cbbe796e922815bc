"""Reports of runs whose files were damaged, and of trainings."""

from types import SimpleNamespace

import pytest

from keras_vision.commands.report import report_of
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.report import report
from keras_vision.runs import Run, write_json

RESULT = {"val_accuracy": 0.9, "stopped": "epochs", "epochs_run": 1}


@pytest.fixture
def run(tmp_path):
    """A training that is finished."""
    run = Run(tmp_path / "w")
    run.start({"model": "cnn", "dataset": "digits"})
    run.log_metrics(
        [{"epoch": 1} | dict.fromkeys(("accuracy", "val_accuracy", "crossentropy", "val_crossentropy"), 0.9)]
    )
    write_json(run.result_path, RESULT)
    return run


def warning_of(run):
    """Reports a run whose page cannot be made; returns what is said of that."""
    said = []
    found = report_of(run.path, SimpleNamespace(say=said.append))
    assert found["val_accuracy"] == 0.9 and "page" not in found
    return "".join(said)


@pytest.mark.parametrize("content", [b'{"a', b"[]\n", b"{}\n", b"\xff\n"])
def test_damaged_epochs_are_named_and_hide_no_report(run, content):
    run.metrics_path.write_bytes(content)
    assert "metrics.jsonl is damaged. Restore it, or choose another" in warning_of(run)


@pytest.mark.parametrize("content", [b'{"a', b"[]", b"\xff"])
def test_a_damaged_result_is_named(run, content):
    run.result_path.write_bytes(content)
    with pytest.raises(KerasVisionError, match=r"result\.json is damaged"):
        report(run.path)


def test_a_training_without_its_record_is_none(run):
    run.config_path.unlink()
    with pytest.raises(BadInput, match="There is no search or training in"):
        report(run.path)


def test_a_training_without_an_epoch_is_not_finished(tmp_path):
    Run(tmp_path / "w").start({"model": "cnn", "dataset": "digits"})
    with pytest.raises(BadInput, match=r"The training in .* is not finished\. First continue it"):
        report(tmp_path / "w")


def test_a_damaged_model_hides_no_report(run):
    run.model_path.write_bytes(b"half")
    assert "model.keras is damaged" in warning_of(run)


def test_a_training_is_not_confirmed(run):
    with pytest.raises(BadInput, match=r"holds a training, and only the network of a search is confirmed\. Leave out"):
        report(run.path, confirm=2)
