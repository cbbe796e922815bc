"""A search on a Ray cluster in which processes, nodes and drivers die; it ends as one that nobody disturbed."""

import contextlib
import csv
import json
import os
import random
import secrets
import signal
import tempfile
import time
from pathlib import Path

import pytest

from keras_vision.search.executors.process_environment import environment
from keras_vision.system.ray_import import import_ray
from tests.search.endurance import check_same, events_of, new_processes, start

pytestmark = pytest.mark.slow
OPTIONS = {"strategy": "random", "target_acc": None, "max_trials": 1000, "epochs": 20}  # it ends when all has happened
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
        """Adds a node, with further variables of the environment; returns what Ray calls it."""
        self.nodes.append(self.cluster.add_node(num_cpus=1, env_vars=variables))
        return self.nodes[-1].node_id


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

    def begin(folder, **options):
        options = options if "workers" in options else {"ray": cluster.address, **options}
        options = OPTIONS | {"variables": variables | environment(1), "is_bare": True} | options
        begun.append(start(processes, folder, **options))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()


def front(folder):
    """The trials on the front by what no clock measures."""
    with open(folder / "run" / "front.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if {"parameters", "macs"} & set(row["smallest_by"].split())]
    return [(row["trial"], row["val_accuracy"], row["parameters"]) for row in rows]


def wait_for(condition):
    """Returns what `condition` does once that is true."""
    ends = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < ends
        time.sleep(0.05)
    return found


class Blows:
    """What happens to a search, one by one.

    Args:
        cluster: The `Cluster`.
        begin: Begins the search, or goes on with it.
        folder: Its folder.
        path: Of Python on a node that does not fit.

    Attributes:
        process: The search's.
        trials: How many it ends with, once all has happened.
    """

    def __init__(self, cluster, begin, folder, path):
        self.cluster, self.folder, self.path, self.trials = cluster, folder, path, None
        self.begin = lambda **options: begin(folder, seconds=5, **options)
        self.process = self.begin()

    def wait_for_epochs(self, count):
        """Waits for so many more epochs, of whichever trial."""
        until = self._epochs() + count
        while self._epochs() < until:
            self.process.join(timeout=0.01)
            assert self.process.exitcode is None, "it ended before all had happened"

    def _epochs(self):
        return sum(event["event"] == "epoch" for event in events_of(self.folder))

    def trainings(self):
        """Returns where trainings run, the node and the process number of each, as soon as one does."""
        return wait_for(self._trainings)

    def _trainings(self):
        assert self.process.exitcode is None, "it ended before all had happened"
        told = [found for path in self.folder.glob("run/workers/*/*.jsonl") if (found := _told(path))]
        return [one for one in told if _runs(one["pid"])]

    def kill_a_process(self):
        os.kill(self.trainings()[0]["pid"], signal.SIGKILL)

    def stop_a_process(self):
        """Stops one for good that has told of an epoch, without which it is waited for longer; it is found to hang."""
        pid = wait_for(lambda: [one for one in self._trainings() if one["has_epochs"]])[0]["pid"]
        os.kill(pid, signal.SIGSTOP)
        wait_until_gone([pid])

    def lose_a_node(self):
        """Removes a node; what joins is at first one that does not fit, and then another."""
        self.cluster.remove(self.trainings()[0]["node"])
        unfit = self.cluster.add(PYTHONPATH=self.path)
        try:
            wait_for(lambda: "has numpy 1.0, but this machine" in (self.folder / "said").read_text())
        finally:
            self.cluster.remove(unfit)
            self.cluster.add()

    def kill_the_search(self):
        """Kills it while a training that is stopped cannot notice that it is alone; goes on by the same command."""
        self._kill()
        self.process = self.begin()

    def go_on_without_ray(self):
        """Goes on in processes of this machine, with the trials that were begun and one more."""
        self._kill()
        self.trials = 1 + sum(event["event"] == "asked" for event in events_of(self.folder))
        self.process = self.begin(workers=2, max_trials=self.trials)

    def _kill(self):
        self._stop_one_that_trains()
        pids = [training["pid"] for training in self.trainings()]
        self.process.kill()
        wait_until_gone(pids)

    def _stop_one_that_trains(self):
        """Stops a process; one that has just ended its training waits for another, and Ray leaves it where it is."""
        while True:
            pid = self.trainings()[0]["pid"]
            os.kill(pid, signal.SIGSTOP)
            if not Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::IDLE"):
                return
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)


def _told(path):
    """Returns what a training told of itself at first, and whether it told of epochs; None where it told nothing."""
    with contextlib.suppress(FileNotFoundError):
        lines = path.read_bytes().splitlines(keepends=True)
        whole = [json.loads(line) for line in lines if line.endswith(b"\n")]
        return whole[0] | {"has_epochs": any("rows" in line for line in whole)} if whole else None


def wait_until_gone(pids):
    wait_for(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def path_of_other_versions(tmp_path_factory):
    """A PYTHONPATH by which NumPy seems to be of another version."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "numpy-1.0.dist-info").mkdir()
    (folder / "numpy-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n")
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


def test_a_search_that_is_struck_in_every_way_ends_as_one_that_nobody_disturbed(
    cluster, begin, path_of_other_versions, tmp_path
):
    moments = random.Random(0)
    kinds = ["kill_a_process", "stop_a_process", "kill_the_search", "lose_a_node"]
    blows = Blows(cluster, begin, tmp_path / "struck", path_of_other_versions)
    for kind in [*kinds, "go_on_without_ray"]:
        blows.wait_for_epochs(moments.randint(0, 3))
        getattr(blows, kind)()
    blows.process.join(SECONDS)
    assert blows.process.exitcode == 0
    undisturbed = begin(tmp_path / "undisturbed", workers=1, max_trials=blows.trials)  # in the search's own process
    undisturbed.join(SECONDS)
    assert undisturbed.exitcode == 0
    check_same(tmp_path / "struck", tmp_path / "undisturbed")
    assert front(tmp_path / "struck") == front(tmp_path / "undisturbed")
    events = events_of(tmp_path / "struck")
    completed = [event["trial"] for event in events if event["event"] == "completed"]
    assert sorted(completed) == [*range(blows.trials)]
    assert sum(event["event"] == "died" for event in events) >= 2
    assert any(event["epochs_done"] for event in events if event["event"] == "started")
