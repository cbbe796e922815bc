"""Contact sheets: many small pictures on one page, each with a line below it."""

from keras_vision.reporting import style

COLUMNS = 8
ROWS = 8
NAME = 18  # characters that fit below a picture


def contact_sheet(title, rows):
    """Draws a page of pictures.

    Args:
        title: What the page shows.
        rows: A list of at most `ROWS` rows; each is a list of at most `COLUMNS` (uint8 array [h, w, c], text below it),
            or None for a gap.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    figure = style.new_figure(height=0.5 + 1.35 * len(rows), width=1.2 * COLUMNS)
    figure.suptitle(title, fontsize=9)
    for line, row in enumerate(rows):
        for column, tile in enumerate(row):
            if tile is None:
                continue
            image, text = tile
            axes = style.draw_image(figure, (len(rows), COLUMNS, line * COLUMNS + column + 1), image)
            axes.set_xlabel(text, fontsize=6, labelpad=2)
    return figure
