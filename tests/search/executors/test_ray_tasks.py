"""Searches on a Ray cluster in which processes, nodes and drivers die; each ends as one that nobody disturbed."""

import contextlib
import csv
import json
import os
import secrets
import signal
import tempfile
import time
from pathlib import Path

import pytest

from keras_vision.system.ray_import import import_ray
from tests.search.endurance import events_of, new_processes, outcome, start

pytestmark = pytest.mark.slow
OPTIONS = {"strategy": "random", "target_acc": None, "max_trials": 3, "epochs": 20}
SECONDS = 600  # within which whatever a test waits for comes, on a busy machine


class Cluster:
    """A head without processors, and two nodes of one processor each.

    Args:
        folder: A short path.
    """

    def __init__(self, folder):
        from ray.cluster_utils import Cluster

        Path("/tmp/ray").mkdir(exist_ok=True)  # where it notes its address, wherever its folder is
        head = {"num_cpus": 0, "include_dashboard": False, "temp_dir": folder}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self.cluster.add_node(num_cpus=1) for _ in range(2)]

    @property
    def address(self):
        return self.cluster.address

    def remove(self, name):
        """Removes a node, by what Ray calls it, and adds another."""
        node = next(node for node in self.nodes if node.node_id == name)
        self.cluster.remove_node(node, allow_graceful=False)
        self.nodes.remove(node)
        self.nodes.append(self.cluster.add_node(num_cpus=1))


@pytest.fixture(scope="module")
def variables():
    """What all who belong to the cluster have in common."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_worker_niceness": "0"}


@pytest.fixture(scope="module")
def cluster(variables):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:
        for name, value in variables.items():
            patch.setenv(name, value)
        import_ray()
        handler = signal.getsignal(signal.SIGTERM)
        cluster = Cluster(folder)
        signal.signal(signal.SIGTERM, handler)  # in whose place a node has put its own
        yield cluster
        cluster.cluster.shutdown()


@pytest.fixture(scope="module")
def begin(cluster, variables):
    """Starts a search, on the cluster unless it is told otherwise; those that still run at the end are killed."""
    processes, begun = new_processes(), []

    def begin(folder, **workers):
        workers = workers if "workers" in workers else {"ray": cluster.address, **workers}
        begun.append(start(processes, folder, variables=variables, **OPTIONS, **workers))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()


@pytest.fixture(scope="module")
def undisturbed(begin, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    end(begin(folder))
    return folder


def end(process):
    process.join(SECONDS)
    assert process.exitcode == 0


def running(folder, process):
    """Waits until two trainings have come to their second epoch; returns the first messages of both: node and pid."""
    ends = time.monotonic() + SECONDS
    while True:
        assert process.is_alive() and time.monotonic() < ends
        told = [lines for path in folder.glob("run/workers/*/*.jsonl") if (lines := messages(path))]
        begun = [lines[0] for lines in told if any(len(line.get("rows", ())) > 1 for line in lines)]
        if len(begun) == 2:
            return begun
        time.sleep(0.02)


def messages(path):
    with contextlib.suppress(FileNotFoundError):
        return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    return []


def front(folder):
    """The trials on the front by what no clock measures."""
    with open(folder / "run" / "front.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if {"parameters", "macs"} & set(row["smallest_by"].split())]
    return [(row["trial"], row["val_accuracy"], row["parameters"]) for row in rows]


def check_same(folder, undisturbed):
    assert outcome(folder) == outcome(undisturbed)
    assert front(folder) == front(undisturbed)
    completed = [event["trial"] for event in events_of(folder) if event["event"] == "completed"]
    assert sorted(completed) == [0, 1, 2]
    assert not (folder / "run" / "workers").exists()


def starts(folder):
    return [event["epochs_done"] for event in events_of(folder) if event["event"] == "started"]


def wait_until_gone(pids):
    ends = time.monotonic() + 60
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < ends, "a training outlived its search"
        time.sleep(0.1)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_trainings_whose_process_is_killed_or_stopped_go_on(begin, undisturbed, tmp_path):
    process = begin(tmp_path, seconds=15)
    killed, stopped = running(tmp_path, process)
    os.kill(stopped["pid"], signal.SIGSTOP)
    os.kill(killed["pid"], signal.SIGKILL)
    end(process)
    wait_until_gone([killed["pid"], stopped["pid"]])
    check_same(tmp_path, undisturbed)
    assert sum(epochs > 0 for epochs in starts(tmp_path)) >= 2


def test_trainings_of_a_node_that_is_lost_go_on_elsewhere(cluster, begin, undisturbed, tmp_path):
    process = begin(tmp_path)
    lost, _ = running(tmp_path, process)
    cluster.remove(lost["node"])
    end(process)
    check_same(tmp_path, undisturbed)
    assert any(starts(tmp_path))


@pytest.mark.parametrize("then", [{}, {"workers": 2}], ids=["ray", "processes"])
def test_a_search_that_is_killed_goes_on_by_the_same_command_also_without_ray(then, begin, undisturbed, tmp_path):
    process = begin(tmp_path)
    first, second = running(tmp_path, process)
    os.kill(second["pid"], signal.SIGSTOP)  # it cannot notice that it is alone
    process.kill()
    wait_until_gone([first["pid"], second["pid"]])
    end(begin(tmp_path, **then))
    check_same(tmp_path, undisturbed)
    assert any(starts(tmp_path))  # the other may have come to its end before it noticed
