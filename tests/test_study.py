"""The front door of the studies: words in, reports out."""

import json
import re

import pytest

from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.studies import STUDIES, costs
from keras_vision.study import main, study
from keras_vision.training import trainer


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# The families that other tests train. Of convmixer a study builds its own.
TRAINED_ELSEWHERE = MODELS.keys() - {"convmixer"}


@pytest.fixture
def _without_steps(monkeypatch):
    """Leaves out the steps of trainings like those of other tests: tracing one takes longer than a study."""
    run_epochs = trainer._run_epochs

    def run_no_step(model, dataset, recipe, seed, epoch_end):
        if model.name not in TRAINED_ELSEWHERE:
            return run_epochs(model, dataset, recipe, seed, epoch_end)
        epoch_end.set_params({"steps": 1})
        for epoch in range(recipe.epochs):
            epoch_end.on_epoch_begin(epoch)
            epoch_end.on_epoch_end(epoch, {"accuracy": 0.1, "crossentropy": 2.3, "loss": 2.3})

    monkeypatch.setattr(trainer, "_run_epochs", run_no_step)


@pytest.fixture
def _as_fast_as_recorded(monkeypatch):
    known = json.loads(costs.RECORDED.read_text())["steps"]
    monkeypatch.setattr("keras_vision.studies.asked.step_milliseconds", lambda progress: next(iter(known.values())))


@pytest.mark.usefixtures("_as_fast_as_recorded")
def test_the_list_names_every_study_with_its_source_and_what_it_cost_and_will_cost(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line[0] != " "] == list(STUDIES)
    took = re.search(r"quick: 5 trainings took (.+) on (.+), \d cores; here about (.+), an estimate from", lines[1])
    assert took[1] == took[3]
    assert lines[0].endswith("ConvMixer without one part at a time (ConvMixer report 000 (E1))")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "or --list, which prints the names"),
        (["--all", "--list"], "Give one study's NAME, or --all, or --list"),
        (["impulse", "--all"], "Give one study's NAME, or --all, or --list"),
        (["mixer_patch"], "Did you mean 'mixer_patches'?"),
        (["impulse", "--scale", "huge"], "scale must be smoke, quick, source or full, not 'huge'."),
        (["impulse", "--seeds", "0"], "seeds must be a whole number of at least 1, not 0."),
        (["impulse", "--dataset", "digits"], "looks at no images"),
        (["--all", "--seeds", "-1"], "seeds must be a whole number of at least 1, not -1."),
        (["mixer_patches", "--dataset", "digit"], "Did you mean 'digits'?"),
        (["vgg_growth", "--dataset", "digit"], "Did you mean 'digits'?"),
        (["mixer_patches", "--data-dir", "missing"], "missing"),
        (["impulse", "--precision", "float16"], "mixed_float16"),
        (["headline", "--dataset", "digits"], "have data sets of their own"),
        (["--all", "--dataset", "digit"], "Did you mean 'digits'?"),
        (["--all", "--precision", "float16"], "mixed_float16"),
        (["mixer_patches", "--workdir", ""], "workdir is empty"),
        (["count_by_hand", "--workers", "2"], "The study count_by_hand trains nothing. Leave out --workers and --ray."),
        (["--all", "--data-dir", "missing"], "missing"),
    ],
)
def test_bad_input_exits_2_and_writes_nothing(words, message, capsys, tmp_path):
    assert main(words) == 2
    assert not list(tmp_path.iterdir())
    assert message in capsys.readouterr().err


def test_an_instrument_writes_its_report_where_it_says(tmp_path, capsys):
    assert main(["count_by_hand", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    report = (tmp_path / result["report"]).read_text()
    assert result["report"] == "runs/study-count_by_hand-quick/report.md"
    assert "| network, flatten | 20 | the sum | 76,379,136 | 76,379,136 |" in report
    assert "`python -m keras_vision.study count_by_hand --scale quick --seeds 3 --precision auto`" in report


@pytest.mark.slow
def test_the_answer_is_printed(capsys):
    assert main(["wiring_faults", "--workdir", "w"]) == 0
    out = capsys.readouterr().out
    assert "wiring_faults: Of 4 planted faults the check finds 4" in out
    assert "In sound networks no fault is seen: held\n" in out
    assert "report: w/report.md" in out


def test_a_study_that_fails_is_named_and_the_others_are_run(monkeypatch, capsys):
    claim = {"claim": "So it is", "held": None, "because": "of chance"}

    def study_or_fail(job):
        if job.name == "mixer_best":
            raise OSError("the disk is full")
        if job.name == "shallow":
            raise BadInput("There are no images.")
        return {"study": job.name, "answer": "Yes.", "claims": [claim], "report": "r"}

    monkeypatch.setattr("keras_vision.studies.asked._one", study_or_fail)
    monkeypatch.setattr("keras_vision.studies.asked.outlook", lambda jobs, progress: f"{len(jobs)} studies to come")
    assert main(["--all"]) == 1
    out = capsys.readouterr().out
    assert f"{len(STUDIES)} studies to come" in out
    assert "failed: mixer_best: OSError: the disk is full" in out
    assert "failed: shallow: BadInput: There are no images." in out
    assert out.count("Traceback") == 1  # of what no person can have caused
    assert out.count("So it is: not decided, because of chance") == len(STUDIES) - 2


@pytest.mark.parametrize(("name", "scale"), [("mixer_patches", "source"), ("shallow", "full"), ("impulse", "full")])
def test_the_scale_source_is_full_where_no_epochs_are_too_many(name, scale, monkeypatch):
    given = []
    monkeypatch.setattr("keras_vision.studies.asked._one", lambda job: given.append(job) or {})
    study(name, scale="source")
    assert (given[0].scale, str(given[0].workdir)) == (scale, f"runs/study-{name}-{scale}")
    assert f"study {name} --scale {scale} " in given[0].command


def test_only_studies_that_look_at_images_are_told_of_them(monkeypatch):
    given = {}
    monkeypatch.setattr("keras_vision.studies.asked._one", lambda job: given.update({job.name: job}))
    study(all=True, scale="smoke", seeds=1, dataset="digits", workdir="w")
    assert given["impulse"].dataset is None
    assert given["headline"].dataset is None
    assert given["vgg_growth"].dataset == "digits"
    assert str(given["vgg_growth"].workdir) == "w/vgg_growth"


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs", "_without_steps")
def test_all_studies_run_at_the_smoke_scale(tmp_path, capsys):
    assert main(["--all", "--scale", "smoke", "--seeds", "1", "--workdir", "w", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["failed"] == {}
    assert list(result["studies"]) == list(STUDIES)
    for name in STUDIES:
        report = (tmp_path / "w" / name / "report.md").read_text()
        figures = {path.name for path in (tmp_path / "w" / name / "figures").glob("*.png")}
        assert set(re.findall(r"\(figures/(.+?)\)", report)) == figures
        assert "## Answer" in report
        assert (tmp_path / "w" / name / "table.csv").stat().st_size > 0
