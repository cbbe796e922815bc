"""Searches from their front door: targets that hold on average, and time that runs out."""

import io
import statistics

import pytest

from keras_vision.errors import BadInput
from keras_vision.report import report
from keras_vision.report import show as show_report
from keras_vision.reporting.progress import PlainProgress
from keras_vision.runs import Run
from keras_vision.search.confirming import Confirmer
from keras_vision.tune import show, tune

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("bare_runs")]


def search(folder, **options):
    options = {"strategy": "random", "target_acc": 0.1, "max_trials": 1, "epochs": 1, "confirm": 0} | options
    return tune("mlp", dataset="digits", workdir=str(folder), **options)


def shown(show, result):
    stream = io.StringIO()
    show(result, PlainProgress(stream))
    return stream.getvalue()


def confirm_with(monkeypatch, *accuracies):
    """Confirms without training."""

    def train_anew(confirmer, trial):
        holds = confirmer.plan.goal.holds(accuracies)
        mean = statistics.mean(accuracies)
        return {"mean": mean, "deviation": None, "accuracies": list(accuracies), "holds": holds}

    monkeypatch.setattr(Confirmer, "train_anew", train_anew)


def test_a_target_that_does_not_hold_on_average_is_not_reached(tmp_path, monkeypatch):
    confirm_with(monkeypatch, 0.05, 0.07)
    result = search(tmp_path, confirm=2)
    assert result["exit_code"] == 3
    assert result["target_acc"] == 0.1 <= result["val_accuracy"]
    assert "target 0.1 not reached: trials/0000 had" in shown(show, result)
    assert "and 0.0600 when it was trained anew, which shows no more than 0.0" in shown(show, result)
    assert "target 0.1 reached" not in shown(show, result)
    found = report(str(tmp_path))
    assert "target 0.1 not reached: trials/0000 had" in shown(show_report, found)
    again = search(tmp_path)  # without confirming
    assert again["exit_code"] == 3
    assert not (tmp_path / "test_looks.json").exists()


def test_a_target_that_holds_on_average_is_reached(tmp_path, monkeypatch):
    confirm_with(monkeypatch, 0.18, 0.2)
    result = search(tmp_path, confirm=2)
    assert result["exit_code"] == 0
    assert result["test"]["looks"] == 1
    assert 0.1 <= result["at_least"] < 0.15
    assert "target 0.1 reached: with 95% confidence the accuracy on new images is at least 0.1" in shown(show, result)


def test_an_average_at_the_target_does_not_show_it(tmp_path, monkeypatch):
    confirm_with(monkeypatch, 0.1, 0.11)
    result = search(tmp_path, confirm=2)
    assert (result["exit_code"], result["reached"]) == (3, False)
    assert result["at_least"] < 0.1 < result["confirmed"]["mean"]


def test_a_target_is_confirmed_unless_a_person_says_otherwise(tmp_path):
    result = search(tmp_path, confirm=None)
    assert len(result["confirmed"]["accuracies"]) in (1, 2, 3)  # those that leave no hope end it
    assert len(Run(tmp_path).config["settings"]["recipe"]) and Run(tmp_path).config["settings"]["confirm"] == 3


def test_a_target_that_so_few_images_cannot_show_is_refused_before_work(tmp_path):
    with pytest.raises(BadInput, match=r"The target 0\.998 cannot be shown with 480 validation images"):
        search(tmp_path / "few", target_acc=0.998, confirm=3)
    assert not (tmp_path / "few").exists()


def test_a_report_that_confirms_exits_as_a_search_does(tmp_path, monkeypatch):
    assert search(tmp_path)["exit_code"] == 0
    confirm_with(monkeypatch, 0.05, 0.07)
    assert report(str(tmp_path), confirm=2)["exit_code"] == 3


def test_a_report_confirms_no_trial_that_is_not_finished(tmp_path):
    search(tmp_path, target_acc=None, epochs=2, max_minutes=1e-9)
    with pytest.raises(BadInput, match="its best trial, trials/0000, is not finished"):
        report(str(tmp_path), confirm=2)
    assert "confirm it" not in shown(show_report, report(str(tmp_path)))


def test_a_report_that_confirms_keeps_what_the_latest_start_keeps(tmp_path, monkeypatch):
    search(tmp_path, target_acc=0.98, max_trials=1, keep=1)
    search(tmp_path, target_acc=0.98, max_trials=2, keep=2)
    kept = sorted(path.name for path in tmp_path.glob("trials/*/model.keras"))
    confirm_with(monkeypatch, 0.05)
    report(str(tmp_path), confirm=1)
    assert sorted(path.name for path in tmp_path.glob("trials/*/model.keras")) == kept
    assert len(kept) == 2


def test_time_that_runs_out_in_a_confirmation_leaves_it_to_the_next_start(tmp_path):
    result = search(tmp_path, confirm=2, max_minutes=1e-9)
    assert (result["exit_code"], result["ended"]) == (3, "time")
    assert "target 0.1 not shown yet: the same command trains trials/" in shown(show, result)
    assert not (tmp_path / "test_looks.json").exists()
    result = search(tmp_path, confirm=2)
    assert result["exit_code"] == 0
    assert len(Run(tmp_path).result["confirmed"]["accuracies"]) == 2


def test_time_that_runs_out_in_the_first_trial_leaves_nothing_to_confirm(tmp_path):
    result = search(tmp_path, target_acc=None, epochs=2, confirm=2, max_minutes=1e-9)
    assert (result["exit_code"], result["ended"], result["epochs_run"]) == (0, "time", 1)
    assert "confirmed" not in result


def test_balanced_accuracy_is_what_all_tables_of_a_search_are_about(tmp_path):
    result = search(tmp_path, metric="balanced_accuracy")
    header, row = (tmp_path / "front.csv").read_text().splitlines()
    assert header.startswith("trial,val_balanced_accuracy,") and f",{result['val_score']}," in row
    assert "val_balanced_accuracy" in (tmp_path / "trials.csv").read_text().splitlines()[0]
    text = shown(show_report, report(str(tmp_path)))
    assert "target balanced accuracy 0.1" in text and f"{result['val_score']:.4f}" in text


def test_a_miss_that_comes_to_the_target_when_it_is_trained_anew_is_not_said_to_show_less(tmp_path, monkeypatch):
    confirm_with(monkeypatch, 0.99, 0.99)
    result = search(tmp_path, target_acc=0.97, confirm=2)
    assert result["exit_code"] == 3
    text = shown(show, result)
    assert "target 0.97 not reached: the best accuracy" in text and "shows no more" not in text
    assert "reached the target" not in text
