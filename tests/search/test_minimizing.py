"""What small means: what is measured of which trials, and what is refused where it cannot be."""

import pytest

from keras_vision.errors import BadInput
from keras_vision.export import export
from keras_vision.search.executors import runner
from keras_vision.search.sizes import SIZES
from keras_vision.tune import main as tune_main
from keras_vision.tune import tune
from tests.search.searches import confirm, go, make_search


def test_only_an_export_needs_packages(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    for name in SIZES.keys() - {"bytes"}:
        SIZES[name].check()
    words = r"the format litert, which needs packages .* ai_edge_litert.*pip install 'ai-edge-litert>="
    with pytest.raises(BadInput, match=words):
        SIZES["bytes"].check()
    assert tune_main(["--minimize", "bytes", "--target-acc", "0.9"]) == 2
    assert "pip install 'ai-edge-litert>=" in capsys.readouterr().err


def test_a_size_that_was_not_measured_is_told_in_parameters():
    result = {"parameters": 1200, "macs": 5000}
    assert SIZES["bytes"].words_of(result | {"int8_bytes": 9000}) == "9,000 bytes exported in int8"
    assert SIZES["bytes"].words_of(result) == "1,200 parameters"


@pytest.mark.usefixtures("bare_runs", "pretended")
def test_the_bytes_are_measured_of_trials_that_reached_and_the_smallest_file_is_the_best(tmp_path, space, monkeypatch):
    written, noted = [], []

    def pretend_to_export(source, images, name):
        written.append(source.name)
        return 9000 - len(written)

    monkeypatch.setattr(runner, "int8_bytes", pretend_to_export)
    search = make_search(tmp_path / "s", space, target_acc=0.7, goes_on=True, minimize="bytes")
    note = search.trainings._note
    monkeypatch.setattr(search.trainings, "_note", lambda job, rows: noted.append(len(rows)) or note(job, rows))
    go(search, 6)
    assert noted.count(0) == len(written)  # each is waited for as what takes a time of its own
    trials = search.ledger.completed
    reached = [trial.name for trial in trials if trial.score >= 0.7]
    assert 2 <= len(reached) < len(trials)
    assert [trial.name for trial in trials if "int8_bytes" in trial.result] == reached == written
    result = confirm(search, 2)
    assert written == reached  # trained anew, it is not measured again
    assert result["best_trial"] == f"trials/{reached[-1]}"
    columns, *rows = (search.run.path / "trials.csv").read_text().splitlines()
    assert "int8_bytes" in columns.split(",") and len(rows) == 6


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
def test_the_bytes_are_those_of_what_is_exported(tmp_path):
    pytest.importorskip("ai_edge_litert")
    options = {"dataset": "digits", "target_acc": 0.1, "max_trials": 1, "epochs": 1, "confirm": 0, "strategy": "random"}
    result = tune("mlp", minimize="bytes", workdir=str(tmp_path / "w"), **options)
    (exported,) = export(str(tmp_path / "w"), format="litert", quantize="int8")["exports"]
    assert result["int8_bytes"] == pytest.approx(exported["bytes"], rel=0.02)
