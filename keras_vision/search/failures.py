"""Searches that find nothing: when they end, and what is said of why."""

from keras_vision.errors import KerasVisionError
from keras_vision.search.ledger import trial_run

# A search whose first trials all fail is a fault of the space or the data, not of the settings.
FAILURES_THAT_END_A_SEARCH = 3
REASONS = 3  # of so many trials it is said why none of them completed


def check_first_trials(run, trials):
    """Ends a search of whose trials none has completed and the first have all failed.

    Args:
        run: Its `Run`.
        trials: All its `Trial`s.

    Raises:
        KerasVisionError: That is so, with the first reason.
    """
    first = [trial for trial in trials if trial.status != "REJECTED"][:FAILURES_THAT_END_A_SEARCH]
    if any(trial.status == "COMPLETED" for trial in trials) or len(first) < FAILURES_THAT_END_A_SEARCH:
        return
    if all(trial.status == "FAILED" for trial in first):
        told = [path for trial in first if (path := trial_run(run, trial).path / "error.txt").exists()]
        see = f" (see {told[0]})" if told else ""
        raise KerasVisionError(
            f"The first {FAILURES_THAT_END_A_SEARCH} trials all failed, the first with {first[0].reason}{see}."
        )


def why_none(trials, ended):
    """Returns in words why none of the trials completed; `ended` is what ended the search."""
    reasons = list(dict.fromkeys(trial.reason for trial in trials if trial.reason))
    if not reasons:
        return (
            "no network is within the limits and fits the images"
            if ended == "space"
            else "the search ended before one did"
        )
    more = f"; and {len(reasons) - REASONS} other reasons" if len(reasons) > REASONS else ""
    return "; ".join(reasons[:REASONS]) + more
