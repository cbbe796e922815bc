"""Trainings in processes of their own, some of which are killed, stopped, or left alone by who started them."""

import os
import queue
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_vision.errors import BadInput
from keras_vision.reporting.progress import Progress
from keras_vision.runs import WorkdirRefused
from keras_vision.search.executors import Job, patience, processes
from keras_vision.search.executors.processes import Processes, Worker, check_memory
from keras_vision.search.executors.runner import SearchContext, run_job
from keras_vision.search.networks import Networks
from keras_vision.search.outcome import Goal
from keras_vision.search.plan import Limits, SearchPlan
from keras_vision.search.space import Space
from tests.search.searches import RECIPE, SPACE
from tests.synthetic import make_dataset

pytestmark = pytest.mark.slow


class RecordedProgress(Progress):
    """Progress that keeps what it is told."""

    def __init__(self):
        self.lines = []

    def say(self, line=""):
        self.lines.append(line)


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    path = tmp_path_factory.mktemp("space") / "space.py"
    path.write_text(SPACE)
    space, dataset = Space("mlp", RECIPE.replace(epochs=3), file=path), make_dataset()
    plan = SearchPlan("mlp", Goal(None), precision="float32")
    return SearchContext(plan, dataset, space, Networks("mlp", dataset, Limits(), pytest.fail), RecordedProgress())


@pytest.fixture(scope="module")
def executor(context, tmp_path_factory):
    """Two processes for all tests: to start them takes longer than what they do."""
    images = tmp_path_factory.mktemp("executor") / "images"
    executor = Processes(context, images, slots=2, threads=1)
    yield executor
    executor.close()
    assert not images.exists()


def jobs_in(folder):
    return [Job(str(folder / f"{number:04d}"), {"width": 3 + number}, number) for number in range(2)]


def all_of(executor, jobs, note):
    """Runs jobs; returns what came of each end: (job, result or failure)."""
    ended = []
    for job in jobs:
        executor.submit(job)
    while len(ended) < len(jobs):
        ended += executor.wait(note)
    return ended


def process_of(executor, job):
    return next(worker.process for worker in executor._workers if worker.job == job)


def test_what_is_trained_in_processes_is_what_is_trained_here_also_after_a_pause(executor, context, tmp_path):
    heard = []

    def note(job, rows):
        heard.append((job.trial, len(rows)))
        if heard[-1] == (0, 1) and heard.count((0, 1)) == 1:
            executor.pause(jobs[0])

    jobs = jobs_in(tmp_path / "there")
    came = dict((job.trial, result) for job, result in all_of(executor, jobs, note))
    assert came[0]["stopped"] == "paused" and came[0]["epochs_run"] < 3
    ((_, goes_on),) = all_of(executor, jobs[:1], note)
    here = [run_job(context, job, lambda rows: None) for job in jobs_in(tmp_path / "here")]
    for there, alone in zip((goes_on, came[1]), here, strict=True):
        assert (there["stopped"], there["epochs_run"]) == ("epochs", 3)
        assert there["val_crossentropy"] == pytest.approx(alone["val_crossentropy"], rel=1e-4)
        assert there["parameters"] == alone["parameters"]
    assert [epochs for trial, epochs in heard if trial == 1] == [1, 2, 3]
    assert any(line.startswith("there/0001: epoch 2 of 3") for line in context.progress.lines)


def test_a_process_that_is_killed_or_hangs_is_no_end_of_the_others(executor, tmp_path, monkeypatch):
    killed, stopped = jobs_in(tmp_path)
    hit = set()

    def note(job, rows):
        if job.path not in hit:  # after its first epoch
            hit.add(job.path)
            process_of(executor, job).send_signal(signal.SIGKILL if job == killed else signal.SIGSTOP)

    with monkeypatch.context() as impatient:
        impatient.setattr(patience, "LEAST_SECONDS", 2)
        impatient.setattr(patience, "PATIENCE", 1)
        ended = all_of(executor, [killed, stopped], note)
    assert sorted(job.trial for job, failure in ended if failure.kind == "died") == [0, 1]
    assert all("SIGKILL" in failure.reason for _, failure in ended)
    again = all_of(executor, [killed, stopped], note)
    assert {(job.trial, result["epochs_run"], result["stopped"]) for job, result in again} == {
        (0, 3, "epochs"),
        (1, 3, "epochs"),
    }


def test_what_is_no_fault_of_a_job_ends_the_search(executor, tmp_path):
    (tmp_path / "full").write_text("a file where the run directory should be")
    executor.submit(Job(str(tmp_path / "full" / "0000"), {"width": 3}, 0))
    with pytest.raises(WorkdirRefused, match="full"):
        executor.wait(lambda job, rows: None)


def test_more_processes_than_the_memory_holds_are_refused_with_how_many_it_holds(monkeypatch):
    monkeypatch.setattr(processes, "free_memory", lambda: 3.5 * processes.MEMORY)
    check_memory(3)
    with pytest.raises(BadInput, match=r"workers=4 needs about 2\.7 GiB .* --workers 3 or fewer"):
        check_memory(4)
    monkeypatch.setattr(processes, "free_memory", lambda: 0)
    check_memory(1)  # trains in the process that there is


@pytest.mark.parametrize(
    ("words", "reason"),
    [("print('{\"rows\": [', end='')", "ended with exit code 0"), ("print('no message'); input()", "SIGKILL")],
)
def test_the_end_of_a_process_is_told_also_where_it_is_half_a_message(monkeypatch, words, reason):
    start, messages = subprocess.Popen, queue.SimpleQueue()
    code = f"import sys; sys.stdin.readline(); {words}; sys.stdout.flush()"
    monkeypatch.setattr(processes.subprocess, "Popen", lambda _, **how: start([sys.executable, "-uc", code], **how))
    worker = Worker("process 1", {}, 1, messages)
    assert messages.get(timeout=60) == (worker, None)
    assert reason in worker.why_it_ended()
    worker.close()


ALONE = """
import json, subprocess, sys, time
worker = subprocess.Popen(
    [sys.executable, "-m", "keras_vision.search.executors.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
)
study = {"name": "mlp_activations", "scale": "smoke", "seeds": 1, "dataset": None, "data_dir": None, "workdir": "w"}
record = {"folder": ".", "job": study | {"precision": "float32", "command": ""}}
beginning = {"context": {"place": "keras_vision.studies.trainings", "record": record}, "images": None}
worker.stdin.write(json.dumps(beginning).encode() + bytes([10]))
worker.stdin.flush()
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process has loaded, and ends a stopped one")
@pytest.mark.parametrize("is_stopped", [False, True], ids=["running", "stopped"])
def test_a_process_ends_with_the_one_that_started_it_also_where_it_cannot_notice(is_stopped):
    with subprocess.Popen([sys.executable, "-c", ALONE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as driver:
        worker = int(driver.stdout.readline())
        _wait(lambda: "tensorflow" in Path(f"/proc/{worker}/maps").read_text())
        if is_stopped:
            os.kill(worker, signal.SIGSTOP)
        driver.kill()
    _wait(lambda: not _runs(worker))


def _wait(condition):
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().split()[2] != "Z"
