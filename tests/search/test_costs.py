"""What a search cost, with all that came to nothing."""

import pytest

from tests.search.searches import confirm, fail_after_an_epoch, go, make_search

pytestmark = pytest.mark.usefixtures("bare_runs", "pretended")


def test_what_a_search_cost_is_told_in_full_trainings(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    result = search.conclude(go(search, 3))
    spent = sum(trial.result["training_flops"] for trial in search.ledger.trials)
    assert result["full_trainings"] == round(spent / search.best.result["training_flops"], 2)
    assert "full_trainings_to_target" not in result


def test_the_cost_of_reaching_the_target_counts_what_came_before(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.01, goes_on=True)
    result = search.conclude(go(search, 2))
    first = search.ledger.trials[0].result
    assert first["stopped"] == "epochs"  # to its end: what it is confirmed by is trained alike
    assert result["full_trainings_to_target"] == 1.0
    assert result["search_seconds_to_target"] == first["seconds"] < result["search_seconds"]


def test_the_cost_includes_what_failed(tmp_path, space, monkeypatch):
    fail_after_an_epoch(monkeypatch, 1)
    search = make_search(tmp_path / "s", space)
    result = search.conclude(go(search, 2))
    failed, best = search.ledger.trials
    one_epoch = search.networks.training_flops(space.resolve(failed.values)[0], 1)
    assert result["full_trainings"] == round(1 + one_epoch / best.result["training_flops"], 2) > 1
    assert result["search_seconds"] > best.result["seconds"]


def test_the_cost_includes_what_ran_out_of_time(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    result = search.conclude(go(search, 1, deadline=0.0))
    assert result["full_trainings"] == 0.5
    assert result["search_seconds"] > 0


def test_the_cost_includes_the_confirmations(tmp_path, space):
    search = make_search(tmp_path / "s", space)
    alone = search.conclude(go(search, 1))
    confirmed = confirm(search, 2)
    assert (alone["full_trainings"], confirmed["full_trainings"]) == (1.0, 3.0)
    assert confirmed["search_seconds"] == 3 * alone["search_seconds"]
