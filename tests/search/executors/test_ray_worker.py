"""What a node finds when it looks whether it can run a search's jobs."""

import re
import threading

import pytest

from keras_vision.runs.provenance import versions
from keras_vision.search.executors import ray_worker
from keras_vision.search.executors.ray_worker import are_seen, why_unfit


@pytest.fixture
def site(tmp_path):
    (tmp_path / "space.py").touch()
    (tmp_path / "mailboxes").mkdir()
    return {"versions": versions(), "folder": str(tmp_path / "mailboxes"), "files": [str(tmp_path / "space.py")]}


def test_a_node_that_sees_everything_leaves_a_sign(site, tmp_path):
    assert why_unfit(site) == ""
    assert len(list((tmp_path / "mailboxes").glob("seen-*"))) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"versions": {"keras": "2.0"}},
            r"has keras 3.*, but this machine has 2\.0\. Install the same",
        ),
        ({"versions": {"no-such-package": "1"}}, "has no no-such-package, but this machine has 1"),
        (
            {"folder": "/nowhere/mailboxes"},
            "does not see /nowhere/mailboxes. Give paths on storage that all",
        ),
        ({"files": ["/nowhere/space.py"]}, "does not see /nowhere/space.py"),
    ],
)
def test_a_node_says_what_it_lacks(site, change, message):
    assert re.search(message, why_unfit(site | change))


def test_signs_that_storage_shows_late_are_waited_for(tmp_path):
    threading.Timer(0.3, (tmp_path / "seen-late").touch).start()
    assert are_seen(tmp_path, 1)


def test_signs_that_never_come_are_not_waited_for_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_worker, "SEEING", 0.2)
    assert not are_seen(tmp_path, 1)
