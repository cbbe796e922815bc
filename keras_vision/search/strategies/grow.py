"""Growing: the search for the smallest network that reaches a target.

It climbs a ladder of networks from small to large until one reaches the target. Then it tries what lies beside the
smallest that reached it and beside the rungs that nearly did (one more convolution in one block, a shorter network, a
narrower one, also with one more, one of cheaper convolutions), as long as that is smaller than the smallest so far.
Where nothing of that is left, the training of the smaller network that came nearest is polished: made longer, then
varied otherwise. Each success starts the steps anew, trained as what succeeded was. In the place of rungs over a limit
on parameters or MACs come the networks beside them that are within it, the largest first. Where none of all these
reached the target, the best network and recipe known for these images are tried.
"""

import math
from dataclasses import dataclass, replace

from keras_vision.search.families import FAMILY
from keras_vision.search.networks import key_of
from keras_vision.search.polishing import Polisher

# Rungs further below the target than this are no start for steps: one more convolution gains about a point.
NEAR = 0.03
# Nor is one that misses by more than this polished: other learning rates around a good one gain less.
POLISHABLE = 0.015
# Settings of which more makes a network better, other things equal.
GROWS = ("filters", "blocks", "convs_per_stage", "hidden_units", "units", "layers", "width", "hidden_dim", "depth",
         "num_blocks", "tokens_mlp_dim", "channels_mlp_dim")  # fmt: skip
# Of the smaller neighbours, the first to be tried is the one nearest to this share of the smallest network so far:
# much smaller ones mostly fail, slightly smaller ones gain little. Where that has fewer errors than are allowed, the
# share is less: as far down as errors grow with the parameters' number to the power -1/ERRORS, which VGGs of 7,000 and
# 25,000 parameters give on CIFAR-10 (4.7), and more than they give on Fashion-MNIST (7.9).
STEP, LEAST_STEP = 2 / 3, 1 / 4
ERRORS = 4


@dataclass(frozen=True)
class Tried:
    """One trial.

    Args:
        values: What was asked.
        size: Of its network.
        polisher: The `Polisher` that had varied it, or None.
        score: Its validation accuracy, on average over other seeds where that is known; None where it failed, and
            while it is under way.
    """

    values: dict
    size: int
    polisher: Polisher | None = None
    score: float | None = None


class Growing:
    """A strategy; see `keras_vision.search.strategies` for its methods.

    What it asks is a function of its arguments and of the trials that it was told or that are under way. Only the
    polishers, whose proposals take long to come to again, are kept from one question to the next.

    While trials are under way it climbs on, and takes further steps, those first whose use does not depend on them.

    Args:
        ladder: A `Ladder`.
        target_acc: The validation accuracy to be reached.
        size_of: Function from builder keywords to the network's size, such as its number of parameters, or to None
            where they cannot be built.
        allows: Function from builder keywords that can be built to whether the network is within a person's limits, as
            far as counting tells.
        polish: The strategy that polishes: "grid", "random" or "bayesian".
        seed: Seeds it.
    """

    def __init__(self, ladder, *, target_acc, size_of, allows=lambda settings: True, polish="grid", seed=0):
        self.ladder, self.target_acc, self.size_of, self.allows = ladder, target_acc, size_of, allows
        self.polish, self.seed = polish, seed
        self._tried = {}  # what was told, by all its values, given or left out
        self._under_way = {}  # what was asked and not told yet, likewise
        self._polishers = {}  # of each network that was polished, by its values

    def ask(self):
        """Returns the next trial's values as a dict, or None where nothing is to be tried now."""
        values, polisher = self._next_step() if self.smallest() else self._next_rung(), None
        if values is None:
            values, polisher = self._next_polish()
        if values is not None:
            size = self.size_of(self.ladder.split(values)[0])
            self._under_way[self._full_key(values)] = Tried(values, size, polisher)
        return values

    def tell(self, values, score, reason=""):
        """Closes values that were asked for: with their score, or with why they have none."""
        key = self._full_key(values)
        one = self._under_way.pop(key)
        if one.polisher:
            one.polisher.tell(one.values, score, reason)
        self._tried[key] = replace(one, score=score)

    def wants(self, values):
        """Returns whether a trial that is under way may still lead to the smallest network."""
        one, smallest = self._under_way[self._full_key(values)], self.smallest()
        if smallest and one.size >= smallest.size:
            return False
        return one.polisher is not None or not self._hopeless(one.values)

    def confirm(self, values, mean):
        """Takes note of what a trial came to on average over other seeds: that counts in the place of its score."""
        key = self._full_key(values)
        self._tried[key] = replace(self._tried[key], score=mean)
        self._polishers = {}  # they were told of what is larger than a smallest that may be none

    def smallest(self):
        """Returns the smallest that reached the target, or None."""
        return min(self._within(0), key=lambda one: (one.size, -one.score), default=None)

    def _is_new(self, values):
        key = self._full_key(values)
        return key not in self._tried and key not in self._under_way

    def _awaited(self):
        """Returns the trials that are under way, and wanted."""
        return [one for one in self._under_way.values() if self.wants(one.values)]

    def _full_key(self, values):
        """Returns the same for equal trainings, whether defaults are given or left out."""
        return key_of(self.ladder.complete(values))

    def _size_within(self, settings):
        """Returns a network's number of parameters, or None where it cannot be built or is over a limit."""
        size = self.size_of(settings)
        return size if size is not None and self.allows(settings) else None

    def _next_rung(self):
        for rung in self.ladder.rungs:
            if self._is_new(rung) and self._size_within(rung) is not None:
                return dict(rung)
        return self._next_within_limits() or self._best_known()

    def _best_known(self):
        """Returns what is known to be best for these images, where it is untried and within the limits; or None."""
        values = self.ladder.best_known
        if values is None or not self._is_new(values):
            return None
        return dict(values) if self._size_within(self.ladder.split(values)[0]) is not None else None

    def _next_within_limits(self):
        """Returns the largest untried network beside a rung that is over a limit, or None."""
        over = [rung for rung in self.ladder.rungs if self.size_of(rung) is not None and not self.allows(rung)]
        found = [
            network
            for rung in over
            for network in self.ladder.neighbours(rung)
            if self._size_within(network) is not None and self._is_new(network) and not self._hopeless(network)
        ]
        return max(found, key=self.size_of, default=None)

    def _next_step(self):
        """Returns the most promising untried neighbour that is smaller than the smallest so far, or None.

        While others are under way, it is one that none of them makes hopeless if it misses; if there is such a one,
        one that is also smaller than they are, so that it is of use whatever becomes of them. Of several families each
        has one network tried before a second one has another.
        """
        most, aim = self.smallest().size, self._step() * self.smallest().size
        awaited = self._awaited()
        steps, tried = {}, {one.values.get(FAMILY) for one in (*self._tried.values(), *self._under_way.values())}
        rungs = [one for one in self._within(NEAR) if one.values in self.ladder.rungs]
        for one in (self.smallest(), *rungs):
            for values in self.ladder.steps(one.values):
                size = self._size_within(self.ladder.split(values)[0])
                if size is None or size >= most or not self._is_new(values) or self._hopeless(values):
                    continue
                if not any(self._nowhere_larger(values, other.values) for other in awaited):
                    depends = any(size >= other.size for other in awaited)
                    steps[key_of(values)] = (
                        depends,
                        values.get(FAMILY) in tried,
                        abs(math.log(size / aim)),
                        values,
                    )
        return min(steps.values(), key=lambda step: step[:-1], default=(None,))[-1]

    def _step(self):
        """Returns the share of the smallest network's size that is to be tried next."""
        allowed = 1 - self.target_acc
        share = ((1 - self.smallest().score) / allowed) ** ERRORS if allowed > 0 else 1.0
        return min(STEP, max(LEAST_STEP, share))

    def _within(self, distance):
        scored = [one for one in self._tried.values() if one.score is not None]
        return [one for one in scored if one.score >= self.target_acc - distance]

    def _hopeless(self, values):
        """Returns whether a network that is nowhere smaller, trained alike, missed the target."""
        return any(
            one.score is not None and one.score < self.target_acc and self._nowhere_larger(values, one.values)
            for one in self._tried.values()
        )

    def _nowhere_larger(self, values, others):
        (settings, training), (other_settings, other_training) = map(self.ladder.split, (values, others))
        return training == other_training and all(
            _at_most(settings.get(name), other_settings.get(name))
            if name in GROWS
            else settings.get(name) == other_settings.get(name)
            for name in settings | other_settings
        )

    def _next_polish(self):
        """Returns new training settings for the smaller network that came nearest to the target, and their polisher."""
        if any(one.polisher is None for one in self._awaited()):
            return None, None  # which network came nearest is not known yet
        while (base := self._to_be_polished()) is not None:
            key = key_of(base.values)
            if key not in self._polishers:
                self._polishers[key] = Polisher(self.ladder, base.values, self.polish, self.seed)
            polisher = self._polishers[key]
            values = polisher.ask(self._is_wanted, lambda values: self._tried.get(self._full_key(values)))
            if values is not None:
                return values, polisher
        return None, None

    def _is_wanted(self, values):
        # Longer trainings are for making a network smaller. To reach the target at all, larger ones are there.
        is_longer = "epochs" in values and self.smallest() is None
        return not is_longer and self._is_new(values) and self._is_smaller(values)

    def _to_be_polished(self):
        """Returns the closest miss that is smaller than the smallest so far; where none reached, the closest of all."""
        smallest = self.smallest()
        bases = [
            one
            for one in (self._within(POLISHABLE) if smallest else self._within(math.inf))
            if one.score < self.target_acc
            and (smallest is None or one.size < smallest.size)
            and not one.polisher
            # A step from a polished one, trained as that is, is not varied again; one that is trained longer is.
            and self.ladder.split(one.values)[1].keys() <= {"epochs"}
            and not self._is_used_up(one)
        ]
        return max(bases, key=lambda one: (one.score, -one.size), default=None)

    def _is_used_up(self, base):
        polisher = self._polishers.get(key_of(base.values))
        return polisher is not None and polisher.is_used_up

    def _is_smaller(self, values):
        smallest, size = self.smallest(), self._size_within(self.ladder.split(values)[0])
        return size is not None and (smallest is None or size < smallest.size)


def _at_most(value, other):
    if isinstance(value, tuple):
        return isinstance(other, tuple) and len(value) <= len(other) and all(map(_at_most, value, other))
    return value is not None and other is not None and value <= other


def make(plan, space, networks):
    """Returns the strategy of a search; see `keras_vision.search.strategies`."""
    return Growing(
        space,
        target_acc=plan.goal.score,
        size_of=networks.size_of,
        allows=networks.allows,
        polish=plan.polish,
        seed=plan.seed,
    )
