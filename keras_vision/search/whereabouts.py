"""Who ran what in a search on several workers: trainings, deaths and moves, by the ledger."""


def by_worker(history):
    """Returns what each worker did, a list of dicts: where, trainings, died; empty where one process did it all.

    Args:
        history: A ledger's list of `Attempt`.
    """
    found = {}
    for one in history:
        if one.where:
            row = found.setdefault(one.where, {"where": one.where, "trainings": 0, "died": 0})
            row["trainings"] += 1
            row["died"] += bool(one.died)
    return list(found.values())


def deaths(history):
    """Returns the starts that ended without a word, a list of dicts: training, where, reason, then.

    `training` is the trial's name, with the number of the confirmation where it is one; `then` is where it went on,
    None where that is not known, or where it did not.

    Args:
        history: A ledger's list of `Attempt`.
    """
    return [
        {
            "training": f"{one.trial:04d}" + (f"-{one.confirmation}" if one.confirmation else ""),
            "where": one.where,
            "reason": one.died,
            "then": _next_place(history[place + 1 :], one),
        }
        for place, one in enumerate(history)
        if one.died
    ]


def death_line(death):
    """Returns one of `deaths` as a line.

    Example:

    >>> death_line({"training": "0003", "where": "process 1", "reason": "its process was ended by SIGKILL",
    ...             "then": "process 3"})
    '0003 on process 1: its process was ended by SIGKILL; then on process 3'
    """
    where = f" on {death['where']}" if death["where"] else ""
    then = f"; then on {death['then']}" if death["then"] else ""
    return f"{death['training']}{where}: {death['reason']}{then}"


def _next_place(later, one):
    same = (after.where for after in later if (after.trial, after.confirmation) == (one.trial, one.confirmation))
    return next(filter(None, same), None)
