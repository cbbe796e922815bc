"""The loop of a search: it asks, runs and tells, also after kills and failures, and goes on where it was."""

import json

import pytest

from keras_vision.data.source import DataSource
from keras_vision.errors import KerasVisionError
from keras_vision.models import build_model
from keras_vision.search import networks
from keras_vision.search.executors import runner
from keras_vision.search.executors.runner import trial_seed
from keras_vision.search.ledger import trial_run
from keras_vision.search.plan import Limits
from keras_vision.search.space import Space
from keras_vision.search.strategies.bayesian import INITIAL_POINTS
from keras_vision.training.checkpoint import Checkpoints
from tests.search.searches import RECIPE, SPACE, Killed, diverge_in, events_of, go, make_search, trials_of

pytestmark = pytest.mark.usefixtures("bare_runs")


@pytest.mark.slow
def test_every_trial_is_a_run_with_its_own_seed_whose_epochs_the_ledger_tells_once(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    assert go(search, 2) == "trials"
    configs = [trial_run(search.run, trial).config["settings"] for trial in search.ledger.trials]
    assert configs[0]["seed"] == trial_seed(0, 0) != configs[1]["seed"]
    assert all(trial_run(search.run, trial).finished for trial in search.ledger.trials)
    events = events_of(search)
    assert [(e["trial"], e["epoch"]) for e in events if e["event"] == "epoch"] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert [e["attempt"] for e in events if e["event"] == "started"] == [1, 1]


@pytest.mark.slow
def test_a_search_goes_on_where_it_was(tmp_path, space):
    whole = make_search(tmp_path / "whole", space)
    go(whole, 3)
    make_search(tmp_path / "cut", space, max_trials=1).go()
    cut = make_search(tmp_path / "cut", space)
    go(cut, 3)
    assert trials_of(cut) == trials_of(whole)


@pytest.mark.usefixtures("pretended")
@pytest.mark.parametrize("point", ["asked", "started", "completed"])
def test_a_kill_at_any_record_ends_in_the_same_trials(tmp_path, space, monkeypatch, point):
    whole = make_search(tmp_path / "whole", space)
    go(whole, 2)

    cut = make_search(tmp_path / "cut", space)
    record = cut.ledger.record

    def record_and_die(event, trial, **details):
        if event == point and trial == 1:
            raise Killed
        record(event, trial, **details)

    monkeypatch.setattr(cut.ledger, "record", record_and_die)
    with pytest.raises(Killed):
        go(cut, 2)
    again = make_search(tmp_path / "cut", space)
    go(again, 2)
    assert trials_of(again) == trials_of(whole)


@pytest.mark.usefixtures("pretended")
def test_a_failed_trial_does_not_end_the_search(tmp_path, space, monkeypatch):
    diverge_in(monkeypatch, 1)
    search = make_search(tmp_path / "s", space)
    go(search, 2)
    assert [trial.status for trial in search.ledger.trials] == ["FAILED", "COMPLETED"]
    assert search.ledger.trials[0].reason == "TrainingDiverged: the loss became nan"
    assert search.best.number == 1


@pytest.mark.usefixtures("pretended")
def test_values_that_do_not_go_together_fail_a_trial_and_not_the_search(tmp_path):
    text = """
def model_space(hp):
    width, depth = hp.Int("width", 2, 3), hp.Int("depth", 1, 2)
    return {"hidden_units": {1: (width,), 2: (width,) * 2}[depth] if width + depth < 5 else 1 // 0}
"""
    (tmp_path / "own.py").write_text(text)
    search = make_search(tmp_path / "s", Space("mlp", RECIPE, file=tmp_path / "own.py"), strategy="grid")
    go(search, 4)
    failed = [trial for trial in search.ledger.trials if trial.status == "FAILED"]
    assert [trial.values["width"] + trial.values["depth"] for trial in failed] == [5]
    assert "ZeroDivisionError" in failed[0].reason


@pytest.mark.usefixtures("pretended")
def test_a_builder_that_raises_fails_a_trial_and_not_the_search(tmp_path, space, monkeypatch):
    def build(name, *shape, **settings):
        if len(search.ledger.trials) == 1:
            raise ValueError("negative dimension size")
        return build_model(name, *shape, **settings)

    monkeypatch.setattr(networks, "build_model", build)
    search = make_search(tmp_path / "s", space, limits=Limits(max_params=10_000))
    go(search, 2)
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
                make_search(folder, space, max_trials=2).go()


@pytest.mark.usefixtures("pretended")
def test_an_interrupted_trial_is_no_death(tmp_path, space, monkeypatch):
    start_in_vain(monkeypatch, tmp_path / "s", space, 3, KeyboardInterrupt)
    search = make_search(tmp_path / "s", space)
    go(search, 1)
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
        go(search, 5)
    assert go(search, 5) == "trials"
    assert search.best.number == 3


def test_a_search_whose_first_trials_all_fail_ends_with_the_reason(tmp_path, space, monkeypatch):
    def fit(*args, **options):
        raise ValueError("shapes (3) and (4)")

    monkeypatch.setattr(runner, "fit", fit)
    search = make_search(tmp_path / "s", space)
    with pytest.raises(KerasVisionError, match=r"first 3 trials all failed.*shapes \(3\) and \(4\).*0000/error.txt"):
        go(search, 9)
    with pytest.raises(KerasVisionError, match="No trial completed: "):
        search.conclude("trials")


@pytest.mark.usefixtures("pretended")
def test_a_trial_that_kills_its_process_is_given_up_after_two_attempts(tmp_path, space, monkeypatch):
    start_in_vain(monkeypatch, tmp_path / "s", space, 2, Killed)
    search = make_search(tmp_path / "s", space)
    go(search, 2)
    assert [trial.status for trial in search.ledger.trials] == ["FAILED", "COMPLETED"]
    assert search.ledger.trials[0].reason == "gave up after 2 crashes"


@pytest.mark.usefixtures("pretended")
def test_a_finished_trial_whose_end_was_not_recorded_is_not_lost(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    go(search, 1)
    path = tmp_path / "s" / "trials.jsonl"
    lines = [line for line in path.read_bytes().splitlines(keepends=True) if b'"completed"' not in line]
    (started,) = [line for line in lines if b'"started"' in line]
    path.write_bytes(b"".join([*lines, started, started]))  # killed again and again, once its result was written
    again = make_search(tmp_path / "s", space)
    go(again, 1)
    assert [trial.status for trial in again.ledger.trials] == ["COMPLETED"]


def test_a_full_disk_is_no_fault_of_a_trial(tmp_path, space, monkeypatch):
    def fit(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner, "fit", fit)
    for _ in range(3):
        search = make_search(tmp_path / "s", space)
        with pytest.raises(OSError, match="No space left"):
            go(search, 2)
        assert [trial.status for trial in search.ledger.trials] == ["OPEN"]


@pytest.mark.slow
@pytest.mark.usefixtures("pretended")
@pytest.mark.parametrize("strategy", ["bayesian", "hyperband"])
def test_the_strategies_that_learn_resume(tmp_path, strategy):
    """Cut where the Gaussian process has proposed, and a short training's settings were promoted to a longer one."""
    (tmp_path / "space.py").write_text(SPACE)
    space = Space("mlp", RECIPE.replace(epochs=4), file=tmp_path / "space.py")
    whole = make_search(tmp_path / "whole", space, strategy=strategy)
    assert go(whole, 7) == "trials"
    make_search(tmp_path / "cut", space, strategy=strategy, max_trials=6).go()
    cut = make_search(tmp_path / "cut", space, strategy=strategy)
    go(cut, 7)
    assert trials_of(cut) == trials_of(whole)
    promoted = [trial.number for trial in whole.ledger.trials if "tuner/trial_id" in trial.values]
    assert bool(promoted) == (strategy == "hyperband")
    assert min(promoted, default=INITIAL_POINTS) < 6


@pytest.mark.usefixtures("pretended")
def test_a_ledger_of_another_search_is_refused(tmp_path, space):
    make_search(tmp_path / "s", space, max_trials=2).go()
    with pytest.raises(KerasVisionError, match="would not have proposed"):
        make_search(tmp_path / "s", space, source=DataSource(seed=1))


@pytest.mark.usefixtures("pretended")
def test_a_grid_resumes(tmp_path, space):
    make_search(tmp_path / "s", space, strategy="grid", max_trials=1).go()
    search = make_search(tmp_path / "s", space, strategy="grid")
    go(search, 3)
    assert len({json.dumps(trial.values) for trial in search.ledger.trials}) == 3


def test_a_search_ends_at_its_target_with_all_epochs_in_the_ledger(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.01)
    assert go(search, 5) == "target"
    assert [event["event"] for event in events_of(search)] == ["asked", "started", "epoch", "epoch", "completed"]


@pytest.mark.slow
def test_a_start_after_a_kill_is_recorded_as_the_second_attempt(tmp_path, space, monkeypatch):
    save = Checkpoints.save

    def save_and_die(self, model, state):
        save(self, model, state)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Checkpoints, "save", save_and_die)
        make_search(tmp_path / "s", space, max_trials=1).go()
    search = make_search(tmp_path / "s", space)
    go(search, 1)
    events = events_of(search)
    assert [(e["attempt"], e["epochs_done"]) for e in events if e["event"] == "started"] == [(1, 0), (2, 1)]
    assert [e["epoch"] for e in events if e["event"] == "epoch"] == [1, 2]
    assert search.ledger.trials[0].attempts.count == 2
