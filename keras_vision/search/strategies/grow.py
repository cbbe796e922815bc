"""Growing: the search for the smallest network that reaches a target.

It climbs a ladder of networks from small to large until one reaches the target. Then it looks at what lies one step or
two beside those that reached it or nearly did (one more convolution in one block, a shorter network, a narrower one,
also with one more, one of cheaper convolutions), and tries that of which most is to be expected: by how likely it is to
reach the target, going by all trials, and by how much smaller it is than the smallest that reached it not by luck.
Once some steps in a row missed, or none is left, the training of the smaller network that came nearest is polished, in
turns with them: made longer, then varied otherwise. After a success come steps from there, trained as that was. In the
place of rungs over a limit on parameters or MACs come the networks beside them that are within it, the largest first.
Where none of all these reached the target, the best network and recipe known for these images are tried.
"""

import math
from dataclasses import dataclass, replace

from keras_vision.search.families import FAMILY
from keras_vision.search.networks import key_of
from keras_vision.search.polishing import Polisher
from keras_vision.search.promise import GROWS, chances

# Networks further below the target than this are no start for steps: one more convolution gains about a point.
NEAR = 0.03
# Nor is one that misses by more than this polished: other learning rates around a good one gain less.
POLISHABLE = 0.015
STEPS = 2  # that a network may lie from one of those: with one, searches take longer, with three they find no sooner
BELIEVED = 0.7  # the chance from which on a network that reached the target is taken for one that does on average
LEAST_GAIN = 0.02  # a network is worth its training that is expected to be smaller by this share
MISSES = 4  # after so many steps in a row that missed the target, polishing takes turns with them


@dataclass(frozen=True)
class Tried:
    """One trial.

    Args:
        values: What was asked.
        settings, training: The builder keywords and the recipe fields among them.
        size: Of its network.
        polisher: The `Polisher` that had varied it, or None.
        score: Its validation accuracy, on average over other seeds where that is known; None where it failed, and
            while it is under way.
        is_confirmed: Whether other seeds were trained.
    """

    values: dict
    settings: dict
    training: dict
    size: int
    polisher: Polisher | None = None
    score: float | None = None
    is_confirmed: bool = False


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
        smaller = self._next_step if self.smallest() else self._next_rung
        ways = [lambda: (smaller(), None), self._next_polish]
        if self._is_turn_of_polishing():
            ways.reverse()
        values, polisher = next((found for way in ways if (found := way())[0] is not None), (None, None))
        if values is not None:
            settings, training = self.ladder.split(values)
            one = Tried(values, settings, training, self.size_of(settings), polisher)
            self._under_way[self._full_key(values)] = one
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
        if smallest and one.size >= (smallest if one.polisher else self._start()).size:
            return False
        return one.polisher is not None or not self._hopeless(one.values)

    def confirm(self, values, mean):
        """Takes note of what a trial came to on average over other seeds: that counts in the place of its score."""
        key = self._full_key(values)
        self._tried[key] = replace(self._tried[key], score=mean, is_confirmed=True)
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

    def _size_within(self, values):
        """Returns a network's number of parameters, or None where it cannot be built or is over a limit."""
        settings = self.ladder.split(values)[0]
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
        return dict(values) if self._size_within(values) is not None else None

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
        """Returns the smaller network beside those tried of which most is expected, or None.

        That is the one with the largest product of its chance to reach the target and the logarithm of how many times
        it is smaller than the smallest that most likely does. While others are under way, it is one that none of them
        makes hopeless if it misses; if there is such a one, one that is also smaller than they are, so that it is of
        use whatever becomes of them. Of several families each has one network tried before a second one has another.
        """
        start, awaited = self._start(), self._awaited()
        found = self._beside(start)
        families = {one.values.get(FAMILY) for one in (*self._tried.values(), *self._under_way.values())}
        gains = [
            chance * math.log(start.size / size)
            for (_, size), chance in zip(found, self._chances(found)[1], strict=True)
        ]
        steps = [
            (
                any(size >= other.size for other in awaited),
                values.get(FAMILY) in families,
                -round(gain, 9),
                values,
            )
            for (values, size), gain in zip(found, gains, strict=True)
            if gain >= LEAST_GAIN or values.get(FAMILY) not in families
        ]
        in_order = (step[-1] for step in sorted(steps, key=lambda step: step[:-1]))
        return next((values for values in in_order if not self._is_nowhere_larger(values, awaited)), None)

    def _chances(self, found):
        """Returns the chances of all trials that have a score, in order, and of (values, size) that were found."""
        scored = [(one.values, one.size, one.score) for one in self._within(math.inf)]
        return chances(scored, found, self.target_acc)

    def _start(self):
        """Returns the smallest that reached the target and most likely does on average; without one, the likeliest."""
        likely = zip(self._chances([])[0], self._within(math.inf), strict=True)
        reached = [(chance, one) for chance, one in likely if one.score >= self.target_acc]
        believed = [one for chance, one in reached if one.is_confirmed or chance >= BELIEVED]
        return min(believed, key=lambda one: one.size, default=max(reached, key=lambda pair: pair[0])[1])

    def _is_worth_it(self, values):
        """Returns whether values are new, and nothing that missed is larger in every way."""
        return self._is_new(values) and not self._hopeless(values)

    def _beside(self, start):
        """Returns (values, size) of the networks a few steps from good ones that are smaller than one that reached.

        Those of its family are to be trained as that one was.
        """
        found, seen, training = [], set(), start.training
        near = [one for one in self._within(NEAR) if one.size < start.size]
        ends = [
            one.settings | training if one.values.get(FAMILY) == start.values.get(FAMILY) else one.values
            for one in (start, *near)
        ]
        for _ in range(STEPS):
            beside = {key_of(values): values for end in ends for values in self.ladder.steps(end)}
            new = {key: values for key, values in beside.items() if key not in seen}
            seen |= new.keys()
            ends = [values for values in new.values() if not _is_nowhere_smaller(self.ladder.split(values)[0], start)]
            for values in filter(self._is_worth_it, ends):  # counting a network takes longer than all else here
                size = self._size_within(values)
                found += [(values, size)] if size is not None and size < start.size else []
        return found

    def _within(self, distance):
        scored = [one for one in self._tried.values() if one.score is not None]
        return [one for one in scored if one.score >= self.target_acc - distance]

    def _hopeless(self, values):
        """Returns whether a network that is nowhere smaller, trained alike, missed the target."""
        missed = [one for one in self._tried.values() if one.score is not None and one.score < self.target_acc]
        return self._is_nowhere_larger(values, missed)

    def _is_nowhere_larger(self, values, others):
        """Returns whether one of some trials is of the same kind, trained alike, and smaller in no setting."""
        settings, training = self.ladder.split(values)
        return any(training == one.training and _none_larger(settings, one.settings) for one in others)

    def _next_polish(self):
        """Returns new training settings for the smaller network that came nearest to the target, and their polisher."""
        if any(one.polisher is None for one in self._awaited()) and not self._is_turn_of_polishing():
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

    def _is_turn_of_polishing(self):
        """Returns whether so many steps missed since the smallest was found that polishing takes turns with them."""
        if (smallest := self.smallest()) is None:
            return False
        tried = list(self._tried.values())
        since = [*tried[tried.index(smallest) + 1 :], *self._under_way.values()]
        polished = sum(one.polisher is not None for one in since)
        return len(since) - 2 * polished >= MISSES

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
            and one.training.keys() <= {"epochs"}
            and not self._is_used_up(one)
        ]
        return max(bases, key=lambda one: (one.score, -one.size), default=None)

    def _is_used_up(self, base):
        polisher = self._polishers.get(key_of(base.values))
        return polisher is not None and polisher.is_used_up

    def _is_smaller(self, values):
        smallest, size = self.smallest(), self._size_within(values)
        return size is not None and (smallest is None or size < smallest.size)


def _is_nowhere_smaller(settings, start):
    return _none_larger(start.settings, settings)


def _none_larger(settings, others):
    """Returns whether settings differ from others in size alone, and none of them is larger."""
    return all(
        _at_most(settings.get(name), others.get(name)) if name in GROWS else settings.get(name) == others.get(name)
        for name in settings | others
    )


def _at_most(value, other):
    if isinstance(value, tuple):
        return isinstance(other, tuple) and len(value) <= len(other) and all(map(_at_most, value, other))
    return value is not None and other is not None and value <= other


def make(plan, space, networks):
    """Returns the strategy of a search; see `keras_vision.search.strategies`."""
    return Growing(
        space,
        target_acc=plan.goal.score,
        size_of=lambda settings: networks.size_of(settings, says=settings in space.rungs),
        allows=networks.allows,
        polish=plan.polish,
        seed=plan.seed,
    )
