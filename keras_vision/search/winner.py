"""The winner's model and result in the search's own directory.

result.json is always that of the model.keras beside it: it goes before another model comes, and the next end of the
search writes it anew.
"""

import shutil

from keras_vision.runs import atomic_path, write_json
from keras_vision.search.ledger import trial_run
from keras_vision.training.checkpoint import Checkpoints


def take_model(run, trial):
    """Puts a trial's model into the directory of the search, so that an interrupt finds it there."""
    run.result_path.unlink(missing_ok=True)
    with atomic_path(run.model_path) as temporary:
        shutil.copyfile(trial_run(run, trial).model_path, temporary)


def hand_over(run, best, result):
    """Puts the best trial's model and result into the directory of the search; returns the result.

    What the test images gave stays, as long as the same network is the best.
    """
    earlier = run.result if run.finished else {}
    if any(earlier.get(name) != result[name] for name in ("best_trial", "best_epoch", "val_accuracy")):
        take_model(run, best)
    elif "test" in earlier:
        result = result | {"test": earlier["test"]}
    write_json(run.result_path, result)
    return result


def prune(run, trials, kept):
    """Deletes what no later start needs: checkpoints of closed trials, and models of those that are not kept."""
    for trial in trials:
        its_run = trial_run(run, trial)
        Checkpoints(its_run.checkpoints).remove()
        if trial not in kept:
            its_run.model_path.unlink(missing_ok=True)


def tally(trials):
    """Returns how many trials there are, how many failed, and how many were rejected and do not count."""
    statuses = [trial.status for trial in trials]
    return {
        "trials": len(statuses) - statuses.count("REJECTED"),
        "failed": statuses.count("FAILED"),
        "rejected": statuses.count("REJECTED"),
    }
