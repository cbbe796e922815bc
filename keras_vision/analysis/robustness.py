"""A picture of each kind and strength of corruption, with the accuracy that a network has on images so corrupted."""

from keras_vision.reporting import style


def plot_corruptions(pictures, accuracies):
    """Draws a row for each kind: the image as it is, then at each strength.

    Args:
        pictures: A list of rows of uint8 arrays [height, width, channels].
        accuracies: Dict from the name of a kind to the accuracies of its row.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    columns = len(pictures[0])
    figure = style.new_figure(height=0.5 + 1.05 * len(pictures))
    figure.suptitle("One image in all corruptions, and the accuracy on all images so corrupted", fontsize=9)
    for line, (row, (name, numbers)) in enumerate(zip(pictures, accuracies.items(), strict=True)):
        for column, (image, accuracy) in enumerate(zip(row, numbers, strict=True)):
            axes = style.draw_image(figure, (len(pictures), columns, line * columns + column + 1), image)
            axes.set_xlabel(f"{accuracy:.1%}", fontsize=7, labelpad=2)
            if column == 0:
                axes.set_ylabel(name.replace(" ", "\n"), fontsize=7, rotation=0, ha="right", va="center")
            if line == 0:
                axes.set_title("as it is" if column == 0 else f"strength {column}", fontsize=8)
    return figure
