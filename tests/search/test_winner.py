"""The winner of a search: its model, its result and its confirmation, also after kills and in later starts."""

import time
from types import SimpleNamespace

import pytest

from keras_vision.errors import KerasVisionError
from keras_vision.runs import Run, write_json
from keras_vision.search import runner, winner
from keras_vision.search.ladder import Ladder
from keras_vision.search.ledger import ranked, trial_run
from keras_vision.search.runner import Limits, trial_seed
from keras_vision.training.trainer import TrainingDiverged
from tests.search.searches import RECIPE, Killed, make_search

pytestmark = pytest.mark.usefixtures("bare_searches", "pretended")


def fail_after_an_epoch(monkeypatch, trials):
    """Lets the trainings of the first so many trials fail after one epoch."""
    real_fit, started = runner.fit, []

    def fit(*args, **options):
        started.append(args)
        if len(started) > trials:
            return real_fit(*args, **options)
        real_fit(*args, **options | {"deadline": 0.0})
        raise TrainingDiverged("the loss became nan")

    monkeypatch.setattr(runner, "fit", fit)


def score(monkeypatch, *accuracies):
    """Lets trials end with these accuracies."""
    real_fit, left = runner.fit, list(accuracies)

    def fit(*args, **options):
        return real_fit(*args, **options) | {"val_accuracy": left.pop(0)}

    monkeypatch.setattr(runner, "fit", fit)


def go_and_list(search, trials):
    """Runs so many trials and returns those that completed."""
    search.go(max_trials=trials)
    return search.ledger.completed


def confirm_with(monkeypatch, search, means):
    """Confirms without training: each trial with the mean that `means` has for its name."""

    def train_again(trial, seeds, deadline):
        accuracies = [means[trial.name]] * seeds
        return {"mean": means[trial.name], "accuracies": accuracies, "holds": search.goal.holds(accuracies)}

    monkeypatch.setattr(search.winner, "_train_again", train_again)


def test_the_best_trials_model_is_the_searchs_model(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    result = search.winner.conclude(search.go(max_trials=2))
    best = search.winner.best
    assert result["val_accuracy"] == best.score
    assert search.run.model_path.read_bytes() == trial_run(search.run, best).model_path.read_bytes()


@pytest.mark.parametrize(
    ("reasons", "ended", "words"),
    [
        ([], "space", "no network is within the limits and fits the images"),
        ([], "time", "the search ended before one did"),
        (["too large", "too large"], "space", "no trial completed: too large$"),
        (["a", "b", "c", "d", "e"], "space", "a; b; c; and 2 other reasons"),
    ],
)
def test_why_no_trial_completed_is_told_in_a_line(tmp_path, space, reasons, ended, words):
    search = make_search(tmp_path / "s", space)
    for number, reason in enumerate(reasons):
        search.ledger.record("asked", number, values={})
        search.ledger.record("rejected", number, reason=reason)
    with pytest.raises(KerasVisionError, match=words):
        search.winner.conclude(ended)


def test_the_model_files_of_losers_are_deleted(tmp_path, space):
    search = make_search(tmp_path / "s", space, keep=1)
    search.winner.conclude(search.go(max_trials=3))
    kept = [trial.name for trial in search.ledger.trials if trial_run(search.run, trial).model_path.exists()]
    assert kept == [search.winner.best.name]
    assert all(trial_run(search.run, trial).result_path.exists() for trial in search.ledger.trials)


def test_what_a_search_cost_is_told_in_full_trainings(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    result = search.winner.conclude(search.go(max_trials=3))
    spent = sum(trial.result["training_flops"] for trial in search.ledger.trials)
    assert result["full_trainings"] == round(spent / search.winner.best.result["training_flops"], 2)
    assert "full_trainings_to_target" not in result


def test_the_cost_of_reaching_the_target_counts_what_came_before(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.01, stop_at_target=False)
    result = search.winner.conclude(search.go(max_trials=2))
    first = search.ledger.trials[0].result
    assert first["stopped"] == "epochs"  # to its end: what it is confirmed by is trained alike
    assert result["full_trainings_to_target"] == 1.0
    assert result["search_seconds_to_target"] == first["seconds"] < result["search_seconds"]


def test_a_confirmation_trains_the_best_with_other_seeds(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.winner.conclude(search.go(max_trials=1))
    confirmed = search.winner.confirm(2, "trials")["confirmed"]
    configs = [Run(path).config["settings"] for path in sorted((tmp_path / "s" / "confirm").iterdir())]
    seeds = {config["seed"] for config in configs} | {trial_seed(0, 0)}
    assert len(seeds) == 3
    assert all(config["settings"] == {"hidden_units": [4]} for config in configs)
    assert confirmed["mean"] == sum(confirmed["accuracies"]) / 2
    assert confirmed["deviation"] == pytest.approx(
        abs(confirmed["accuracies"][0] - confirmed["accuracies"][1]) / 2**0.5
    )
    assert Run(tmp_path / "s").result["confirmed"] == confirmed


def test_a_search_interrupted_after_a_new_best_has_its_model_and_not_the_result_of_the_old_one(
    tmp_path, space, monkeypatch
):
    score(monkeypatch, 0.5, 0.9)
    search = make_search(tmp_path / "s", space)
    result = search.winner.conclude(search.go(max_trials=1))
    write_json(search.run.result_path, result | {"test": "of the old one"})

    search = make_search(tmp_path / "s", space)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(search.board, "write_tables", lambda trials: (_ for _ in ()).throw(Killed))
        search.go(max_trials=2)
    new = search.ledger.trials[1]
    assert search.run.model_path.read_bytes() == trial_run(search.run, new).model_path.read_bytes()
    assert not search.run.finished

    search = make_search(tmp_path / "s", space)
    result = search.winner.conclude(search.go(max_trials=2))
    assert result["best_trial"] == "trials/0001"
    assert "test" not in result
    assert search.run.result == result


def test_a_finished_search_given_again_says_what_it_said(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.winner.conclude(search.go(max_trials=2))
    result = search.winner.confirm(1, "trials") | {"test": {"accuracy": 0.7}}
    write_json(search.run.result_path, result)
    search = make_search(tmp_path / "s", space)
    assert search.winner.conclude(search.go(max_trials=2)) == result == search.run.result


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("failing", [1, 3])
def test_failed_trials_keep_their_reason_and_no_weights(tmp_path, space, monkeypatch, failing):
    fail_after_an_epoch(monkeypatch, failing)
    search = make_search(tmp_path / "s", space)
    if failing == 3:
        with pytest.raises(KerasVisionError, match="first 3 trials all failed"):
            search.go(max_trials=4)
    else:
        search.go(max_trials=2)
    for trial in search.ledger.trials[:failing]:
        run = trial_run(search.run, trial)
        assert not run.checkpoints.exists() and not run.model_path.exists()
        assert run.metrics_path.exists()
        assert "TrainingDiverged" in (run.path / "error.txt").read_text()


def test_the_cost_includes_what_failed(tmp_path, space, monkeypatch):
    fail_after_an_epoch(monkeypatch, 1)
    search = make_search(tmp_path / "s", space)
    result = search.winner.conclude(search.go(max_trials=2))
    failed, best = search.ledger.trials
    one_epoch = search.training_flops(space.resolve(failed.values)[0], 1)
    assert result["full_trainings"] == round(1 + one_epoch / best.result["training_flops"], 2) > 1
    assert result["search_seconds"] > best.result["seconds"]


def test_the_cost_includes_what_ran_out_of_time(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    result = search.winner.conclude(search.go(max_trials=1, deadline=0.0))
    assert result["full_trainings"] == 0.5
    assert result["search_seconds"] > 0


def test_who_reached_the_target_by_luck_gives_way_to_the_next_also_in_later_starts(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01, stop_at_target=False)
    search.winner.conclude(search.go(max_trials=3))
    smallest, second, _ = ranked(search.ledger.completed, 0.01)
    confirm_with(monkeypatch, search, {smallest.name: 0.001, second.name: 0.5})
    result = search.winner.confirm(3, "trials") | {"test": {"accuracy": 0.7}}
    assert (result["best_trial"], result["confirmed"]["mean"]) == (f"trials/{second.name}", 0.5)
    assert search.run.model_path.read_bytes() == trial_run(search.run, second).model_path.read_bytes()
    write_json(search.run.result_path, result)
    again = make_search(tmp_path / "s", space, target_acc=0.01, stop_at_target=False)
    assert again.winner.conclude(again.go(max_trials=3)) == result


def test_where_all_reached_by_luck_the_target_is_not_reached_and_the_search_goes_on(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01)
    search.winner.conclude(search.go(max_trials=3))
    confirm_with(monkeypatch, search, {"0000": 0.001})
    result = search.winner.confirm(3, "target")
    assert (result["best_trial"], result["confirmed"]["mean"]) == ("trials/0000", 0.001)
    assert not search.winner.reached
    again = make_search(tmp_path / "s", space, target_acc=0.01)
    assert again.go(max_trials=3) == "target"
    assert again.winner.best.name == "0001"


def test_a_search_killed_in_a_confirmation_goes_on_as_an_undisturbed_one(tmp_path, space, monkeypatch):
    def start(folder, killed=False):
        search = make_search(tmp_path / folder, space, target_acc=0.01, confirm=3)
        confirm_with(monkeypatch, search, {"0000": 0.001, "0001": 0.5})
        if killed:
            monkeypatch.setattr(search.winner, "_train_again", lambda *_: (_ for _ in ()).throw(Killed))
        return search.find(max_trials=5)

    undisturbed = start("a")
    with pytest.raises(Killed):
        start("b", killed=True)
    assert start("b") == undisturbed
    assert (undisturbed["best_trial"], undisturbed["reached"]) == ("trials/0001", True)


def test_a_luck_that_is_known_is_not_told_again(tmp_path, space, monkeypatch):
    told = []
    for _ in range(2):
        search = make_search(tmp_path / "s", space, target_acc=0.01, confirm=3)
        search.progress.say = told.append
        confirm_with(monkeypatch, search, {"0000": 0.001})
        assert not search.find(max_trials=1)["reached"]
    assert sum("by luck" in line for line in told) == 1


@pytest.mark.parametrize(("first", "second", "asked"), [(0.47, 0.6, [8]), (0.6, 0.4, [3])])
def test_a_second_confirmation_that_says_otherwise_is_no_other_search(tmp_path, monkeypatch, first, second, asked):
    ladder = "LADDER = tuple({'hidden_units': (units,)} for units in (4, 8, 16))\n"
    ladder += "def neighbours(settings):\n    return [{'hidden_units': (settings['hidden_units'][0] - 1,)}]\n"
    (tmp_path / "ladder.py").write_text(ladder)

    def grown(mean):
        space = Ladder("mlp", RECIPE, file=tmp_path / "ladder.py")
        options = {"target_acc": 0.5, "images": 100, "stop_at_target": False}
        search = make_search(tmp_path / "s", space, strategy="grow", **options)
        confirm_with(monkeypatch, search, {"0000": mean})
        return search

    score(monkeypatch, 0.6, 0.1)
    search = grown(first)
    search.go(max_trials=1)
    search.winner.confirm(1, "trials")
    search.go(max_trials=2)
    assert list(search.ledger.trials[1].values["hidden_units"]) == asked
    grown(second).winner.confirm(3, "trials")
    again = grown(second)  # replays both where they came, each with what it said
    assert [len(details["accuracies"]) for _, _, details in again.ledger.confirmations] == [1, 3]


def test_a_trial_whose_model_was_deleted_takes_no_place(tmp_path, space, monkeypatch):
    """As after a start with a larger `keep`."""
    options = {"target_acc": 0.01, "stop_at_target": False}
    search = make_search(tmp_path / "s", space, keep=1, **options)
    search.go(max_trials=3)
    smallest = search.winner.best
    search = make_search(tmp_path / "s", space, keep=3, **options)
    search.winner.conclude(search.go(max_trials=3))
    means = {trial.name: 0.5 for trial in search.ledger.trials} | {smallest.name: 0.001}
    confirm_with(monkeypatch, search, means)
    result = search.winner.confirm(3, "trials")
    assert result["best_trial"] == f"trials/{smallest.name}"
    assert [trial.name for trial in search.ledger.trials if trial.confirmed] == [smallest.name]


def test_a_confirmation_that_diverges_counts_as_zero_and_the_next_takes_its_place(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01, stop_at_target=False)
    search.winner.conclude(search.go(max_trials=2))
    smallest, second = ranked(search.ledger.completed, 0.01)
    real_fit = runner.fit

    def fit(model, dataset, recipe, run, **options):
        if run.path.name.startswith(smallest.name):
            raise TrainingDiverged("the loss became nan")
        return real_fit(model, dataset, recipe, run, **options)

    monkeypatch.setattr(runner, "fit", fit)
    result = search.winner.confirm(1, "trials")
    assert result["best_trial"] == f"trials/{second.name}"
    assert search.ledger.trials[smallest.number].confirmed["accuracies"] == [0.0]


def test_fewer_seeds_do_not_outweigh_more(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.5, stop_at_target=False)
    score(monkeypatch, 0.6, 0.7, 0.4, 0.1)  # the trial, then its confirmations
    search.winner.conclude(search.go(max_trials=1))
    assert search.winner.confirm(3, "trials")["confirmed"]["mean"] == pytest.approx(0.4)
    again = make_search(tmp_path / "s", space, target_acc=0.5, stop_at_target=False)
    monkeypatch.setattr(again, "train", lambda *args, **options: pytest.fail("trained again"))
    assert len(again.winner.confirm(1, "trials")["confirmed"]["accuracies"]) == 3


def test_the_latency_of_a_network_is_judged_once(tmp_path, space, monkeypatch):
    latencies = iter([1.0, 3.0])
    monkeypatch.setattr(runner, "latency_ms", lambda model: next(latencies))
    search = make_search(tmp_path / "s", space, limits=Limits(max_latency_ms=2.0))
    search.go(max_trials=1)
    assert len(search.winner.confirm(1, "trials")["confirmed"]["accuracies"]) == 1


def test_a_growing_search_climbs_on_from_a_rung_that_reached_by_luck(tmp_path, monkeypatch):
    def grown():
        ladder = "LADDER = tuple({'hidden_units': (units,)} for units in (2, 4, 8))"
        (tmp_path / "ladder.py").write_text(ladder)
        space = Ladder("mlp", RECIPE, file=tmp_path / "ladder.py")
        return make_search(tmp_path / "s", space, strategy="grow", target_acc=0.5, stop_at_target=False)

    score(monkeypatch, 0.6, 0.1, 0.2)
    search = grown()
    search.winner.conclude(search.go(max_trials=1))
    confirm_with(monkeypatch, search, {"0000": 0.4})
    search.winner.confirm(3, "trials")
    search.go(max_trials=2)
    again = grown()  # replays the confirmation where it came
    again.go(max_trials=3)
    assert [list(trial.values["hidden_units"]) for trial in again.ledger.trials] == [[2], [4], [8]]


@pytest.mark.parametrize(("tried", "anew", "reached"), [(0.5, 0.6, True), (0.5, 0.52, False), (0.4, 0.6, False)])
def test_a_near_miss_is_trained_anew_and_that_decides(tmp_path, space, monkeypatch, tried, anew, reached):
    score(monkeypatch, tried)
    search = make_search(tmp_path / "s", space, target_acc=0.5, images=100, confirm=3)
    assert search.target_acc == pytest.approx(0.55, abs=0.01)
    confirm_with(monkeypatch, search, {"0000": anew})
    result = search.find(max_trials=1)
    assert result["reached"] is reached
    assert ("confirmed" in result) is (tried == 0.5)  # 0.4 is no near miss: nothing is trained for it


def test_models_that_may_take_the_place_of_the_best_are_kept_until_it_is_confirmed(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01, stop_at_target=False, keep=1, confirm=3)
    smallest, second, third = ranked(go_and_list(search, 3), 0.01)
    confirm_with(monkeypatch, search, {smallest.name: 0.001, second.name: 0.5})
    result = search.winner.confirm(3, "trials")
    assert (result["best_trial"], result["reached"]) == (f"trials/{second.name}", True)
    assert not trial_run(search.run, third).model_path.exists()


def test_the_cost_includes_the_confirmations(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    alone = search.winner.conclude(search.go(max_trials=1))
    confirmed = search.winner.confirm(2, "trials")
    assert (alone["full_trainings"], confirmed["full_trainings"]) == (1.0, 3.0)
    assert confirmed["search_seconds"] == 3 * alone["search_seconds"]


def test_where_no_trial_completed_there_is_nothing_to_confirm(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    ended = search.go(max_trials=1, deadline=0.0)
    result = search.winner.confirm(2, ended, deadline=0.0)
    assert (result["ended"], result["epochs_run"]) == ("time", 1)
    assert "confirmed" not in result


def test_no_confirmation_starts_out_of_time(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=1)
    result = search.winner.confirm(2, "trials", deadline=time.monotonic() - 1)
    assert result["ended"] == "time"
    assert "confirmed" not in result
    assert not (tmp_path / "s" / "confirm").exists()


@pytest.mark.usefixtures("trained")
def test_a_confirmation_that_ran_out_of_time_goes_on(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space)
    search.go(max_trials=1)
    with monkeypatch.context() as patch:
        patch.setattr(winner, "time", SimpleNamespace(monotonic=lambda: -1.0))  # time to start, and for one epoch
        assert "confirmed" not in search.winner.confirm(2, "trials", deadline=0.0)
    run = Run(tmp_path / "s" / "confirm" / "0000-1")
    assert len(run.metrics_path.read_text().splitlines()) == 1
    assert len(search.winner.confirm(2, "trials")["confirmed"]["accuracies"]) == 2
    assert run.result["epochs_run"] == 2
