"""Provenance: when, with which versions and on what machine a run is made."""

import contextlib
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keras_vision.system.machine import instructions

# The widest first: what decides how fast a processor trains.
WIDEST = {"amx_bf16": "AMX", "avx512_bf16": "AVX512, bfloat16", "avx512f": "AVX512", "avx2": "AVX2"}


def provenance() -> dict[str, Any]:
    """Returns when, with which versions and on what machine a run is made."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "machine": {"system": platform.platform(), "processor": processor_name(), "cores": os.cpu_count()},
    }


def versions() -> dict[str, str]:
    """Returns a dict: the versions of Python and of the packages on which numbers depend, as far as they are there."""
    from importlib import metadata  # which takes 0.03 s that `--help` has not

    found = {"python": platform.python_version()}
    for name in ("keras-vision", "keras", "tensorflow", "keras-tuner", "numpy"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def processor_name() -> str:
    """Returns the processor's model name and its widest vector instructions: several kinds may share one name.

    Example:

    >>> processor_name()  # doctest: +SKIP
    'AMD EPYC (AVX2)'
    """
    known = instructions()
    widest = next((f" ({words})" for name, words in WIDEST.items() if name in known), "")
    return _model_name() + widest


def _model_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
