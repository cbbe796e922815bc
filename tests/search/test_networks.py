"""Networks that are over a limit, or do not fit the images."""

import pytest

from keras_vision.errors import KerasVisionError
from keras_vision.reporting.progress import Progress
from keras_vision.search import proposals
from keras_vision.search.executors import runner
from keras_vision.search.ladder import Ladder
from keras_vision.search.ledger import Ledger
from keras_vision.search.plan import Limits
from tests.search.searches import COMPLETED, RECIPE, go, make_search

pytestmark = pytest.mark.usefixtures("bare_runs")


def test_a_network_over_a_limit_is_rejected_before_it_is_built(tmp_path, space, monkeypatch):
    monkeypatch.setattr(runner, "fit", lambda *args, **options: pytest.fail("it was trained"))
    search = make_search(tmp_path / "s", space, limits=Limits(max_params=10))
    assert go(search, 2) == "space"
    with pytest.raises(KerasVisionError, match="than the 10 allowed"):
        search.conclude("space")
    assert {trial.status for trial in search.ledger.trials} == {"REJECTED"}
    assert "parameters, more than the 10 allowed" in search.ledger.trials[0].reason
    assert not (tmp_path / "s" / "trials" / "0000" / "config.json").exists()


@pytest.mark.usefixtures("pretended")
def test_networks_within_a_limit_are_found_among_others(tmp_path, space):
    search = make_search(tmp_path / "s", space, limits=Limits(max_macs=64 * 3 + 3 * 5))
    go(search, 2)
    completed = search.ledger.completed
    assert len(completed) == 2
    assert all(trial.result["macs"] <= 64 * 3 + 3 * 5 for trial in completed)
    assert search.conclude("trials")["rejected"] >= 1


def test_a_network_that_is_too_slow_is_rejected(tmp_path, space, monkeypatch):
    monkeypatch.setattr(runner, "latency_ms", lambda model: 7.0)
    monkeypatch.setattr(proposals, "REJECTIONS_THAT_END_A_SEARCH", 2)
    search = make_search(tmp_path / "s", space, limits=Limits(max_latency_ms=6.5))
    assert go(search, 1) == "space"
    assert [trial.status for trial in search.ledger.trials] == ["REJECTED"] * 2
    assert search.ledger.trials[0].reason == "7.00 ms for one image, more than the 6.5 allowed"


def test_trials_of_a_search_that_counted_trained_numbers_alone_are_counted_anew(tmp_path, space):
    ledger = Ledger(tmp_path / "trials.jsonl")
    values = make_search(tmp_path / "other", space).proposals.strategy.ask()
    ledger.record("asked", 0, values=values)
    ledger.record("completed", 0, result=COMPLETED)
    before = ledger.path.read_bytes()
    (trial,) = make_search(tmp_path, space).ledger.completed
    trained = (64 + 1) * values["width"] + (values["width"] + 1) * 3  # of images of 8x8 and three classes
    assert (trial.result["trainable_parameters"], trial.result["parameters"]) == (trained, trained + 2)
    assert trial.result["val_accuracy"] == COMPLETED["val_accuracy"]
    assert ledger.path.read_bytes() == before


@pytest.mark.usefixtures("pretended")
def test_a_rung_that_cannot_be_built_is_named(tmp_path):
    (tmp_path / "space.py").write_text("LADDER = ({'hidden_units': (2,)}, {'hidden_units': (0,)})")
    said = []

    class Listener(Progress):
        def say(self, text=""):
            said.append(text)

    ladder = Ladder("mlp", RECIPE, file=tmp_path / "space.py")
    make_search(tmp_path / "s", ladder, strategy="grow", target_acc=0.99, progress=Listener(), max_trials=2).go()
    (line,) = [line for line in said if line.startswith("left out: ")]
    assert line.startswith("left out: hidden_units=0: ")


@pytest.mark.usefixtures("pretended")
def test_rejected_trials_are_not_among_those_that_are_counted(tmp_path, space):
    shown = []

    class Listener(Progress):
        def trial_started(self, number, total, settings):
            shown.append((number, total))

    search = make_search(tmp_path / "s", space, limits=Limits(max_params=300), progress=Listener())
    go(search, 3)
    assert len(search.ledger.trials) > 3
    assert shown == [(1, 3), (2, 3), (3, 3)]
