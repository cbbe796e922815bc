"""Memory within all limits. The files of the system are made up."""

import subprocess
import sys

import pytest

from keras_vision.system.machine import free_memory, memory_limit

GB = 10**9


@pytest.fixture(autouse=True)
def _machine_of_64_gb(monkeypatch):
    monkeypatch.setattr("keras_vision.system.machine.memory_of_machine", lambda: (64 * GB, 32 * GB))
    monkeypatch.setattr("keras_vision.system.machine._own_limits", lambda: ())


def system(root, files):
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{content}\n")
    return root


V1 = "11:cpu,cpuacct:/a\n4:memory:/docker/abc\n0::/system.slice"
CASES = {
    "none": ({}, 64 * GB, 32 * GB),
    "no limit": ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "max"}, 64 * GB, 32 * GB),
    "a container": (
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": 4 * GB, "sys/fs/cgroup/memory.current": 1 * GB},
        4 * GB,
        3 * GB,
    ),
    "pages of files are free": (
        {
            "proc/self/cgroup": "0::/",
            "sys/fs/cgroup/memory.max": 4 * GB,
            "sys/fs/cgroup/memory.current": 3 * GB,
            "sys/fs/cgroup/memory.stat": f"anon 5\nactive_file 7\ninactive_file {2 * GB}",
        },
        4 * GB,
        3 * GB,
    ),
    "a group above": (
        {
            "proc/self/cgroup": "0::/slice/job",
            "sys/fs/cgroup/slice/memory.max": 6 * GB,
            "sys/fs/cgroup/slice/memory.current": 5 * GB,
            "sys/fs/cgroup/slice/job/memory.max": 8 * GB,
            "sys/fs/cgroup/slice/job/memory.current": 1 * GB,
        },
        6 * GB,
        1 * GB,
    ),
    "a path of the host's": (
        {"proc/self/cgroup": "0::/docker/abc", "sys/fs/cgroup/memory.max": 2 * GB},
        2 * GB,
        2 * GB,
    ),
    "a path above the root": ({"proc/self/cgroup": "0::/../abc", "sys/fs/cgroup/memory.max": 2 * GB}, 2 * GB, 2 * GB),
    "version 1": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": 3 * GB,
            "sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes": 2 * GB,
            "sys/fs/cgroup/memory/docker/abc/memory.stat": f"cache 9\ntotal_inactive_file {GB}",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": 9223372036854771712,
        },
        3 * GB,
        2 * GB,
    ),
    "more than there is": ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": 100 * GB}, 64 * GB, 32 * GB),
    "over its limit": (
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": GB, "sys/fs/cgroup/memory.current": 2 * GB},
        GB,
        0,
    ),
}


@pytest.mark.parametrize(("files", "limit", "free"), CASES.values(), ids=CASES)
def test_memory_is_that_of_the_machine_within_the_limits_of_all_groups(files, limit, free, tmp_path):
    root = system(tmp_path, files)
    assert (memory_limit(root), free_memory(root)) == (limit, free)


def test_a_limit_of_the_process_itself_counts(monkeypatch, tmp_path):
    monkeypatch.setattr("keras_vision.system.machine._own_limits", lambda: [(5 * GB, 2 * GB)])
    assert (memory_limit(tmp_path), free_memory(tmp_path)) == (5 * GB, 3 * GB)


def test_a_process_can_be_held_to_less_than_the_machine_has():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))\n"
        "from keras_vision.system.machine import free_memory, memory_limit\n"
        "print(memory_limit(), free_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    limit, free = map(int, done.stdout.split())
    assert limit <= 3 * GB
    assert 0 < free < limit
