"""Extras: packages that only some people need."""

import importlib.metadata
import shlex


def install_command(python: str, extra: str) -> str:
    """Returns the command that installs what an extra of this package consists of.

    It names those packages themselves: on an index of packages, one of our name may be another project's.

    Args:
        python: The interpreter to install them for, as a person calls it.
        extra: A name in `EXTRAS` of setup.py.
    """
    required = (line.partition(";") for line in importlib.metadata.requires("keras-vision") or ())
    packages = [package.strip() for package, _, condition in required if f'extra == "{extra}"' in condition]
    return shlex.join([python, "-m", "pip", "install", *packages])
