"""Which of the trials of a search is the best: a function of what the ledger tells."""

import math

from keras_vision.search.ledger import trial_run
from keras_vision.search.outcome import is_sound, reaches
from keras_vision.search.sizes import PARAMETERS, SIZES

GAP = 2  # times the size of what reached by luck: less is as good as what was lost


def ranked(trials, needed=None, size=SIZES[PARAMETERS]):
    """Returns completed trials, the best first: those that reached the target by size, then the others by accuracy.

    Equal sizes are told apart by parameters, then MACs. Between the two stand those that reached by luck.

    Args:
        trials: Completed `Trial`s.
        needed: `Goal.score`; None where there is no target.
        size: What is made small, a `Size`.
    """

    def place(trial):
        size_of_it = (size.of(trial.result), trial.result["parameters"], trial.result["macs"])
        has_reached = is_sound(trial, needed) or reaches(trial, needed)
        merit = (*size_of_it, -trial.score) if has_reached else (-trial.score, *size_of_it)
        return not is_sound(trial, needed), not has_reached, *merit, trial.number

    return sorted(trials, key=place)


def ranking(run, trials, needed=None, size=SIZES[PARAMETERS]):
    """Returns completed trials of a search's `Run`, the best first; one whose model was deleted can hardly win."""
    return sorted(ranked(trials, needed, size), key=lambda trial: not trial_run(run, trial).model_path.exists())


def kept(ranking, goal, keep):
    """Returns the trials whose model files are kept: the first `keep` of a ranking, and what may yet be needed.

    What may take the best one's place, if that was luck, is kept until the best is confirmed.
    """
    best = ranking[:1]
    is_settled = any(is_sound(trial, goal.score) and trial.confirmed for trial in best)
    if not goal.confirmations or is_settled:
        return ranking[:keep]
    return ranking[:keep] + [trial for trial in ranking if is_sound(trial, goal.score)]


def to_confirm(ranking, goal):
    """Returns the trials that may be trained anew, in their order: those that reached the target.

    Where none did, the best, if it missed by no more than chance may have taken.
    """
    near = [trial for trial in ranking[:1] if not goal.is_futile([trial.score])]
    return [trial for trial in ranking if reaches(trial, goal.score)] or near


def has_gap(trials, needed, size=SIZES[PARAMETERS]):
    """Returns whether a network reached by luck, and the smallest that reached is more than `GAP` times as large.

    The trials of a search were then spent below the lucky one, and none of them between the two.
    """
    sound = min((size.of(trial.result) for trial in trials if is_sound(trial, needed)), default=math.inf)
    lucky = [size.of(trial.result) for trial in trials if reaches(trial, needed) and not is_sound(trial, needed)]
    return sound > GAP * max((one for one in lucky if one < sound), default=math.inf)
