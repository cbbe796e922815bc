import json
import urllib.request

import pytest

from keras_vision.errors import KerasVisionError
from keras_vision.models import build_model
from keras_vision.reporting.progress import Progress
from keras_vision.search import runner
from keras_vision.search.board import Board
from keras_vision.search.ladder import Ladder
from keras_vision.search.ledger import trial_run
from keras_vision.search.oracles import INITIAL_POINTS
from keras_vision.search.runner import Limits, trial_seed
from keras_vision.search.space import Space
from keras_vision.training.checkpoint import Checkpoints
from keras_vision.training.trainer import TrainingDiverged
from tests.search.searches import RECIPE, SPACE, Killed, events_of, make_search, trials_of

DRAW = Board.draw  # which the fixture leaves out
pytestmark = pytest.mark.usefixtures("bare_searches")


def test_every_trial_is_a_run_with_its_own_seed_whose_epochs_the_ledger_tells_once(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    assert search.go(max_trials=2) == "trials"
    configs = [trial_run(search.run, trial).config["settings"] for trial in search.ledger.trials]
    assert configs[0]["seed"] == trial_seed(0, 0) != configs[1]["seed"]
    assert all(trial_run(search.run, trial).finished for trial in search.ledger.trials)
    events = events_of(search)
    assert [(e["trial"], e["epoch"]) for e in events if e["event"] == "epoch"] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert [e["attempt"] for e in events if e["event"] == "started"] == [1, 1]


def test_a_search_goes_on_where_it_was(tmp_path, space):
    whole = make_search(tmp_path / "whole", space)
    whole.go(max_trials=3)
    make_search(tmp_path / "cut", space).go(max_trials=1)
    cut = make_search(tmp_path / "cut", space)
    cut.go(max_trials=3)
    assert trials_of(cut) == trials_of(whole)


@pytest.mark.usefixtures("pretended")
@pytest.mark.parametrize("point", ["asked", "started", "completed"])
def test_a_kill_at_any_record_ends_in_the_same_trials(tmp_path, space, monkeypatch, point):
    whole = make_search(tmp_path / "whole", space)
    whole.go(max_trials=2)

    cut = make_search(tmp_path / "cut", space)
    record = cut.ledger.record

    def record_and_die(event, trial, **details):
        if event == point and trial == 1:
            raise Killed
        record(event, trial, **details)

    monkeypatch.setattr(cut.ledger, "record", record_and_die)
    with pytest.raises(Killed):
        cut.go(max_trials=2)
    again = make_search(tmp_path / "cut", space)
    again.go(max_trials=2)
    assert trials_of(again) == trials_of(whole)


@pytest.mark.usefixtures("pretended")
def test_a_failed_trial_does_not_end_the_search(tmp_path, space, monkeypatch):
    def fit(*args, **options):
        if len(search.ledger.trials) == 1:
            raise TrainingDiverged("the loss became nan")
        return real_fit(*args, **options)

    real_fit = runner.fit
    monkeypatch.setattr(runner, "fit", fit)
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=2)
    assert [trial.status for trial in search.ledger.trials] == ["FAILED", "COMPLETED"]
    assert search.ledger.trials[0].reason == "TrainingDiverged: the loss became nan"
    assert search.winner.best.number == 1


@pytest.mark.usefixtures("pretended")
def test_values_that_do_not_go_together_fail_a_trial_and_not_the_search(tmp_path):
    text = """
def model_space(hp):
    width, depth = hp.Int("width", 2, 3), hp.Int("depth", 1, 2)
    return {"hidden_units": {1: (width,), 2: (width,) * 2}[depth] if width + depth < 5 else 1 // 0}
"""
    (tmp_path / "own.py").write_text(text)
    search = make_search(tmp_path / "s", Space("mlp", RECIPE, file=tmp_path / "own.py"), strategy="grid")
    search.go(max_trials=4)
    failed = [trial for trial in search.ledger.trials if trial.status == "FAILED"]
    assert [trial.values["width"] + trial.values["depth"] for trial in failed] == [5]
    assert "ZeroDivisionError" in failed[0].reason


@pytest.mark.usefixtures("pretended")
def test_a_builder_that_raises_fails_a_trial_and_not_the_search(tmp_path, space, monkeypatch):
    def build(name, *shape, **settings):
        if len(search.ledger.trials) == 1:
            raise ValueError("negative dimension size")
        return build_model(name, *shape, **settings)

    monkeypatch.setattr(runner, "build_model", build)
    search = make_search(tmp_path / "s", space, limits=Limits(max_params=10_000))
    search.go(max_trials=2)
    assert [trial.status for trial in search.ledger.trials] == ["FAILED", "COMPLETED"]
    assert "negative dimension size" in search.ledger.trials[0].reason


def start_in_vain(monkeypatch, folder, space, times, error):
    """Starts a search so many times; each time its first training ends with this error."""

    def end(*args, **options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(runner, "fit", end)
        for _ in range(times):
            with pytest.raises(error):
                make_search(folder, space).go(max_trials=2)


@pytest.mark.usefixtures("pretended")
def test_an_interrupted_trial_is_no_death(tmp_path, space, monkeypatch):
    start_in_vain(monkeypatch, tmp_path / "s", space, 3, KeyboardInterrupt)
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=1)
    assert [trial.status for trial in search.ledger.trials] == ["COMPLETED"]


@pytest.mark.usefixtures("pretended")
def test_a_search_that_has_succeeded_is_not_ended_by_its_first_trials(tmp_path, space, monkeypatch):
    def fit(*args, **options):
        if len(search.ledger.trials) != 4:
            raise ValueError("out of memory")
        return real_fit(*args, **options)

    real_fit = runner.fit
    monkeypatch.setattr(runner, "fit", fit)
    search = make_search(tmp_path / "s", space)
    with pytest.raises(KerasVisionError, match="first 3 trials all failed"):
        search.go(max_trials=5)
    assert search.go(max_trials=5) == "trials"
    assert search.winner.best.number == 3


@pytest.mark.usefixtures("pretended")
def test_rejected_trials_are_not_among_those_that_are_counted(tmp_path, space):
    shown = []

    class Listener(Progress):
        def trial_started(self, number, total, settings):
            shown.append((number, total))

    search = make_search(tmp_path / "s", space, limits=Limits(max_params=300), progress=Listener())
    search.go(max_trials=3)
    assert len(search.ledger.trials) > 3
    assert shown == [(1, 3), (2, 3), (3, 3)]


def test_a_search_whose_first_trials_all_fail_ends_with_the_reason(tmp_path, space, monkeypatch):
    def fit(*args, **options):
        raise ValueError("shapes (3) and (4)")

    monkeypatch.setattr(runner, "fit", fit)
    search = make_search(tmp_path / "s", space)
    with pytest.raises(KerasVisionError, match=r"first 3 trials all failed.*shapes \(3\) and \(4\).*0000/error.txt"):
        search.go(max_trials=9)
    with pytest.raises(KerasVisionError, match="no trial completed"):
        search.winner.conclude("trials")


@pytest.mark.usefixtures("pretended")
def test_a_trial_that_kills_its_process_is_given_up_after_two_attempts(tmp_path, space, monkeypatch):
    start_in_vain(monkeypatch, tmp_path / "s", space, 2, Killed)
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=2)
    assert [trial.status for trial in search.ledger.trials] == ["FAILED", "COMPLETED"]
    assert search.ledger.trials[0].reason.startswith("CRASHED")


@pytest.mark.usefixtures("pretended")
def test_a_finished_trial_whose_end_was_not_recorded_is_not_lost(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=1)
    path = tmp_path / "s" / "trials.jsonl"
    lines = [line for line in path.read_bytes().splitlines(keepends=True) if b'"completed"' not in line]
    (started,) = [line for line in lines if b'"started"' in line]
    path.write_bytes(b"".join([*lines, started, started]))  # killed again and again, once its result was written
    again = make_search(tmp_path / "s", space)
    again.go(max_trials=1)
    assert [trial.status for trial in again.ledger.trials] == ["COMPLETED"]


def test_every_trial_has_the_precision_that_was_asked_for(tmp_path, space, monkeypatch):
    policies = []

    def fit(model, *args, **options):
        policies.append(model.layers[-2].compute_dtype)
        raise ValueError("enough")

    monkeypatch.setattr(runner, "fit", fit)
    make_search(tmp_path / "s", space, precision="mixed_bfloat16").go(max_trials=2)
    assert policies == ["bfloat16", "bfloat16"]


def test_a_full_disk_is_no_fault_of_a_trial(tmp_path, space, monkeypatch):
    def fit(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner, "fit", fit)
    for _ in range(3):
        search = make_search(tmp_path / "s", space)
        with pytest.raises(OSError, match="No space left"):
            search.go(max_trials=2)
        assert [trial.status for trial in search.ledger.trials] == ["OPEN"]


@pytest.mark.usefixtures("pretended")
@pytest.mark.parametrize("strategy", ["bayesian", "hyperband"])
def test_the_strategies_that_learn_resume(tmp_path, strategy):
    """Cut where the Gaussian process has proposed, and a short training's settings were promoted to a longer one."""
    (tmp_path / "space.py").write_text(SPACE)
    space = Space("mlp", RECIPE.replace(epochs=4), file=tmp_path / "space.py")
    whole = make_search(tmp_path / "whole", space, strategy=strategy)
    assert whole.go(max_trials=7) == "trials"
    make_search(tmp_path / "cut", space, strategy=strategy).go(max_trials=6)
    cut = make_search(tmp_path / "cut", space, strategy=strategy)
    cut.go(max_trials=7)
    assert trials_of(cut) == trials_of(whole)
    promoted = [trial.number for trial in whole.ledger.trials if "tuner/trial_id" in trial.values]
    assert bool(promoted) == (strategy == "hyperband")
    assert min(promoted, default=INITIAL_POINTS) < 6


@pytest.mark.usefixtures("pretended")
def test_a_ledger_of_another_search_is_refused(tmp_path, space):
    make_search(tmp_path / "s", space).go(max_trials=2)
    with pytest.raises(KerasVisionError, match="would not have proposed"):
        make_search(tmp_path / "s", space, seed=1)


@pytest.mark.usefixtures("pretended")
def test_a_grid_resumes(tmp_path, space):
    make_search(tmp_path / "s", space, strategy="grid").go(max_trials=1)
    search = make_search(tmp_path / "s", space, strategy="grid")
    search.go(max_trials=3)
    assert len({json.dumps(trial.values) for trial in search.ledger.trials}) == 3


@pytest.mark.usefixtures("pretended")
def test_the_table_has_a_row_per_trial(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=2)
    rows = (tmp_path / "s" / "trials.csv").read_text().splitlines()
    assert rows[0].startswith("trial,status,val_accuracy")
    assert [row[:14] for row in rows[1:]] == ["0000,COMPLETED", "0001,COMPLETED"]


@pytest.mark.usefixtures("pretended")
def test_the_front_is_a_table_and_a_picture(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=3)
    rows = (tmp_path / "s" / "front.csv").read_text().splitlines()
    assert rows[0].startswith("trial,val_accuracy,parameters,macs,latency_ms,smallest_by")
    assert 1 <= len(rows[1:]) <= 3
    DRAW(search.board, search.ledger.trials, target_acc=None)
    assert (tmp_path / "s" / "figures" / "front.png").stat().st_size > 1000


def test_a_network_over_a_limit_is_rejected_before_it_is_built(tmp_path, space, monkeypatch):
    monkeypatch.setattr(runner, "fit", lambda *args, **options: pytest.fail("it was trained"))
    search = make_search(tmp_path / "s", space, limits=Limits(max_params=10))
    assert search.go(max_trials=2) == "space"
    with pytest.raises(KerasVisionError, match="than the 10 allowed"):
        search.winner.conclude("space")
    assert {trial.status for trial in search.ledger.trials} == {"REJECTED"}
    assert "parameters, more than the 10 allowed" in search.ledger.trials[0].reason
    assert not (tmp_path / "s" / "trials" / "0000" / "config.json").exists()


@pytest.mark.usefixtures("pretended")
def test_networks_within_a_limit_are_found_among_others(tmp_path, space):
    search = make_search(tmp_path / "s", space, limits=Limits(max_macs=64 * 3 + 3 * 5))
    search.go(max_trials=2)
    completed = search.ledger.completed
    assert len(completed) == 2
    assert all(trial.result["macs"] <= 64 * 3 + 3 * 5 for trial in completed)
    assert search.winner.conclude("trials")["rejected"] >= 1


def test_a_network_that_is_too_slow_is_rejected(tmp_path, space, monkeypatch):
    monkeypatch.setattr(runner, "latency_ms", lambda model: 7.0)
    monkeypatch.setattr(runner, "REJECTIONS_THAT_END_A_SEARCH", 2)
    search = make_search(tmp_path / "s", space, limits=Limits(max_latency_ms=6.5))
    assert search.go(max_trials=1) == "space"
    assert [trial.status for trial in search.ledger.trials] == ["REJECTED"] * 2
    assert search.ledger.trials[0].reason == "7.00 ms for one image, more than the 6.5 allowed"


def test_a_hopeless_trial_is_given_up(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.999)
    search.go(max_trials=1)
    result = search.ledger.trials[0].result
    assert (result["stopped"], result["epochs_run"]) == ("hopeless", 1)


def test_a_target_of_all_images_is_not_called_hopeless(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=1.0)
    search.go(max_trials=1)
    assert search.ledger.trials[0].result["stopped"] in ("epochs", "target")


@pytest.mark.usefixtures("pretended")
def test_a_rung_that_cannot_be_built_is_named(tmp_path):
    (tmp_path / "space.py").write_text("LADDER = ({'hidden_units': (2,)}, {'hidden_units': (0,)})")
    said = []

    class Listener(Progress):
        def say(self, text=""):
            said.append(text)

    ladder = Ladder("mlp", RECIPE, file=tmp_path / "space.py")
    make_search(tmp_path / "s", ladder, strategy="grow", target_acc=0.99, progress=Listener()).go(max_trials=2)
    (line,) = [line for line in said if line.startswith("left out: ")]
    assert line.startswith("left out: hidden_units=0: ")


def test_a_short_training_of_hyperband_is_not_judged_by_the_target_of_a_full_one(tmp_path, space):
    space = Space("mlp", RECIPE.replace(epochs=6), file=tmp_path / "space.py")
    search = make_search(tmp_path / "s", space, target_acc=0.999, strategy="hyperband")
    search.go(max_trials=1)
    result = search.ledger.trials[0].result
    assert search.ledger.trials[0].values["tuner/epochs"] == 2
    assert (result["stopped"], result["epochs_run"]) == ("epochs", 2)


def test_a_search_ends_at_its_target_with_all_epochs_in_the_ledger(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.01)
    assert search.go(max_trials=5) == "target"
    assert [event["event"] for event in events_of(search)] == ["asked", "started", "epoch", "epoch", "completed"]


def test_a_start_after_a_kill_is_recorded_as_the_second_attempt(tmp_path, space, monkeypatch):
    save = Checkpoints.save

    def save_and_die(self, model, state):
        save(self, model, state)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Checkpoints, "save", save_and_die)
        make_search(tmp_path / "s", space).go(max_trials=1)
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=1)
    events = events_of(search)
    assert [(e["attempt"], e["epochs_done"]) for e in events if e["event"] == "started"] == [(1, 0), (2, 1)]
    assert [e["epoch"] for e in events if e["event"] == "epoch"] == [1, 2]
    assert search.ledger.trials[0].attempts == 2


def test_tensorboard_shows_each_trial_as_a_session_with_its_metric(tmp_path, space, monkeypatch):
    from tensorboard import program

    def fit(*args, **options):
        if len(search.ledger.trials) == 2:
            raise TrainingDiverged("the loss became nan")
        return real_fit(*args, **options)

    real_fit = runner.fit
    monkeypatch.setattr(runner, "fit", fit)
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=3)

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
