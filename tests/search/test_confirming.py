"""Networks trained anew: who holds, who had luck, also after kills and in later starts."""

import dataclasses
import time
from types import SimpleNamespace

import pytest

from keras_vision.errors import KerasVisionError
from keras_vision.reporting.progress import Progress
from keras_vision.runs import Run, write_json
from keras_vision.search import confirming, ranking
from keras_vision.search.executors import runner
from keras_vision.search.executors.runner import trial_seed
from keras_vision.search.ladder import Ladder
from keras_vision.search.ledger import Ledger, Trial, trial_run
from keras_vision.search.loop import SETTING_UP
from keras_vision.search.plan import Limits
from keras_vision.search.ranking import ranked
from keras_vision.training.trainer import TrainingDiverged
from tests.search.searches import RECIPE, Killed, confirm, confirm_with, events_of, find, go, make_search, score

# Of a smaller network, which has reached what is needed before its last epoch.
UNFINISHED = {"val_accuracy": 0.99, "val_score": 0.99, "parameters": 1, "macs": 1, "stopped": "time", "best_epoch": 1}

pytestmark = pytest.mark.usefixtures("bare_runs", "pretended")


def test_a_confirmation_trains_the_best_with_other_seeds(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.conclude(go(search, 1))
    confirmed = confirm(search, 2)["confirmed"]
    configs = [Run(path).config["settings"] for path in sorted((tmp_path / "s" / "confirm").iterdir())]
    assert not list(tmp_path.glob("s/confirm/*/model.keras"))  # by its record it would know its validation images
    seeds = {config["seed"] for config in configs} | {trial_seed(0, 0)}
    assert len(seeds) == 3
    assert all(config["settings"] == {"hidden_units": [4]} for config in configs)
    assert confirmed["mean"] == sum(confirmed["accuracies"]) / 2
    assert confirmed["deviation"] == pytest.approx(
        abs(confirmed["accuracies"][0] - confirmed["accuracies"][1]) / 2**0.5
    )
    assert Run(tmp_path / "s").result["confirmed"] == confirmed


def test_who_reached_the_target_by_luck_gives_way_to_the_next_also_in_later_starts(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01, goes_on=True)
    search.conclude(go(search, 3))
    smallest, second, _ = ranked(search.ledger.completed, 0.01)
    confirm_with(monkeypatch, search, {smallest.name: 0.001, second.name: 0.5})
    result = confirm(search, 3) | {"test": {"accuracy": 0.7}}
    assert (result["best_trial"], result["confirmed"]["mean"]) == (f"trials/{second.name}", 0.5)
    assert search.run.model_path.read_bytes() == trial_run(search.run, second).model_path.read_bytes()
    write_json(search.run.result_path, result)
    again = make_search(tmp_path / "s", space, target_acc=0.01, goes_on=True)
    assert again.conclude(go(again, 3)) == result


def test_where_all_reached_by_luck_the_target_is_not_reached_and_the_search_goes_on(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01)
    search.conclude(go(search, 3))
    confirm_with(monkeypatch, search, {"0000": 0.001})
    result = confirm(search, 3)
    assert (result["best_trial"], result["confirmed"]["mean"]) == ("trials/0000", 0.001)
    assert not search.has_reached()
    again = make_search(tmp_path / "s", space, target_acc=0.01)
    assert go(again, 3) == "target"
    assert again.best.name == "0001"


def test_a_search_killed_in_a_confirmation_goes_on_as_an_undisturbed_one(tmp_path, space, monkeypatch):
    def start(folder, killed=False):
        search = make_search(tmp_path / folder, space, target_acc=0.01, confirm=3)
        confirm_with(monkeypatch, search, {"0000": 0.001, "0001": 0.5})
        if killed:
            monkeypatch.setattr(search.confirmer, "train_anew", lambda *_: (_ for _ in ()).throw(Killed))
        return find(search, 5)

    undisturbed = start("a")
    with pytest.raises(Killed):
        start("b", killed=True)
    assert start("b") == undisturbed
    assert (undisturbed["best_trial"], undisturbed["reached"]) == ("trials/0001", True)


@pytest.mark.parametrize(("spare", "trials", "reached"), [(0, 1, False), (1, 2, True), (3, 2, True)])
def test_what_was_found_by_luck_gives_a_search_more_trials(tmp_path, space, monkeypatch, spare, trials, reached):
    shown = []

    class Listener(Progress):
        def trial_started(self, number, total, settings):
            shown.append((number, total))

    more = {"max_trials": 1, "spare_trials": spare, "progress": Listener()}
    search = make_search(tmp_path / "s", space, target_acc=0.01, confirm=3, **more)
    confirm_with(monkeypatch, search, {"0000": 0.001, "0001": 0.5})
    result = search.find()
    assert (result["trials"], result["reached"]) == (trials, reached)
    assert shown == [(1, 1), (2, 1 + spare)][:trials]


def test_a_search_goes_on_where_luck_left_a_gap(tmp_path, space):
    def trial(parameters, holds, score=0.9):
        confirmed = None if holds is None else {"holds": holds, "mean": score}
        return Trial(0, {}, "COMPLETED", {"val_accuracy": score, "parameters": parameters}, confirmed=confirmed)

    lucky, near, far = trial(1_000, holds=False), trial(1_900, holds=True), trial(2_100, holds=None)
    assert ranking.has_gap([lucky], 0.8) and ranking.has_gap([lucky, far], 0.8)
    assert not ranking.has_gap([lucky, near, far], 0.8)
    assert not ranking.has_gap([near, trial(5_000, holds=False)], 0.8)
    assert not ranking.has_gap([trial(1_000, holds=None, score=0.7)], 0.8) and not ranking.has_gap([lucky], None)


def test_a_luck_that_is_known_is_not_told_again(tmp_path, space, monkeypatch):
    told = []
    for _ in range(2):
        search = make_search(tmp_path / "s", space, target_acc=0.01, confirm=3)
        search.progress.say = told.append
        confirm_with(monkeypatch, search, {"0000": 0.001})
        assert not find(search, 1)["reached"]
    assert sum("by luck" in line for line in told) == 1


@pytest.mark.parametrize(("first", "second", "asked"), [(0.47, 0.6, [8]), (0.6, 0.4, [2])])
def test_a_second_confirmation_that_says_otherwise_is_no_other_search(tmp_path, monkeypatch, first, second, asked):
    ladder = "LADDER = tuple({'hidden_units': (units,)} for units in (4, 8, 16))\n"
    ladder += "def neighbours(settings):\n    return [{'hidden_units': (settings['hidden_units'][0] - 1,)}]\n"
    (tmp_path / "ladder.py").write_text(ladder)

    def grown(mean):
        space = Ladder("mlp", RECIPE, file=tmp_path / "ladder.py")
        options = {"target_acc": 0.5, "images": 100, "goes_on": True}
        search = make_search(tmp_path / "s", space, strategy="grow", **options)
        confirm_with(monkeypatch, search, {"0000": mean})
        return search

    score(monkeypatch, 0.6, 0.1)
    search = grown(first)
    go(search, 1)
    confirm(search, 1)
    go(search, 2)
    assert list(search.ledger.trials[1].values["hidden_units"]) == asked
    confirm(grown(second), 3)
    again = grown(second)  # replays both where they came, each with what it said
    confirmed = [details for event, _, details in again.ledger.turns if event == "confirmed"]
    assert [len(details["accuracies"]) for details in confirmed] == [1, 3]


def test_a_trial_whose_model_was_deleted_takes_no_place(tmp_path, space, monkeypatch):
    """As after a start with a larger `keep`."""
    options = {"target_acc": 0.01, "goes_on": True}
    search = make_search(tmp_path / "s", space, keep=1, **options)
    go(search, 3)
    smallest = search.best
    search = make_search(tmp_path / "s", space, keep=3, **options)
    search.conclude(go(search, 3))
    means = {trial.name: 0.5 for trial in search.ledger.trials} | {smallest.name: 0.001}
    confirm_with(monkeypatch, search, means)
    result = confirm(search, 3)
    assert result["best_trial"] == f"trials/{smallest.name}"
    assert [trial.name for trial in search.ledger.trials if trial.confirmed] == [smallest.name]


def test_a_confirmation_that_diverges_counts_as_zero_and_the_next_takes_its_place(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01, goes_on=True)
    search.conclude(go(search, 2))
    smallest, second = ranked(search.ledger.completed, 0.01)
    real_fit = runner.fit

    def fit(model, dataset, recipe, run, **options):
        if run.path.name.startswith(smallest.name):
            raise TrainingDiverged("the loss became nan")
        return real_fit(model, dataset, recipe, run, **options)

    monkeypatch.setattr(runner, "fit", fit)
    result = confirm(search, 1)
    assert result["best_trial"] == f"trials/{second.name}"
    assert search.ledger.trials[smallest.number].confirmed["accuracies"] == [0.0]


def test_fewer_seeds_do_not_outweigh_more(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.5, goes_on=True)
    score(monkeypatch, 0.6, 0.7, 0.4, 0.1)  # the trial, then its confirmations
    search.conclude(go(search, 1))
    assert confirm(search, 3)["confirmed"]["mean"] == pytest.approx(0.4)
    again = make_search(tmp_path / "s", space, target_acc=0.5, goes_on=True)
    monkeypatch.setattr(again.executor, "submit", lambda job: pytest.fail("trained again"))
    assert len(confirm(again, 1)["confirmed"]["accuracies"]) == 3


def test_the_latency_of_a_network_is_judged_once(tmp_path, space, monkeypatch):
    latencies = iter([1.0, 3.0])
    monkeypatch.setattr(runner, "latency_ms", lambda model: next(latencies))
    search = make_search(tmp_path / "s", space, limits=Limits(max_latency_ms=2.0))
    go(search, 1)
    assert len(confirm(search, 1)["confirmed"]["accuracies"]) == 1


def test_a_growing_search_climbs_on_from_a_rung_that_reached_by_luck(tmp_path, monkeypatch):
    def grown():
        ladder = "LADDER = tuple({'hidden_units': (units,)} for units in (2, 4, 8))"
        (tmp_path / "ladder.py").write_text(ladder)
        space = Ladder("mlp", RECIPE, file=tmp_path / "ladder.py")
        return make_search(tmp_path / "s", space, strategy="grow", target_acc=0.5, goes_on=True)

    score(monkeypatch, 0.6, 0.1, 0.2)
    search = grown()
    search.conclude(go(search, 1))
    confirm_with(monkeypatch, search, {"0000": 0.4})
    confirm(search, 3)
    go(search, 2)
    again = grown()  # replays the confirmation where it came
    go(again, 3)
    assert [list(trial.values["hidden_units"]) for trial in again.ledger.trials] == [[2], [4], [8]]


@pytest.mark.parametrize(("tried", "anew", "reached"), [(0.5, 0.6, True), (0.5, 0.52, False), (0.4, 0.6, False)])
def test_a_near_miss_is_trained_anew_and_that_decides(tmp_path, space, monkeypatch, tried, anew, reached):
    score(monkeypatch, tried)
    search = make_search(tmp_path / "s", space, target_acc=0.5, images=100, confirm=3)
    assert search.needed == pytest.approx(0.55, abs=0.01)
    confirm_with(monkeypatch, search, {"0000": anew})
    result = find(search, 1)
    assert result["reached"] is reached
    assert ("confirmed" in result) is (tried == 0.5)  # 0.4 is no near miss: nothing is trained for it


def test_where_no_trial_completed_there_is_nothing_to_confirm(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    ended = go(search, 1, deadline=0.0)
    result = confirm(search, 2, ended, deadline=0.0)
    assert (result["ended"], result["epochs_run"]) == ("time", 1)
    assert "confirmed" not in result


def test_no_confirmation_starts_out_of_time(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    go(search, 1)
    result = confirm(search, 2, deadline=time.monotonic() - 1)
    assert result["ended"] == "time"
    assert "confirmed" not in result
    assert not (tmp_path / "s" / "confirm").exists()


def test_what_was_shown_is_not_lost_to_a_network_that_ran_out_of_time(tmp_path, space):
    options = {"target_acc": 0.01, "confirm": 2, "goes_on": True}
    shown = make_search(tmp_path / "s", space, max_trials=1, **options).find()
    search = make_search(tmp_path / "s", space, max_trials=2, **options)
    search.plan = dataclasses.replace(search.plan, deadline=time.monotonic() - 1)
    search.unfinished.append(dataclasses.replace(search.best, number=1, confirmed=None, result=UNFINISHED))
    result = search.conclude("time")
    assert {**result, "ended": "trials"} == {**shown, "ended": "trials"}
    assert search.run.model_path.exists()


def test_trials_leave_time_for_confirming_what_they_found(tmp_path, space):
    near = time.monotonic() + SETTING_UP  # too near for another trial, once there is something to confirm
    search = make_search(tmp_path / "s", space, target_acc=0.01, confirm=2, goes_on=True, max_trials=9, deadline=near)
    result = search.find()
    assert (result["ended"], len(result["confirmed"]["accuracies"])) == ("time", 2)
    assert len(search.ledger.trials) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("trained")
def test_a_confirmation_that_ran_out_of_time_goes_on(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space)
    go(search, 1)
    with monkeypatch.context() as patch:
        patch.setattr(confirming, "time", SimpleNamespace(monotonic=lambda: -1.0))  # time to start, and for one epoch
        assert "confirmed" not in confirm(search, 2, deadline=0.0)
    run = Run(tmp_path / "s" / "confirm" / "0000-1")
    assert len(run.metrics_path.read_text().splitlines()) == 1
    assert len(confirm(search, 2)["confirmed"]["accuracies"]) == 2
    assert run.result["epochs_run"] == 2


def start_in_vain(monkeypatch, folder, space, times, error):
    """Starts a search so many times; each time its first confirmation ends with this error."""
    real_fit = runner.fit

    def fit(model, dataset, recipe, run, **options):
        if run.path.parent.name == "confirm":
            raise error
        return real_fit(model, dataset, recipe, run, **options)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "fit", fit)
        for _ in range(times):
            with pytest.raises((error, KerasVisionError)):
                make_search(folder, space, target_acc=0.01, confirm=2, max_trials=1).find()


@pytest.mark.parametrize("error", [Killed, MemoryError])
def test_a_confirmation_that_ends_its_process_twice_counts_as_zero(tmp_path, space, monkeypatch, error):
    start_in_vain(monkeypatch, tmp_path / "s", space, 2, error)
    search, told = make_search(tmp_path / "s", space, target_acc=0.01, confirm=2, max_trials=1), []
    search.confirmer.say = told.append
    result = search.find()
    assert result["confirmed"]["accuracies"][0] == 0.0
    assert result["outcome"] == "refuted"
    assert "  gave up after 2 crashes, which counts as an accuracy of 0" in told
    assert [(e["confirmation"], e["epochs_done"]) for e in events_of(search) if e["event"] == "confirming"] == [
        (1, 0)
    ] * 2


def test_an_interrupted_confirmation_is_no_death(tmp_path, space, monkeypatch):
    for error in (KeyboardInterrupt, OSError, KeyboardInterrupt):
        start_in_vain(monkeypatch, tmp_path / "s", space, 1, error)
    result = make_search(tmp_path / "s", space, target_acc=0.01, confirm=2, max_trials=1).find()
    assert min(result["confirmed"]["accuracies"]) > 0.0


def test_a_confirmation_that_goes_on_epoch_by_epoch_is_not_given_up(tmp_path, space):
    """Deaths that made progress are none."""
    search = make_search(tmp_path / "s", space, target_acc=0.01, confirm=1, max_trials=1)
    search.go()
    for epochs_done in (0, 1, 2):
        assert not search.ledger.trials[0].attempts_at(1).are_used_up(epochs_done)
        search.ledger.record("confirming", 0, confirmation=1, epochs_done=epochs_done)
    assert Ledger(search.ledger.path).trials == search.ledger.trials
