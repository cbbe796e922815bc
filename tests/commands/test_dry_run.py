"""What `train` and `tune` say without doing it."""

import json

import pytest

from keras_vision.errors import BadInput
from keras_vision.models import build_model
from keras_vision.runs import Run
from keras_vision.train import main as train_main
from keras_vision.tune import main as tune_main
from keras_vision.tune import tune

DIGITS = {"dataset": "digits", "epochs": 3, "batch_size": 300}  # five steps an epoch


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def parameters_of(row):
    return build_model("cnn", (8, 8, 1), 10, **row["settings"]).count_params()


@pytest.mark.slow
def test_a_search_is_forecast_and_nothing_is_written(tmp_path, capsys):
    words = ["--model", "cnn", "--dataset", "digits", "--epochs", "3", "--batch-size", "300", "--dry-run"]
    assert tune_main([*words, "--max-trials", "4", "--keep", "2", "--workers", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert not list(tmp_path.iterdir())
    assert found["images"] == {"training": 1458, "validation": 160}
    assert (found["max_trials"], found["trainings"], found["strategy"]) == (4, [1, 4], "random")
    rows = {row["name"]: row for row in found["networks"]}
    assert rows["smallest"]["parameters"] < rows["first"]["parameters"] < rows["largest"]["parameters"]
    assert all(row["parameters"] == pytest.approx(parameters_of(row), rel=0.05) for row in rows.values())
    assert rows["largest"]["seconds"] > rows["first"]["seconds"] > 0
    assert found["bytes"] > 6 * rows["largest"]["weight_bytes"]
    assert "kernel_size: 3, 5" in found["space"]
    assert not any(line.startswith("epochs") for line in found["space"])  # which a person set


@pytest.mark.slow
def test_a_growing_search_shows_its_rungs_and_what_it_confirms():
    found = tune("cnn", strategy="grow", target_acc=0.5, max_params=2_000, dry_run=True, **DIGITS)
    assert found["space"][0] == "rung 1: filters=8  convs_per_stage=1  head=gap"
    assert found["confirm"] >= 3
    assert all(row["parameters"] <= 2_100 for row in found["networks"])


def test_no_network_that_the_limits_forbid_is_named():
    found = tune("cnn", max_params=3_000, dry_run=True, **DIGITS)
    assert [row["name"] for row in found["networks"]] == ["first", "smallest", "largest"]
    assert all(row["parameters"] <= 3_000 for row in found["networks"])
    with pytest.raises(BadInput, match=r"has 2,732 parameters, more than the 50 allowed\. Allow more"):
        tune("cnn", max_params=50, dry_run=True, **DIGITS)


def test_a_limit_that_is_looked_at_in_trials_alone_is_named(capsys):
    tune_main(["--model", "cnn", "--dataset", "digits", "--epochs", "1", "--max-latency-ms", "5", "--dry-run"])
    told = "latency      measured at each trial, and not here: these networks may be over the limit of 5 ms\n"
    assert told in capsys.readouterr().out


@pytest.mark.slow
def test_a_training_is_forecast_for_a_person(tmp_path, capsys):
    words = ["--model", "cnn", "--dataset", "digits", "--epochs", "2", "--set", "filters=2,", "--folds", "3"]
    assert train_main([*words, "--dry-run", "--workdir", "w"]) == 0
    out = capsys.readouterr().out
    assert "time         3 trainings, each about " in out
    assert "directory    w\n" in out
    assert out.endswith("Nothing was trained or written. Without --dry-run it starts.\n")
    assert not list(tmp_path.iterdir())


def test_bad_input_is_bad_input_in_a_dry_run_too(capsys):
    assert train_main(["--model", "cnn", "--dataset", "digits", "--set", "filter=2", "--dry-run"]) == 2
    assert not Run("runs").path.exists()
