"""Ladder: networks of one family from small to large, and what lies one step beside each; read from `tuner_configs`."""

import dataclasses
import json
from pathlib import Path

import keras_tuner

from keras_vision.errors import BadInput, check_name
from keras_vision.models import model_settings
from keras_vision.reporting.progress import settings_line
from keras_vision.search.ledger import plain_number
from keras_vision.search.networks import key_of
from keras_vision.search.promise import GROWS, LAYERS
from keras_vision.search.space import (
    arguments_of,
    as_recorded,
    call_file,
    check_drawn,
    file_sha256,
    read_space_file,
    with_tuples,
)
from keras_vision.training.presets import PRESETS
from keras_vision.training.recipe import FIELDS, recipe_for, recipe_with, with_optimizer

WIDTHS = (1, *sorted(times * 2**power for times in (2, 3) for power in range(20)))


def finer_steps(name, value):
    """Returns the values next to that of a setting that makes networks larger: a layer less and more, or a width.

    Of widths there are the powers of two and what lies halfway between them.

    Example:

    >>> finer_steps("num_blocks", 2), finer_steps("filters", (8, 16)), finer_steps("activation", "relu")
    ([1, 3], [(6, 12), (12, 24)], [])
    """
    if name in LAYERS:
        return [one for one in (value - 1, value + 1) if one > 0] if isinstance(value, int) else []
    if name not in GROWS:
        return []
    if isinstance(value, int):
        return [one for (one,) in finer_steps(name, (value,))]
    if not isinstance(value, tuple) or not all(isinstance(one, int) and 0 < one < WIDTHS[-1] for one in value):
        return []  # the builder says what is wrong with it
    narrower = tuple(max((one for one in WIDTHS if one < width), default=width) for width in value)
    wider = tuple(min(one for one in WIDTHS if one > width) for width in value)
    return [one for one in (narrower, wider) if one != value]


class Ladder:
    """The networks that a growing search may try.

    A file in `tuner_configs` names them: `LADDER`, a tuple of builder keywords from small to large; if it likes,
    `ALTERNATIVES`, a dict of settings and a tuple of values of each that are a step from any other;
    `neighbours(settings)`, the builder keywords that lie one step beside given ones, larger or smaller; and
    `polish_space(hp, settings)`, builder keywords that are drawn once the size is settled. A grid varies the length of
    the training first, then those of `polish_space`, then the rest of the recipe, and last those of
    `polish_space_last(hp, settings)`, which overrule them all.

    Args:
        model: A name in `MODELS`.
        recipe: The `Recipe` of every trial, until it is polished.
        fixed: Dict of recipe fields that a person set: they are not polished.
        file: A Python file in place of `tuner_configs/<model>.py`.
        dataset: The name of the images.

    Attributes:
        rungs: The ladder, from small to large.
        best_known: What the best preset for these images has, as a trial's values; None where there is no such preset,
            or the ladder is a person's own.
        names: The names of all values that a trial can have.

    Raises:
        BadInput: The file does not run, has no ladder, or names a setting that the builder does not have.

    Example:

    >>> ladder = Ladder("vgg", recipe_for("vgg"))
    >>> ladder.rungs[0]
    {'filters': (16,), 'blocks': (1,), 'whitening': True, 'early_pooling': True}
    """

    def __init__(self, model, recipe, *, fixed=None, file=None, dataset=None):
        self.model, self.recipe = model, recipe
        # Read once: a growing search asks for them thousands of times.
        self._settings = model_settings(model)
        self._usual = self._settings | recipe.as_dict()
        self.fixed = {name: value for name, value in (fixed or {}).items() if value is not None}
        self.file = file and str(Path(file).resolve())
        self._source, self._module, self._common = read_space_file(model, file)
        self._known_neighbours = {}  # by settings as JSON: a growing search asks for the same ones again and again
        self.rungs = call_file(self._source, tuple, getattr(self._module, "LADDER", ()))
        if not self.rungs or not all(isinstance(rung, dict) for rung in self.rungs):
            raise BadInput(
                f"The space {self._source} needs a LADDER: a tuple of dicts of builder keywords, from small to large, "
                f"not {self.rungs!r:.40}. Or choose a --strategy that needs none."
            )
        self.rungs = tuple(call_file(self._source, as_recorded, rung) for rung in self.rungs)
        beside = [network for rung in self.rungs for network in self.neighbours(rung)]
        for network in (*self.rungs, *beside):
            self._check(network)
        hp = keras_tuner.HyperParameters()
        drawn = self._draw(hp, self.rungs[-1])
        self.best_known = None if file else self._best_known(dataset)
        networks = [*self.rungs, *beside, self.best_known or {}]
        self.names = tuple(dict.fromkeys([*(name for values in networks for name in values), *drawn]))
        self._polished = {one.name: one.get_config() for one in hp.space}
        self._file_sha256 = file_sha256(file)

    @property
    def families(self):
        """The name of its family, in a tuple."""
        return (self.model,)

    def _check(self, settings):
        for name in settings:
            check_name("setting", name, self._settings, f"of {self.model} (see {self._source})")

    def _best_known(self, dataset):
        """Returns the best preset for a data set: its network, and what it changes of the recipe. None without one.

        When a training ends early is the search's to say, not the preset's.
        """
        if (self.model, dataset) not in PRESETS:
            return None
        preset, usual = PRESETS[self.model, dataset]["best"], self.recipe.as_dict() | self.fixed
        recipe = recipe_with(recipe_for(self.model, **preset.recipe), **self.fixed).as_dict()
        changed = {name: value for name, value in recipe.items() if value != usual[name] and name != "patience"}
        return as_recorded(preset.settings | changed)

    def neighbours(self, settings):
        """Returns the settings one step beside `settings`, as a list of dicts.

        Without a function of the file's own: each setting alone, one rung up or down, a width or a layer more or less,
        or an alternative.
        """
        key = key_of(settings)
        if key not in self._known_neighbours:
            self._known_neighbours[key] = self._find_neighbours(settings)
        return self._known_neighbours[key]

    def _find_neighbours(self, settings):
        if hasattr(self._module, "neighbours"):
            return call_file(self._source, lambda: list(map(as_recorded, self._module.neighbours(dict(settings)))))
        beside = [
            settings | {name: value} for name, own in settings.items() for value in self._values_beside(name, own)
        ]
        alternatives = call_file(self._source, dict, getattr(self._module, "ALTERNATIVES", {}))
        others = [settings | {name: value} for name, values in alternatives.items() for value in values]
        return beside + [other for other in others if other != settings]

    def _values_beside(self, name, own):
        """Returns the values of a setting that are one step from its own, each once."""
        values = list(dict.fromkeys(rung[name] for rung in self.rungs if name in rung))
        place = values.index(own) if own in values else None
        of_rungs = [] if place is None else [*values[max(place - 1, 0) : place], *values[place + 1 : place + 2]]
        return list(dict.fromkeys([*of_rungs, *finer_steps(name, own)]))

    def steps(self, values):
        """Returns the values one step beside a trial's, trained alike, as a list."""
        settings, training = self.split(values)
        return [neighbour | training for neighbour in self.neighbours(settings)]

    def polish(self, hp, settings):
        """Draws what is polished once the size is settled: how a network is trained, and what the file adds.

        Returns:
            A dict of builder keywords and recipe fields: those that differ from what `settings` and the recipe have.
        """
        usual = self._usual | settings
        return {name: value for name, value in self._draw(hp, settings).items() if value != usual[name]}

    def _draw(self, hp, settings):
        last = self._own("polish_space_last", hp, settings)  # a grid varies slowest what is drawn first
        optimizers = ("adamw", "sgd") if {"optimizer", "momentum"}.isdisjoint(self.fixed) else ()
        recipe = self.recipe.as_dict()
        drawn = call_file(self._source, self._common.polish_recipe, hp, recipe, optimizers, with_optimizer)
        drawn |= self._own("polish_space", hp, settings)
        drawn |= call_file(self._source, self._common.polish_length, hp, recipe) | last
        for name in drawn:
            check_name(
                "setting",
                name,
                (*self._settings, *FIELDS),
                f"of {self.model} or its recipe (see {self._source})",
            )
        drawn = {name: value for name, value in drawn.items() if name not in self.fixed}
        return call_file(self._source, as_recorded, drawn)

    def _own(self, function, hp, settings):
        """Returns what a function that the file may have draws."""
        draw = getattr(self._module, function, lambda hp, settings: {})
        drawn = call_file(self._source, draw, hp, dict(settings))
        check_drawn(self._source, function, drawn)
        return drawn

    def complete(self, values):
        """Returns a trial's values with the defaults of all that they leave out: equal for equal trainings."""
        return as_recorded(self._usual | values)

    def split(self, values):
        """Returns (builder keywords, recipe fields) of a trial's values, with tuples for JSON's lists."""
        values = with_tuples(values)
        settings = {name: value for name, value in values.items() if name not in FIELDS}
        return settings, {name: value for name, value in values.items() if name in FIELDS}

    def resolve(self, values):
        """Returns (builder keywords, `Recipe`) of a trial's values."""
        settings, changes = self.split(values)
        return settings, self.recipe.replace(**changes)

    def first(self):
        """Returns (builder keywords, `Recipe`) of the first rung."""
        return self.resolve(self.rungs[0])

    def examples(self, size_of):
        """Returns networks, as builder keywords, among which one is small and one is large: those that it names."""
        return [*self.rungs, *([self.split(self.best_known)[0]] if self.best_known else [])]

    def choices(self):
        """Returns in words what may be chosen: a line for each rung, for what follows, and for what is varied last."""
        rungs = [f"rung {number}: {settings_line(rung)}" for number, rung in enumerate(self.rungs, start=1)]
        beside = "once one reaches the target: smaller networks beside it, which may be smaller than rung 1"
        return [*rungs, beside, f"varied at the end: {', '.join(self._polished)}"]

    def record(self):
        """Returns what it is made of as plain data."""
        return arguments_of(self)

    def describe(self):
        """Returns the ladder as plain data, to be recorded and compared."""
        ladder = {
            "ladder": self.rungs,
            "neighbours": [self.neighbours(rung) for rung in self.rungs],
            "polished": self._polished,
            "recipe": dataclasses.asdict(self.recipe),
            "file_sha256": self._file_sha256,
        }
        if self.best_known:
            ladder["best_known"] = self.best_known
        return json.loads(json.dumps(ladder, default=plain_number))
