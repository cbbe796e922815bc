"""How much room a cluster has; and one that is started on this machine, closed to others, and gone afterwards."""

import json
import subprocess
import sys
import types
from pathlib import Path

import psutil
import pytest

from keras_vision.errors import BadInput
from keras_vision.search.executors.process_environment import MEMORY
from keras_vision.search.executors.ray_cluster import Cluster


def make_cluster(*resources, cpus=1, gpus=0.0, dead=()):
    """A cluster of nodes with these resources, and of some that are no more."""
    nodes = [
        {"NodeID": str(place), "NodeManagerHostname": f"host-{place}"}
        | {"Alive": has not in dead, "Resources": {"memory": 10 * MEMORY} | has}
        for place, has in enumerate([*resources, *dead])
    ]
    ray = types.SimpleNamespace(nodes=lambda: nodes, remote=lambda **options: lambda function: function)
    return Cluster(ray, cpus, gpus)


@pytest.mark.parametrize(
    ("has", "needs", "room"),
    [
        ({"CPU": 4.0}, {}, 4),
        ({"CPU": 4.0}, {"cpus": 3}, 1),
        ({"CPU": 4.0}, {"gpus": 1}, 0),
        ({"CPU": 8.0, "GPU": 2.0}, {"gpus": 1}, 2),
        ({"CPU": 8.0, "GPU": 2.0}, {"gpus": 0.5}, 4),
        ({"CPU": 8.0, "GPU": 2.0}, {"gpus": 0.1}, 8),
        ({"CPU": 8.0, "GPU": 2.0}, {"gpus": 0.6}, 2),  # not three: a trial has its part of one GPU
        ({"CPU": 8.0, "GPU": 3.0}, {"gpus": 2}, 1),
        ({"CPU": 8.0, "memory": 2.5 * MEMORY}, {}, 2),
        ({}, {}, 0),  # of a head without processors
    ],
)
def test_room_is_what_is_scarcest(has, needs, room):
    assert make_cluster(has, **needs).room == room


def test_only_living_nodes_with_room_count():
    cluster = make_cluster({}, {"CPU": 2.0}, {"CPU": 3.0}, dead=[{"CPU": 100.0}])
    assert cluster.room == 5
    assert [(node.name, node.room) for node in cluster.nodes] == [("host-0", 0), ("host-1", 2), ("host-2", 3)]


def test_a_node_that_is_left_out_does_not_count_and_gets_no_jobs():
    cluster, asked = make_cluster({"CPU": 2.0}, {"CPU": 3.0}), []
    cluster._run = types.SimpleNamespace(
        options=lambda label_selector: asked.append(label_selector) or types.SimpleNamespace(remote=lambda: None)
    )
    cluster.start()
    cluster.leave_out(cluster.nodes[1])
    cluster.start()
    assert (cluster.room, cluster.left_out) == (2, 1)
    assert asked == [None, {"ray.io/node-id": "!in(1)"}]


def test_nodes_of_one_machine_are_told_apart():
    cluster = make_cluster({"CPU": 1.0}, {"CPU": 1.0})
    for node in cluster._ray.nodes():
        node["NodeManagerHostname"] = "host"
    assert [node.name for node in cluster.nodes] == ["host (0)", "host (1)"]
    assert (cluster.name_of("1"), cluster.name_of("0123456789")) == ("host (1)", "machine 012345")


def test_a_cluster_without_room_for_a_trial_says_what_it_has():
    with pytest.raises(BadInput) as refused:
        make_cluster({"CPU": 2.0}, {"CPU": 2.0}, cpus=4, gpus=1).check_room()
    assert "which needs 4 CPUs, 1 GPUs and 0.7 GiB of memory. They have 2 CPUs, 0 GPUs and" in str(refused.value)
    make_cluster({"CPU": 2.0}, {"CPU": 4.0}, cpus=4).check_room()


LOCAL = """
import json, os, re, signal
import psutil
from keras_vision.search.executors.ray_cluster import joined
from keras_vision.search.executors.worker_settings import WorkerSettings

def handler(*arguments):
    pass

signal.signal(signal.SIGTERM, handler)
with joined(WorkerSettings(ray="local"), lambda line: None) as cluster:
    children = psutil.Process().children(recursive=True)
    heard_at = {
        connection.laddr.ip
        for process in [psutil.Process(), *children]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    print(json.dumps({
        "room": cluster.room,
        "heard_at": sorted(heard_at),
        "has_token": os.environ["RAY_AUTH_MODE"] == "token" and len(os.environ["RAY_AUTH_TOKEN"]) == 64,
        "keeps_signal": signal.getsignal(signal.SIGTERM) is handler,
        "folder": next(re.search("--raylet_socket_name=(.*)/session_", word)[1]
                       for process in children for word in process.cmdline() if "--raylet_socket_name=" in word),
        "processes": [process.pid for process in children],
    }))
"""


@pytest.mark.slow
def test_a_cluster_of_this_machine_is_closed_to_others_and_leaves_nothing():
    done = subprocess.run([sys.executable, "-c", LOCAL], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["room"] >= 1 and found["has_token"] and found["keeps_signal"]
    assert found["heard_at"] and set(found["heard_at"]) <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    assert found["processes"] and not any(psutil.pid_exists(pid) for pid in found["processes"])
    assert found["folder"] and not Path(found["folder"]).exists()


def test_a_node_that_was_lost_a_moment_ago_is_passed_over():
    class Lost(Exception):
        """As Ray raises it where the node that a task was for is gone."""

    def get(node):
        if node == "0":
            raise Lost
        return {"unfit": "", "free_memory": 1}

    cluster = make_cluster({"CPU": 2.0}, {"CPU": 3.0})
    cluster._on = lambda node, *_: node
    cluster._ray.wait, cluster._ray.get = (lambda looks, **_: (looks, [])), get
    cluster._ray.exceptions = types.SimpleNamespace(TaskUnschedulableError=Lost, RayError=Exception)
    assert [node.name for node in cluster.look({})] == ["host-1"]
