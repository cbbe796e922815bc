"""Imports Ray, which few need, and which must be told some things before it is imported."""

import importlib.util
import os
import sys
from typing import Any

from keras_vision.errors import BadInput
from keras_vision.system.extras import install_command

# Ray reads these as it is imported. Nothing is reported to its makers; what nobody answers, it gives up soon.
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_gcs_server_request_timeout_seconds": "20",
}


def check_ray() -> None:
    """Refuses to go on where Ray is not installed.

    Raises:
        BadInput: With the command that installs it.
    """
    if importlib.util.find_spec("ray") is None:
        raise BadInput(f"Ray is not installed. Try: {install_command(sys.executable, 'ray')}")


def import_ray() -> Any:
    """Returns the module `ray`, set up for us.

    Raises:
        BadInput: It is not installed.
    """
    check_ray()
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray

    return ray
