"""Packages that need not be installed: what is said where one is asked for that is not there."""

import importlib.util
from collections.abc import Iterable

from keras_vision.errors import BadInput
from keras_vision.reporting.progress import installed
from keras_vision.system.extras import install_command


def check_installed(what: str, modules: Iterable[str], extra: str) -> None:
    """Refuses what needs packages that are not installed.

    Args:
        what: What it is, as a sentence begins.
        modules: Those that must be importable.
        extra: The extra of this package that installs them.

    Raises:
        BadInput: With the command that installs them.
    """
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        command = install_command(installed("python"), extra)
        raise BadInput(f"{what} needs packages that are not installed: {', '.join(missing)}. Try: {command}")
