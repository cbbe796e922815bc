import json
import urllib.request

import pytest

from keras_vision.errors import KerasVisionError
from keras_vision.runs import Run
from keras_vision.search import runner
from keras_vision.search.ledger import ranked
from keras_vision.search.runner import Limits, Search, is_hopeless, trial_seed
from keras_vision.search.space import Space
from keras_vision.search.strategies import make_strategy
from keras_vision.training.recipe import Recipe
from keras_vision.training.trainer import TrainingDiverged
from tests.synthetic import make_dataset

SPACE = """
def model_space(hp):
    return {"hidden_units": (hp.Int("width", 2, 6, default=4),)}

def recipe_space(hp, recipe):
    return {"learning_rate": hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=3e-3)}
"""
RECIPE = Recipe(epochs=2, batch_size=64, warmup_epochs=0.5, shift=0, flip="none")


@pytest.fixture(autouse=True)
def known_latency(monkeypatch):
    """Measuring would take longer than these trainings."""
    monkeypatch.setattr(runner, "latency_ms", lambda model: 1.5)


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.py").write_text(SPACE)
    return Space("mlp", RECIPE, file=tmp_path / "space.py")


def make_search(path, space, **options):
    options = {"model": "mlp", "dataset": make_dataset(), "seed": 0} | options
    options["make_strategy"] = make_strategy(options.pop("strategy", "random"))
    run = Run(path)
    run.path.mkdir(parents=True, exist_ok=True)
    return Search(run, space=space, **options)


def trials_of(search):
    return [(t.status, t.values, t.result and t.result["val_accuracy"]) for t in search.ledger.trials]


def test_every_trial_is_a_run_with_its_own_seed(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    assert search.go(max_trials=2) == "trials"
    configs = [search.trial_run(trial).config["settings"] for trial in search.ledger.trials]
    assert configs[0]["seed"] == trial_seed(0, 0) != configs[1]["seed"]
    assert all(search.trial_run(trial).finished for trial in search.ledger.trials)


def test_a_search_ends_at_its_target(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.01)
    assert search.go(max_trials=5) == "target"
    assert len(search.ledger.trials) == 1


def test_the_best_trials_model_is_the_searchs_model(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    result = search.conclude(search.go(max_trials=2))
    best = search.ledger.best()
    assert result["val_accuracy"] == best.score
    assert search.run.model_path.read_bytes() == search.trial_run(best).model_path.read_bytes()


def test_a_search_goes_on_where_it_was(tmp_path, space):
    whole = make_search(tmp_path / "whole", space)
    whole.go(max_trials=3)
    make_search(tmp_path / "cut", space).go(max_trials=1)
    cut = make_search(tmp_path / "cut", space)
    cut.go(max_trials=3)
    assert trials_of(cut) == trials_of(whole)


@pytest.mark.parametrize("point", ["asked", "started", "completed"])
def test_a_kill_at_any_record_ends_in_the_same_trials(tmp_path, space, monkeypatch, point):
    whole = make_search(tmp_path / "whole", space)
    whole.go(max_trials=2)

    class Killed(BaseException):
        pass

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
    assert search.ledger.best().number == 1


def test_a_search_whose_first_trials_all_fail_ends_with_the_reason(tmp_path, space, monkeypatch):
    def fit(*args, **options):
        raise ValueError("shapes (3) and (4)")

    monkeypatch.setattr(runner, "fit", fit)
    search = make_search(tmp_path / "s", space)
    with pytest.raises(KerasVisionError, match=r"first 3 trials all failed.*shapes \(3\) and \(4\)"):
        search.go(max_trials=9)
    with pytest.raises(KerasVisionError, match="no trial completed"):
        search.conclude("trials")


def test_a_trial_that_kills_its_process_is_given_up_after_two_attempts(tmp_path, space, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args, **options):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(runner, "fit", die)
        for _ in range(2):
            with pytest.raises(Killed):
                make_search(tmp_path / "s", space).go(max_trials=2)
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=2)
    assert [trial.status for trial in search.ledger.trials] == ["FAILED", "COMPLETED"]
    assert search.ledger.trials[0].reason.startswith("CRASHED")


def test_a_finished_trial_whose_end_was_not_recorded_is_not_lost(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=1)
    path = tmp_path / "s" / "trials.jsonl"
    lines = [line for line in path.read_bytes().splitlines(keepends=True) if b'"completed"' not in line]
    path.write_bytes(b"".join([*lines, lines[-1]]))  # killed twice, the second time after the result was written
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
    search = make_search(tmp_path / "s", space)
    with pytest.raises(OSError, match="No space left"):
        search.go(max_trials=2)
    assert [trial.status for trial in search.ledger.trials] == ["OPEN"]


@pytest.mark.parametrize("strategy", ["bayesian", "hyperband"])
def test_the_strategies_that_learn_resume(tmp_path, space, strategy):
    whole = make_search(tmp_path / "whole", space, strategy=strategy)
    whole.go(max_trials=3)
    make_search(tmp_path / "cut", space, strategy=strategy).go(max_trials=1)
    cut = make_search(tmp_path / "cut", space, strategy=strategy)
    cut.go(max_trials=3)
    assert trials_of(cut) == trials_of(whole)
    assert len(trials_of(cut)) > 1


def test_a_ledger_of_another_search_is_refused(tmp_path, space):
    make_search(tmp_path / "s", space).go(max_trials=2)
    with pytest.raises(KerasVisionError, match="would not have proposed"):
        make_search(tmp_path / "s", space, seed=1)


def test_a_grid_resumes(tmp_path, space):
    make_search(tmp_path / "s", space, strategy="grid").go(max_trials=1)
    search = make_search(tmp_path / "s", space, strategy="grid")
    search.go(max_trials=3)
    assert len({json.dumps(trial.values) for trial in search.ledger.trials}) == 3


def test_the_table_has_a_row_per_trial(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=2)
    rows = (tmp_path / "s" / "trials.csv").read_text().splitlines()
    assert rows[0].startswith("trial,status,val_accuracy")
    assert [row[:14] for row in rows[1:]] == ["0000,COMPLETED", "0001,COMPLETED"]


def test_the_front_is_a_table_and_a_picture(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.conclude(search.go(max_trials=3))
    rows = (tmp_path / "s" / "front.csv").read_text().splitlines()
    assert rows[0].startswith("trial,val_accuracy,parameters,macs,latency_ms,smallest_by")
    assert 1 <= len(rows[1:]) <= 3
    assert (tmp_path / "s" / "figures" / "front.png").stat().st_size > 1000


def test_a_network_over_a_limit_is_rejected_before_it_is_built(tmp_path, space, monkeypatch):
    monkeypatch.setattr(runner, "fit", lambda *args, **options: pytest.fail("it was trained"))
    search = make_search(tmp_path / "s", space, limits=Limits(max_params=10))
    assert search.go(max_trials=2) == "space"
    assert {trial.status for trial in search.ledger.trials} == {"REJECTED"}
    assert "parameters, more than the 10 allowed" in search.ledger.trials[0].reason
    assert not (tmp_path / "s" / "trials" / "0000" / "config.json").exists()


def test_networks_within_a_limit_are_found_among_others(tmp_path, space):
    search = make_search(tmp_path / "s", space, limits=Limits(max_macs=64 * 3 + 3 * 5))
    search.go(max_trials=2)
    completed = search.ledger.completed
    assert len(completed) == 2
    assert all(trial.result["macs"] <= 64 * 3 + 3 * 5 for trial in completed)
    assert search.conclude("trials")["rejected"] >= 1


def test_a_network_that_is_too_slow_is_rejected(tmp_path, space, monkeypatch):
    monkeypatch.setattr(runner, "latency_ms", lambda model: 7.0)
    monkeypatch.setattr(runner, "REJECTIONS_THAT_END_A_SEARCH", 2)
    search = make_search(tmp_path / "s", space, limits=Limits(max_latency_ms=6.5))
    assert search.go(max_trials=1) == "space"
    assert [trial.status for trial in search.ledger.trials] == ["REJECTED"] * 2
    assert search.ledger.trials[0].reason == "7.00 ms for one image, more than the 6.5 allowed"


def test_the_model_files_of_losers_are_deleted(tmp_path, space):
    search = make_search(tmp_path / "s", space, keep=1)
    search.conclude(search.go(max_trials=3))
    kept = [trial.name for trial in search.ledger.trials if search.trial_run(trial).model_path.exists()]
    assert kept == [search.ledger.best().name]
    assert all(search.trial_run(trial).result_path.exists() for trial in search.ledger.trials)


@pytest.mark.parametrize(
    ("accuracies", "target", "hopeless"),
    [
        ([0.72], 0.9, False),
        ([0.70], 0.9, True),
        ([0.5, 0.8], 0.9, True),
        ([0.5, 0.82], 0.9, False),
        ([0.9, 0.7, 0.7, 0.7], 0.92, False),  # the best epoch counts
        ([0.1], 0.99, True),
    ],
)
def test_hopeless_is_what_would_have_to_shrink_too_much(accuracies, target, hopeless):
    assert is_hopeless(accuracies, epochs=5, target_acc=target) is hopeless


def test_a_hopeless_trial_is_given_up(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.999)
    search.go(max_trials=1)
    result = search.ledger.trials[0].result
    assert (result["stopped"], result["epochs_run"]) == ("hopeless", 1)


def test_the_ledger_tells_every_epoch_once(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=2)
    events = [json.loads(line)["record"] for line in (tmp_path / "s" / "trials.jsonl").read_text().splitlines()]
    assert [(e["trial"], e["epoch"]) for e in events if e["event"] == "epoch"] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert [e["attempt"] for e in events if e["event"] == "started"] == [1, 1]


def test_what_a_search_cost_is_told_in_full_trainings(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    result = search.conclude(search.go(max_trials=3))
    spent = sum(trial.result["training_flops"] for trial in search.ledger.trials)
    assert result["full_trainings"] == round(spent / search.ledger.best().result["training_flops"], 2)
    assert "full_trainings_to_target" not in result


def test_the_cost_of_reaching_the_target_counts_what_came_before(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.01, stop_at_target=False)
    result = search.conclude(search.go(max_trials=2))
    first = search.ledger.trials[0].result
    assert first["stopped"] == "target"
    assert result["full_trainings_to_target"] == 0.5  # one of two epochs
    assert result["search_seconds_to_target"] == first["seconds"] < result["search_seconds"]


def test_a_confirmation_trains_the_best_with_other_seeds(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.conclude(search.go(max_trials=1))
    confirmed = search.confirm(2)["confirmed"]
    configs = [Run(path).config["settings"] for path in sorted((tmp_path / "s" / "confirm").iterdir())]
    seeds = {config["seed"] for config in configs} | {trial_seed(0, 0)}
    assert len(seeds) == 3
    assert all(config["settings"] == {"hidden_units": [4]} for config in configs)
    assert confirmed["mean"] == sum(confirmed["accuracies"]) / 2
    assert confirmed["deviation"] == pytest.approx(
        abs(confirmed["accuracies"][0] - confirmed["accuracies"][1]) / 2**0.5
    )
    assert Run(tmp_path / "s").result["confirmed"] == confirmed


def test_a_trial_that_reached_the_target_by_luck_gives_way_to_the_next(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01, stop_at_target=False)
    search.conclude(search.go(max_trials=3))
    smallest, second, _ = ranked(search.ledger.completed, 0.01)
    means = {smallest.name: 0.001, second.name: 0.5}
    monkeypatch.setattr(search, "_confirmed", lambda trial, seeds: {"mean": means[trial.name]})
    result = search.confirm(3)
    assert result["best_trial"] == f"trials/{second.name}"
    assert result["confirmed"] == {"mean": 0.5}
    assert search.run.model_path.read_bytes() == search.trial_run(second).model_path.read_bytes()


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
