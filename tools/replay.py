"""Searches replayed on recorded trainings: how many full trainings it takes to find the smallest network.

    python tools/replay.py

Nothing is trained: what a training comes to, after each epoch, stands in docs/results/networks.jsonl, which
`networks.py` records. Writes docs/results/replay.md and docs/results/replay.png.
"""

import argparse
import collections
import dataclasses
import functools
import math
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench_common import ROOT, logarithmic, machine_line, write_between
from networks import COMMON, MODEL, SEEDS, TABLES, compact, network_key, read_trainings

from keras_vision.reporting import style
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

RESULTS = ROOT / "docs" / "results" / "replay.md"
PICTURE = "replay"
SPACE = Path(__file__).parent / "space_of_networks.py"
# The target is what a network of about so many parameters comes to: the median of those within a tenth of it.
TYPICAL, ABOUT = 4_000, 0.1
NEAR = 1.2  # times the smallest network of a table is as good as the smallest
# Of the aging evolution, of which its source has 100 and 25 for 20,000 trainings; and draws in vain that end it.
POPULATION, SAMPLE, DRAWS = 10, 3, 1_000
POLISHED = 20  # proposals of other trainings in a row, after which no step is left


@dataclasses.dataclass(frozen=True)
class Network:
    """A network of a table.

    Args:
        settings: Builder keywords.
        parameters: How many it has.
        curves: Of each seed the rows of its epochs, as metrics.jsonl has them.
    """

    settings: dict
    parameters: int
    curves: tuple

    @property
    def mean(self):
        """Its validation accuracy, on average over its seeds."""
        return statistics.mean(rows[-1]["val_accuracy"] for rows in self.curves)


class Record:
    """The recorded networks of one data set: those of which all seeds are there.

    Args:
        trainings: A list of `Training`.

    Attributes:
        networks: Each `Network` by its `network_key`.
        epochs: Of a full training.
        target: The validation accuracy to be reached.
        smallest: The fewest parameters with which it is reached on average.
    """

    def __init__(self, trainings):
        by_network = collections.defaultdict(dict)
        for one in trainings:
            by_network[network_key(one.settings)][one.seed] = one
        whole = {key: [found[seed] for seed in SEEDS] for key, found in by_network.items() if found.keys() >= {*SEEDS}}
        self.networks = {
            key: Network(COMMON | ones[0].settings, ones[0].parameters, tuple(map(_rows, ones)))
            for key, ones in whole.items()
        }
        self.epochs = max((len(one.val_accuracy) for one in trainings), default=0)
        self.target = typical(self.networks.values())
        self.smallest = min(one.parameters for one in self.networks.values() if one.mean >= self.target)

    def find(self, settings):
        """Returns the key of a network of these builder keywords, or None where it is not recorded."""
        key = network_key(compact(settings))
        return key if key in self.networks else None

    def size_of(self, settings):
        """Returns the number of parameters of a network, or None where it is not recorded."""
        key = self.find(settings)
        return key and self.networks[key].parameters

    def is_near(self, network):
        """Returns whether a network is hardly larger than the smallest."""
        return network.parameters <= NEAR * self.smallest

    @functools.cached_property
    def share_of_size(self):
        """How small each network is, by its key: from 0, the largest, to 1, the smallest, on a scale of powers."""
        sizes = {key: math.log(one.parameters) for key, one in self.networks.items()}
        least, most = min(sizes.values()), max(sizes.values())
        return {key: (most - size) / (most - least) for key, size in sizes.items()}


def _rows(training):
    pairs = zip(training.accuracy, training.val_accuracy, strict=True)
    return [{"accuracy": one, "val_accuracy": other} for one, other in pairs]


def typical(networks):
    """Returns what networks of about `TYPICAL` parameters come to: the median, in thousands, rounded down."""
    alike = [one.mean for one in networks if abs(one.parameters / TYPICAL - 1) <= ABOUT]
    return math.floor(1_000 * statistics.median(alike)) / 1_000


# ---- who searches ----


@dataclasses.dataclass(frozen=True)
class Asked:
    """A training that a search asks for.

    Args:
        values: Its trial's values.
        key: Of its network; None where that is not recorded.
        begin: Epochs that it has behind it.
        end: Epochs that it is to have in all.
    """

    values: dict
    key: str | None
    begin: int
    end: int


class Grown:
    """The growing search, on the networks of a record.

    Where it would vary how they are trained, which is not recorded, that comes to nothing. Once no step is left, it has
    the smallest that reached trained again, as `tune` confirms what it found: if that was luck, it goes on, and else it
    ends.
    """

    def __init__(self, record, seed):
        from keras_vision.search.strategies.grow import Growing

        self._record, self._ladder = record, _ladder()
        self._strategy = Growing(self._ladder, target_acc=record.target, size_of=record.size_of, seed=seed)
        self._confirmed = set()

    def ask(self):
        """Returns an `Asked`, or None at the end."""
        for _ in range(POLISHED):
            values = self._strategy.ask()
            if values is None:
                break
            if not self._ladder.split(values)[1]:
                return self._asked(values)
            self._strategy.tell(values, None, "it is not recorded")
        smallest = self._strategy.smallest()
        if smallest is None or (asked := self._asked(smallest.values)).key in self._confirmed:
            return None
        self._confirmed.add(asked.key)
        return asked

    def tell(self, asked, accuracy):
        """Tells the strategy what a training came to."""
        if asked.key in self._confirmed:
            self._strategy.confirm(asked.values, (self._strategy.smallest().score + accuracy) / 2)
        else:
            self._strategy.tell(asked.values, accuracy)

    def _asked(self, values):
        return Asked(values, self._record.find(values), 0, self._record.epochs)


@functools.cache
def _ladder():
    from keras_vision.search.ladder import Ladder
    from keras_vision.training.recipe import recipe_for

    return Ladder(MODEL, recipe_for(MODEL))


class Drawn:
    """A search that draws from the space of all networks: accuracy counts until the target is reached, then size.

    Args:
        make: Function of (space, seed, epochs) that returns an object with `ask` and `tell`, as strategies have.
        record: The `Record`.
        seed: Seeds it.
    """

    def __init__(self, make, record, seed):
        self._record, self._space = record, _space()
        self._strategy = make(self._space, seed, record.epochs)

    def ask(self):
        """Returns an `Asked`, or None at the end."""
        values = self._strategy.ask()
        if values is None:
            return None
        begin, end = values.get("tuner/initial_epoch", 0), values.get("tuner/epochs", self._record.epochs)
        return Asked(values, self._record.find(_settings(**values)), begin, end)

    def tell(self, asked, accuracy):
        """Tells the strategy what a training came to; None where there is none."""
        self._strategy.tell(asked.values, None if accuracy is None else self._merit(asked.key, accuracy))

    def _merit(self, key, accuracy):
        target = self._record.target
        return accuracy if accuracy < target else target + (1 - target) * self._record.share_of_size[key]


@functools.cache
def _space():
    from keras_vision.search.space import Space
    from keras_vision.training.recipe import recipe_for

    return Space(MODEL, recipe_for(MODEL), file=SPACE)


@functools.cache
def _settings(**values):
    """Returns the builder keywords of a trial's values."""
    return _space().resolve({name: value for name, value in values.items() if "/" not in name})[0]


def _oracle(name):
    """Returns the `make` of `Drawn` for one of the package's strategies that ask Keras Tuner's oracles."""

    def make(space, seed, epochs):
        from keras_vision.search.strategies import strategy_file
        from keras_vision.search.tuning import Tuning

        return Tuning(strategy_file(name).make_oracle(space.hyperparameters, seed, max_epochs=epochs))

    return make


class Evolution:
    """Aging evolution (Real et al. 2019, "Regularized evolution", algorithm 1).

    Each child is the best of a few of the youngest, with one of its values drawn anew. None is proposed twice.
    """

    def __init__(self, space, seed, epochs):
        self._rng = np.random.default_rng(seed)
        self._choices = {one.name: list(one.values) for one in space.hyperparameters.space}
        self._population, self._proposed = collections.deque(maxlen=POPULATION), set()

    def ask(self):
        """Returns the values of the next network, or None where nothing new is found beside the youngest."""
        for _ in range(DRAWS):
            child = self._child()
            if (key := network_key(_settings(**child))) not in self._proposed:
                self._proposed.add(key)
                return child
        return None

    def tell(self, values, merit, reason=""):
        """Has a network take the place of the oldest; one that came to nothing takes none."""
        if merit is not None:
            self._population.append((merit, values))

    def _child(self):
        if len(self._population) < POPULATION:
            return {name: self._one_of(choices) for name, choices in self._choices.items()}
        some = self._rng.choice(POPULATION, SAMPLE, replace=False)
        _, parent = max((self._population[one] for one in some), key=lambda one: one[0])
        name = self._one_of(list(self._choices))
        return parent | {name: self._one_of(self._choices[name])}

    def _one_of(self, choices):
        return choices[self._rng.integers(len(choices))]


@dataclasses.dataclass(frozen=True)
class Search:
    """A kind of search.

    Args:
        make: Function of (record, seed) that returns who searches, with `ask` and `tell` as those of `Grown`.
        seeds: How many of them there are.
        most: Full trainings of one search, at most.
    """

    make: Callable
    seeds: int = 100
    most: int = 100


SEARCHES = {
    "grow": Search(Grown),
    "random": Search(functools.partial(Drawn, _oracle("random"))),
    "hyperband": Search(functools.partial(Drawn, _oracle("hyperband"))),
    "evolution": Search(functools.partial(Drawn, Evolution)),
    # Keras Tuner's Gaussian process takes a second and more for each proposal.
    "bayesian": Search(functools.partial(Drawn, _oracle("bayesian")), seeds=5, most=40),
}


# ---- a replay ----


@dataclasses.dataclass(frozen=True)
class Came:
    """What came of a replayed search, which ends once it has found what it is looking for.

    Args:
        spent: Full trainings in all.
        tried: How many trainings, however short.
        lucky: Whether a network reached the target by luck that is smaller than all that reach it.
        steps: (full trainings so far, parameters) at the beginning, with infinity, and at each new smallest network
            that reached the target, on average too.
        has_found: Whether the last of these is as small as is looked for.
    """

    spent: float
    tried: int
    lucky: bool
    steps: tuple
    has_found: bool

    @property
    def found(self):
        """Full trainings until it had found; infinity where it ended without."""
        return self.spent if self.has_found else math.inf

    def smallest_at(self, trainings):
        """Returns the fewest parameters after so many full trainings; infinity where nothing had reached."""
        return min(size for spent, size in self.steps if spent <= trainings)


def replay(search, record, seed):
    """Returns what comes of one search, a `Came`.

    What a network comes to in one of its trainings, which is drawn, is all that is seen of it; where it is trained
    again, the other is. Which networks reach the target on average is only used to say how far the search is, as its
    confirmation would: of all that reached, the smallest that holds.

    Args:
        search: A `Search`.
        record: A `Record`.
        seed: Seeds the search, and what is drawn.
    """
    from keras_vision.search.proposals import REJECTIONS_THAT_END_A_SEARCH

    player, trainings, times = search.make(record, seed), drawn(record, seed), collections.Counter()
    spent, unknown, lucky, steps = 0, 0, False, [(0.0, math.inf)]
    while spent < search.most * record.epochs and unknown < REJECTIONS_THAT_END_A_SEARCH:
        if (asked := player.ask()) is None:
            break
        if asked.key is None:
            unknown += 1
            player.tell(asked, None)
            continue
        unknown = 0
        times[asked.key] += asked.begin == 0
        rows = trainings[asked.key][(times[asked.key] - 1) % len(SEEDS)]
        end = end_of(rows, asked, record)
        spent, accuracy = spent + end - asked.begin, rows[end - 1]["val_accuracy"]
        player.tell(asked, accuracy)
        if end < record.epochs or accuracy < record.target:
            continue
        network = record.networks[asked.key]
        lucky = lucky or network.parameters < record.smallest
        if network.mean >= record.target and network.parameters < steps[-1][1]:
            steps.append((spent / record.epochs, network.parameters))
            if record.is_near(network):
                return Came(spent / record.epochs, times.total(), lucky, tuple(steps), has_found=True)
    return Came(spent / record.epochs, times.total(), lucky, tuple(steps), has_found=False)


def drawn(record, seed):
    """Returns the trainings of each network, by its key, in the order in which they are seen."""
    places = np.random.default_rng([seed, 1]).integers(len(SEEDS), size=len(record.networks))
    keys = sorted(record.networks)
    curves = (record.networks[key].curves for key in keys)
    return {key: own[place:] + own[:place] for key, own, place in zip(keys, curves, places, strict=True)}


def end_of(rows, asked, record):
    """Returns after how many epochs a training ends that is `Asked` for: a full one earlier, where it is hopeless."""
    from keras_vision.search.ending import hopeless

    if asked.end < record.epochs:
        return asked.end
    ends = (done for done in range(asked.begin + 1, asked.end) if hopeless(rows[:done], asked.end, record.target))
    return next(ends, asked.end)


def replays(search, record):
    """Returns a `Came` for each seed of a `Search`."""
    return [replay(search, record, seed) for seed in range(search.seeds)]


def needed(cames):
    """Returns the full trainings until searches had found, in the median; infinity where less than half of them did."""
    return statistics.median(one.found for one in cames)


# ---- the page ----

COLUMNS = ["search", "seeds", "found", "full trainings until then", "trainings", "met luck"]
TEXT = """Command: `python tools/replay.py`. {machine}

Nothing is trained here. {networks} networks on Fashion-MNIST, and {others} on {other}, were trained to the end with two
seeds by `tools/networks.py`; `docs/results/networks.jsonl` has their accuracies after each epoch, and the seconds. They
are VGGs of up to three blocks, of full convolutions, of separable ones, and of separable ones whose filters grow
slower, in the widths of `tuner_configs/vgg.py`: up to {convs} convolutions on Fashion-MNIST and {other_convs} on
{other}, of {sizes} parameters, and on Fashion-MNIST at most {macs:,.0f} MACs. Fashion-MNIST is {images:,} training and
{validation:,} validation images of its training split, for {epochs} epochs; {other} is all of it, at {side} pixels,
{share:.0%} for validation, for {other_epochs}. Each training has the recipe of a search, in float32, on one thread.

A replayed search sees one of a network's two trainings, which its seed draws for it. The **target** is what networks of
{typical:,} parameters, and up to a tenth more or less, come to in the median. A search **has found** as soon as the
smallest network that reached the target, in the training that it saw and on average over both, has at most {near}
times the parameters of the smallest in the table that reaches it on average. What reached by luck is passed over, as
`tune` does when it confirms; until then the search knows nothing of that, and may look below it in vain ("met luck").
What counts is the epochs of all trainings, as multiples of a full one; those that cannot come to the target are given
up by the rule of `tune`, for every search. A search ends after {cap} full trainings at the latest; bayesian, whose
proposals take seconds of computing, after {less}, and with fewer seeds. A network that is asked for again is trained
again, as `tune` would; the search then sees the other training.

- **grow** is the strategy of `tune`. Where it would vary how a network is trained, which was not recorded, that costs
  nothing and comes to nothing. Once no step is left, the smallest that reached is trained again: if it misses on
  average, the search goes on without it, and else it ends.
- **random**, **hyperband** and **bayesian** are Keras Tuner's oracles as `tune` has them. They choose kind, width,
  blocks and the convolutions of each block, and begin with the network of 16, 32 and 64 filters, the third rung that
  growing climbs. They maximise the accuracy as long as that misses the target; what reaches it counts the more, the
  smaller it is, on a scale of powers. How small a network is they learn by training it, but what they propose outside
  the table costs them nothing. Hyperband's short trainings are the first epochs of full ones, and it goes on with them
  where it trains longer.
- **evolution** is aging evolution (Real et al. 2019) with a population of {population}, from which the best of {sample}
  is changed in one value. It maximises the same.

{tables}

![how small a network is found, by full trainings](replay.png)

In the picture: the fewest parameters of a network that reached, in the median over the seeds. A line begins where half
of the searches had one.
"""


@dataclasses.dataclass(frozen=True)
class Replayed:
    """All searches on the networks of one data set.

    Args:
        dataset: Its name.
        record: The `Record`.
        came: A list of `Came` for each search, by its name.
    """

    dataset: str
    record: Record
    came: dict

    def rows(self):
        """Returns the rows of its table."""
        return [
            [
                *(name, len(cames), f"{sum(one.has_found for one in cames) / len(cames):.0%}"),
                quartiles([one.found for one in cames]),
                f"{statistics.median(one.tried for one in cames):.0f}",
                f"{sum(one.lucky for one in cames) / len(cames):.0%}",
            ]
            for name, cames in self.came.items()
        ]

    def section(self):
        """Returns its table, below what is to be found."""
        record = self.record
        near = [one for one in record.networks.values() if record.is_near(one)]
        enough = sum(one.mean >= record.target for one in near)
        return (
            f"**{self.dataset}**: the target is {record.target:.3f}. The smallest of {len(record.networks)} networks "
            f"that reaches it has {record.smallest:,} parameters; of the {len(near)} with at most {NEAR} times as "
            f"many {enough} reach it. Full trainings: median (half of the seeds in between).\n\n"
            + markdown(COLUMNS, self.rows())
        )


def quartiles(amounts):
    """Returns amounts as "median (a quarter to three quarters)"; what is infinite never came.

    Example:

    >>> quartiles([4.0, 2.0, 3.0]), quartiles([2.0, float("inf"), float("inf")])
    ('3.0 (2.0 to 4.0)', 'never (2.0 to never)')
    """
    low, high = np.quantile(amounts, (0.25, 0.75), method="nearest")
    middle, low, high = (
        "never" if one == math.inf else f"{one:.1f}" for one in (statistics.median(amounts), low, high)
    )
    return f"{middle} ({low} to {high})"


def draw(all_replayed):
    """Returns the picture: how small a network is found, by full trainings, on each data set."""
    figure = style.new_figure(3.0)
    for place, one in enumerate(all_replayed, start=1):
        position = (1, len(all_replayed), place)
        axes = style.new_axes(figure, position, title=one.dataset, x="full trainings", y="parameters")
        for colour, (name, cames) in zip(style.COLOURS, one.came.items(), strict=False):
            trainings = np.geomspace(1, SEARCHES[name].most, 200)
            sizes = np.array([statistics.median(came.smallest_at(spent) for came in cames) for spent in trainings])
            sizes[np.isinf(sizes)] = np.nan  # not drawn
            axes.plot(trainings, sizes, color=colour, linewidth=1.2, label=name)
        axes.axhline(one.record.smallest, color="0.6", linewidth=1, label="smallest of the table")
        logarithmic(axes)
    return figure


def page(all_replayed):
    """Returns the page's text; `all_replayed` is a `Replayed` of each data set of `TABLES`."""
    (own, other), (first, second) = all_replayed, TABLES.values()
    images, validation = first.images
    facts = {"machine": machine_line(), "networks": len(own.record.networks), "others": len(other.record.networks)}
    facts |= {"other": other.dataset, "convs": first.most_convs, "other_convs": second.most_convs, "near": NEAR}
    facts |= {"sizes": _sizes(first, second), "macs": first.most_macs, "images": images, "validation": validation}
    facts |= {
        "epochs": own.record.epochs,
        "other_epochs": other.record.epochs,
        "side": second.side,
        "cap": SEARCHES["grow"].most,
        "less": SEARCHES["bayesian"].most,
    }
    facts |= {"share": second.validation_share, "typical": TYPICAL, "population": POPULATION, "sample": SAMPLE}
    return TEXT.format(**facts, tables="\n\n".join(one.section() for one in all_replayed))


def _sizes(*tables):
    """Returns how many parameters the networks of tables have, in words."""
    return " and ".join("{:,} to {:,}".format(*table.parameters) for table in tables)


def main():
    argparse.ArgumentParser(description=__doc__.split("\n\n")[0]).parse_args()
    import_keras()
    trainings, all_replayed = read_trainings(), []
    for dataset in TABLES:
        record = Record([one for one in trainings if one.dataset == dataset])
        all_replayed.append(
            Replayed(dataset, record, {name: replays(search, record) for name, search in SEARCHES.items()})
        )
        print(all_replayed[-1].section(), flush=True)
    write_between(RESULTS, "Searches replayed on recorded trainings", page(all_replayed))
    style.save_figures({PICTURE: draw(all_replayed)}, RESULTS.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
