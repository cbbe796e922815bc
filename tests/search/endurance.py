"""What the processes of test_endurance do."""

from pathlib import Path

from keras_vision.search import ledger
from keras_vision.tune import tune


def search(folder, strategy="grow", target_acc=0.9, max_trials=12, epochs=4):
    """Runs a small search on the digits in `folder`."""
    ledger.MAX_DEATHS = 1000  # it is the test that kills, not the trials
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
