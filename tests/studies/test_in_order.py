"""The trainings of a study side by side: what one worker gives, whatever becomes of the processes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.reporting.progress import Progress
from keras_vision.search.executors import Failure
from keras_vision.studies import load_study
from keras_vision.studies.in_order import trained_in_order
from keras_vision.studies.job import StudyJob
from keras_vision.study import main, study

NAME = "mlp_activations"
MEASURED = ("val_accuracy", "val_crossentropy", "train_accuracy", "last_val_crossentropy", "best_epoch", "epochs")
DIED = Failure("died", "its process was ended by SIGKILL")


class Scripted:
    """An executor of two slots, whose jobs end as the test says: by the number of the job, and with what."""

    slots = 2

    def __init__(self, *ends):
        self.ends, self.submitted, self.is_closed = list(ends), [], False

    def submit(self, job):
        self.submitted.append(job)

    def wait(self, note):
        number, came = self.ends.pop(0)
        return [(next(job for job in self.submitted if job.trial == number), came)]

    def close(self):
        self.is_closed = True


@pytest.fixture
def job(tmp_path):
    return StudyJob(NAME, load_study(NAME), "smoke", 1, None, None, tmp_path, "float32", Progress(), f"study {NAME}")


def run(job, executor):
    return [
        (case.name, seed, measured)
        for case, seed, measured in trained_in_order(job, job.workdir / "workers", lambda context, folder: executor)
    ]


def test_what_ends_in_any_order_is_handed_on_in_that_of_the_study(job):
    executor = Scripted((2, "second"), (1, "first"))
    names = [case.name for case in job.cases]
    assert run(job, executor) == [(names[0], 0, "first"), (names[1], 0, "second")]
    assert [one.values["case"] for one in executor.submitted] == names
    assert executor.is_closed


def test_a_training_whose_process_dies_is_started_once_more_and_then_given_up(job):
    executor = Scripted((1, DIED), (1, DIED))
    with pytest.raises(KerasVisionError, match=r"failed: its process was ended by SIGKILL\. The same command tries it"):
        run(job, executor)
    assert [one.trial for one in executor.submitted] == [1, 2, 1]
    assert executor.is_closed


def test_one_that_fails_leaves_what_python_tells(job):
    executor = Scripted((2, Failure("error", "TypeError: no", "Traceback: no")))
    with pytest.raises(KerasVisionError, match="failed: TypeError: no"):
        run(job, executor)
    assert [path.read_text() for path in job.workdir.rglob("error.txt")] == ["Traceback: no"]


def test_workers_of_what_trains_nothing_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"The study impulse trains nothing\. Leave out --workers and --ray"):
        study("impulse", workers=2)
    assert not list(tmp_path.iterdir())


def measured_in(folder):
    """What was measured, by case, seed and column."""
    with open(folder / "table.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["case"], row["seed"], name): float(row[name]) for row in rows for name in MEASURED}


@pytest.fixture
def undisturbed(tmp_path, bare_runs):
    assert main([NAME, "--scale", "smoke", "--workdir", str(tmp_path / "one")]) == 0
    return tmp_path / "one"


def started(folder):
    command = [sys.executable, "-m", "keras_vision.study", NAME, "--scale", "smoke", "--workers", "2"]
    return subprocess.Popen(
        [*command, "--workdir", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def children(process):
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def wait_for(condition):
    ends = time.monotonic() + 300
    while not (found := condition()):
        assert time.monotonic() < ends
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_two_workers_give_what_one_gives_also_after_a_kill_and_an_interrupt(undisturbed, tmp_path):
    folder = tmp_path / "two"
    process = started(folder)
    first = wait_for(lambda: len(found := children(process)) == 2 and found)
    os.kill(first[0], signal.SIGKILL)
    then = wait_for(lambda: len(found := children(process)) == 2 and found != first and found)
    process.terminate()
    told, _ = process.communicate()
    assert process.returncode == 143, told
    assert "To continue: " in told and "its process was ended by SIGKILL; it goes on in another" in told
    assert not any(os.path.exists(f"/proc/{pid}") for pid in [*first, *then])
    assert main([NAME, "--scale", "smoke", "--workers", "2", "--workdir", str(folder)]) == 0
    assert measured_in(folder) == pytest.approx(measured_in(undisturbed), rel=1e-4)
    assert json.loads((folder / "result.json").read_text())["missing"] == 0
    assert not (folder / "workers").exists()
