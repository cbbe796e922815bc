"""When a training is given up: a table of rules, each a function of its epochs so far.

A rule sees the rows of metrics.jsonl, the number of epochs of the whole training, one cycle of the learning rate, the
goal, and the name of what the goal is about. It must answer the same on the same rows.
"""

import bisect

# share of the epochs done -> the least share of the smallest error so far that may be left at the end. In between, that
# of the share before holds. Fitted by tools/curves.py to complete trainings of many data sets and families.
LEAST_LEFT = ((0.4, 0.089), (0.5, 0.1), (0.6, 0.1), (0.7, 0.16), (0.8, 0.19), (0.9, 0.286))


def hopeless(rows, epochs, goal, metric="accuracy"):
    """Returns whether a training will hardly come to its goal: its error would have to shrink more than any did.

    That is where the smallest error so far, shrunk as much as `LEAST_LEFT` allows, is still more than the goal allows.
    In the first half of the epochs the error on the training images counts too: while the learning rate is high, that
    on validation images is noise.

    Args:
        rows: A dict for each epoch so far, with `accuracy`, on training images, and `val_accuracy`, or what else
            `metric` names.
        epochs: Epochs of the whole training.
        goal: What is to be reached on validation images.
        metric: "accuracy" or "balanced_accuracy".

    Example:

    >>> rows = [{"accuracy": 0.1, "val_accuracy": 0.1}] * 9
    >>> hopeless(rows[:1], 10, 0.9), hopeless(rows, 10, 0.9)
    (False, True)
    """
    share = len(rows) / epochs
    return share < 1 and smallest_error(rows, share, metric) * least_left(share) > 1 - goal


def smallest_error(rows, share, metric="accuracy"):
    """Returns the smallest error of the epochs so far, a share `share` of all; in the first half also in training."""
    errors = [1 - row[f"val_{metric}"] for row in rows]
    if share < 0.5:
        errors += [1 - row["accuracy"] for row in rows]
    return min(errors)


def least_left(share, table=None):
    """Returns the least share of an error that may be left at the end, a share `share` of the epochs being done."""
    table = LEAST_LEFT if table is None else table
    place = bisect.bisect_right([at for at, _ in table], share + 1e-9)
    return table[place - 1][1] if place else 0.0


def never(rows, epochs, goal, metric="accuracy"):
    """Returns False: every training goes on to its end."""
    return False


# name -> the rule. What `--ending` takes.
ENDINGS = {"hopeless": hopeless, "never": never}
