"""What the processes of test_endurance do."""

import os
from pathlib import Path

from keras_vision.search import ledger
from keras_vision.search.loop import Search
from keras_vision.tune import tune


def search(folder, strategy="grow", target_acc=0.9, max_trials=12, epochs=4):
    """Runs a small search on the digits in `folder`, and notes the resident size after each trial."""
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
    )
