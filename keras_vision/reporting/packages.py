"""Packages that need not be installed: what is said where one is asked for that is not there."""

import importlib.util
import shlex

from keras_vision.errors import BadInput
from keras_vision.reporting.progress import installed


def check_installed(what, packages):
    """Refuses what needs packages that are not installed.

    Args:
        what: What it is, as a sentence begins.
        packages: Dict from the module that must be importable to what pip installs it by.

    Raises:
        BadInput: With the command that installs them.
    """
    missing = [module for module in packages if importlib.util.find_spec(module) is None]
    if missing:
        command = shlex.join([installed("python"), "-m", "pip", "install", *packages.values()])
        raise BadInput(f"{what} needs packages that are not installed: {', '.join(missing)}. Try: {command}")
