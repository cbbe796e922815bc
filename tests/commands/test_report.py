"""Reports of runs whose files were damaged, and of trainings."""

import pytest

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.report import report
from keras_vision.runs import Run, write_json

RESULT = {"val_accuracy": 0.9, "stopped": "epochs", "epochs_run": 1}


@pytest.fixture
def run(tmp_path):
    """A training that is finished."""
    run = Run(tmp_path / "w")
    run.start({"model": "cnn", "dataset": "digits"})
    run.log_metrics([{"epoch": 1, "accuracy": 0.9}])
    write_json(run.result_path, RESULT)
    return run


@pytest.mark.parametrize("content", [b'{"a', b"[]\n", b"{}\n", b"\xff\n"])
def test_damaged_epochs_are_named(run, content):
    run.metrics_path.write_bytes(content)
    with pytest.raises(KerasVisionError, match=r"metrics\.jsonl is damaged\. Restore it, or choose another"):
        report(run.path)


@pytest.mark.parametrize("content", [b'{"a', b"[]", b"\xff"])
def test_a_damaged_result_is_named(run, content):
    run.result_path.write_bytes(content)
    with pytest.raises(KerasVisionError, match=r"result\.json is damaged"):
        report(run.path)


def test_a_training_without_its_record_is_none(run):
    run.config_path.unlink()
    with pytest.raises(BadInput, match="There is no search or training in"):
        report(run.path)


def test_a_training_is_not_confirmed(run):
    with pytest.raises(BadInput, match=r"holds a training, and only the network of a search is confirmed\. Leave out"):
        report(run.path, confirm=2)
