import pytest

from keras_vision.search.executors import runner
from keras_vision.search.space import Space
from tests.search.searches import RECIPE, go, make_search

pytestmark = pytest.mark.usefixtures("bare_runs")


def test_every_trial_has_the_precision_that_was_asked_for(tmp_path, space, monkeypatch):
    policies = []

    def fit(model, *args, **options):
        policies.append(model.layers[-2].compute_dtype)
        raise ValueError("enough")

    monkeypatch.setattr(runner, "fit", fit)
    make_search(tmp_path / "s", space, precision="mixed_bfloat16", max_trials=2).go()
    assert policies == ["bfloat16", "bfloat16"]


def test_a_hopeless_trial_is_given_up(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=0.999)
    go(search, 1)
    result = search.ledger.trials[0].result
    assert (result["stopped"], result["epochs_run"]) == ("hopeless", 1)


def test_a_target_of_all_images_is_not_called_hopeless(tmp_path, space):
    search = make_search(tmp_path / "s", space, target_acc=1.0)
    go(search, 1)
    assert search.ledger.trials[0].result["stopped"] in ("epochs", "target")


def test_a_short_training_of_hyperband_is_not_judged_by_the_target_of_a_full_one(tmp_path, space):
    space = Space("mlp", RECIPE.replace(epochs=6), file=tmp_path / "space.py")
    search = make_search(tmp_path / "s", space, target_acc=0.999, strategy="hyperband")
    go(search, 1)
    result = search.ledger.trials[0].result
    assert search.ledger.trials[0].values["tuner/epochs"] == 2
    assert (result["stopped"], result["epochs_run"]) == ("epochs", 2)
