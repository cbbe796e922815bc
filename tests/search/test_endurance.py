"""Searches in processes of their own: killed at random moments, and over many trials."""

import random
from pathlib import Path

import pytest

from keras_vision.search.executors.process_environment import environment
from tests.search.endurance import check_same, events_of, new_processes, outcome, start, survive

pytestmark = pytest.mark.slow

KILLS = 4
TRIALS = 14


@pytest.fixture(scope="module")
def processes():
    return new_processes()


def kill_after(process, folder, records, seconds):
    """Kills a search so long after it has made so many more records; fails where it ends before."""
    until = len(events_of(folder)) + records
    while len(events_of(folder)) < until:
        process.join(timeout=0.01)
        assert process.exitcode is None, "it ended before it could be killed"
    process.join(timeout=seconds)
    assert process.exitcode is None, "it ended before it could be killed"
    process.kill()
    process.join()


def test_a_search_killed_at_random_moments_ends_as_an_undisturbed_one(processes, tmp_path):
    options = {"max_trials": 8, "epochs": 3, "confirm": 1, "is_bare": True}
    whole = start(processes, tmp_path / "whole", **options)
    whole.join()
    assert whole.exitcode == 0
    moments = random.Random(0)
    for _ in range(KILLS):
        process = start(processes, tmp_path / "cut", **options)
        kill_after(process, tmp_path / "cut", records=moments.randint(1, 4), seconds=moments.uniform(0.0, 0.3))
    last = start(processes, tmp_path / "cut", **options)
    last.join()
    assert last.exitcode == 0
    starts = [event for event in events_of(tmp_path / "cut") if event["event"] == "started"]
    assert max(start["attempt"] for start in starts) > 1
    assert outcome(tmp_path / "cut") == outcome(tmp_path / "whole")


def test_a_search_in_processes_survives_random_kills_of_them_and_of_itself_and_goes_on_with_one(processes, tmp_path):
    def begin(folder, workers=2, max_trials=8):
        options = {"strategy": "random", "target_acc": None, "max_trials": max_trials, "epochs": 4, "is_bare": True}
        return start(processes, folder, workers=workers, variables=environment(1), **options)

    def workers_of(process):
        return map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())

    begin(tmp_path / "whole", workers=1).join()
    killed = survive(begin, tmp_path / "cut", workers_of, KILLS, seed=1)
    assert min(killed.values()) >= 2
    check_same(tmp_path / "cut", tmp_path / "whole")
    assert "trials/0000: epoch 4 of 4" in (tmp_path / "cut" / "said").read_text()
    known = len(events_of(tmp_path / "cut"))
    begin(tmp_path / "cut", workers=1, max_trials=9).join()
    more = events_of(tmp_path / "cut")[known:]
    assert {event["trial"] for event in more} == {8} and more[-1]["event"] == "completed"


def test_memory_stays_flat_over_many_trials(processes, tmp_path):
    process = start(processes, tmp_path, strategy="random", target_acc=None, max_trials=TRIALS, epochs=1)
    process.join()
    assert process.exitcode == 0
    resident = [int(line) for line in (tmp_path / "resident").read_text().split()]
    assert len(resident) == TRIALS
    assert resident[-1] < 1.02 * resident[4]  # nine trials take it to 1.005
