"""What speaks for a class, drawn over the image: for one answer, and for mistakes."""

import numpy as np
from matplotlib.colors import to_rgb

from keras_vision.reporting import style
from keras_vision.system.grey import grey

FOR, AGAINST = style.COLOURS[5], style.COLOURS[0]
OPACITY = 0.85  # of the strongest heat: the image stays to be seen beneath
HOTTEST = 0.01  # share of the pixels that are as strong as can be: a single one must not hide the others


def heat_over(image, heat):
    """Returns an image in grey under its heat: orange where it speaks for the class, blue where against.

    Args:
        image: Uint8 array [height, width, channels], 1 or 3 channels.
        heat: Float array [height, width], positive where a pixel speaks for the class.

    Returns:
        Float array [height, width, 3] from 0 to 1.

    Example:

    >>> heat_over(np.zeros((4, 4, 1), "uint8"), np.zeros((4, 4)))[0, 0].tolist()
    [0.2, 0.2, 0.2]
    """
    shades = 0.2 + 0.6 * grey(image).astype(float) / 255  # neither black nor white hides the heat
    beneath = np.repeat(shades[..., None], 3, axis=-1)
    strength = np.abs(heat)
    scale = np.quantile(strength, 1 - HOTTEST) or strength.max() or 1
    opacity = OPACITY * np.minimum(strength / scale, 1)[..., None]
    colours = np.where(heat[..., None] > 0, to_rgb(FOR), to_rgb(AGAINST))
    return (1 - opacity) * beneath + opacity * colours


def plot_explanation(image, heat, explained, best):
    """Draws an image, the heat over it, and the most probable classes, beside each other.

    Args:
        image: Uint8 array [height, width, channels].
        heat: Float array [height, width].
        explained: Name of the class that the heat is for.
        best: List of dicts of class and probability, the most probable first.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    figure = style.new_figure(height=2.6)
    grid = figure.add_gridspec(1, 3, width_ratios=(1, 1, 1.1))
    style.draw_image(figure, (grid[0],), image, title="as the network sees it")
    _draw_heat(figure, grid[1], image, heat, explained)
    axes = style.new_axes(figure, (grid[2],), title="most probable")
    names = [style.literal(str(one["class"])) for one in best]
    shares = [one["probability"] for one in best]
    colours = [FOR if str(one["class"]) == str(explained) else style.COLOURS[4] for one in best]
    axes.barh(range(len(best)), shares, color=colours, height=0.6)
    for row, share in enumerate(shares):
        axes.text(share + 0.02, row, f"{share:.1%}", va="center", fontsize=8)
    axes.set_yticks(range(len(best)), names)
    axes.set_ylim(max(len(best), 3) - 0.5, -0.5)
    axes.set_xlim(0, 1.3)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return figure


def plot_explained_mistakes(images, mistakes, heats, class_names):
    """Draws mistaken images, each beside what speaks for the class that it was taken for, and for its own.

    Args:
        images: Uint8 array [n, height, width, channels] that the mistakes' positions count in.
        mistakes: A list of `confusion.Mistake`.
        heats: A pair of arrays [mistakes, height, width]: for the classes taken, and for the true ones.
        class_names: One name per class.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    across = 2
    rows = max(1, -(-len(mistakes) // across))
    figure = style.new_figure(height=0.4 + 1.4 * rows)
    figure.suptitle("The most confident mistakes: orange speaks for the class, blue against it", fontsize=9)
    names = list(map(style.literal, class_names))
    grid = figure.add_gridspec(rows, 3 * across)
    for number, mistake in enumerate(mistakes):
        row, column = number // across, 3 * (number % across)
        image = images[mistake.position]
        pictures = [style.draw_image(figure, (grid[row, column],), image, title=f"is {names[mistake.label]}")]
        titles = f"for {names[mistake.prediction]} ({mistake.probability:.0%})", f"for {names[mistake.label]}"
        for place, (heat, title) in enumerate(zip(heats, titles, strict=True), start=1):
            pictures.append(style.new_picture(figure, (grid[row, column + place],), title=title))
            pictures[-1].imshow(heat_over(image, heat[number]))
        for axes in pictures:
            axes.title.set_fontsize(7)
    return figure


def _draw_heat(figure, place, image, heat, explained):
    name = style.literal(str(explained))
    title = f"what speaks for {name}" if heat.any() else f"nothing speaks for {name}"
    axes = style.new_picture(figure, (place,), title=title)
    axes.imshow(heat_over(image, heat))
    if (heat < 0).any():
        axes.set_xlabel("orange for it, blue against it", fontsize=8)
