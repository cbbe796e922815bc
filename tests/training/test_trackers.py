"""Trackers beside TensorBoard: what each is given, what becomes of a training when one fails, and the real ones."""

import json
import sqlite3
from pathlib import Path

import pytest

from keras_vision.runs import Run
from keras_vision.train import main as train_main
from keras_vision.train import train
from keras_vision.training import trackers
from keras_vision.training.trackers import TRACKERS, Tracker
from keras_vision.tune import main as tune_main
from keras_vision.tune import tune

SMALL = {"dataset": "digits", "epochs": 2, "batch_size": 300}
MLP = {"settings": {"hidden_units": (4,)}, **SMALL}
WORDS = ["--model", "mlp", "--dataset", "digits", "--epochs", "2", "--batch-size", "300", "--set", "hidden_units=4,"]


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Noted:
    """A tracker that notes what it is told; `breaks_at` is the number of the step that fails."""

    runs, steps, breaks_at = (), 0, None

    def __init__(self, name, settings, known):
        self._step()
        self.name, self.settings, self.id, self.known = name, settings, known or f"id{len(Noted.runs)}", known
        self.rows, self.ended = [], None
        Noted.runs.append(self)

    def _step(self):
        Noted.steps += 1
        if Noted.breaks_at is not None and Noted.steps > Noted.breaks_at:
            raise OSError("no network\nat all")

    def log(self, values, step):
        self._step()
        assert all(type(value) is float for value in values.values())
        print("a tracker's greeting")
        self.rows.append((step, values))

    def end(self, is_failed):
        self._step()
        self.ended = "failed" if is_failed else "done"


@pytest.fixture
def noted(monkeypatch):
    """The runs of a tracker that stands in for wandb, which need not be installed."""
    monkeypatch.setattr(trackers, "check_installed", lambda *given: None)
    monkeypatch.setitem(trackers._KINDS, "wandb", Noted)
    monkeypatch.setattr(Noted, "runs", [])
    monkeypatch.setattr(Noted, "steps", 0)
    monkeypatch.setattr(Noted, "breaks_at", None)
    return Noted.runs


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
def test_a_training_is_a_run_with_its_settings_epochs_and_results(noted, capsys):
    assert train_main([*WORDS, "--workdir", "w", "--log", "wandb", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)  # alone: what the tracker prints is not among it
    (run,) = noted
    assert (run.name, run.ended) == ("w", "done")
    assert run.settings["hidden_units"] == "4" and run.settings["epochs"] == 2
    assert [step for step, _ in run.rows] == [1, 2, 2]
    assert run.rows[0][1]["val_accuracy"] == Run("w").history[0]["val_accuracy"]
    assert run.rows[-1][1]["test_accuracy"] == result["test"]["accuracy"]
    assert Run("w").config["arguments"]["log"] == "wandb"
    assert train_main([*WORDS, "--workdir", "w", "--log", "wandb"]) == 0
    assert len(noted) == 1  # it is finished


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
def test_a_training_that_goes_on_goes_on_in_its_run(noted):
    how = MLP | {"workdir": "w", "log": "wandb"}
    train("mlp", max_minutes=1e-9, **how)
    train("mlp", **how)
    assert [(run.id, run.known) for run in noted] == [("id0", None), ("id0", "id0")]
    assert [step for run in noted for step, _ in run.rows] == [1, 1, 2, 2]


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
def test_the_trials_of_a_search_are_runs_and_the_search_is_one(noted):
    result = tune("mlp", workdir="w", log="wandb", strategy="random", max_trials=2, **SMALL)
    assert [run.name for run in noted][::3] == ["w", "w"]
    assert {run.name for run in noted[1:-1]} == {"w-0000", "w-0001"}
    assert all(run.ended == "done" for run in noted)
    assert [step for step, _ in noted[1].rows] == [1, 2, 2]
    assert noted[-1].rows == [(0, trackers.results_of(result))]


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
def test_a_tracker_that_never_worked_ends_the_command_before_anything_is_trained(noted, capsys):
    Noted.breaks_at = 0
    words = ["--model", "mlp", "--dataset", "digits", "--workdir", "w", "--log", "wandb"]
    for command in (train_main, tune_main):
        assert command(words) == 2
        assert "wandb does not work here: no network. Mend that, or leave out --log." in capsys.readouterr().err
        assert not Run("w").history and not Run("w/trials").path.exists()
        Run("w").config_path.unlink()


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
@pytest.mark.parametrize("steps", [1, 3])
def test_a_tracker_that_no_longer_works_does_not_end_a_training(noted, capsys, steps):
    Noted.breaks_at = steps
    assert train_main([*WORDS, "--workdir", "w", "--log", "wandb"]) == 0
    told = "warning: wandb does not work any more, so nothing more is logged there: no network"
    assert capsys.readouterr().out.count(told) == 1
    assert Run("w").finished


def test_a_failed_trial_is_recorded_as_failed(noted, tmp_path):
    Tracker("wandb").record(tmp_path / "w" / "trials" / "0007", {"width": (1, 2)}, [{"epoch": 1, "loss": 2.0}], None)
    (run,) = noted
    assert (run.name, run.ended, run.rows) == ("w-0007", "failed", [(1, {"epoch": 1.0, "loss": 2.0})])
    assert run.settings == {"width": "1-2"}


def test_what_is_no_number_is_left_out(noted, tmp_path):
    with Tracker("wandb").training(tmp_path, {}) as log:
        log({"loss": float("nan"), "stopped": "time", "epochs": 3, "inf": float("inf")})
    assert noted[0].rows == [(0, {"epochs": 3.0})]


@pytest.mark.parametrize("command", [train_main, tune_main])
def test_a_tracker_that_is_not_known_or_not_installed_is_refused_before_work_starts(command, capsys, monkeypatch):
    assert command(["--log", "mlfow"]) == 2
    assert "log must be mlflow, wandb or trackio, not 'mlfow'. Did you mean 'mlflow'?" in capsys.readouterr().err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert command(["--log", "mlflow"]) == 2
    assert "--log mlflow needs packages that are not installed: mlflow. Try: " in capsys.readouterr().err


# ---- the real ones, on this machine alone ----

THEIRS = pytest.mark.filterwarnings("default")  # they warn of what their own packages do


def real_run(name, folder):
    """Logs two epochs of a run, goes on with it, and ends it."""
    settings = {"hidden_units": (4, 2), "epochs": 3, "dropout_rate": None}
    with Tracker(name).training(folder, settings) as log:
        log({"val_accuracy": 0.5}, 1)
        log({"val_accuracy": 0.75}, 2)
    with Tracker(name).training(folder, settings) as log:
        log({"val_accuracy": 0.875}, 3)


@THEIRS
def test_mlflow_keeps_a_run(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")  # which mlflow-skinny lacks
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    real_run("mlflow", tmp_path / "w")
    client = mlflow.MlflowClient()
    (run,) = client.search_runs([client.get_experiment_by_name("keras_vision").experiment_id])
    assert (run.info.run_name, run.info.status) == ("w", "FINISHED")
    assert run.data.params == {"hidden_units": "4-2", "epochs": "3", "dropout_rate": "None"}
    assert [one.value for one in client.get_metric_history(run.info.run_id, "val_accuracy")] == [0.5, 0.75, 0.875]


@THEIRS
def test_wandb_keeps_a_run_offline(tmp_path, monkeypatch, capfd):
    pytest.importorskip("wandb")
    for name, value in {"WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path), "WANDB_SILENT": "true"}.items():
        monkeypatch.setenv(name, value)
    real_run("wandb", tmp_path / "w")
    assert len(list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))) == 2  # of the two starts, with one name
    (known,) = {path.stem for path in (tmp_path / "wandb").glob("offline-run-*/*.wandb")}
    assert known == f"run-{json.loads((tmp_path / 'w' / 'trackers.json').read_text())['wandb']}"
    assert capfd.readouterr().out == ""


@THEIRS
def test_trackio_keeps_a_run(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    pytest.importorskip("trackio")
    real_run("trackio", tmp_path / "w")
    (database,) = (tmp_path / "trackio").glob("*.db")
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT step, metrics FROM metrics ORDER BY step").fetchall()
    assert [(step, json.loads(metrics)["val_accuracy"]) for step, metrics in rows] == [(1, 0.5), (2, 0.75), (3, 0.875)]
    assert capfd.readouterr().out == ""


def test_every_tracker_has_its_adapter_and_its_extra():
    assert trackers._KINDS.keys() == set(TRACKERS)
    extras = Path(trackers.__file__).parents[2].joinpath("setup.py").read_text(encoding="utf-8")
    assert all(f'"{name}": ["{name}>=' in extras for name in TRACKERS)
