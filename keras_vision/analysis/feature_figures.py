"""Feature maps layer by layer."""

import numpy as np

from keras_vision.reporting import style

MOST_MAPS = 16  # of a layer


def plot_features(image, features):
    """Draws an image, and what each layer makes of it.

    Args:
        image: uint8 array [height, width, channels].
        features: Dict from a layer to its features for this image: [rows, columns, channels] are drawn as maps, the
            `MOST_MAPS` in which most happens; what has fewer axes as one picture, with a column for each channel.

    Returns:
        A `matplotlib.figure.Figure`. Each map goes from its smallest value, dark, to its largest.
    """
    figure = style.new_figure(height=1.4 + 0.95 * len(features))
    rows = len(features) + 1
    style.draw_image(figure, (rows, 1, 1), image, title="The image, and what each layer makes of it")
    for number, (name, values) in enumerate(features.items(), start=2):
        shape = "x".join(map(str, values.shape))
        picture = _maps(values) if values.ndim == 3 else _scaled(np.atleast_2d(values))
        axes = style.new_picture(figure, (rows, 1, number), title=f"{style.literal(name)}, {shape}")
        axes.imshow(picture, cmap=style.STRENGTH, aspect="equal" if values.ndim == 3 else "auto", vmin=0, vmax=1)
    return figure


def _maps(values):
    channels = np.argsort(-values.std(axis=(0, 1)), kind="stable")[:MOST_MAPS]
    tiles = np.stack([_scaled(values[..., channel]) for channel in sorted(channels)])
    return style.mosaic(tiles, columns=MOST_MAPS)


def _scaled(values):
    lowest, highest = values.min(), values.max()
    return (values - lowest) / (highest - lowest) if highest > lowest else np.zeros_like(values)
