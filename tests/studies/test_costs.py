"""What studies cost elsewhere, and what they are expected to cost here."""

import json
from pathlib import Path

import pytest

from keras_vision.models import MODELS
from keras_vision.reporting.progress import Progress
from keras_vision.studies import costs, load_study

THERE, HERE = {"mlp": 2.0, "lstm": 10.0}, {"mlp": 4.0, "lstm": 10.0}
COST = {"processor": "old, 2 cores", "trainings": 4, "seconds": 100, "families": {"mlp": 60, "lstm": 40}}


@pytest.fixture(autouse=True)
def _recorded(tmp_path, monkeypatch):
    path = tmp_path / "recorded.json"
    path.write_text(json.dumps({"studies": {"shallow": {"quick": COST}}, "steps": {"old, 2 cores": THERE}}))
    monkeypatch.setattr(costs, "RECORDED", path)
    monkeypatch.setattr(costs, "step_milliseconds", lambda progress: HERE)


def test_what_is_slower_here_takes_as_many_times_as_long_as_its_family_does():
    assert costs.expected_seconds(COST, HERE) == 60 * 2 + 40


def test_of_a_machine_whose_steps_were_never_timed_nothing_is_expected():
    assert costs.expected_seconds(COST | {"processor": "unknown, 1 cores"}, HERE) is None


def test_each_family_has_a_small_network():
    assert costs.NETWORKS.keys() == MODELS.keys()


def test_what_is_recorded_is_of_studies_and_scales_that_there_are():
    known = json.loads((Path(costs.__file__).parent / "recorded.json").read_text())
    for name, by_scale in known["studies"].items():
        assert by_scale.keys() <= load_study(name).scales.keys()
        assert all(cost["families"].keys() <= MODELS.keys() for cost in by_scale.values())
    assert all(steps.keys() == MODELS.keys() for steps in known["steps"].values())
    assert {run["family"] for run in known["runs"]} == MODELS.keys()


@pytest.mark.slow
def test_steps_are_timed_once_on_a_machine(tmp_path, monkeypatch, capsys):
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_VISION_CACHE", str(tmp_path))
    monkeypatch.setattr(costs, "NETWORKS", {"mlp": {"hidden_units": (4,)}})
    said = []
    progress = Progress()
    progress.say = said.append
    first = costs.step_milliseconds(progress)
    assert first["mlp"] > 0
    assert costs.step_milliseconds(progress) == first
    assert len(said) == 1
