import pytest

from keras_vision.errors import BadInput
from keras_vision.search.oracles import ORACLES, Tuning, make_oracle
from keras_vision.search.space import Space
from keras_vision.search.strategies import make_strategy
from keras_vision.training.recipe import recipe_for
from keras_vision.tune import POLISHERS, STRATEGIES


def proposals(name, seed, count=6):
    space = Space("vgg", recipe_for("vgg", epochs=4))
    strategy = Tuning(make_oracle(name, space.hyperparameters, seed, max_epochs=4))
    for number in range(count):
        yield strategy.ask()
        strategy.tell(0.5 + 0.01 * ((7 * number) % 5))


def test_the_front_door_offers_exactly_these_strategies():
    assert ("grow", *ORACLES) == STRATEGIES
    assert set(POLISHERS) < set(ORACLES)
    assert all(callable(make_strategy(name)) for name in STRATEGIES)


@pytest.mark.parametrize("strategy", ORACLES)
def test_the_first_proposal_is_the_defaults(strategy):
    first = {k: v for k, v in next(proposals(strategy, seed=3)).items() if not k.startswith("tuner/")}
    hp = Space("vgg", recipe_for("vgg", epochs=4)).hyperparameters
    assert first == {h.name: h.default for h in hp.space if hp.is_active(h)}


@pytest.mark.parametrize("strategy", ORACLES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_gives_the_same_proposals_again(strategy, seed):
    assert list(proposals(strategy, seed)) == list(proposals(strategy, seed))


@pytest.mark.parametrize("strategy", ["random", "bayesian", "hyperband"])
def test_another_seed_gives_other_proposals(strategy):
    assert list(proposals(strategy, 0)) != list(proposals(strategy, 1))


def test_hyperband_proposes_shorter_trainings_first():
    assert next(proposals("hyperband", 0))["tuner/epochs"] < 4


@pytest.mark.parametrize(
    ("failing", "rounds"),
    [
        ((), [0] * 9 + [1] * 3 + [2]),
        ((0, 4), [0] * 11 + [1] * 3 + [2]),  # the shortest trainings: others are drawn in their place
        ((9,), [0] * 9 + [1] + [0] + [1] * 3 + [2]),  # a longer one: its settings leave with it
        ((12,), [0] * 9 + [1] * 3 + [2] + [0] + [1] + [2]),  # the longest
    ],
)
def test_hyperband_goes_on_to_longer_trainings_after_failures(failing, rounds):
    space = Space("vgg", recipe_for("vgg", epochs=9))
    strategy = Tuning(make_oracle("hyperband", space.hyperparameters, 0, max_epochs=9))
    asked = []
    for number in range(len(rounds)):
        asked.append(strategy.ask())
        strategy.tell(None if number in failing else 0.5 + 0.01 * number)
    assert [values["tuner/round"] for values in asked] == rounds
    assert asked[-1]["tuner/epochs"] == 9
    assert strategy.ask()["tuner/bracket"] == 1  # the first bracket is done


def test_an_unknown_strategy_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'random'"):
        make_oracle("randon", Space("vgg", recipe_for("vgg")).hyperparameters, 0)


def test_oracles_write_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    list(proposals("random", 0))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_proposal_is_told_and_the_oracle_goes_on():
    strategy = Tuning(make_oracle("bayesian", Space("vgg", recipe_for("vgg")).hyperparameters, 0))
    for _ in range(4):
        assert strategy.ask()
        strategy.tell(None, "the loss became nan")
    assert strategy.ask()


def test_a_grid_comes_to_its_end(tmp_path):
    (tmp_path / "space.py").write_text(
        "def model_space(hp):\n    return {'filters': (hp.Choice('width', [4, 8]),)}\n"
        "def recipe_space(hp, recipe):\n    return {}\n"
    )
    space = Space("cnn", recipe_for("cnn"), file=tmp_path / "space.py")
    strategy = Tuning(make_oracle("grid", space.hyperparameters, 0))
    asked = []
    while (values := strategy.ask()) is not None:
        asked.append(values["width"])
        strategy.tell(0.5)
    assert asked == [4, 8]
