"""What this machine gives a process: memory, within all limits, and processors with their instructions."""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

try:
    import resource
except ImportError:  # there is none on Windows
    resource = None  # type: ignore[assignment]


def memory_limit(root: str | Path = "/") -> float:
    """Returns how many bytes this process may take in all: those of the machine, its container, and its own limit.

    Infinity where the system does not say.

    Args:
        root: The folder that holds proc and sys.
    """
    limits = [limit for limit, _ in (*_groups(Path(root)), *_own_limits())]
    return min([memory_of_machine()[0], *limits])


def free_memory(root: str | Path = "/") -> float:
    """Returns how many more bytes this process may take now, within the same limits; never less than 0.

    Args:
        root: The folder that holds proc and sys.
    """
    left = [limit - used for limit, used in (*_groups(Path(root)), *_own_limits())]
    return max(0, min([memory_of_machine()[1], *left]))


def cores() -> int:
    """Returns how many processors this process may use."""
    usable = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(usable(0)) if usable else os.cpu_count() or 1


def instructions(root: str | Path = "/") -> set[str]:
    """Returns the set of the processor's instructions, as /proc/cpuinfo names them; empty where the system has none.

    Args:
        root: The folder that holds proc.
    """
    lines = _text(Path(root) / "proc/cpuinfo").splitlines()
    listed = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))  # x86, Arm
    return set(next(listed, "").split())


def memory_of_machine() -> tuple[float, float]:
    """Returns (all, free) bytes of the machine itself; infinity twice where the system does not say."""
    if (psutil := _psutil()) is None:
        return math.inf, math.inf
    try:
        memory = psutil.virtual_memory()
    except (AttributeError, OSError, NotImplementedError):
        return math.inf, math.inf
    return memory.total, memory.available


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """Yields (limit, what is used of it) in bytes for each control group that this process is in and that has one.

    A group's limit holds for all groups in it, so that those above count too. In a container the path of the group is
    often one of the host's, which is not there; then the top of what is mounted is the container's own.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            top, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        inner = top.joinpath(*(part for part in path.split("/") if part not in ("", "..")))
        for folder in (inner, *inner.parents):
            yield from _limit_of(folder, *names)
            if folder == top:
                break


def _limit_of(folder: Path, limit_name: str, used_name: str, cached_name: str) -> Iterator[tuple[int, int]]:
    limit = _number(_text(folder / limit_name))
    if limit is None:  # none, or "max"
        return
    lines = (line.partition(" ") for line in _text(folder / "memory.stat").splitlines())
    statistics = {name: value for name, _, value in lines}
    # Files read or written count as used, though the system gives up their pages as soon as a process asks for memory.
    cached = _number(statistics.get(cached_name, "0")) or 0
    yield limit, (_number(_text(folder / used_name)) or 0) - cached


def _own_limits() -> Iterator[tuple[int, int]]:
    """Yields (limit, what is used of it) in bytes, as `ulimit -v` sets it."""
    if (psutil := _psutil()) is None or resource is None:
        return
    with contextlib.suppress(OSError, ValueError):
        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            yield soft, psutil.Process().memory_info().vms


def _psutil() -> ModuleType | None:
    """Returns psutil, which `--help` can spare; None where it is missing, as the doctor says and must not fail over."""
    try:
        import psutil
    except ImportError:
        return None
    return psutil


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8")
    return ""


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdigit() else None
