"""Search spaces: which settings a search may choose, read from `tuner_configs` and checked before a trial starts."""

import hashlib
import importlib
import importlib.util
import json
from pathlib import Path

import keras_tuner

from keras_vision.errors import BadInput, check_name
from keras_vision.models import model_settings
from keras_vision.search.ledger import plain_number
from keras_vision.training.recipe import FIELDS, recipe_with

_SHOWN = 8  # values of a setting, at most; of more than these the first and the last


class Space:
    """What may be chosen for one model family.

    Args:
        model: A name in `MODELS`.
        recipe: The `Recipe` to vary; what the space does not vary stays as it is there.
        fixed: Dict of recipe fields that a person set: they are not varied.
        file: A Python file with `model_space(hp)` and, if it likes, `recipe_space(hp, recipe)`, in place of
            `tuner_configs/<model>.py`.

    Raises:
        BadInput: A file that is no space or does not run, or a space with a setting that neither the builder nor the
            recipe has.

    Example:

    >>> space = Space("vgg", recipe_for("vgg"))
    >>> settings, recipe = space.resolve({"width": 16})
    """

    def __init__(self, model, recipe, *, fixed=None, file=None):
        self.model, self.recipe = model, recipe
        self.fixed = {name: value for name, value in (fixed or {}).items() if value is not None}
        self.file = file and str(Path(file).resolve())
        self.hyperparameters = keras_tuner.HyperParameters()
        for name, value in self.fixed.items():
            self.hyperparameters.Fixed(name, value)
        source, module, common = read_space_file(model, file)
        if not callable(getattr(module, "model_space", None)):
            raise BadInput(f"The space {source} has no function model_space(hp). See tuner_configs/ for examples.")
        self._source, self._model_space = source, module.model_space
        self._recipe_space = getattr(module, "recipe_space", common.recipe_space)
        drawn = self._call(self.hyperparameters)
        self._check(source, *drawn)
        self._defaults = self.resolve({})
        for one in self.hyperparameters.space:
            for value in one.values:
                self.resolve({one.name: value})
        self._file_sha256 = file_sha256(file)

    @property
    def families(self):
        """The name of its family, in a tuple."""
        return (self.model,)

    @property
    def names(self):
        """The names of all values that a trial can have."""
        return tuple(hp.name for hp in self.hyperparameters.space)

    def _call(self, hp):
        # A grid varies fastest what is drawn last: the network, which matters more than how it is trained.
        recipe = call_file(self._source, self._recipe_space, hp, self.recipe.as_dict())
        return call_file(self._source, self._model_space, hp), recipe

    def _check(self, file, settings, recipe):
        for function, drawn in (("model_space", settings), ("recipe_space", recipe)):
            check_drawn(file, function, drawn)
        for name in settings:
            check_name("setting", name, model_settings(self.model), f"of {self.model} (see {file})")
        for name in recipe:
            check_name("setting", name, FIELDS, f"of the recipe (see {file})")

    def resolve(self, values):
        """Returns (builder keywords, `Recipe`) for one choice of values.

        Args:
            values: Dict of hyper-parameter names and values. One that is left out keeps its default. Those of
                Hyperband (`tuner/epochs`) shorten the recipe to one complete, shorter cycle.

        Raises:
            BadInput: The file's functions cannot take these values, or draw other settings with them than by default.
        """
        hp = self.hyperparameters.copy()
        hp.values = {one.name: one.default for one in hp.space} | values  # also of what only now meets its condition
        settings, varied = self._call(hp)
        if more := {one.name for one in hp.space} - set(self.names):
            raise BadInput(
                f"The space {self._source} draws {', '.join(sorted(more))} for some values of others only. Draw it "
                "always and use it where it counts, or draw it under hp.conditional_scope."
            )
        settings, varied = (call_file(self._source, as_recorded, drawn) for drawn in (settings, varied))
        recipe = self.recipe.replace(**{name: value for name, value in varied.items() if name not in self.fixed})
        if "tuner/epochs" in values:
            recipe = recipe_with(recipe, epochs=values["tuner/epochs"])
        return settings, recipe

    def complete(self, values):
        """Returns a trial's values with all that it used: a strategy over a space proposes all of them."""
        return dict(values)

    def first(self):
        """Returns (builder keywords, `Recipe`) of the defaults."""
        return self._defaults

    def examples(self, size_of):
        """Returns networks, as builder keywords, among which one is small and one is large.

        Args:
            size_of: Function of builder keywords that returns a network's size, or None.
        """
        found, least, most = [], {}, {}
        for one in self.hyperparameters.space:
            networks = {value: self.resolve({one.name: value})[0] for value in one.values}
            sizes = {value: size for value, network in networks.items() if (size := size_of(network))}
            if len(set(sizes.values())) > 1:  # what does not change the size alone may not fit what does
                least[one.name], most[one.name] = (choose(sizes, key=sizes.get) for choose in (min, max))
            found += networks.values()
        return [*found, self.resolve(least)[0], self.resolve(most)[0]]

    def choices(self):
        """Returns in words what may be chosen, a line for each setting."""
        return [f"{one.name}: {_span(one)}" for one in self.hyperparameters.space if one.name not in self.fixed]

    def record(self):
        """Returns what it is made of as plain data."""
        return arguments_of(self)

    def describe(self):
        """Returns the space as plain data, to be recorded and compared.

        What the functions do with their draws shows in what the defaults resolve to and, of a person's own file, in
        its SHA-256.
        """
        settings, recipe = self._defaults
        space = {
            "hyperparameters": {hp.name: hp.get_config() for hp in self.hyperparameters.space},
            "settings": settings,
            "recipe": recipe.as_dict(),
            "file_sha256": self._file_sha256,
        }
        return json.loads(json.dumps(space, default=plain_number))


def arguments_of(space):
    """Returns the arguments that make a `Space` or a `Ladder` again, in whichever process, as plain data."""
    return {"model": space.model, "recipe": space.recipe.as_dict(), "fixed": space.fixed, "file": space.file}


def _span(hp):
    """Returns in words which values a hyper-parameter may have: all where they are few, else the ends."""
    values = () if isinstance(hp.default, float) and hasattr(hp, "max_value") else tuple(hp.values)
    if 0 < len(values) <= _SHOWN:
        return ", ".join(map(str, values))
    return f"{hp.min_value:g} to {hp.max_value:g}" if hasattr(hp, "max_value") else f"{values[0]} to {values[-1]}"


def read_space_file(model, file=None):
    """Returns (name for messages, module, `tuner_configs.common`) of a person's file, or of a family's own.

    Raises:
        BadInput: It is no Python file, or does not run.
    """
    source = file or f"tuner_configs/{model}.py"
    load = _load_file if file else importlib.import_module
    module = call_file(source, load, file or f"tuner_configs.{model}")
    return source, module, importlib.import_module("tuner_configs.common")


def call_file(source, function, *args):
    """Returns what a function of a space file returns; what it raises becomes a `BadInput` that names the file."""
    try:
        return function(*args)
    except BadInput:
        raise
    except Exception as error:  # these files are a person's to edit, and can raise anything
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BadInput(f"The space {source} does not run ({reason}). See tuner_configs/ for examples.") from error


def check_drawn(source, function, drawn):
    """Refuses what a function of a space file returned, unless that is a dict."""
    if not isinstance(drawn, dict):
        raise BadInput(f"{function} in the space {source} must return a dict of settings, not {drawn!r:.40}.")


def as_recorded(settings):
    """Returns settings with the values that the ledger will give back: NumPy's numbers as Python's own."""
    return with_tuples(json.loads(json.dumps(settings, default=plain_number)))


def with_tuples(values):
    """Returns settings with tuples for lists, which JSON makes of them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def file_sha256(file):
    """Returns the SHA-256 of a person's file; None for None."""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else None


def _load_file(file):
    path = Path(file)
    if path.suffix != ".py" or not path.is_file():
        raise BadInput(
            f"There is no Python file {file}. Give one with model_space(hp) or a LADDER. See tuner_configs/ for "
            "examples."
        )
    spec = importlib.util.spec_from_file_location(f"tuner_config_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
