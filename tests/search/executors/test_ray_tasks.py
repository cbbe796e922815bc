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
from tests.search import endurance
from tests.search.endurance import events_of, new_processes, start, survive

pytestmark = pytest.mark.slow
OPTIONS = {"strategy": "random", "target_acc": None, "max_trials": 3, "epochs": 20}
KILLS = 10
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
        """Removes a node, by what Ray calls it."""
        node = next(node for node in self.nodes if node.node_id == name)
        self.cluster.remove_node(node, allow_graceful=False)
        self.nodes.remove(node)

    def add(self, **variables):
        """Adds a node, with further variables of the environment."""
        self.nodes.append(self.cluster.add_node(num_cpus=1, env_vars=variables))


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
        begun.append(start(processes, folder, variables=variables, **OPTIONS | workers))
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
        begun = [lines[0] for lines in told(folder) if any(len(line.get("rows", ())) > 1 for line in lines)]
        if len(begun) == 2:
            return begun
        time.sleep(0.02)


def told(folder):
    """The messages of each training whose process runs."""
    found = [lines for path in folder.glob("run/workers/*/*.jsonl") if (lines := _messages(path))]
    return [lines for lines in found if _runs(lines[0]["pid"])]


def _messages(path):
    with contextlib.suppress(FileNotFoundError):
        return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    return []


def front(folder):
    """The trials on the front by what no clock measures."""
    with open(folder / "run" / "front.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if {"parameters", "macs"} & set(row["smallest_by"].split())]
    return [(row["trial"], row["val_accuracy"], row["parameters"]) for row in rows]


def check_same(folder, undisturbed):
    endurance.check_same(folder, undisturbed)
    assert front(folder) == front(undisturbed)
    assert sorted(event["trial"] for event in events_of(folder) if event["event"] == "completed") == [0, 1, 2]


def starts(folder):
    return [event["epochs_done"] for event in events_of(folder) if event["event"] == "started"]


def wait_until_gone(pids):
    wait_for(lambda: not any(_runs(pid) for pid in pids))


def wait_for(condition):
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kinds(folder):
    return [event["event"] for event in events_of(folder)]


@pytest.fixture(scope="module")
def other_versions(tmp_path_factory):
    """A folder from which Python takes NumPy to be of another version."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "numpy-1.0.dist-info").mkdir()
    (folder / "numpy-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n")
    return folder


def test_trainings_whose_process_is_killed_or_stopped_or_whose_node_is_lost_go_on_where_they_can(
    cluster, begin, undisturbed, other_versions, tmp_path
):
    process = begin(tmp_path, seconds=8)
    killed, stopped = running(tmp_path, process)
    os.kill(stopped["pid"], signal.SIGSTOP)
    os.kill(killed["pid"], signal.SIGKILL)
    wait_until_gone([killed["pid"], stopped["pid"]])
    lost, _ = running(tmp_path, process)
    cluster.remove(lost["node"])
    cluster.add(PYTHONPATH=f"{other_versions}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    wait_for(lambda: "has numpy 1.0, this machine" in (tmp_path / "said").read_text())
    cluster.add()
    end(process)
    check_same(tmp_path, undisturbed)
    assert sum(epochs > 0 for epochs in starts(tmp_path)) >= 3
    assert kinds(tmp_path).count("died") >= 3
    cluster.remove(cluster.nodes[-2].node_id)


def test_a_search_that_is_killed_goes_on_by_the_same_command_and_then_without_ray(begin, undisturbed, tmp_path):
    process = begin(tmp_path)
    for then in ({}, {"workers": 2}):
        first, second = running(tmp_path, process)
        os.kill(second["pid"], signal.SIGSTOP)  # it cannot notice that it is alone
        process.kill()
        wait_until_gone([first["pid"], second["pid"]])
        process = begin(tmp_path, **then)
    end(process)
    check_same(tmp_path, undisturbed)
    assert any(starts(tmp_path))  # the others may have come to their ends before they noticed


def test_a_search_survives_ten_random_kills_of_its_processes_and_of_itself(begin, tmp_path):
    options = {"max_trials": 10, "epochs": 4}

    def workers_of(process):
        return {lines[0]["pid"] for lines in told(tmp_path / "cut")}

    end(begin(tmp_path / "whole", **options))
    killed = survive(lambda folder: begin(folder, **options), tmp_path / "cut", workers_of, KILLS)
    assert min(killed.values()) >= 3
    endurance.check_same(tmp_path / "cut", tmp_path / "whole")
