import csv
import json
import urllib.request

import pytest

from keras_vision.reporting.events import EventLog
from keras_vision.runs import Run
from keras_vision.search import board as board_file
from keras_vision.search.board import Board
from keras_vision.search.ladder import Ladder
from keras_vision.search.ledger import Trial
from tests.search.searches import RECIPE, diverge_in, go, make_search

DRAW = Board.draw  # which the fixture leaves out
pytestmark = pytest.mark.usefixtures("bare_runs")


@pytest.mark.usefixtures("pretended")
def test_the_table_has_a_row_per_trial(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    go(search, 2)
    rows = (tmp_path / "s" / "trials.csv").read_text().splitlines()
    assert rows[0].startswith("trial,status,val_accuracy")
    assert [row[:14] for row in rows[1:]] == ["0000,COMPLETED", "0001,COMPLETED"]


def test_tables_that_take_long_to_write_are_not_written_after_each_trial(tmp_path, space, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(board_file.time, "monotonic", lambda: clock[0])
    board, written, trials = Board(Run(tmp_path), space), [], [Trial(0, {"width": 4})]

    def write(name, rows, columns):
        clock[0] += 0.5
        written.append(name)

    monkeypatch.setattr(board, "_write", write)
    for seconds in (0, 0, 19, 1.5, 0):
        clock[0] += seconds
        board.refresh_tables(trials)
    assert written == ["trials.csv", "front.csv"] * 2  # the first time, and 20 seconds after that took one


@pytest.mark.usefixtures("pretended")
def test_sessions_are_looked_for_once(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space)
    go(search, 2)
    monkeypatch.setattr(search.board, "_tensorboard", lambda trial: pytest.fail(f"trial {trial.name} is looked for"))
    search.board.log_missing(search.ledger.trials)


@pytest.mark.usefixtures("pretended")
def test_the_front_is_a_table_and_a_picture(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    go(search, 3)
    rows = (tmp_path / "s" / "front.csv").read_text().splitlines()
    assert rows[0].startswith("trial,val_accuracy,parameters,macs,latency_ms,smallest_by")
    assert 1 <= len(rows[1:]) <= 3
    DRAW(search.board, search.ledger.trials, target_acc=None)
    assert (tmp_path / "s" / "figures" / "front.png").stat().st_size > 1000


@pytest.mark.slow
def test_tensorboard_shows_each_trial_as_a_session_with_its_metric(tmp_path, space, monkeypatch):
    from tensorboard import program

    diverge_in(monkeypatch, 2)
    search = make_search(tmp_path / "s", space)
    go(search, 3)

    board = program.TensorBoard()
    where = ["--logdir", str(tmp_path / "s"), "--host", "localhost", "--port", "0"]
    board.configure(argv=[None, *where, "--load_fast", "false"])
    url = board.launch()

    def post(route, body):
        request = urllib.request.Request(
            f"{url}data/plugin/hparams/{route}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    experiment = post("experiment", {"experimentName": ""})
    assert {info["name"] for info in experiment["hparamInfos"]} == {"width", "learning_rate"}
    metrics = [{"metric": info["name"]} for info in experiment["metricInfos"]]
    statuses = ["STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING", "STATUS_UNKNOWN"]
    answer = post(
        "session_groups",
        {"experimentName": "", "allowedStatuses": statuses, "startIndex": 0, "sliceSize": 10,
         "colParams": [{"metric": metric["metric"]} for metric in metrics]},
    )  # fmt: skip
    groups = {group["name"]: group for group in answer["sessionGroups"]}
    assert sorted(groups) == ["0000", "0001", "0002"]
    assert [groups[name]["sessions"][0]["status"] for name in sorted(groups)] == [
        "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_SUCCESS",
    ]  # fmt: skip
    shown = {m["name"]["tag"]: m["value"] for m in groups["0000"]["metricValues"]}
    assert shown["best_val_accuracy"] == pytest.approx(search.ledger.trials[0].score)


def rows_of(search, name):
    with open(search.run.path / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def given_up(search, number, accuracy=0.99):
    """Records a trial that was given up, with an accuracy that no other comes near."""
    result = search.ledger.trials[0].result | {"val_accuracy": accuracy, "stopped": "hopeless", "parameters": 1}
    search.ledger.record("asked", number, values=search.ledger.trials[0].values)
    search.ledger.record("completed", number, result=result)


@pytest.mark.usefixtures("pretended")
def test_a_trial_that_was_given_up_is_marked_and_not_on_the_front(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    go(search, 1)
    given_up(search, 1)
    search.board.write_tables(search.ledger.trials)
    assert [row["given_up"] for row in rows_of(search, "trials.csv")] == ["", "yes"]
    assert [row["trial"] for row in rows_of(search, "front.csv")] == ["0000"]


@pytest.mark.usefixtures("pretended")
def test_the_table_says_what_has_become_of_a_trial_that_was_paused_and_where_it_ran(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    go(search, 1)
    assert "ran_on" not in rows_of(search, "trials.csv")[0]
    search.ledger.record("asked", 1, values={"width": 3})
    search.ledger.record("started", 1, attempt=1, epochs_done=0)
    search.ledger.record("placed", 1, where="process 2")
    search.ledger.record("epoch", 1, epoch=3, val_accuracy=0.5)
    search.ledger.record("interrupted", 1)
    search.board.write_tables(search.ledger.trials)
    row = rows_of(search, "trials.csv")[1]
    assert (row["status"], row["ran_on"]) == ("PAUSED", "process 2")
    assert row["reason"] == "ended after epoch 3, and goes on if it is needed"


@pytest.mark.usefixtures("pretended")
def test_a_setting_that_a_ladder_leaves_out_is_shown_with_what_was_used(tmp_path, monkeypatch):
    (tmp_path / "ladder.py").write_text("LADDER = tuple({'hidden_units': (units,)} for units in (2, 4))")
    shown = []
    monkeypatch.setattr(EventLog, "session", lambda self, name, settings, result, metrics: shown.append(settings))
    ladder = Ladder("mlp", RECIPE, file=tmp_path / "ladder.py")
    search = make_search(tmp_path / "s", ladder, strategy="grow", target_acc=0.999, max_trials=3)
    search.go()
    assert all(settings.keys() == set(ladder.names) for settings in shown)
    assert shown[0]["learning_rate"] == RECIPE.learning_rate
    polished = search.ledger.trials[2].values
    changed = next(name for name in polished if name != "hidden_units")
    assert shown[2][changed] == polished[changed]
    column = [row[changed] for row in rows_of(search, "trials.csv")]
    assert column == [str(settings[changed]) for settings in shown]
