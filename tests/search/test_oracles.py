import pytest

from keras_vision.errors import BadInput
from keras_vision.search.oracles import STRATEGIES, make_oracle
from keras_vision.search.space import Space
from keras_vision.training.recipe import recipe_for
from keras_vision.tune import STRATEGIES as STRATEGY_NAMES


def proposals(strategy, seed, count=6, scores=()):
    oracle = make_oracle(strategy, Space("vgg", recipe_for("vgg", epochs=4)), seed)
    for number in range(count):
        trial = oracle.create_trial("runner")
        yield trial.hyperparameters.values
        oracle.update_trial(trial.trial_id, {"val_accuracy": 0.5 + 0.01 * ((7 * number) % 5)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)


def test_the_front_door_offers_exactly_these_strategies():
    assert tuple(STRATEGIES) == STRATEGY_NAMES


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_first_proposal_is_the_defaults(strategy):
    first = {k: v for k, v in next(proposals(strategy, seed=3)).items() if not k.startswith("tuner/")}
    hp = Space("vgg", recipe_for("vgg", epochs=4)).hyperparameters
    assert first == {h.name: h.default for h in hp.space if hp.is_active(h)}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_gives_the_same_proposals_again(strategy, seed):
    assert list(proposals(strategy, seed)) == list(proposals(strategy, seed))


@pytest.mark.parametrize("strategy", ["random", "bayesian", "hyperband"])
def test_another_seed_gives_other_proposals(strategy):
    assert list(proposals(strategy, 0)) != list(proposals(strategy, 1))


def test_hyperband_proposes_shorter_trainings_first():
    assert next(proposals("hyperband", 0))["tuner/epochs"] < 4


def test_an_unknown_strategy_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'random'"):
        make_oracle("randon", Space("vgg", recipe_for("vgg")), 0)


def test_oracles_write_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    list(proposals("random", 0))
    assert list(tmp_path.iterdir()) == []
