"""What a training elsewhere tells, and how often."""

import json

import pytest

from keras_vision.search.executors import sent_progress
from keras_vision.search.executors.mailbox import Mailbox
from keras_vision.search.executors.patience import Patience
from keras_vision.search.executors.processes import Processes
from keras_vision.search.executors.ray_tasks import RayTasks, Start
from keras_vision.search.executors.sent_progress import BEAT, SentProgress


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(sent_progress.time, "monotonic", lambda: now[0])
    return now


def test_that_steps_are_taken_is_told_now_and_then(clock):
    told = []
    progress = SentProgress(lambda **message: told.append((clock[0], message)))
    for _ in range(200):
        progress.step_ended(64)
        clock[0] += 0.5
    assert told == [(1000 + times * BEAT, {"trains": True}) for times in (1, 2, 3)]


class Renewed(Patience):
    """Patience that counts how often it begins anew."""

    times = 0

    def go_on(self):
        super().go_on()
        self.times += 1


def send_a_step(clock, send):
    progress = SentProgress(send)
    clock[0] += BEAT
    progress.step_ended(64)


def test_processes_wait_longer_for_what_takes_steps(clock):
    class Worker:
        job, patience = "a job", Renewed()

    send_a_step(clock, lambda **told: Processes._hear(None, Worker, json.loads(json.dumps(told)), pytest.fail))
    assert (Worker.job, Worker.patience.times) == ("a job", 1)


def test_ray_waits_longer_for_what_takes_steps(clock, tmp_path):
    task = Start("a job", Mailbox(tmp_path / "box"), 0, patience=Renewed())
    task.mailbox.make()
    send_a_step(clock, task.mailbox.send)
    RayTasks._hear(None, task, pytest.fail)
    assert task.patience.times == 1
