"""Public names of a package that are loaded when they are first used, so that importing the package costs nothing."""

import importlib


def lazily(package, places):
    """Returns the functions `__getattr__` and `__dir__` of a package (PEP 562).

    Args:
        package: The package's `__name__`.
        places: Dict from each public name to the module that holds it.

    Example:

    >>> find, names = lazily("example", {"Path": "pathlib"})
    >>> find("Path"), names()
    (<class 'pathlib.Path'>, ['Path'])
    """

    def find(name):
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(places[name]), name)

    return find, lambda: sorted(places)
