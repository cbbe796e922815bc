"""The front of accuracy against cost: the networks that no other beats in both at once."""

from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullFormatter

from keras_vision.reporting import style

# cost -> how it is called under an axis
COSTS = {"parameters": "parameters", "macs": "MACs for one image", "latency_ms": "ms for one image"}
# cost -> where the numbers of its axis stand in each power of ten; latencies seldom span more than one
FINE = {"latency_ms": (1, 1.5, 2, 3, 5, 7)}


def front(points):
    """Returns the places of the points that no other point beats: none costs no more and scores no less.

    Args:
        points: Sequence of (cost, score).

    Returns:
        A list of places in `points`, by rising cost. Of equal points the first counts.

    Example:

    >>> front([(10, 0.9), (20, 0.8), (5, 0.7)])
    [2, 0]
    """
    places, best = [], float("-inf")
    for place in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if points[place][1] > best:
            places.append(place)
            best = points[place][1]
    return places


def name_of(score):
    """Returns what a person reads for a score.

    Example:

    >>> name_of("val_balanced_accuracy")
    'validation balanced accuracy'
    """
    return score.replace("val_", "validation ").replace("_", " ")


def on_fronts(rows, score="val_accuracy"):
    """Returns the rows that are on the front of at least one cost, by rising parameters.

    Args:
        rows: Dicts with `score` and the keys of `COSTS`.
        score: `"val_accuracy"` or `"val_balanced_accuracy"`.

    Returns:
        Copies of the rows, with `smallest_by`: the costs on whose front each one is.
    """
    costs = {place: [] for place in range(len(rows))}
    for cost in COSTS:
        for place in front([(row[cost], row[score]) for row in rows]):
            costs[place].append(cost)
    chosen = [row | {"smallest_by": " ".join(costs[place])} for place, row in enumerate(rows) if costs[place]]
    return sorted(chosen, key=lambda row: row["parameters"])


def plot_front(rows, target_acc=None, score="val_accuracy"):
    """Draws the validation accuracy of trials against each cost, with the front as a line.

    Args:
        rows: Dicts with `trial`, `score` and the keys of `COSTS`. Those with a true `given_up` are hollow marks beside
            the front: their trainings were not done.
        target_acc: Drawn as a line where given: what a target asks of a trial.
        score: As in `on_fronts`.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    figure = style.new_figure(2.6)
    given_up = [row for row in rows if row.get("given_up")]
    done = [row for row in rows if not row.get("given_up")]
    for column, (cost, name) in enumerate(COSTS.items(), start=1):
        axes = style.new_axes(figure, (1, len(COSTS), column), x=name, y=name_of(score) if column == 1 else "")
        points = [(row[cost], row[score]) for row in done]
        _scatter(axes, points, label="trial", color=style.COLOURS[4])
        _scatter(
            axes,
            [(row[cost], row[score]) for row in given_up],
            label="given up",
            facecolors="none",
            edgecolors=style.COLOURS[4],
            linewidths=0.8,
        )
        if points:
            axes.plot(
                *zip(*(points[place] for place in front(points)), strict=True),
                marker="o",
                markersize=4,
                drawstyle="steps-post",
                color=style.COLOURS[0],
                label="front",
            )
        if target_acc is not None:
            axes.axhline(target_acc, color=style.COLOURS[5], linewidth=1, linestyle="--", label="needed")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(_ticks([row[cost] for row in rows], FINE.get(cost, (1, 2, 5))))
        axes.xaxis.set_major_formatter("{x:g}" if cost == "latency_ms" else EngFormatter(sep=""))
        axes.xaxis.set_minor_formatter(NullFormatter())
        if column == len(COSTS):
            axes.legend(fontsize=7, frameon=False)
    return figure


def _ticks(costs, fine):
    """Returns where numbers stand on a logarithmic axis so that they do not touch, be its costs alike or far apart."""
    if max(costs) < 3 * min(costs):
        return MaxNLocator(4)
    return LogLocator(subs=(1,) if max(costs) > 100 * min(costs) else fine)


def _scatter(axes, points, **look):
    if points:
        axes.scatter(*zip(*points, strict=True), s=12, **look)
