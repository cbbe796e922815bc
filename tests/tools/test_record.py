"""What is recorded of a finished study: its report and what its numbers rest on, and nothing large."""

import json
import shutil

import pytest
import record_studies

from keras_vision.study import study


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A finished study that trains nothing, with the files of a run put into it."""
    monkeypatch.chdir(tmp_path)
    study("count_by_hand")
    workdir = tmp_path / "runs" / "study-count_by_hand-quick"
    run = workdir / "runs" / "a-0"
    run.mkdir(parents=True)
    for name in ("config.json", "metrics.jsonl", "measured.json", "model.keras", "lock"):
        (run / name).write_text("{}")
    shutil.copytree(run, workdir / "runs" / "cut-0", ignore=lambda folder, names: ["measured.json"])
    return workdir


def test_a_study_is_recorded_with_the_settings_and_epochs_of_its_runs(finished, tmp_path):
    out = tmp_path / "results"
    record_studies.main([str(finished), "--out", str(out)])
    folder = out / "studies" / "count_by_hand"
    assert (folder / "report.md").read_text() == (finished / "report.md").read_text()
    kept = sorted(path.name for path in (folder / "runs" / "a-0").iterdir())
    assert kept == ["config.json", "measured.json", "metrics.jsonl"]
    assert not (folder / "runs" / "cut-0").exists()
    summary = json.loads((folder / "summary.json").read_text())
    page = (out / "studies" / "README.md").read_text()
    assert "[Weights by hand and by program](count_by_hand/report.md) | quick |" in page and summary["answer"] in page


def test_what_was_recorded_before_is_replaced(finished, tmp_path):
    stale = tmp_path / "results" / "studies" / "count_by_hand" / "figures" / "old.png"
    stale.parent.mkdir(parents=True)
    stale.touch()
    record_studies.main([str(finished), "--out", str(tmp_path / "results")])
    assert not stale.exists()


def test_a_smaller_scale_does_not_take_the_place_of_a_larger_one(finished, tmp_path, capsys):
    out = tmp_path / "results"
    record_studies.main([str(finished), "--out", str(out)])
    smaller = study("count_by_hand", scale="smoke")["workdir"]
    record_studies.main([smaller, "--out", str(out)])
    assert "what is recorded stays, 8 rows at the scale quick" in capsys.readouterr().out
    assert (out / "studies" / "count_by_hand" / "report.md").read_text() == (finished / "report.md").read_text()


def test_a_study_without_a_report_is_passed_over(finished, tmp_path, capsys):
    failed = tmp_path / "failed"
    failed.mkdir()
    assert record_studies.main([str(failed), str(finished), "--out", str(tmp_path / "results")]) == 1
    assert "the directory of a study that has a report" in capsys.readouterr().err
    assert (tmp_path / "results" / "studies" / "count_by_hand" / "report.md").exists()


def test_only_the_full_scale_of_the_headline_makes_its_page_and_its_table(finished, tmp_path):
    config, overview = finished / "config.json", tmp_path / "measured.md"
    measured = {
        "case": "cnn on CIFAR-10",
        "seed": 0,
        "test_accuracy": 0.8,
        "test_low": 0.79,
        "test_high": 0.81,
        "test_views": 1,
    }
    measured |= {"test_crossentropy": 0.6, "parameters": 1000, "seconds": 61.0, "pflop": 0.25}
    shutil.copytree(finished / "runs" / "a-0", finished / "runs" / "a-1")
    for seed in (0, 1):
        (finished / "runs" / f"a-{seed}" / "measured.json").write_text(json.dumps(measured | {"seed": seed}))
    for scale, is_written in {"quick": False, "full": True}.items():
        run = json.loads(config.read_text())
        run["settings"] |= {"study": "headline", "scale": scale}
        config.write_text(json.dumps(run))
        record_studies.main([str(finished), "--out", str(tmp_path / "results"), "--overview", str(overview)])
        assert (tmp_path / "results" / "headline.md").exists() == is_written
        assert overview.exists() == is_written
    row = "| cnn | CIFAR-10 | 80.00% (79.00% to 81.00%) | 0.600 | 1 | reported: 78.00%, cross"
    assert overview.read_text().count(row) == 1  # that of the first seed


def test_reports_are_made_anew_from_what_is_recorded(finished, tmp_path):
    out = tmp_path / "results"
    record_studies.main([str(finished), "--out", str(out)])
    folder = out / "studies" / "count_by_hand"
    report, summary = folder / "report.md", folder / "summary.json"
    first, first_summary = report.read_text(), summary.read_text()
    report.write_text("Of an older version.\n\n![a b](figures/a_b.png)\n")
    summary.unlink()
    assert record_studies.main(["--again", "--out", str(out)]) == 0
    assert report.read_text() == first.replace("\n## Answer", "\n![a b](figures/a_b.png)\n\n## Answer")
    assert summary.read_text() == first_summary


def test_the_page_of_the_studies_says_how_many_claims_are_decided(finished, tmp_path):
    record_studies.main([str(finished), "--out", str(tmp_path / "docs" / "results")])
    said = "Of 3 claims in 1 studies, 3 held. Studies with a claim that is not decided: 0."
    assert said in (tmp_path / "docs" / "studies.md").read_text()
    assert said in (tmp_path / "docs" / "results" / "studies" / "README.md").read_text()


def test_a_report_of_an_older_version_is_passed_over(finished, tmp_path, capsys):
    result = json.loads((finished / "result.json").read_text())
    del result["claims"]
    (finished / "result.json").write_text(json.dumps(result))
    assert record_studies.main([str(finished), "--out", str(tmp_path / "results")]) == 1
    assert "is of an older version. Start its command again" in capsys.readouterr().err


def test_to_record_nothing_is_refused():
    with pytest.raises(SystemExit):
        record_studies.main([])
