"""Every strategy: its file, its row, and what all of them keep to."""

import functools
from pathlib import Path

import pytest

from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput
from keras_vision.search.ladder import Ladder
from keras_vision.search.networks import Networks
from keras_vision.search.outcome import Goal
from keras_vision.search.plan import Limits, SearchPlan
from keras_vision.search.space import Space
from keras_vision.search.strategies import (
    POLISHERS,
    STRATEGIES,
    USUAL,
    USUAL_POLISH,
    default_strategy,
    make_strategy,
    strategy_file,
)
from keras_vision.search.strategies.bayesian import INITIAL_POINTS
from keras_vision.training.recipe import recipe_for
from tests.synthetic import make_dataset

FOLDER = Path(strategy_file(USUAL).__file__).parent
every_strategy = pytest.mark.parametrize("name", STRATEGIES)
learning = pytest.mark.parametrize("name", ["random", "bayesian", "hyperband"])


def space_of(name):
    recipe = recipe_for("vgg", epochs=4)
    if STRATEGIES[name].needs == "ladder":
        return Ladder("vgg", recipe)
    return Space("vgg", recipe, file=Path(__file__).with_name("small_space.py"))


def strategy_of(name, seed=0):
    plan = SearchPlan("vgg", Goal(0.9), DataSource(seed=seed), strategy=name)
    networks = Networks("vgg", make_dataset(shape=(32, 32, 3)), Limits(), pytest.fail)
    return make_strategy(plan, space_of(name), networks)


def proposals(name, seed, count=INITIAL_POINTS + 1):
    """Yields what a strategy proposes; the last is the first of Bayesian search that is not random."""
    strategy = strategy_of(name, seed)
    for number in range(count):
        values = strategy.ask()
        yield values
        strategy.tell(values, 0.5 + 0.01 * ((7 * number) % 5))


@functools.cache
def proposed(name, seed):
    """The same as a tuple, made once: to be looked at only."""
    return tuple(proposals(name, seed))


def test_every_strategy_has_a_file_and_every_file_a_row():
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files == set(STRATEGIES), f"without a row: {files - set(STRATEGIES)}; a file: {set(STRATEGIES) - files}"


@every_strategy
def test_every_file_has_what_its_row_promises(name):
    row, file = STRATEGIES[name], strategy_file(name)
    assert callable(getattr(file, "make", None)), f"{file.__file__} has no make(plan, space, networks)"
    assert row.needs in ("ladder", "space") and row.trials > 0
    if row.polishes:
        assert callable(getattr(file, "make_oracle", None)), f"{file.__file__} polishes and has no make_oracle"
    for method in ("ask", "tell", "confirm"):
        assert callable(getattr(strategy_of(name), method, None)), f"{name} cannot {method}"


def test_what_is_usual_can_be_chosen():
    assert USUAL in STRATEGIES and USUAL_POLISH in POLISHERS
    assert not STRATEGIES[USUAL].needs_target
    assert default_strategy(0.9) in STRATEGIES and not STRATEGIES[default_strategy(0.9)].stops_at_target
    assert default_strategy() == USUAL


@pytest.mark.slow
@every_strategy
@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_gives_the_same_proposals_again(name, seed):
    assert tuple(proposals(name, seed)) == proposed(name, seed)


@learning
def test_another_seed_gives_other_proposals(name):
    assert proposed(name, 0) != proposed(name, 1)


@every_strategy
def test_the_first_proposal_is_the_defaults(name):
    first = {k: v for k, v in next(proposals(name, seed=3)).items() if not k.startswith("tuner/")}
    assert space_of(name).resolve(first) == space_of(name).first()


@every_strategy
def test_a_failed_proposal_is_told_and_the_strategy_goes_on(name):
    strategy = strategy_of(name)
    for _ in range(4):
        values = strategy.ask()
        assert values
        strategy.tell(values, None, "the loss became nan")
    assert strategy.ask()


@every_strategy
def test_strategies_write_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    list(proposals(name, 0, count=2))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_strategy_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'random'"):
        strategy_file("randon")


@functools.cache
def in_parallel(name, told=INITIAL_POINTS + 2, at_once=3):
    """What a strategy was asked and told while several trials were under way; the one asked for last is told first."""
    strategy, under_way, turns = strategy_of(name), [], []
    for number in range(told):
        while len(under_way) < at_once and (values := strategy.ask()) is not None:
            under_way.append(values)
            turns.append(("ask", values, None))
        values, score = under_way.pop(), 0.5 + 0.01 * ((7 * number) % 5)
        strategy.tell(values, score)
        turns.append(("tell", values, score))
    return turns


@every_strategy
def test_a_strategy_is_asked_several_times_before_it_is_told_in_any_order(name):
    turns = in_parallel(name)
    assert [kind for kind, *_ in turns[:4]] == ["ask", "ask", "ask", "tell"]
    asked = [str(values) for kind, values, _ in turns if kind == "ask"]
    assert len(set(asked)) == len(asked)  # what is under way is not proposed again


@pytest.mark.slow
@every_strategy
def test_the_same_turns_bring_a_strategy_to_the_same_proposals(name):
    again = strategy_of(name)
    for kind, values, score in in_parallel(name):
        if kind == "ask":
            assert again.ask() == values
        else:
            again.tell(values, score)
