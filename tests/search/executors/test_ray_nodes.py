"""Which nodes of a cluster a search uses: refused before the first job, left out where they join later."""

import types
from pathlib import Path

import pytest

from keras_vision.errors import BadInput
from keras_vision.reporting.progress import Progress
from keras_vision.search.executors import Job, ray_worker
from keras_vision.search.executors.ray_cluster import Node
from keras_vision.search.executors.ray_tasks import RayTasks

UNFIT = "The node late has keras 2.0, this machine 3.0. Install the same version on both."
RESULT = {"result": {"val_accuracy": 0.5}}


class Cluster:
    """A cluster whose jobs end as the test says, in their order.

    Args:
        *nodes: What each says of itself: why it is unfit, or "".
        sees: Whether this machine sees what they write.
    """

    def __init__(self, *nodes, sees=True):
        self.nodes, self.sees, self.answers, self.starts, self.out = list(nodes), sees, [], [], set()

    room = 2

    @property
    def left_out(self):
        return len(self.out)

    def look(self, site):
        if self.sees:
            for place in range(len(self.nodes)):
                Path(site["folder"], f"seen-{place}").touch()
        keys = [str(place) for place in range(len(self.nodes)) if str(place) not in self.out]
        return [Node(key, key, {}, 1, self.nodes[int(key)], 0) for key in keys]

    def leave_out(self, node):
        self.out.add(node.key)

    def start(self, *arguments):
        self.starts.append(arguments)
        return len(self.starts)

    def ended(self, references):
        return references

    def answer(self, reference):
        return self.answers.pop(0)

    def cancel(self, references):
        pass


class Told(Progress):
    def __init__(self):
        self.lines = []

    def say(self, text=""):
        self.lines.append(text)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(ray_worker, "SEEING", 0.2)


@pytest.fixture
def begin(tmp_path):
    """Returns an executor on a cluster."""
    context = types.SimpleNamespace(
        files=[], deadline=None, dataset=None, place="", record=dict, progress=Told(), until=lambda deadline: context
    )
    return lambda cluster: RayTasks(context, tmp_path / "workers", cluster)


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (Cluster("", UNFIT), "The node late has keras 2.0, this machine 3.0"),
        (
            Cluster("", "", sees=False),
            "This machine does not see what the others write in .* Give a --workdir on storage",
        ),
    ],
)
def test_a_cluster_that_does_not_fit_is_refused_before_the_first_job(cluster, message, begin, tmp_path):
    with pytest.raises(BadInput, match=message):
        begin(cluster)
    assert not cluster.starts
    assert not (tmp_path / "workers").exists()


def test_a_node_that_joins_and_does_not_fit_is_left_out_and_its_jobs_go_to_others(begin):
    cluster = Cluster("")
    executor = begin(cluster)
    jobs = [Job(f"trials/000{number}", {}, number) for number in range(2)]
    for job in jobs:
        executor.submit(job)
    cluster.nodes.append(UNFIT)
    cluster.answers = [{"unfit": UNFIT}, {"unfit": UNFIT}, RESULT, RESULT]  # both were given to it at once
    assert executor.wait(None) == [(job, RESULT["result"]) for job in jobs]
    assert cluster.out == {"1"} and len(cluster.starts) == 4
    assert executor.context.progress.lines == [f"{UNFIT} Until it joins anew, nothing runs there."]


def test_a_job_that_fails_where_all_nodes_fit_counts_as_dead(begin):
    cluster = Cluster("")
    executor = begin(cluster)
    job = Job("trials/0000", {}, 0)
    executor.submit(job)
    cluster.answers = [{"unfit": "its process failed (RaySystemError: no memory for its store)"}]
    ((ended, failure),) = executor.wait(None)
    assert (ended, failure.kind) == (job, "died")
    assert failure.reason == "its process failed (RaySystemError: no memory for its store)"
