"""Errors that a person can do something about: what is wrong, and what to do."""

import difflib
import re
from collections.abc import Collection, Iterable
from typing import Any

_OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError")


class KerasVisionError(Exception):
    """Something that went wrong after work had started. Front doors exit with `exit_code`."""

    exit_code = 1


class BadInput(KerasVisionError, ValueError):
    """Input refused before any work started.

    The message is a plain sentence or two: what is wrong, with the value as the person typed it, and what to do.

    Example:

    >>> raise BadInput("target_acc must be a share between 0 and 1, not 90. For 90% write 0.9.")
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: target_acc must be a share between 0 and 1, not 90. For 90% write 0.9.
    """

    exit_code = 2


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether an error says that memory is lacking, in the words of Python, TensorFlow or PyTorch.

    Example:

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError())
    (True, False)
    """
    return isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY


def nearest(word: Any, choices: Iterable[Any]) -> str | None:
    """Returns the choice whose initials `word` is, or that is spelled most like it; None where none is close.

    Example:

    >>> nearest("lr", ["log", "learning-rate"]), nearest("lgo", ["log", "learning-rate"])
    ('learning-rate', 'log')
    """
    word, known = str(word).lower(), [str(choice) for choice in choices]
    initials = [one for one in known if len(word) > 1 and word == "".join(part[:1] for part in re.split("[-_]", one))]
    return next(iter(initials or difflib.get_close_matches(word, known, n=1, cutoff=0.5)), None)


def did_you_mean(word: Any, choices: Iterable[Any]) -> str:
    """Returns the question that follows a misspelled word, with a space before it; "" where no choice is close."""
    near = nearest(word, choices)
    return f" Did you mean {near!r}?" if near else ""


def _is_among(value: Any, choices: Iterable[Any]) -> bool:
    """Returns whether a value is one of `choices`; True is no 1, and a list or an array is none that has no list."""
    if isinstance(value, bool):
        return any(value is one for one in choices)
    try:
        return bool(value in choices)
    except (TypeError, ValueError):  # no hash, or no truth of its own
        return False


def check_choice(setting: str, value: Any, choices: Iterable[Any]) -> Any:
    """Returns `value` if it is one of `choices`; raises `BadInput` with the choices and the nearest otherwise.

    Example:

    >>> check_choice("padding", "sam", ("same", "valid"))
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: padding must be same or valid, not 'sam'. Did you mean 'same'?
    """
    if _is_among(value, choices):
        return value
    *others, last = map(str, choices)
    words = f"{', '.join(others)} or {last}" if others else last
    raise BadInput(f"{setting} must be {words}, not {value!r}.{did_you_mean(value, choices)}")


def check_name(kind: str, name: Any, names: Collection[Any], whose: str = "") -> Any:
    """Returns `name` if it is one of `names`; raises `BadInput` with the names and the nearest otherwise.

    Args:
        kind: What has these names, in the singular.
        name: The one that was given.
        names: Those that there are.
        whose: More words about them, which follow the name.

    Example:

    >>> check_name("setting", "filter", ("filters", "blocks"), "of vgg")
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: There is no setting 'filter' of vgg. Did you mean 'filters'? The choices are: \
filters, blocks.
    """
    if _is_among(name, names):
        return name
    missing = f"There is no {kind} {name!r}{' ' if whose else ''}{whose}."
    raise BadInput(f"{missing}{did_you_mean(name, names)} The choices are: {', '.join(map(str, names))}.")
