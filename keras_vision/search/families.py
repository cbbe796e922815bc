"""A search that looks in several families: how settings name theirs, and which of them has won."""

import math

from keras_vision.models import MODELS
from keras_vision.search.outcome import is_sound
from keras_vision.search.strategies import ANY

FAMILY = "model"  # what settings call their family, where there are several

LEAD = "vgg"  # the family that a search through all begins with: it reaches most targets with the fewest parameters


def families_of(model):
    """Returns the families that a search for `model` looks in, as a tuple; the one that it begins with comes first.

    Example:

    >>> families_of("cnn"), families_of("any")[0]
    (('cnn',), 'vgg')
    """
    if model != ANY:
        return (model,)
    return tuple(dict.fromkeys([LEAD, *MODELS]))


def named(model, settings):
    """Returns (family, builder keywords) of settings: of a search over several families they name theirs.

    Example:

    >>> named("any", {"model": "cnn", "filters": (8,)}), named("vgg", {"filters": (8,)})
    (('cnn', {'filters': (8,)}), ('vgg', {'filters': (8,)}))
    """
    return settings.get(FAMILY, model), {name: value for name, value in settings.items() if name != FAMILY}


def by_family(families, trials, needed, size):
    """Returns what a search found in each of several families: a list of dicts, the winner first.

    Args:
        families: Their names; of a single one the list is empty.
        trials: Completed `Trial`s.
        needed: `Goal.score`.
        size: What is made small, a `Size`.

    Returns:
        For each family: family, trials (how many), score (the highest that one of them had; None without any), and of
        its smallest network which reached the target size and size_words; None and "" where none did.
    """
    found = []
    for family in families if len(families) > 1 else ():
        own = [trial for trial in trials if trial.values[FAMILY] == family]
        reached = [trial.result for trial in own if is_sound(trial, needed) and size.result in trial.result]
        smallest = min(reached, key=size.of, default=None)
        found.append(
            {
                "family": family,
                "trials": len(own),
                "score": max((trial.score for trial in own), default=None),
                "size": smallest and size.of(smallest),
                "size_words": size.words_of(smallest) if smallest else "",
            }
        )
    return sorted(found, key=lambda one: (math.inf if one["size"] is None else one["size"], -(one["score"] or 0)))


def verdict(found):
    """Returns which family has won and by how much, as a sentence; "" for the search of a single family.

    Args:
        found: What `by_family` returned.

    Example:

    >>> vgg = {"family": "vgg", "trials": 6, "score": 0.91, "size": 2_000, "size_words": "2,000 parameters"}
    >>> cnn = {**vgg, "family": "cnn", "size": 5_000, "size_words": "5,000 parameters"}
    >>> mlp = {**vgg, "family": "mlp", "score": 0.85, "size": None}
    >>> verdict([vgg, cnn, mlp])
    'vgg wins with 2,000 parameters; cnn has 5,000 parameters, 2.50 times as much; not reached by mlp (best 0.8500)'
    """
    if not found:
        return ""
    first, *others = [one for one in found if one["size"] is not None] or [None]
    words = [f"{first['family']} wins with {first['size_words']}"] if first else []
    words += [
        f"{one['family']} has {one['size_words']}, {one['size'] / first['size']:.2f} times as much" for one in others
    ]
    missed = [one for one in found if one["size"] is None and one["trials"]]
    if missed:
        words.append("not reached by " + ", ".join(f"{one['family']} (best {one['score']:.4f})" for one in missed))
    if untried := [one["family"] for one in found if not one["trials"]]:
        words.append(f"not tried: {', '.join(untried)}")
    return "; ".join(words)
