"""Provenance: when, with which versions and on what machine a run is made."""

import contextlib
import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path


def provenance():
    """Returns when, with which versions and on what machine a run is made."""
    packages = ("keras-vision", "keras", "tensorflow", "keras-tuner", "numpy")
    versions = {"python": platform.python_version()}
    for name in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions,
        "machine": {"system": platform.platform(), "processor": processor_name(), "cores": os.cpu_count()},
    }


def processor_name():
    """Returns the processor's model name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
