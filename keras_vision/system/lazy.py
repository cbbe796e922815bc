"""Public names of a package that are loaded when they are first used, so that importing the package costs nothing."""

import importlib
import sys
import types
from collections.abc import Callable, Collection
from typing import Any


def lazily(package: str, places: dict[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Returns the functions `__getattr__` and `__dir__` of a package (PEP 562).

    Args:
        package: The package's `__name__`.
        places: Dict from each public name to the module that holds it.

    Example:

    >>> find, names = lazily("example", {"Path": "pathlib"})
    >>> find("Path"), names()
    (<class 'pathlib.Path'>, ['Path'])
    """

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(places[name]), name)

    return find, lambda: sorted(places)


def functions_first(package: str, names: Collection[str]) -> None:
    """Has a package's attribute `name` be the function `name` of its module `name`, and not that module.

    As a package imports a module, Python makes the module an attribute of it. Whoever has imported `tune` from
    `keras_vision.tune` would then find a module in `keras_vision.tune`, where others find a function.

    Args:
        package: The package's `__name__`.
        names: Of functions that are in modules of the same name.

    Example:

    >>> import keras_vision, keras_vision.tune
    >>> keras_vision.tune.__name__, type(keras_vision.tune).__name__
    ('tune', 'function')
    """

    class Package(types.ModuleType):
        def __setattr__(self, name: str, value: Any) -> None:
            is_own_module = isinstance(value, types.ModuleType) and value.__name__ == f"{package}.{name}"
            super().__setattr__(name, getattr(value, name) if is_own_module and name in names else value)

    sys.modules[package].__class__ = Package
