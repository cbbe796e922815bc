"""Searches on the digits in processes of their own, what came of them, and what they survive."""

import gc
import json
import multiprocessing
import os
import random
import re
import signal
import time
import zipfile
from pathlib import Path

import pytest

from keras_vision.reporting.progress import PlainProgress
from keras_vision.search import ledger
from keras_vision.search.executors import choosing, patience
from keras_vision.search.loop import Search
from keras_vision.tune import tune
from tests.bare import make_bare

SPACE = """
LADDER = tuple({"hidden_units": (units,)} for units in (1, 2, 4, 8, 16))

def model_space(hp):
    return {"hidden_units": (hp.Int("units", 2, 16, default=4),)}

def recipe_space(hp, recipe):
    return {"learning_rate": hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=3e-3)}
"""


def new_processes():
    """Returns what starts processes, with everything imported and with nothing else of this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["keras_vision.search.loop", "keras_vision.data.prepared", "tests.search.endurance"])
    return context


def start(processes, folder, **options):
    """Starts a search in a process of its own; arguments as of `search`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "space.py").write_text(SPACE)
    process = processes.Process(target=search, args=(str(folder),), kwargs=options)
    process.start()
    return process


def outcome(folder):
    """Returns what a search found, without what a clock measured."""
    clocked = ("seconds", "images_per_second", "latency_ms")
    trials = [
        (event["trial"], event.get("values"), {k: v for k, v in event.get("result", {}).items() if k not in clocked})
        for event in events_of(folder)
        if event["event"] in ("asked", "completed")
    ]
    result = json.loads((folder / "run" / "result.json").read_text())
    return sorted(trials, key=str), result["best_trial"], result["val_accuracy"], result["parameters"]


def models(folder):
    """The model file of each trial that has one, by its name: the bytes of its parts, weights and all.

    Left out are the time at which it was written, and what Keras writes of where in memory its objects were.
    """
    return {path.parent.name: _parts(path) for path in folder.glob("run/trials/*/model.keras")}


def _parts(path):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    metadata = {name: value for name, value in json.loads(parts.pop("metadata.json")).items() if name != "date_saved"}
    return parts | {"metadata": metadata, "config.json": re.sub(rb'"shared_object_id": \d+', b"", parts["config.json"])}


def check_same(folder, undisturbed):
    """Checks that a search found what another did, and ran each of its trials to its end once."""
    assert outcome(folder) == outcome(undisturbed)
    assert models(folder) == models(undisturbed) != {}
    completed = [event["trial"] for event in events_of(folder) if event["event"] == "completed"]
    assert sorted(completed) == sorted(set(completed))
    assert not (folder / "run" / "workers").exists()


def survive(begin, folder, workers_of, kills, seed=0):
    """Runs a search, kills its workers and itself at random moments, and begins it anew as often as that is needed.

    Args:
        begin: Begins it in a folder, or goes on with it; returns its process.
        folder: As of `search`.
        workers_of: Returns the process numbers of its workers, by its process.
        kills: How often.
        seed: Of the moments.

    Returns:
        What was killed: how many workers, and how many drivers.
    """
    moments, process, killed = random.Random(seed), begin(folder), {"worker": 0, "driver": 0}
    for _ in range(kills):
        _wait_for_records(process, folder, moments.randint(1, 4))
        time.sleep(moments.uniform(0.0, 0.3))
        victim = moments.choice(["worker", "driver"])
        killed[victim] += 1
        if victim == "driver":
            process.kill()
            process.join()
            process = begin(folder)
        else:
            _kill_one(process, workers_of, moments)
    process.join()
    assert process.exitcode == 0
    return killed


def _wait_for_records(process, folder, records):
    until = len(events_of(folder)) + records
    while len(events_of(folder)) < until:
        process.join(timeout=0.01)
        assert process.exitcode is None, "it ended before it could be killed"


def _kill_one(process, workers_of, moments):
    while not (workers := sorted(workers_of(process))):
        process.join(timeout=0.01)
        assert process.exitcode is None, "it ended before one of its workers could be killed"
    os.kill(moments.choice(workers), signal.SIGKILL)


def events_of(folder):
    """Returns the ledger's records so far; half a line at its end, which may be in the making, does not count."""
    path = folder / "run" / "trials.jsonl"
    *lines, _ = (path.read_bytes() if path.exists() else b"").split(b"\n")
    return [json.loads(line)["record"] for line in lines]


def search(
    folder,
    strategy="grow",
    target_acc=0.9,
    max_trials=12,
    epochs=4,
    variables=None,
    seconds=None,
    is_bare=False,
    **workers,
):
    """Runs a small search on the digits in `folder`, and notes the resident size after each trial.

    Args:
        folder: Has space.py; run, of the search, is made in it, and said, which holds what a person would be told.
        strategy, target_acc, max_trials, epochs: As of `tune`.
        variables: Dict of further variables of the environment.
        seconds: A trial that tells nothing for so long hangs; None for what is usual.
        is_bare: Whether to leave out what `make_bare` says; in the search's own process alone.
        **workers: Further options, as of `tune`.
    """
    gc.freeze()  # what is imported by now: before each trial the garbage collector looks at everything
    os.environ |= variables or {}
    if is_bare:
        make_bare(pytest.MonkeyPatch())
    if seconds:
        patience.LEAST_SECONDS, patience.PATIENCE = seconds, 1
    choosing.cores = lambda: 2  # with as many threads for each of two workers, on whatever machine
    ledger.MAX_DEATHS = 1000  # it is the test that kills, not the trials
    settle = Search._settle

    def settle_and_note(self, *args):
        settle(self, *args)
        pages = int(Path(f"/proc/{os.getpid()}/statm").read_text().split()[1])
        with open(Path(folder, "resident"), "a", encoding="utf-8") as file:
            file.write(f"{pages}\n")

    Search._settle = settle_and_note
    with open(Path(folder, "said"), "a", encoding="utf-8", buffering=1) as said:
        tune(
            "mlp",
            dataset="digits",
            strategy=strategy,
            target_acc=target_acc,
            max_trials=max_trials,
            epochs=epochs,
            precision="float32",
            space=str(Path(folder, "space.py")),
            workdir=str(Path(folder, "run")),
            progress=PlainProgress(said),
            **workers,
        )
