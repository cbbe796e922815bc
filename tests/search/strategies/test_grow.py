"""The growing search, over a ladder whose networks reach accuracies that a formula gives."""

import dataclasses
import itertools
import math
import random

import pytest

from keras_vision.models import model_settings
from keras_vision.search import polishing
from keras_vision.search.ladder import Ladder
from keras_vision.search.networks import key_of
from keras_vision.search.strategies import grow as grow_module
from keras_vision.search.strategies.grow import Growing
from keras_vision.training.recipe import recipe_for
from tests.search.searches import asked_of

NETWORK = {"filters", "blocks", "whitening", "early_pooling", "convolution"}
HALF_RATE = recipe_for("vgg").learning_rate / 2


def size_of(settings):
    """Parameters of a stack of 3x3 convolutions."""
    separable = settings.get("convolution") == "separable"
    channels, total = 1, 0
    for filters, blocks in zip(settings["filters"], settings["blocks"], strict=True):
        for _ in range(blocks):
            total += 9 * channels + channels * filters if separable else 9 * channels * filters
            channels = filters
    return total


def accuracy(values):
    """More parameters are better, each doubling less; polishing at half the learning rate gains half a point.

    Those of separable convolutions are worth half as much again; a longer training gains nothing.
    """
    worth = size_of(values) * (1.5 if "convolution" in values else 1.0)
    gain = 0.005 if values.get("learning_rate") == HALF_RATE else 0.0
    return 1 - 0.6 * worth**-0.2 + gain


def is_polished(values):
    return not values.keys() <= NETWORK


def grow(target, tell=accuracy, trials=40, **options):
    ladder = Ladder("vgg", recipe_for("vgg"))
    strategy = Growing(ladder, target_acc=target, size_of=size_of, **options)
    return strategy, asked_of(strategy, tell, trials)


@pytest.fixture(scope="module")
def whole():
    """A growing search that has all the trials it likes, and what it asked."""
    return grow(0.9, trials=150)


def test_it_climbs_from_the_smallest_rung_until_the_target_is_reached():
    strategy, asked = grow(0.9)
    climbed = [values["filters"] for values in asked]
    assert climbed[:3] == [(16,), (16, 32), (16, 32, 64)]
    first = next(place for place, values in enumerate(asked) if accuracy(values) >= 0.9)
    assert [values for values in strategy.ladder.rungs[: first + 1]] == asked[: first + 1]


def test_after_the_target_it_tries_smaller_networks_only():
    _, asked = grow(0.9)
    smallest = None
    for values in asked:
        if smallest is not None:
            assert size_of(values) < smallest
        if accuracy(values) >= 0.9:
            smallest = size_of(values)


def test_its_steps_end_where_none_is_worth_a_training(monkeypatch):
    monkeypatch.setattr(grow_module, "MISSES", 10_000)  # no turn of polishing
    monkeypatch.setattr(grow_module, "LEAST_GAIN", 0.1)
    strategy, asked = grow(0.9, trials=80)
    tried = list(itertools.takewhile(lambda values: not is_polished(values), asked))
    assert len(tried) < len(asked)
    smallest = min((values for values in tried if accuracy(values) >= 0.9), key=size_of)
    assert size_of(smallest) < size_of(strategy.ladder.rungs[2]) / 3
    missed = [values for values in tried if accuracy(values) < 0.9]
    smaller = [one for one in strategy.ladder.neighbours(smallest) if size_of(one) < size_of(smallest)]
    left = [one for one in smaller if one not in tried and not any(is_nowhere_larger(one, other) for other in missed)]
    _, chances = strategy._chances([(one, size_of(one)) for one in left])
    gains = [chance * math.log(size_of(smallest) / size_of(one)) for one, chance in zip(left, chances, strict=True)]
    assert smaller and all(gain < 0.1 for gain in gains)


def test_it_tries_more_than_one_convolution_in_a_block():
    _, asked = grow(0.9)
    assert any(len(values["blocks"]) < sum(values["blocks"]) for values in asked)


def test_nothing_is_tried_twice(whole):
    _, asked = whole
    assert len({str(sorted(values.items())) for values in asked}) == len(asked)


@pytest.mark.parametrize("polish", ["grid", "random"])
def test_a_default_that_is_drawn_again_is_no_new_training(polish):
    tell = lambda values: accuracy(values) + 0.004 * (values.get("pool_size") == 3)  # noqa: E731
    _, asked = grow(0.91, tell=tell, trials=60, polish=polish)
    usual = model_settings("vgg") | recipe_for("vgg").as_dict()
    assert len({str(sorted((usual | values).items())) for values in asked}) == len(asked)


def is_nowhere_larger(values, other):
    """Whether a network has no more stages than another, and none of them is wider or deeper."""
    is_alike = values.get("convolution") == other.get("convolution")
    return (
        is_alike
        and len(values["filters"]) <= len(other["filters"])
        and all(a <= b for name in ("filters", "blocks") for a, b in zip(values[name], other[name], strict=False))
    )


def test_a_network_that_is_nowhere_larger_than_a_failed_one_is_not_tried():
    strategy, asked = grow(0.9)
    failed = [dict(rung) for rung in strategy.ladder.rungs if accuracy(rung) < 0.9]
    for values in asked:
        if not is_polished(values) and values not in failed:
            assert not any(is_nowhere_larger(values, other) for other in failed), values
            failed += [values] if accuracy(values) < 0.9 else []


def grow_then_polish(monkeypatch, tell, trials, steps=16):
    """A growing search that takes some steps first, and then only polishes; and what it asked."""
    monkeypatch.setattr(grow_module, "MISSES", 10_000)
    strategy, asked = grow(0.9, tell=tell, trials=steps)
    monkeypatch.setattr(grow_module, "MISSES", -10_000)
    return strategy, asked + asked_of(strategy, tell, trials)


def test_the_closest_miss_is_polished_and_may_become_the_smallest(monkeypatch):
    strategy, asked = grow_then_polish(monkeypatch, accuracy, trials=120)
    assert any(map(is_polished, asked))
    assert strategy.smallest().values["learning_rate"] == HALF_RATE
    plain = [values for values in asked if not is_polished(values) and accuracy(values) >= 0.9]
    assert strategy.smallest().size < min(map(size_of, plain))


def test_separable_convolutions_are_a_step_from_full_ones(whole):
    strategy, asked = whole
    kinds = [values.get("convolution") for values in asked if not is_polished(values)]
    assert "separable" in kinds[:8]  # of as many trials as a search has by default
    assert strategy.smallest().values["convolution"] == "separable"


def longer(gain):
    """Accuracies where training twice as long gains so much, and four times as long twice as much."""
    usual = recipe_for("vgg").epochs
    return lambda values: accuracy(values) + gain * math.log2(values.get("epochs", usual) / usual)


def test_after_some_steps_that_missed_polishing_takes_turns_with_them(whole):
    strategy, asked = whole
    last = max(place for place, values in enumerate(asked) if accuracy(values) >= 0.9)
    turns = [one.polisher is not None for one in list(strategy._tried.values())[last + 1 : last + 11]]
    assert turns == [False] * grow_module.MISSES + [True, False] * 3


def test_a_longer_training_comes_first_of_what_polishes_and_is_kept_where_it_pays():
    strategy, asked = grow(0.9, tell=longer(0.004), trials=60)
    polished = [values for values in asked if is_polished(values)]
    usual = recipe_for("vgg").epochs
    assert polished[0]["epochs"] == 2 * usual
    assert strategy.smallest().values["epochs"] == 4 * usual
    assert strategy.smallest().size < grow(0.9, trials=60)[0].smallest().size
    steps = [values for values in polished if values.keys() <= NETWORK | {"epochs"}]
    assert len({size_of(values) for values in steps}) > 2  # smaller networks are trained as long


def test_where_nothing_reached_no_training_is_made_longer():
    _, asked = grow(0.999, tell=longer(0.004), trials=60)
    assert not any("epochs" in values for values in asked)


def test_where_no_rung_reaches_the_best_is_polished():
    strategy, asked = grow(0.999, trials=12)
    rungs = len(strategy.ladder.rungs)
    assert not any(map(is_polished, asked[:rungs]))
    assert all(map(is_polished, asked[rungs:]))
    best = max(asked[:rungs], key=accuracy)
    assert all(values["filters"] == best["filters"] for values in asked[rungs:])


@pytest.mark.parametrize("polish", ["random", "bayesian"])
def test_other_oracles_polish(polish):
    rungs = len(Ladder("vgg", recipe_for("vgg")).rungs)
    _, asked = grow(0.999, trials=rungs + 3, polish=polish)
    assert len({values.get("learning_rate") for values in asked[-3:]}) > 1


@pytest.mark.parametrize("polish", ["random", "bayesian"])
def test_an_oracle_that_proposes_the_same_again_and_again_is_used_up(monkeypatch, polish):
    class Stubborn:
        asked = 0

        def __init__(self, oracle):
            pass

        def ask(self):
            Stubborn.asked += 1
            assert Stubborn.asked < 1000, "it asks for ever"
            return {"learning_rate_factor": 2.0}

        def tell(self, values, score, reason=""):
            pass

    monkeypatch.setattr(polishing, "Tuning", Stubborn)
    strategy, asked = grow(0.999, trials=100, polish=polish)
    rungs = len(strategy.ladder.rungs)
    assert len(asked) == 2 * rungs  # each rung, and each polished once


@pytest.mark.slow
def test_a_grid_is_drawn_to_its_end(whole, monkeypatch):
    monkeypatch.setattr(polishing, "FRUITLESS_DRAWS", 1)
    assert grow(0.9, trials=150)[1] == whole[1]


def test_what_it_asks_depends_on_what_it_was_told_alone():
    assert grow(0.9)[1] == grow(0.9)[1]


def test_failed_trials_are_neither_reached_nor_stepped_from():
    strategy, asked = grow(0.9, tell=lambda values: None if len(values["filters"]) > 2 else accuracy(values), trials=30)
    rungs = strategy.ladder.rungs
    assert tuple(asked[: len(rungs)]) == rungs
    assert asked[len(rungs) :] and all(len(values["filters"]) <= 2 for values in asked[len(rungs) :])
    assert strategy.smallest() is None


def test_what_holds_on_average_counts_and_not_what_one_training_reached():
    ladder = Ladder("vgg", recipe_for("vgg"))
    strategy = Growing(ladder, target_acc=0.9, size_of=size_of)
    first = strategy.ask()
    strategy.tell(first, 0.95)
    second = strategy.ask()
    assert size_of(second) < size_of(first)
    strategy.tell(second, 0.5)
    strategy.confirm(first, 0.89)
    assert strategy.smallest() is None
    assert strategy.ask() == ladder.rungs[1]


def test_where_no_rung_reaches_the_best_that_is_known_of_the_images_is_tried():
    ladder = Ladder("vgg", recipe_for("vgg"), dataset="cifar10")
    strategy = Growing(ladder, target_acc=0.9, size_of=size_of)
    for rung in ladder.rungs:
        assert strategy.ask() == rung
        strategy.tell(rung, 0.8)
    assert strategy.ask() == ladder.best_known
    strategy.tell(ladder.best_known, 0.91)
    assert strategy.smallest().values == ladder.best_known
    training = ladder.split(ladder.best_known)[1]
    beside = strategy.ask()
    assert ladder.split(beside)[1] == training and size_of(beside) < strategy.smallest().size


def test_the_best_that_is_known_is_left_out_where_it_is_over_a_limit():
    ladder = Ladder("vgg", recipe_for("vgg"), dataset="cifar10")
    most = size_of(ladder.split(ladder.best_known)[0]) - 1
    strategy = Growing(ladder, target_acc=0.999, size_of=size_of, allows=lambda settings: size_of(settings) <= most)
    for _ in range(40):
        values = strategy.ask()
        assert values != ladder.best_known
        strategy.tell(values, 0.5)


def test_a_limit_between_two_rungs_is_climbed_to():
    rungs = Ladder("vgg", recipe_for("vgg")).rungs
    most = size_of(rungs[2]) - 1
    strategy, asked = grow(accuracy(rungs[1]) + 0.01, allows=lambda settings: size_of(settings) <= most)
    assert all(size_of(values) <= most for values in asked)
    assert tuple(asked[:2]) == rungs[:2]
    assert size_of(rungs[1]) < size_of(asked[2])
    assert strategy.smallest() is not None


def test_rungs_that_do_not_fit_the_images_are_left_out():
    ladder = Ladder("vgg", recipe_for("vgg"))
    fits = lambda settings: size_of(settings) if len(settings["filters"]) < 3 else None  # noqa: E731
    strategy = Growing(ladder, target_acc=0.99, size_of=fits)
    for _ in range(6):
        values = strategy.ask()
        assert len(values["filters"]) < 3
        strategy.tell(values, 0.5)


# ---- while trials are under way ----


@pytest.fixture
def growing():
    """A growing search of full convolutions alone, of which there are few."""
    allows = lambda settings: "convolution" not in settings  # noqa: E731
    return Growing(Ladder("vgg", recipe_for("vgg")), target_acc=0.9, size_of=size_of, allows=allows)


def test_it_climbs_on_while_rungs_are_under_way(growing):
    assert [growing.ask() for _ in range(3)] == list(growing.ladder.rungs[:3])


def test_what_is_larger_than_what_reached_or_no_larger_than_what_missed_is_wanted_no_more(growing):
    rungs = [growing.ask() for _ in range(4)]
    assert all(growing.wants(rung) for rung in rungs)
    growing.tell(rungs[2], 0.95)
    assert [growing.wants(rung) for rung in rungs if rung != rungs[2]] == [True, True, False]
    growing.confirm(rungs[2], 0.89)  # it had reached by luck
    assert growing.wants(rungs[3])


@pytest.mark.parametrize("score", [0.7, 0.91])
def test_a_step_beside_one_that_is_under_way_is_of_use_whatever_becomes_of_that(growing, score):
    first, second = _two_steps(growing)
    assert size_of(second) < size_of(first) and not is_nowhere_larger(second, first)
    growing.tell(first, score)
    assert growing.wants(second)


def test_a_step_is_wanted_no_more_where_a_smaller_one_reached(growing):
    first, second = _two_steps(growing)
    growing.tell(second, 0.91)
    assert not growing.wants(first)


def _two_steps(growing):
    """Two steps at once from a third rung that reached."""
    rungs = [growing.ask() for _ in range(3)]
    for rung, score in zip(rungs, (0.8, 0.86, 0.93), strict=True):
        growing.tell(rung, score)
    return growing.ask(), growing.ask()


def test_the_step_that_promises_most_is_taken_and_none_that_promises_little(monkeypatch):
    ladder = Ladder("vgg", recipe_for("vgg"))
    strategy = Growing(ladder, target_acc=0.9, size_of=size_of)
    for score in (0.8, 0.86, 0.93):
        strategy.tell(strategy.ask(), score)
    step = strategy.ask()
    beside = [key_of(one) for rung in ladder.rungs[:3] for one in ladder.neighbours(rung)]
    assert key_of(step) not in beside  # two steps lead to it
    assert sum(step["blocks"]) > 3
    monkeypatch.setattr(grow_module, "LEAST_GAIN", 3.0)  # no network is smaller by that
    assert strategy._next_step() is None


def test_steps_are_trained_as_what_reached_was():
    ladder = Ladder("vgg", recipe_for("vgg"))
    strategy = Growing(ladder, target_acc=0.9, size_of=size_of)
    strategy.tell(strategy.ask(), 0.89)
    longer = ladder.rungs[0] | {"epochs": 20}
    strategy._under_way[strategy._full_key(longer)] = grow_module.Tried(longer, *ladder.split(longer), 100)
    strategy.tell(longer, 0.95)
    assert {values["epochs"] for values, _ in strategy._beside(strategy.smallest())} == {20}


def noisy(values):
    """Accuracies of trainings that scatter by two points around what more parameters are worth."""
    return accuracy(values) + random.Random(key_of(values)).uniform(-0.02, 0.02)


@pytest.mark.parametrize("target", [0.88, 0.9, 0.91])
def test_whatever_it_asks_for_is_wanted(target):
    strategy, sizes = Growing(Ladder("vgg", recipe_for("vgg")), target_acc=target, size_of=size_of), []
    for _ in range(30):
        values = strategy.ask()
        assert strategy.wants(values)
        sizes.append((size_of(values), strategy.smallest() and strategy.smallest().size))
        strategy.tell(values, noisy(values))
    assert target != 0.9 or any(smallest and size > smallest for size, smallest in sizes)  # what reached is doubted


def test_what_was_confirmed_is_doubted_no_more():
    strategy = Growing(Ladder("vgg", recipe_for("vgg")), target_acc=0.9, size_of=size_of)
    for score in (0.8, 0.901):  # by luck, as rung 1 has it
        strategy.tell(strategy.ask(), score)
    strategy._tried |= {
        str(size): dataclasses.replace(strategy.smallest(), size=size, score=0.89) for size in (4_700, 4_800)
    }
    strategy._tried["large"] = dataclasses.replace(strategy.smallest(), size=90_000, score=0.95)
    assert strategy._start().size == 90_000
    strategy.confirm(strategy.smallest().values, 0.901)
    assert strategy._start() == strategy.smallest()


def test_nothing_is_polished_before_it_is_known_what_came_nearest(growing):
    rungs = list(itertools.takewhile(lambda values: values is not None, iter(growing.ask, ())))
    assert rungs == list(growing.ladder.rungs)
    for rung in rungs[:-1]:
        growing.tell(rung, 0.5)
        assert growing.ask() is None
    growing.tell(rungs[-1], 0.6)
    assert is_polished(growing.ask())
