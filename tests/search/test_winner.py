"""The winner of a search: its model and its result, also after kills and in later starts."""

import pytest

from keras_vision.errors import KerasVisionError
from keras_vision.runs import write_json
from keras_vision.search import winner
from keras_vision.search.ledger import trial_run
from keras_vision.search.ranking import ranked
from tests.search.searches import Killed, confirm, confirm_with, fail_after_an_epoch, go, make_search, score

pytestmark = pytest.mark.usefixtures("bare_runs", "pretended")


def test_the_best_trials_model_is_the_searchs_model(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    result = search.conclude(go(search, 2))
    best = search.best
    assert result["val_accuracy"] == best.score
    assert search.run.model_path.read_bytes() == trial_run(search.run, best).model_path.read_bytes()


def test_the_model_files_of_losers_are_deleted(tmp_path, space):
    search = make_search(tmp_path / "s", space, keep=1)
    search.conclude(go(search, 3))
    kept = [trial.name for trial in search.ledger.trials if trial_run(search.run, trial).model_path.exists()]
    assert kept == [search.best.name]
    assert all(trial_run(search.run, trial).result_path.exists() for trial in search.ledger.trials)


def test_a_search_interrupted_after_a_new_best_has_its_model_and_not_the_result_of_the_old_one(
    tmp_path, space, monkeypatch
):
    score(monkeypatch, 0.5, 0.9)
    search = make_search(tmp_path / "s", space)
    result = search.conclude(go(search, 1))
    write_json(search.run.result_path, result | {"test": "of the old one"})

    search = make_search(tmp_path / "s", space)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(search.board, "write_tables", lambda trials: (_ for _ in ()).throw(Killed))
        go(search, 2)
    new = search.ledger.trials[1]
    assert search.run.model_path.read_bytes() == trial_run(search.run, new).model_path.read_bytes()
    assert not search.run.finished

    search = make_search(tmp_path / "s", space)
    result = search.conclude(go(search, 2))
    assert result["best_trial"] == "trials/0001"
    assert "test" not in result
    assert search.run.result == result


def test_a_finished_search_given_again_says_what_it_said(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    search.conclude(go(search, 2))
    result = confirm(search, 1) | {"test": {"accuracy": 0.7}}
    write_json(search.run.result_path, result)
    search = make_search(tmp_path / "s", space)
    assert search.conclude(go(search, 2)) == result == search.run.result


@pytest.mark.slow
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("failing", [1, 3])
def test_failed_trials_keep_their_reason_and_no_weights(tmp_path, space, monkeypatch, failing):
    fail_after_an_epoch(monkeypatch, failing)
    search = make_search(tmp_path / "s", space)
    if failing == 3:
        with pytest.raises(KerasVisionError, match="first 3 trials all failed"):
            go(search, 4)
    else:
        go(search, 2)
    for trial in search.ledger.trials[:failing]:
        run = trial_run(search.run, trial)
        assert not run.checkpoints.exists() and not run.model_path.exists()
        assert run.metrics_path.exists()
        assert "TrainingDiverged" in (run.path / "error.txt").read_text()


def test_models_that_may_take_the_place_of_the_best_are_kept_until_it_is_confirmed(tmp_path, space, monkeypatch):
    search = make_search(tmp_path / "s", space, target_acc=0.01, goes_on=True, keep=1, confirm=3)
    go(search, 3)
    smallest, second, third = ranked(search.ledger.completed, 0.01)
    confirm_with(monkeypatch, search, {smallest.name: 0.001, second.name: 0.5})
    result = confirm(search, 3)
    assert (result["best_trial"], result["reached"]) == (f"trials/{second.name}", True)
    assert not trial_run(search.run, third).model_path.exists()


@pytest.mark.usefixtures("pretended")
def test_what_is_pruned_is_not_looked_at_again(tmp_path, space, monkeypatch):
    search, looked_at = make_search(tmp_path / "s", space, keep=2), []
    prune = winner.prune

    def count(run, trials, kept):
        looked_at.append(len(trials))
        prune(run, trials, kept)

    monkeypatch.setattr(winner, "prune", count)
    go(search, 6)
    assert max(looked_at) == 3  # two that were kept, and the one that ended
    assert len(list(search.run.path.glob("trials/*/model.keras"))) == 2
