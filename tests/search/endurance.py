"""Searches on the digits in processes of their own, and what came of them."""

import json
import multiprocessing
import os
from pathlib import Path

from keras_vision.search import ledger
from keras_vision.search.executors import choosing, patience
from keras_vision.search.loop import Search
from keras_vision.tune import tune

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


def events_of(folder):
    """Returns the ledger's records so far; half a line at its end, which may be in the making, does not count."""
    path = folder / "run" / "trials.jsonl"
    *lines, _ = (path.read_bytes() if path.exists() else b"").split(b"\n")
    return [json.loads(line)["record"] for line in lines]


def search(folder, strategy="grow", target_acc=0.9, max_trials=12, epochs=4, variables=None, seconds=None, **workers):
    """Runs a small search on the digits in `folder`, and notes the resident size after each trial.

    Args:
        folder: Has space.py; run, of the search, is made in it.
        strategy, target_acc, max_trials, epochs: As of `tune`.
        variables: Dict of further variables of the environment.
        seconds: A trial that tells nothing for so long hangs; None for what is usual.
        **workers: As of `tune`.
    """
    os.environ |= variables or {}
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
    tune(
        "mlp",
        dataset="digits",
        strategy=strategy,
        target_acc=target_acc,
        max_trials=max_trials,
        epochs=epochs,
        space=str(Path(folder, "space.py")),
        workdir=str(Path(folder, "run")),
        **workers,
    )
