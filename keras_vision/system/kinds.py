"""Of which kind the value of a setting is: NumPy's numbers are taken as Python's own, and other kinds refused."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from keras_vision.errors import BadInput
from keras_vision.system.numbers import is_number, plain


def of_kind(name: str, value: Any, kind: Any) -> Any:
    """Returns the value of a setting as its kind has it; a setting of any other kind than these takes what it is given.

    A whole number stands for text, too, as the class 7 does; a single text for a list of one; and a pair of numbers
    for a whole number that is a side.

    Raises:
        BadInput: It is of another kind.

    Example:

    >>> of_kind("views", True, int)
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: views must be a whole number, not True.
    """
    words, take = _KINDS.get(kind, ("", lambda value: value))
    try:
        return take(plain(value))
    except (TypeError, ValueError):
        shown = repr(value) if len(repr(value)) < 80 else f"of type {type(value).__name__}"
        raise BadInput(f"{name} must be {words}, not {shown}.") from None


def _bool(value: Any) -> bool:
    return value if isinstance(value, bool) else _refused()


def _int(value: Any) -> Any:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return tuple(_int(plain(side)) for side in value)
    return value if is_number(value, whole=True) else _refused()


def _float(value: Any) -> Any:
    return value if is_number(value) else _refused()


def _text(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, (str, os.PathLike)) else _refused()


def _list(value: Any) -> list[Any]:
    if isinstance(value, (str, os.PathLike)):
        return [value]
    if hasattr(value, "ndim") or not isinstance(value, Iterable):
        _refused()
    return [_text(one) for one in value]


def _dict(value: Any) -> dict[str, Any]:
    return {name: plain(one) for name, one in value.items()} if isinstance(value, Mapping) else _refused()


def _refused() -> Any:
    raise TypeError


# kind -> (what a person is told to give, what takes it)
_KINDS: dict[Any, tuple[str, Any]] = {
    bool: ("True or False", _bool),
    int: ("a whole number", _int),
    float: ("a number", _float),
    str: ("text", _text),
    list: ("text or a list of texts", _list),
    dict: ("a dict of names and values", _dict),
}
