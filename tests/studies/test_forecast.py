"""How long trainings will take: by their arithmetic, and by recorded trainings of the same family."""

import json

import pytest

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.models import build_model
from keras_vision.reporting.progress import Progress
from keras_vision.studies import costs, forecast, load_study
from keras_vision.studies.job import StudyJob
from keras_vision.studies.plan import Case, Scale, Study

OLD, SETTINGS = "old, 2 cores", {"hidden_units": (8,)}
# The first is as large as the network below.
RUNS = [
    {"family": "mlp", "macs": 600, "gflops": 0.001, "processor": OLD},
    {"family": "mlp", "macs": 60_000, "gflops": 1.0, "processor": OLD},
    {"family": "mlp", "macs": 600, "gflops": 9.0, "processor": "of which no steps were timed"},
    {"family": "cnn", "macs": 600, "gflops": 9.0, "processor": OLD},
]
COST = {"processor": OLD, "trainings": 8, "seconds": 90, "families": {"vgg": 90}}


@pytest.fixture(autouse=True)
def _recorded(tmp_path, monkeypatch):
    path = tmp_path / "recorded.json"
    steps = {OLD: {"mlp": 2.0, "cnn": 1.0, "vgg": 1.0}}
    path.write_text(json.dumps({"studies": {"vgg_growth": {"quick": COST}}, "runs": RUNS, "steps": steps}))
    monkeypatch.setattr(costs, "RECORDED", path)
    monkeypatch.setattr(forecast, "RECORDED", path)
    monkeypatch.setattr(forecast, "step_milliseconds", lambda progress: {"mlp": 6.0, "cnn": 1.0, "vgg": 2.0})


def job_of(folder, *cases, name="tiny", scale="quick", **changes):
    if name == "tiny":
        whole = {"scales": {"quick": Scale({"epochs": 5})}, "answer": str, "claims": (), "cases": lambda scale: cases}
        study = Study(question="?", varied="", held_fixed="", **whole, **changes)
    else:
        study = load_study(name)
    return StudyJob(name, study, scale, 2, None, None, folder / name, "float32", Progress(), "")


def seconds_by_hand(trainings):
    counts = count_unbuilt(lambda: build_model("mlp", (8, 8, 1), 10, **SETTINGS))
    slower = 3
    return slower * trainings * 5 * 1_458 * counts.training_flops / 1e6


def test_a_training_takes_as_long_as_its_arithmetic_does_at_the_speed_of_the_one_most_like_it(tmp_path):
    job = job_of(tmp_path, Case("a", "mlp", SETTINGS), dataset="digits")
    assert forecast._seconds(job, {"mlp": 6.0}) == pytest.approx(seconds_by_hand(trainings=2))
    done = tmp_path / "tiny" / "runs" / "a-0" / "measured.json"
    done.parent.mkdir(parents=True)
    done.touch()
    assert forecast._seconds(job, {"mlp": 6.0}) == pytest.approx(seconds_by_hand(trainings=1))


def test_a_network_of_a_studys_own_is_counted_as_it_is_built(tmp_path):
    built = []
    case = Case(
        "a", "mlp", SETTINGS, builder=lambda *shape, **more: built.append(1) or build_model("mlp", *shape, **more)
    )
    assert forecast._seconds(job_of(tmp_path, case, dataset="digits"), {"mlp": 6.0}) == pytest.approx(
        seconds_by_hand(2)
    )
    assert built


def test_studies_of_which_nothing_is_known_are_named(tmp_path):
    unknown = job_of(tmp_path, Case("a", "lstm", {"units": 4}), dataset="digits")
    search = job_of(tmp_path, name="vgg_growth")
    said = []
    progress = Progress()
    progress.say = said.append
    words = forecast.outlook([unknown, search, job_of(tmp_path, name="impulse")], progress)
    assert words.startswith("Of tiny nothing is known; the others will take about 3 min 0 s, one after the other")
    assert said


def test_a_search_that_is_finished_is_not_waited_for(tmp_path):
    search = job_of(tmp_path, name="vgg_growth")
    search.workdir.mkdir()
    (search.workdir / "result.json").touch()
    assert forecast.outlook([search], Progress()).startswith("The trainings will take about 0 s")
    assert forecast._seconds(job_of(tmp_path / "other", name="vgg_growth", scale="full"), {"vgg": 1.0}) is None
