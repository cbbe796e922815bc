import json
import urllib.request

import pytest

from keras_vision.search.board import Board
from keras_vision.search.executors import here
from keras_vision.training.trainer import TrainingDiverged
from tests.search.searches import go, make_search

DRAW = Board.draw  # which the fixture leaves out
pytestmark = pytest.mark.usefixtures("bare_searches")


@pytest.mark.usefixtures("pretended")
def test_the_table_has_a_row_per_trial(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    go(search, 2)
    rows = (tmp_path / "s" / "trials.csv").read_text().splitlines()
    assert rows[0].startswith("trial,status,val_accuracy")
    assert [row[:14] for row in rows[1:]] == ["0000,COMPLETED", "0001,COMPLETED"]


@pytest.mark.usefixtures("pretended")
def test_the_front_is_a_table_and_a_picture(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    go(search, 3)
    rows = (tmp_path / "s" / "front.csv").read_text().splitlines()
    assert rows[0].startswith("trial,val_accuracy,parameters,macs,latency_ms,smallest_by")
    assert 1 <= len(rows[1:]) <= 3
    DRAW(search.board, search.ledger.trials, target_acc=None)
    assert (tmp_path / "s" / "figures" / "front.png").stat().st_size > 1000


def test_tensorboard_shows_each_trial_as_a_session_with_its_metric(tmp_path, space, monkeypatch):
    from tensorboard import program

    def fit(*args, **options):
        if len(search.ledger.trials) == 2:
            raise TrainingDiverged("the loss became nan")
        return real_fit(*args, **options)

    real_fit = here.fit
    monkeypatch.setattr(here, "fit", fit)
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
