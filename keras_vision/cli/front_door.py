"""Front doors: functions that people call from Python, whose keywords and command lines come from their settings."""

import functools
import importlib
import inspect

from keras_vision.reporting.progress import suitable_progress
from keras_vision.system.keras_import import import_keras
from keras_vision.system.settings import documented, fields, make, signature


def front_door(settings, words=1):
    """Makes a function of (settings, progress) one that people call with keywords.

    The keywords are those of the class `settings`; the first `words` of them may also be given by their place. They
    are checked before the function runs. A keyword `progress` takes a `Progress`, or None for the usual one.

    Example:

    >>> @front_door(DataSource)
    ... def count(asked, progress):
    ...     return len(asked.open().train)
    >>> count("digits", seed=3)
    1458
    """

    def decorate(body):
        @functools.wraps(body)
        def door(*given, progress=None, **more):
            names = list(fields(settings))[:words]
            if len(given) > len(names) or set(names[: len(given)]) & set(more):
                raise TypeError(
                    f"{body.__name__}() takes only {', '.join(names)} by position, each once, and all others by name"
                )
            return body(make(settings, **dict(zip(names, given, strict=False)), **more), suitable_progress(progress))

        door.__doc__ = documented(body.__doc__, settings)
        door.__signature__ = signature(settings, words, progress=None)
        door.settings, door.is_stream = settings, inspect.isgeneratorfunction(body)
        return door

    return decorate


def carry_out(place, *given):
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
