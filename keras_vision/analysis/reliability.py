"""The reliability diagram: how often a network is right when it is so sure."""

import numpy as np

from keras_vision.reporting import style

MARKERS = "os"
FEWEST = 10  # images of a range that is drawn: what fewer say is chance


def plot_reliability(curves):
    """Draws accuracy against confidence, and how many images have which confidence.

    Args:
        curves: Dict from what a curve is, to its rows: dicts of n, confidence, accuracy and its interval, for each
            range of confidence that has images. The first is the one that counts.

    Returns:
        A `matplotlib.figure.Figure`.

    Source: Guo et al. 2017, figure 1; Niculescu-Mizil & Caruana 2005.
    """
    figure = style.new_figure(height=4.6)
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 1))
    axes = style.new_axes(figure, (grid[0],), title="How often it is right when it is so sure", y="accuracy")
    below = style.new_axes(figure, (grid[1],), x="confidence", y="share of images")
    axes.plot((0, 1), (0, 1), color="0.6", linestyle=":", label="perfectly calibrated")
    lowest = 1.0
    for number, (name, all_rows) in enumerate(curves.items()):
        rows = [row for row in all_rows if row["n"] >= FEWEST] or all_rows
        confidence, accuracy, images = (np.array([row[key] for row in rows]) for key in ("confidence", "accuracy", "n"))
        low, high = np.array([row["interval"] for row in rows]).T
        bars = np.maximum([accuracy - low, high - accuracy], 0)
        total = sum(row["n"] for row in all_rows)
        gap = sum(row["n"] * abs(row["accuracy"] - row["confidence"]) for row in all_rows) / total
        look = {"color": style.COLOURS[number], "marker": MARKERS[number], "markersize": 4, "linewidth": 1}
        axes.errorbar(confidence, accuracy, yerr=bars, capsize=2, label=f"{name}: gap {gap:.3f} on average", **look)
        below.plot(confidence, images / total, **look)
        lowest = min(lowest, confidence.min(), accuracy.min())
    left = max(0.0, lowest - 0.05)
    for one in (axes, below):
        one.set_xlim(left, 1.02)
    axes.set_ylim(left, 1.02)
    below.set_ylim(0, 1)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return figure
