"""Ladders: those of several families as one, for a search that looks in all of them."""

from keras_vision.search.families import FAMILY, named
from keras_vision.search.strategies import ANY


class Families:
    """The ladders of several families as one, with the methods of a `Ladder`; each trial's values name their family.

    It begins with the first family's rungs, and goes on with those of the others where none of these reaches. One step
    beside a network lie, next to its own neighbours, the rungs of the other families, by their own recipes.

    Args:
        ladders: Dict from family to `Ladder`, several.
    """

    file = None

    def __init__(self, ladders):
        self.model, self.ladders = ANY, ladders
        self._lead = next(iter(ladders.values()))
        self.recipe, self.fixed = self._lead.recipe, self._lead.fixed
        self.rungs = tuple({FAMILY: name, **rung} for name, ladder in ladders.items() for rung in ladder.rungs)
        known = self._lead.best_known
        self.best_known = known and {FAMILY: self._lead.model, **known}
        self.names = tuple(dict.fromkeys([FAMILY, *(name for one in ladders.values() for name in one.names)]))

    @property
    def families(self):
        """The names of the families."""
        return tuple(self.ladders)

    def _own(self, values):
        """Returns (family, its `Ladder`, the values without the family)."""
        family, own = named(None, values)
        return family, self.ladders[family], own

    def neighbours(self, settings):
        """Returns the settings one step beside `settings` in the same family."""
        family, ladder, own = self._own(settings)
        return [{FAMILY: family, **one} for one in ladder.neighbours(own)]

    def steps(self, values):
        """Returns the values one step beside a trial's: trained alike in the same family, and the others' rungs."""
        family, ladder, own = self._own(values)
        others = [dict(rung) for rung in self.rungs if rung[FAMILY] != family]
        return [*({FAMILY: family, **one} for one in ladder.steps(own)), *others]

    def polish(self, hp, settings):
        """Draws what the family polishes, as `Ladder.polish` does."""
        _, ladder, own = self._own(settings)
        return ladder.polish(hp, own)

    def complete(self, values):
        """Returns a trial's values with the defaults of its family for all that they leave out."""
        family, ladder, own = self._own(values)
        return {FAMILY: family, **ladder.complete(own)}

    def split(self, values):
        """Returns (settings with their family, recipe fields) of a trial's values."""
        family, ladder, own = self._own(values)
        settings, training = ladder.split(own)
        return {FAMILY: family, **settings}, training

    def resolve(self, values):
        """Returns (settings with their family, the family's `Recipe`) of a trial's values."""
        family, ladder, own = self._own(values)
        settings, recipe = ladder.resolve(own)
        return {FAMILY: family, **settings}, recipe

    def first(self):
        """Returns (settings with their family, `Recipe`) of the first rung."""
        return self.resolve(self.rungs[0])

    def examples(self, size_of):
        """Returns networks, as settings with their family, among which one is small and one is large."""
        return [{FAMILY: name, **one} for name, ladder in self.ladders.items() for one in ladder.examples(size_of)]

    def choices(self):
        """Returns in words what may be chosen, a line for each rung of each family."""
        return [f"{name}, {line}" for name, ladder in self.ladders.items() for line in ladder.choices()]

    def describe(self):
        """Returns the ladders as plain data, to be recorded and compared."""
        return {name: ladder.describe() for name, ladder in self.ladders.items()}

    def record(self):
        """Returns what it is made of as plain data."""
        return {name: ladder.record() for name, ladder in self.ladders.items()}


def joined(model, spaces):
    """Returns the space of a search: of a dict family -> space that of `model`, or for `ANY` their `Families`."""
    return Families(spaces) if model == ANY else spaces[model]
