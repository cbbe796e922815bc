"""The figures that studies share: curves over epochs, accuracies by case, and one number against another.

They are drawn at the width of a printed column, 8.6 cm, so that their type is as large as that of the text beside it. A
case has one colour in all figures of a study.
"""

import numpy as np
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter, StrMethodFormatter

from keras_vision.reporting import style
from keras_vision.runs import file_name

COLUMN = 3.4  # inches
# The house's colours, with black before yellow, which is faint in thin lines.
PALETTE = (*style.COLOURS[:6], "#000000", style.COLOURS[6])
CURVES = {"crossentropy": "cross-entropy", "accuracy": "accuracy"}
SPLITS = {"train": {"prefix": "", "linestyle": "--"}, "validation": {"prefix": "val_", "linestyle": "-"}}
ROW = 0.145  # inches that a line of a legend takes


def groups_of(cases):
    """Returns group -> names of its cases."""
    groups = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case.name)
    return groups


def colours_of(cases):
    """Returns case name -> colour: its place decides; in its group, where there are more cases than colours."""
    if len(cases) <= len(PALETTE):
        return {case.name: PALETTE[place] for place, case in enumerate(cases)}
    return {name: PALETTE[i % len(PALETTE)] for names in groups_of(cases).values() for i, name in enumerate(names)}


def standard_figures(table, cases):
    """Returns the figures that every comparison of trainings has.

    Args:
        table: A `Table` on disk.
        cases: The list of `Case`.
    """
    colours, drawn = colours_of(cases), {}
    for group, names in groups_of(cases).items():
        title = f"curves_{file_name(group.lower())}" if group else "curves"
        drawn[title] = plot_curves(table, names, colours)
    return drawn | ({"accuracy": plot_accuracies(table, colours)} if len(table.rows) > 1 else {})


def plot_curves(table, names, colours):
    """Draws cross-entropy and accuracy over epochs: the mean over seeds, and the range of the seeds.

    Args:
        table: A `Table` on disk.
        names: Cases to draw.
        colours: Case -> colour.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    figure = style.new_figure(width=COLUMN, height=4.2 + legend_height([*names, *SPLITS]))
    axes = {metric: style.new_axes(figure, (2, 1, row), y=CURVES[metric]) for row, metric in enumerate(CURVES, 1)}
    axes["accuracy"].set_xlabel("epoch", fontsize=9)
    for metric, panel in axes.items():
        shown = []
        for name in names:
            histories = [table.history(row) for row in table.of(name)]
            for look in SPLITS.values():
                shown += _plot_band(panel, histories, look["prefix"] + metric, colours[name], look["linestyle"])
        _tidy(panel, metric, shown)
    handles = [panel.plot([], [], color=colours[name], label=name)[0] for name in names]
    handles += [panel.plot([], [], color="0.4", label=split, **_line(look))[0] for split, look in SPLITS.items()]
    add_legend(figure, handles)
    return figure


def plot_metric(table, names, column, label, colours):
    """Draws one column of metrics.jsonl over epochs, a curve for each case.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    figure = style.new_figure(width=COLUMN, height=2.4 + legend_height(names))
    axes = style.new_axes(figure, x="epoch", y=label)
    shown = []
    for name in names:
        shown += _plot_band(axes, [table.history(row) for row in table.of(name)], column, colours[name], "-")
    _tidy(axes, column.removeprefix("val_"), shown)
    add_legend(figure, [axes.plot([], [], color=colours[name], label=name)[0] for name in names])
    return figure


def add_legend(figure, handles):
    """Puts a legend below, in two columns where the names are short enough."""
    columns = _columns([handle.get_label() for handle in handles])
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=8, frameon=False)


def _columns(names):
    return 1 if max(map(len, names)) > 18 else 2


def legend_height(names):
    """Returns the inches that a legend of these names takes."""
    return ROW * -(-len(names) // _columns(names))


def _line(look):
    return {"linestyle": look["linestyle"], "linewidth": 1.2}


def _plot_band(axes, histories, key, colour, linestyle):
    """Draws the mean and the range of one column of metrics.jsonl over seeds; returns the means."""
    length = max(map(len, histories))
    if not length:
        return []
    values = np.array([[epoch[key] for epoch in history] for history in histories if len(history) == length])
    epochs, mean = np.arange(1, length + 1), values.mean(axis=0)
    marker = {"marker": "o", "markersize": 3} if length <= 12 else {}
    if linestyle == "--":
        marker["markerfacecolor"] = "white"
    axes.plot(epochs, mean, color=colour, linestyle=linestyle, linewidth=1.2, **marker)
    if len(values) > 1:
        axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15, linewidth=0)
    return mean.tolist()


def _tidy(axes, metric, shown):
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(linewidth=0.4, alpha=0.5)
    if metric == "accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], min_n_ticks=3))
    elif shown and max(shown) > 4 * np.median(shown):  # one that diverges must not flatten the others
        axes.set_ylim(0, 4 * np.median(shown))


def plot_accuracies(table, colours, column="val_accuracy", label="validation accuracy", interval=None):
    """Draws a share by case: where there are several seeds a dot for each; mean and standard deviation below them.

    Args:
        table: A `Table`.
        colours: Case -> colour.
        column: Of the share.
        label: What the axis shows.
        interval: Columns of its lower and upper bound, drawn where there is one seed.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    names = [name for name in table.cases if table.values(name, column)]
    figure = style.new_figure(width=COLUMN, height=0.75 + 0.3 * len(names))
    axes = style.new_axes(figure, x=label)
    for place, name in enumerate(names):
        values = table.values(name, column)
        lower = 0.16 if len(values) > 1 else 0.0
        if lower:
            axes.plot(values, [place - lower] * len(values), "o", color=colours[name], markersize=3, alpha=0.6)
        reach = table.deviation(name, column)
        if reach is None and interval:
            reach = [[abs(table.mean(name, bound) - values[0])] for bound in interval]
        look = {"color": colours[name], "markersize": 5, "elinewidth": 1.2, "capsize": 2.5}
        axes.errorbar(table.mean(name, column), place + lower, xerr=reach, fmt="D", **look)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    room = 4 if max(map(len, names)) <= 24 else 2  # of numbers, beside the names
    axes.xaxis.set_major_locator(MaxNLocator(nbins=room, steps=[1, 2, 5, 10]))
    axes.grid(axis="x", linewidth=0.4, alpha=0.5)
    return figure


def plot_lines(series, *, x, y, colours, log=(), places=None, dashed=()):
    """Draws one line for each case.

    Args:
        series: Case -> (x values, means, lowest, highest); the last two may be None.
        x, y: What the axes show.
        colours: Case -> colour.
        log: Which of "x" and "y" are logarithmic.
        places: The only places on the x axis with a number, as a list; or place -> name, written upwards.
        dashed: Cases whose lines are.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    figure = style.new_figure(width=COLUMN, height=2.4 + legend_height(series))
    axes = style.new_axes(figure, x=x, y=y)
    for name, (places_of_case, means, low, high) in series.items():
        look = {"linestyle": "--", "markerfacecolor": "white"} if name in dashed else {}
        look |= {"marker": "o", "markersize": 3, "linewidth": 1.2, "color": colours[name]}
        axes.plot(places_of_case, means, label=name, **look)
        if low is not None:
            axes.fill_between(places_of_case, low, high, color=colours[name], alpha=0.15, linewidth=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(which="both", labelsize=8)
    if "x" in log:
        axes.set_xscale("log")
    if isinstance(places, dict):
        axes.set_xticks(list(places), list(places.values()), rotation=90)
        axes.xaxis.set_minor_locator(NullLocator())
    elif places is not None:
        axes.set_xticks(places, [str(place) for place in places])
        axes.xaxis.set_minor_locator(NullLocator())
    if "y" in log:
        make_logarithmic(axes)
    elif max(max(means) for _, means, _, _ in series.values()) >= 1000:
        axes.yaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.grid(linewidth=0.4, alpha=0.5)
    if len(series) > 1:
        add_legend(figure, axes.get_lines())
    return figure


def make_logarithmic(axes):
    """Makes the y axis of what is drawn logarithmic, with plain numbers: at 1, 2 and 5 where it spans few decades."""
    axes.set_yscale("log")
    lowest, highest = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if highest < 100 * lowest else (1,)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def spread_of(vectors):
    """Returns (mean, lowest, highest) over the seeds of lists of equal length.

    Example:

    >>> spread_of([[1.0, 2.0], [3.0, 2.0]])[0].tolist()
    [2.0, 2.0]
    """
    values = np.array(vectors)
    return values.mean(axis=0), values.min(axis=0), values.max(axis=0)
