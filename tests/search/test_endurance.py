"""Searches in processes of their own: killed at random moments, and over many trials."""

import json
import multiprocessing
import random

import pytest

SPACE = """
LADDER = tuple({"hidden_units": (units,)} for units in (1, 2, 4, 8, 16))

def model_space(hp):
    return {"hidden_units": (hp.Int("units", 2, 16, default=4),)}

def recipe_space(hp, recipe):
    return {"learning_rate": hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=3e-3)}
"""
KILLS = 10


@pytest.fixture(scope="module")
def processes():
    """Processes that start with everything imported, and with nothing else of this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["keras_vision.search.loop", "keras_vision.data.prepared", "tests.search.endurance"])
    return context


def search(processes, folder, **options):
    from tests.search import endurance

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "space.py").write_text(SPACE)
    process = processes.Process(target=endurance.search, args=(str(folder),), kwargs=options)
    process.start()
    return process


def outcome(folder):
    """What a search found, without what a clock measured."""
    clocked = ("seconds", "images_per_second", "latency_ms")
    trials = [
        (event["trial"], event.get("values"), {k: v for k, v in event.get("result", {}).items() if k not in clocked})
        for event in events_of(folder)
        if event["event"] in ("asked", "completed")
    ]
    result = json.loads((folder / "run" / "result.json").read_text())
    return sorted(trials, key=str), result["best_trial"], result["val_accuracy"], result["parameters"]


def events_of(folder):
    """The ledger's records so far; half a line at its end, which may be in the making, does not count."""
    path = folder / "run" / "trials.jsonl"
    *lines, _ = (path.read_bytes() if path.exists() else b"").split(b"\n")
    return [json.loads(line)["record"] for line in lines]


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


@pytest.mark.slow
def test_a_search_killed_at_ten_random_moments_ends_as_an_undisturbed_one(processes, tmp_path):
    whole = search(processes, tmp_path / "whole")
    whole.join()
    assert whole.exitcode == 0
    moments = random.Random(0)
    for _ in range(KILLS):
        process = search(processes, tmp_path / "cut")
        kill_after(process, tmp_path / "cut", records=moments.randint(1, 4), seconds=moments.uniform(0.0, 0.3))
    last = search(processes, tmp_path / "cut")
    last.join()
    assert last.exitcode == 0
    starts = [event for event in events_of(tmp_path / "cut") if event["event"] == "started"]
    assert max(start["attempt"] for start in starts) > 1
    assert outcome(tmp_path / "cut") == outcome(tmp_path / "whole")


@pytest.mark.slow
def test_memory_stays_flat_over_fifty_trials(processes, tmp_path):
    process = search(processes, tmp_path, strategy="random", target_acc=None, max_trials=50, epochs=1)
    process.join()
    assert process.exitcode == 0
    resident = [int(line) for line in (tmp_path / "resident").read_text().split()]
    assert len(resident) == 50
    assert resident[-1] < 1.1 * resident[4]
