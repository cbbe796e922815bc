"""Front doors: functions that people call from Python, whose keywords and command lines come from their settings."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar, cast

from keras_vision.reporting.progress import Progress, suitable_progress
from keras_vision.results.result import Result, path_of
from keras_vision.system.keras_import import import_keras
from keras_vision.system.settings import Settings, documented, fields, make, signature

Given = TypeVar("Given", covariant=True)
_ANY_RESULT = cast(Any, Result.of)
Body = Callable[[Any, Progress], dict[str, Any] | Iterator[dict[str, Any]]]


class FrontDoor(Protocol[Given]):
    """A function that people call with the names of its settings.

    Args:
        settings: The class of its settings.
        is_stream: Whether it yields results, one for each image.
        plainly: The same function, whose result is the dict that the command prints, or yields such dicts.
    """

    settings: type[Settings]
    is_stream: bool
    plainly: Callable[..., Any]

    def __call__(self, *given: Any, progress: Progress | None = None, **more: Any) -> Given: ...


def front_door(
    settings: type[Settings], result: Callable[[Any], Given] = _ANY_RESULT, words: int = 1
) -> Callable[[Body], FrontDoor[Given]]:
    """Makes a function of (settings, progress) one that people call with keywords.

    The keywords are those of the class `settings`; the first `words` of them may also be given by their place. They
    are checked before the function runs. A keyword `progress` takes a `Progress`, or None for the usual one. In the
    place of a run directory the result of a run may be given.

    Args:
        settings: The class.
        result: Makes what people get of the dict that the function returns, or of an iterator of those it yields.
        words: As above.

    Returns:
        The decorator.

    Example:

    >>> @front_door(DataSource)
    ... def count(asked, progress):
    ...     return {"images": len(asked.open().train)}
    >>> count("digits", seed=3)["images"]
    1458
    """

    def decorate(body: Body) -> FrontDoor[Given]:
        def plainly(*given: Any, progress: Progress | None = None, **more: Any) -> Any:
            names = list(fields(settings))[:words]
            if len(given) > len(names) or set(names[: len(given)]) & set(more):
                raise TypeError(
                    f"{body.__name__}() takes only {', '.join(names)} by position, each once, and all others by name"
                )
            by_name = dict(zip(names, given, strict=False)) | more
            asked = make(settings, **{name: path_of(value) for name, value in by_name.items()})
            return body(asked, suitable_progress(progress))

        @functools.wraps(body)
        def door(*given: Any, progress: Progress | None = None, **more: Any) -> Given:
            return result(plainly(*given, progress=progress, **more))

        made = cast(Any, door)
        made.__doc__ = documented(body.__doc__, settings)
        made.__signature__ = signature(settings, words, progress=None)
        made.settings, made.is_stream, made.plainly = settings, inspect.isgeneratorfunction(body), plainly
        return made

    return decorate


def carry_out(place: str, *given: Any) -> Any:
    """Imports Keras, then the module that does what a front door is asked for, and returns what that gives.

    It is the end of a front door's function, which has checked by then what can be checked without Keras: `--help` and
    a mistake are answered at once. The module's own imports are all at its top.

    Args:
        place: The module in keras_vision, which has a function `carry_out`.
        *given: What that function is given.

    Raises:
        KerasVisionError: Keras cannot be loaded; and what the function raises.

    Example:

    >>> carry_out("commands.describe", asked, progress)  # doctest: +SKIP
    """
    import_keras()
    return importlib.import_module(f"keras_vision.{place}").carry_out(*given)
