"""Settings: each is declared once, as a field of a dataclass, with what it means and what it may be.

From the fields come the checks, the keywords and the documentation of a front door, the options of its command line
and what a run records. A field may stand for a group of settings, which is a dataclass of its own; to a person they
are all one list.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import os
import textwrap
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from keras_vision.errors import BadInput, check_choice, check_name
from keras_vision.system.kinds import of_kind
from keras_vision.system.numbers import is_number, plain

REQUIRED = dataclasses.MISSING
Check = Callable[[str, Any], object]  # of a setting's name and value; raises where the value cannot be
Made = TypeVar("Made", bound="Settings")


@dataclasses.dataclass(frozen=True)
class Alias:
    """Another name of a setting, for callers from Python.

    Args:
        name: That name.
        meaning: A line for a person.
        read: Function of what is given by that name; returns the setting's value.
    """

    name: str
    meaning: str
    read: Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a field of settings says of itself.

    Args:
        meaning: A line for a person.
        placeholder: What stands for its value in `--help`.
        check: Function of (name, value) that raises `BadInput` for a value that cannot be.
        option: What it is called there, where that is not the field's name.
        is_option: Whether the command line has it; else it is for callers from Python.
        is_word: Whether its value stands on the command line without an option's name.
        is_repeated: Whether it may be given several times there; it arrives as a list.
        alias: Another name, for callers from Python; None for none.
    """

    meaning: str
    placeholder: str = "VALUE"
    check: Check | None = None
    option: str = ""
    is_option: bool = True
    is_word: bool = False
    is_repeated: bool = False
    alias: Alias | None = None


def setting(
    default: Any,
    meaning: str,
    placeholder: str = "VALUE",
    check: Check | None = None,
    **more: Any,
) -> Any:
    """Returns a dataclass field that is a setting; arguments as in `Setting`, and `REQUIRED` for no default."""
    metadata = {"setting": Setting(meaning, placeholder, check, **more)}
    if isinstance(default, (dict, list)):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def group(settings: type[Settings]) -> Any:
    """Returns a dataclass field that stands for all settings of another class."""
    return dataclasses.field(default_factory=settings, metadata={"group": settings})


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of the dataclasses whose fields are settings: checks the kind and the value of each as it is made.

    Raises:
        BadInput: A value that cannot be.

    Example:

    >>> @dataclasses.dataclass(frozen=True)
    ... class Walk(Settings):
    ...     steps: int = setting(1, "how far", "N", whole(1))
    >>> make(Walk, steps=3), list(fields(Walk))
    (Walk(steps=3), ['steps'])
    >>> make(Walk, stepps=3)
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: There is no setting 'stepps'. Did you mean 'steps'? The choices are: steps.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, own = getattr(self, field.name), field.metadata.get("setting")
            if own and not (value is None and field.default is None):
                value = of_kind(field.name, value, field.type)
                object.__setattr__(self, field.name, value)  # as a frozen dataclass sets its own
                if own.check:
                    own.check(field.name, value)


def fields(settings: type[Settings]) -> dict[str, dataclasses.Field[Any]]:
    """Returns a dict: name -> dataclass field, of a class of settings and of its groups, in their order."""
    found: dict[str, dataclasses.Field[Any]] = {}
    for field in dataclasses.fields(settings):
        found |= fields(field.metadata["group"]) if "group" in field.metadata else {field.name: field}
    return found


def options_of(settings: type[Settings]) -> dict[str, Any]:
    """Returns a dict: name -> dataclass field, of those settings of a class that the command line has."""
    return {name: field for name, field in fields(settings).items() if field.metadata["setting"].is_option}


def aliases(settings: type[Settings]) -> dict[str, tuple[str, Alias]]:
    """Returns a dict: other name -> (name, `Alias`), for the settings of a class and of its groups."""
    named = {name: field.metadata["setting"].alias for name, field in fields(settings).items()}
    return {alias.name: (name, alias) for name, alias in named.items() if alias}


def make(settings: type[Made], /, **given: Any) -> Made:
    """Returns an instance of a class of settings; those of its groups are given side by side with its own.

    None stands for the default of what cannot be None.

    Raises:
        BadInput: A name that it does not have, or a value that cannot be.
        TypeError: One that has no default is missing.
    """
    for other, (name, alias) in aliases(settings).items():
        if (value := given.pop(other, None)) is not None:
            if given.get(name) is not None:
                raise BadInput(f"{other}={value!r} and {name}={given[name]!r} say the same. Give one of them.")
            given[name] = alias.read(value)
    for name in given:
        check_name("setting", name, fields(settings))
    made = {}
    for field in dataclasses.fields(settings):
        if "group" in field.metadata:
            part = field.metadata["group"]
            made[field.name] = make(part, **{name: given[name] for name in fields(part) if name in given})
        elif field.name in given and not (given[field.name] is None and field.default is not None):
            made[field.name] = given[field.name]
    return settings(**made)


def flat(settings: Settings) -> dict[str, Any]:
    """Returns a dict of all values of an instance, those of its groups among them."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        values |= flat(value) if "group" in field.metadata else {field.name: value}
    return values


def given(settings: Settings) -> dict[str, Any]:
    """Returns a dict of those values of an instance that are not None."""
    return {name: value for name, value in flat(settings).items() if value is not None}


def changed(settings: Settings) -> dict[str, Any]:
    """Returns a dict of those values of an instance that a command line would have to give: not the defaults."""
    values = flat(settings)
    return {name: values[name] for name, field in options_of(type(settings)).items() if values[name] != _default(field)}


def signature(settings: type[Settings], words: int, /, **more: Any) -> inspect.Signature:
    """Returns the `inspect.Signature` of a function that takes these settings as keywords.

    Args:
        settings: The class.
        words: How many of the first may also be given by their place.
        **more: Further keywords, with their defaults.
    """
    empty, kinds = inspect.Parameter.empty, (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    aliased = {name for name, _ in aliases(settings).values()}  # of which the other name may be given instead
    own = [(name, _default(field)) for name, field in fields(settings).items()]
    own = [(name, None if default is REQUIRED and name in aliased else default) for name, default in own]
    more = dict.fromkeys(aliases(settings)) | more
    parameters = [
        inspect.Parameter(name, kinds[place >= words], default=empty if default is REQUIRED else default)
        for place, (name, default) in enumerate([*own, *more.items()])
    ]
    return inspect.Signature(parameters)


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def documented(document: str | None, settings: type[Settings]) -> str | None:
    """Returns a docstring with a section "Args" that lists the settings, where it has none."""
    if not document or "Args:" in document:
        return document
    lines = []
    for name, field in fields(settings).items():
        default = _default(field)
        usual = "" if default in (None, REQUIRED, {}, []) or isinstance(default, bool) else f" (default: {default})"
        line = f"{name}: {field.metadata['setting'].meaning[:1].upper()}{field.metadata['setting'].meaning[1:]}{usual}."
        lines += _listed(line)
    lines += [line for alias in aliases(settings).values() for line in _listed(f"{alias[1].name}: {alias[1].meaning}.")]
    head, cut, tail = inspect.cleandoc(document).partition("\nReturns:")
    return f"{head}\nArgs:\n" + "\n".join(lines) + f"\n{cut}{tail}"


def _listed(line: str) -> list[str]:
    return textwrap.wrap(line, 116, initial_indent="    ", subsequent_indent=" " * 8)


# ---- checks ----


class ChoiceCheck:
    """A check with the attribute `choices`, for whoever completes words."""

    def __init__(self, check: Check, choices: Collection[Any]) -> None:
        self._check, self.choices = check, tuple(choices)

    def __call__(self, name: str, value: Any) -> Any:
        return self._check(name, value)


def one_of(choices: Collection[Any]) -> Check:
    """Returns the check that a value is one of `choices`, its attribute."""
    return ChoiceCheck(lambda name, value: check_choice(name, value, choices), choices)


def name_in(table: Collection[str]) -> Check:
    """Returns the check that a value is a name in `table`, for settings that are called after what stands there."""
    return ChoiceCheck(lambda name, value: check_name(name, value, table), table)


def between(low: float, high: float, rule: str, *, whole: bool = False, above: bool = False) -> Check:
    """Returns the check that a value is a number from `low` to `high`, or with `above` greater than `low`.

    Args:
        low, high: The bounds.
        rule: Says both to a person, after "must be".
        whole: Whether it must be an integer.
        above: Whether it must not be `low` itself.
    """

    def check(name: str, value: Any) -> None:
        is_known = is_number(value, whole=whole) and value != math.inf
        if not (is_known and low <= value <= high and not (above and value == low)):
            raise BadInput(f"{name} must be {rule}, not {plain(value)!r}.")

    return check


def whole(low: int) -> Check:
    """Returns the check that a value is a whole number from `low`."""
    return between(low, math.inf, f"a whole number of at least {low}", whole=True)


POSITIVE = between(0, math.inf, "a positive number", above=True)
MINUTES = between(0, 1e9, "a positive number of minutes", above=True)
SEED = between(0, 2**31 - 1, "a whole number from 0 to 2147483647", whole=True)


def SHARE(name: str, value: Any) -> None:
    """Refuses what is not a share of a whole.

    Example:

    >>> SHARE("target_acc", 90)
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: target_acc must be a share between 0 and 1, not 90. For 90% write 0.9.
    """
    if not (is_number(value) and 0 < value <= 1):
        shown = f"{value:g}" if is_number(value) else repr(value)
        mend = f" For {value:g}% write {value / 100:g}." if is_number(value) and 1 < value <= 100 else ""
        raise BadInput(f"{name} must be a share between 0 and 1, not {shown}.{mend}")


def NAMED(name: str, value: Any) -> None:
    """Refuses what is no name of a file or folder; an empty one is what a variable that is not set leaves in a shell.

    Example:

    >>> NAMED("workdir", "")
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: workdir is empty. Name a folder, or leave it out.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise BadInput(f"{name} must be the name of a folder, not {value!r}.")
    if str(value) == "":
        raise BadInput(f"{name} is empty. Name a folder, or leave it out.")
