"""How all figures look: sizes, colours that colour-blind readers can tell apart, one way to start and to save them.

Figures are objects of their own, drawn by Agg: no window, and no state shared through pyplot.
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_vision.reporting import MATPLOTLIB_IS_OURS
from keras_vision.reporting.fonts import set_fonts, silence
from keras_vision.system.pictures import as_picture

if MATPLOTLIB_IS_OURS:
    matplotlib.rcdefaults()

# Okabe & Ito 2008, "Color universal design": blue, orange, green, purple, sky, red, yellow.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
SHARES = "Blues"  # colour map of shares, 0 to 1
WEIGHTS = "gray"  # colour map of weights, negative to positive
STRENGTH = "viridis"  # colour map of magnitudes
LONGEST = 30  # characters of a name: more would leave no room for what it names
WIDTH = 7.0  # inches: the width of a text column, where 9-point type reads as the text around it does
DPI = 150


def new_figure(height, width=WIDTH):
    """Returns an empty `Figure`, in inches, that lays itself out."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_axes(figure, position=(1, 1, 1), *, title="", x="", y=""):
    """Adds axes with a title and the names (and units) of x and y."""
    axes = figure.add_subplot(*position)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def new_picture(figure, position=(1, 1, 1), *, title=""):
    """Adds axes for an image: no ticks and no frame."""
    axes = new_axes(figure, position, title=title)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return axes


def draw_image(figure, position, image, *, title=""):
    """Adds axes that show an image as it is: a uint8 array [height, width, channels] of 1 or 3 channels."""
    axes = new_picture(figure, position, title=title)
    axes.imshow(as_picture(image), cmap="gray", vmin=0, vmax=255)
    return axes


def literal(name, longest=LONGEST):
    """Returns a name as a text of a figure that shows it as it is: what lies between two $ is else set as mathematics.

    One of more than `longest` characters loses its middle; line ends and what no stream can encode become question
    marks.

    Example:

    >>> print(literal("$$"))
    \\$\\$
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    if len(shown) > longest:
        shown = f"{shown[: longest // 2]}…{shown[-longest // 2 + 1 :]}"
    return shown.replace("$", r"\$")


def mosaic(tiles, columns):
    """Lays tiles out in one image.

    Args:
        tiles: Array [n, height, width] or [n, height, width, channels].
        columns: Tiles in a row.

    Returns:
        A float array [height, width] or [height, width, channels] with gaps of NaN, enlarged so that the gaps are thin.
    """
    scale = max(1, -(-24 // max(tiles.shape[1:3])))
    tiles = tiles.repeat(scale, axis=1).repeat(scale, axis=2).astype("float32")
    rows = -(-len(tiles) // columns)
    gap = 2
    height, width = tiles.shape[1] + gap, tiles.shape[2] + gap
    image = np.full((rows * height - gap, columns * width - gap, *tiles.shape[3:]), np.nan, "float32")
    for position, tile in enumerate(tiles):
        top, left = position // columns * height, position % columns * width
        image[top : top + height - gap, left : left + width - gap] = tile
    return image


def save_figures(figures, folder):
    """Writes each figure of a dict name -> `Figure` as `folder/name.png` and returns the paths.

    Raises:
        OSError: The folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.png" for name in figures}
    with silence():
        for name, path in paths.items():
            set_fonts(figures[name])
            figures[name].savefig(path)
    return list(paths.values())
