import io
import json
import shlex
import shutil
import sys

import pytest

from keras_vision.errors import BadInput
from keras_vision.report import main, report, show
from keras_vision.reporting.progress import PlainProgress, installed
from keras_vision.runs import Run
from keras_vision.search.ledger import Ledger, Trial
from keras_vision.search.outcome import reaches
from keras_vision.search.report import caution, importance_of, parts, report_on
from keras_vision.tune import tune


def trial(number, score, **values):
    return Trial(number, values, status="COMPLETED", result={"val_accuracy": score, "parameters": 1, "macs": 1})


def test_importance_finds_the_setting_that_matters():
    trials = [trial(n, 0.5 + 0.1 * (n % 3), rate=n % 3, other=n // 3, same=7) for n in range(12)]
    found = importance_of(trials)
    assert next(iter(found)) == "rate"
    assert found["rate"] > 0.8
    assert "same" not in found
    assert sum(found.values()) == pytest.approx(1, abs=0.01)


def test_importance_takes_lists_and_missing_values():
    trials = [trial(n, 0.5 + 0.1 * (n % 2), filters=[8, 16] if n % 2 else [4]) for n in range(6)]
    trials += [trial(6, 0.5, filters=[4], learning_rate=0.1)]
    assert next(iter(importance_of(trials))) == "filters"


@pytest.mark.parametrize("count", [0, 2])
def test_importance_of_too_few_trials_is_empty(count):
    assert importance_of([trial(n, 0.5 + n / 10, rate=n) for n in range(count)]) == {}


def test_a_directory_without_a_search_is_refused(tmp_path):
    with pytest.raises(BadInput, match="There is no search or training in "):
        report_on(tmp_path)


def test_a_search_that_has_tried_nothing_yet_is_called_one(tmp_path):
    Run(tmp_path / "s").start({"model": "vgg", "strategy": "grow"})
    with pytest.raises(BadInput, match=r"The search in .* has tried nothing yet\. First continue it"):
        report(tmp_path / "s")


@pytest.fixture(scope="module")
def searched(tmp_path_factory, bare_module):
    folder = tmp_path_factory.mktemp("search")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        search_in(folder)
    return folder / "run"


def search_in(folder):
    (folder / "space.py").write_text(
        "LADDER = tuple({'hidden_units': (units,)} for units in (1, 64, 256))\n"
        "def neighbours(settings):\n    return []\ndef model_space(hp):\n    return {}\n"
    )
    options = {"dataset": "digits", "target_acc": 0.6, "strategy": "grow", "space": "space.py", "confirm": 0}
    tune("mlp", **options, max_trials=4, epochs=6, workdir=str(folder / "run"))


@pytest.mark.slow
def test_a_report_tells_leaders_front_cost_and_statuses(searched):
    found = report_on(searched)
    assert found["statuses"]["COMPLETED"] == len(found["leaders"]) >= 2
    best = found["leaders"][0]
    assert best["val_accuracy"] >= 0.6
    assert best["parameters"] == min(line["parameters"] for line in found["leaders"] if line["val_accuracy"] >= 0.6)
    assert 0 < found["result"]["full_trainings_to_target"] <= found["result"]["full_trainings"]
    assert {row["trial"] for row in found["front"]} <= {line["trial"] for line in found["leaders"]}
    json.dumps(found)


@pytest.mark.parametrize(("trials", "words"), [(9, "from 9 trials; about 10 are needed to trust it"), (10, "")])
def test_importance_is_cautioned_where_it_is_mostly_chance(trials, words):
    assert caution(trials, settings=1) == words


def test_what_all_leaders_share_is_said_once():
    leader = {"trial": "0000", "val_score": 0.9, "confirmed_mean": None, "parameters": 10, "macs": 9, "latency_ms": 1.0}
    leaders = [leader | {"epochs_run": 3, "stopped": "epochs", "values": {"units": n, "layers": 1}} for n in (8, 16)]
    told = {"metric": "accuracy", "target_acc": None, "model": "lstm", "dataset": "digits", "statuses": {}}
    told |= {"front": [], "importance": {}, "failed": [], "result": None, "verdict": "", "workers": [], "deaths": []}
    told["families"] = []
    yielded = list(parts(told | {"leaders": leaders}))
    assert "all with layers=1" in yielded
    table = next(part for part in yielded if not isinstance(part, str))
    assert [row[0] for row in table.rows] == ["0000  units=8", "0000  units=16"]
    alone = next(part for part in parts(told | {"leaders": leaders[:1]}) if not isinstance(part, str))
    assert alone.rows[0][0] == "0000  units=8  layers=1"


def test_a_report_is_printed_and_changes_nothing_but_the_page(searched):
    before = {path: path.read_bytes() for path in searched.glob("*.*") if path != Run(searched).page_path}
    stream = io.StringIO()
    show(report(str(searched)), PlainProgress(stream))
    text = stream.getvalue()
    assert "full trainings of the first network that reached the target" in text
    assert f"keras_vision.report {searched} --confirm 3" in text
    assert {path: path.read_bytes() for path in searched.glob("*.*") if path != Run(searched).page_path} == before


@pytest.fixture
def torn(searched, tmp_path):
    """A copy, under a name that a shell would take apart, of a search that was killed while it recorded."""
    copy = shutil.copytree(searched, tmp_path / "a search; [/b]")
    with open(copy / "trials.jsonl", "ab") as ledger:
        ledger.write(b'{"crc": "0000')
    return copy


def test_a_report_writes_nothing_into_a_directory_that_may_be_read_only_or_in_use(torn):
    torn.chmod(0o555)
    (torn / "trials.jsonl").chmod(0o444)
    before = {path: (path.stat(), path.is_file() and path.read_bytes()) for path in (torn, *torn.rglob("*"))}
    told = io.StringIO()
    found = report_on(torn, PlainProgress(told))
    assert len(found["leaders"]) == found["statuses"]["COMPLETED"]
    assert "half a record" in told.getvalue()
    after = {path: (path.stat(), path.is_file() and path.read_bytes()) for path in (torn, *torn.rglob("*"))}
    times = {path: stat.st_mtime_ns for path, (stat, _) in after.items()}
    assert times == {path: stat.st_mtime_ns for path, (stat, _) in before.items()}
    assert {path: content for path, (_, content) in after.items()} == {
        path: content for path, (_, content) in before.items()
    }


def test_a_warning_leaves_json_whole(torn, capsys):
    assert main([str(torn), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["workdir"] == str(torn)
    assert "half a record" in printed.err


def test_brackets_are_printed_as_they_are(searched):
    reason = "OSError: [/tmp/x] is [bold]full"
    found = report_on(searched) | {"dataset": "folder:[/b]", "importance": {"[/i]": 1.0}}
    found["failed"] = [{"trial": "0009", "status": "FAILED", "reason": reason}]
    found["leaders"][0]["values"] = {"head": "[/red]"}
    stream = io.StringIO()
    show(found, PlainProgress(stream))
    for text in (f"failed 0009: {reason}", "mlp on folder:[/b]", "head=[/red]", "[/i]"):
        assert text in stream.getvalue()


def test_who_reached_the_target_by_luck_stands_behind_others_that_did(torn):
    ledger = Ledger(torn / "trials.jsonl", warn=lambda line: None)
    (reached,) = [trial for trial in ledger.completed if reaches(trial, 0.6)]
    others = [line["trial"] for line in report_on(torn)["leaders"] if line["val_accuracy"] < 0.6]
    number = len(ledger.trials)
    ledger.record("asked", number, values=reached.values)
    ledger.record("completed", number, result=reached.result | {"parameters": reached.result["parameters"] + 1})
    larger = ledger.trials[number]
    shutil.copytree(torn / "trials" / reached.name, torn / "trials" / larger.name)
    assert [line["trial"] for line in report_on(torn)["leaders"]] == [reached.name, larger.name, *others]
    ledger.record("confirmed", reached.number, mean=0.5901, deviation=None, accuracies=[0.5901])
    found = report_on(torn)
    assert [line["trial"] for line in found["leaders"]] == [larger.name, reached.name, *others]
    stream = io.StringIO()
    show(found, PlainProgress(stream))
    assert "0.5901" in stream.getvalue()


def test_an_unfinished_search_is_ranked_by_what_it_needs_and_not_by_its_target(torn):
    run = Run(torn)
    assert run.config["needed"] == run.result["goal"] > 0.61
    ledger = Ledger(torn / "trials.jsonl", warn=lambda line: None)
    best, number = report_on(torn)["leaders"][0], len(ledger.trials)
    missed = ledger.completed[0].result | {"val_accuracy": 0.61, "val_score": 0.61, "parameters": 1}
    ledger.record("asked", number, values={})
    ledger.record("completed", number, result=missed)
    shutil.copytree(torn / "trials" / best["trial"], torn / "trials" / ledger.trials[number].name)
    run.result_path.unlink()
    assert report_on(torn)["leaders"][0]["trial"] == best["trial"]


def test_the_line_that_confirms_can_be_pasted_into_a_shell(torn):
    stream = io.StringIO()
    show(report(str(torn)), PlainProgress(stream))
    (line,) = [line for line in stream.getvalue().splitlines() if line.startswith("confirm it: ")]
    words = [installed("python"), "-m", "keras_vision.report", str(torn), "--confirm", "3"]
    assert shlex.split(line.removeprefix("confirm it: ")) == words


@pytest.mark.slow
def test_a_report_can_confirm(searched, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # not where the search was started, with a relative path to its space
    trials = report_on(searched)["statuses"]
    found = report(str(searched), confirm=2)
    assert len(found["result"]["confirmed"]["accuracies"]) == 2
    assert found["statuses"] == trials  # it goes on with none


def test_confirmations_run_where_that_is_asked_for(searched, monkeypatch):
    given = []
    module = sys.modules["keras_vision.report"]  # by its name, the package has the function
    monkeypatch.setattr(module, "tune", lambda **options: given.append(options) or {"exit_code": 0})
    report(str(searched), confirm=2, workers=2)
    assert (given[0]["confirm"], given[0]["workers"], given[0]["ray"]) == (2, 2, None)


def test_workers_without_anything_to_train_are_refused(searched):
    with pytest.raises(BadInput, match="Without confirm nothing is trained"):
        report(str(searched), workers=2)


def test_a_report_says_who_ran_what_and_what_became_of_trainings_whose_process_died(torn):
    ledger = Ledger(torn / "trials.jsonl", warn=lambda line: None)
    number = len(ledger.trials)
    ledger.record("asked", number, values={})
    for name, died in (("process 1", "its process was ended by SIGKILL"), ("process 3", "")):
        ledger.record("started", number, attempt=1, epochs_done=0)
        ledger.record("placed", number, where=name)
        if died:
            ledger.record("died", number, reason=died)
    ledger.record("interrupted", number)
    found, stream = report(str(torn)), io.StringIO()
    assert found["statuses"]["PAUSED"] == 1 and "OPEN" not in found["statuses"]
    assert found["workers"][0] == {"where": "process 1", "trainings": 1, "died": 1}
    show(found, PlainProgress(stream))
    assert f"{number:04d} on process 1: its process was ended by SIGKILL; then on process 3" in stream.getvalue()
    assert "died" in stream.getvalue()
