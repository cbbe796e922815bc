"""What a search cost, counted from its ledger and the files of its trainings."""

from keras_vision.search.ledger import confirmation_runs, trial_run
from keras_vision.search.outcome import reaches


def costs_of(run, trials, best, needed, space, networks):
    """Returns what a search cost, with its confirmations: seconds, and FLOPs as multiples of one full training.

    That is the training, to the end of its recipe, of the first network that reached the target; of the best where
    none did.

    Args:
        run: The `Run` of the search.
        trials: All its `Trial`s.
        best: The best of them.
        needed: `Goal.score`.
        space: The `Space` or `Ladder`.
        networks: The `Networks`.

    Returns:
        A dict: search_seconds and full_trainings; with `_to_target` those until the first that reached, if one did.
    """
    first = next((one for one in trials if one.status == "COMPLETED" and reaches(one, needed)), None)
    reference = first or best
    epochs = space.resolve(reference.values)[1].epochs
    full = reference.result["training_flops"] / reference.result["epochs_run"] * epochs

    def so_far(trial, run):
        """Returns (seconds, FLOPs) of the finished epochs of a run that trains a trial's network."""
        rows = run.history
        if not rows:
            return 0.0, 0
        flops = networks.training_flops(space.resolve(trial.values)[0], len(rows))
        return sum(row["seconds"] for row in rows), flops

    def summed(costs, suffix=""):
        seconds, flops = (sum(column) for column in zip(*costs, strict=True))
        return {f"search_seconds{suffix}": round(seconds, 2), f"full_trainings{suffix}": round(flops / full, 2)}

    tried = [
        (trial.result["seconds"], trial.result["training_flops"])
        if trial.result
        else so_far(trial, trial_run(run, trial))
        for trial in trials
    ]
    anew = [so_far(trial, again) for trial in trials for again in confirmation_runs(run, trial)]
    return summed(tried + anew) | (summed(tried[: first.number + 1], "_to_target") if first else {})
