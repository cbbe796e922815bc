"""The strategies by name: how a search's next settings are proposed.

A strategy is a file of its name in this folder and a row in the table. Its file has `make(plan, space, networks)`,
which returns an object with four methods:

    ask()                        the next trial's values as a dict, or None where nothing is to be tried now: either
                                 nothing is left, or what is left depends on trials that are under way
    tell(values, score, reason)  what came of values that it proposed: a score, or None and why there is none
    confirm(values, mean)        what a trial that was told came to on average over other seeds
    wants(values)                whether a trial that is under way is still of use

It may be asked several times before it is told, and is told in any order. What it proposes depends on its seed and on
the order of these calls alone: a search goes on by making them all again.
"""

import dataclasses
import importlib

from keras_vision.errors import check_name

ANY = "any"  # in the place of a family: all of them


@dataclasses.dataclass(frozen=True)
class Strategy:
    """What a search must know of a strategy.

    Args:
        needs: "ladder" or "space": what it chooses from.
        needs_target: Whether it means nothing without a target.
        stops_at_target: Whether a search ends at the first trial that reaches the target.
        trials: Of a search that was given no budget; docs/smallest.md says how long eight growing ones take.
        spare_trials: Of such a search so many more, where what it found turned out to be luck.
        polishes: Whether a growing search may use it to vary the training. Such a file has `make_oracle(
            hyperparameters, seed, max_epochs=None)`, too.
    """

    needs: str
    needs_target: bool
    stops_at_target: bool
    trials: int
    spare_trials: int = 0
    polishes: bool = False


# fmt: off
STRATEGIES = {
    "grow":      Strategy("ladder", needs_target=True, stops_at_target=False, trials=8, spare_trials=4),
    "random":    Strategy("space", needs_target=False, stops_at_target=True, trials=20, polishes=True),
    "grid":      Strategy("space", needs_target=False, stops_at_target=True, trials=20, polishes=True),
    "bayesian":  Strategy("space", needs_target=False, stops_at_target=True, trials=20, polishes=True),
    "hyperband": Strategy("space", needs_target=False, stops_at_target=True, trials=20),
}
# fmt: on
USUAL, USUAL_WITH_TARGET = "random", "grow"
USUAL_POLISH = "grid"
POLISHERS = tuple(name for name, row in STRATEGIES.items() if row.polishes)


def default_strategy(target_acc=None):
    """Returns the name of the strategy of a search that was given none.

    Example:

    >>> default_strategy(0.9), default_strategy()
    ('grow', 'random')
    """
    return USUAL if target_acc is None else USUAL_WITH_TARGET


def default_trials():
    """Returns in words how many trials the strategies have by default: "8 (grow) or 20 (random, grid, ...)"."""
    numbers = dict.fromkeys(row.trials for row in STRATEGIES.values())
    named = {number: [name for name, row in STRATEGIES.items() if row.trials == number] for number in numbers}
    return " or ".join(f"{number} ({', '.join(names)})" for number, names in named.items())


def strategy_file(name):
    """Returns the module of a strategy."""
    return importlib.import_module(f"{__name__}.{check_name('strategy', name, STRATEGIES)}")


def make_strategy(plan, space, networks):
    """Returns the strategy of a search.

    Args:
        plan: Its `SearchPlan`.
        space: A `Space` or a `Ladder`, whichever the strategy's row names.
        networks: Its `Networks`, which know sizes and limits.
    """
    return strategy_file(plan.strategy).make(plan, space, networks)
