"""What doctor says of the nodes of a cluster, good and bad."""

import contextlib
import dataclasses

import pytest

from keras_vision.commands import doctor_cluster
from keras_vision.doctor import doctor, main
from keras_vision.errors import BadInput
from keras_vision.search.executors import ray_worker
from keras_vision.search.executors.ray_cluster import Node
from keras_vision.search.executors.ray_worker import look

HEAD = Node("0", "head", {"memory": 4 * 2**30}, room=0)
BIG = Node("1", "big", {"CPU": 8.0, "GPU": 2.0, "memory": 16 * 2**30}, room=8)


class Cluster:
    """Nodes that look around as a test says: dicts of what is different by the node's name."""

    def __init__(self, *nodes, **changes):
        self.nodes, self.changes = nodes, changes

    def look(self, site):
        return [self._looked(node, site) for node in self.nodes if node.room]

    def _looked(self, node, site):
        return dataclasses.replace(node, **look(site | self.changes.get(node.name, {})))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(ray_worker, "SEEING", 0.2)


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Returns what is said of a cluster, by subject."""
    monkeypatch.chdir(tmp_path)

    def of(cluster):
        monkeypatch.setattr(doctor_cluster, "joined", lambda asked, say: contextlib.nullcontext(cluster))
        found = {subject: (status, text) for status, subject, text in doctor_cluster.nodes("local")}
        assert not list(tmp_path.iterdir())
        return found

    return of


def test_each_node_is_named_with_what_it_has(told, tmp_path):
    found = told(Cluster(HEAD, BIG))
    status, text = found["machine big"]
    assert status == "ok"
    assert text.startswith("8 CPUs, 2 GPUs and 16.0 GiB of memory for trials; ")
    assert text.endswith(f" GiB are free now; the same versions; writes in {tmp_path}")
    assert found["machine head"] == ("ok", "no trial fits there: it has 0 CPUs, 0 GPUs and 4.0 GiB of memory")
    assert found["shared storage"] == ("ok", f"what the others write in {tmp_path} is seen here")


def test_a_node_that_cannot_run_trials_is_a_fault_with_the_mend(told):
    status, text = told(Cluster(BIG, big={"versions": {"keras": "2.0"}}))["machine big"]
    assert status == "fault"
    assert "this machine has 2.0. Install the same version on both." in text


def test_storage_that_is_not_shared_is_a_fault(told, tmp_path, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    status, text = told(Cluster(BIG, big={"folder": str(elsewhere)}))["shared storage"]
    assert status == "fault"
    assert text == f"This machine does not see what the others write in {tmp_path}. Go to a folder that all share."


def test_a_cluster_that_cannot_be_joined_is_a_fault(monkeypatch):
    def refuse(asked, say):
        raise BadInput("There is no Ray cluster at 10.0.0.1:1.")

    monkeypatch.setattr(doctor_cluster, "joined", refuse)
    assert list(doctor_cluster.nodes("local")) == [("fault", "ray", "There is no Ray cluster at 10.0.0.1:1.")]


def test_an_address_that_cannot_be_exits_2(capsys):
    assert main(["--ray", "head"]) == 2
    assert "ray must be local or the HOST:PORT of a cluster, not 'head'." in capsys.readouterr().err


def test_the_doctor_says_what_the_cluster_would_stop(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor_cluster, "joined", lambda asked, say: contextlib.nullcontext(Cluster(HEAD)))
    for name in ("packages", "computing", "data_sets", "settings_of_others", "resources"):
        monkeypatch.setattr(f"keras_vision.commands.doctor.{name}", lambda *given: [])
    result = doctor(ray="local")
    assert (result["command"].endswith("--ray local"), result["exit_code"]) == (True, 0)
    assert result["findings"][-1]["subject"] == "machine head"
