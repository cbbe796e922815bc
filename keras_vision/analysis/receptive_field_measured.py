"""Which pixels a unit does see: measured by gradients, and drawn beneath what it can see in theory.

Source: Luo et al. 2016, "Understanding the effective receptive field in deep convolutional networks", section 3.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from matplotlib.patches import Rectangle

from keras_vision.analysis.gradients import gradients
from keras_vision.analysis.receptive_field import Field, receptive_fields
from keras_vision.reporting import style

EFFECTIVE = 1 - 0.9545  # the paper's bound: a pixel counts as seen above this share of the strongest gradient


@dataclass(frozen=True)
class MeasuredField:
    """What the centre unit of one layer sees.

    Attributes:
        layer: The layer's name.
        field: The `Field` by theory.
        strength: Float array [height, width]: how strongly the unit's value changes with each pixel, on average over
            the inputs and scaled so that the largest is 1.
    """

    layer: str
    field: Field
    strength: np.ndarray

    @property
    def width(self):
        """Side, in pixels, of a square of as many pixels as the unit really uses."""
        return float(np.sqrt((self.strength > EFFECTIVE).sum()))


def measure_fields(model, layers=None, images=32, seed=0):
    """Measures what the centre units of layers see, by the gradients of their values over many random images.

    A unit's channels are weighted at random, lest they cancel, as those behind a layer norm would.

    Args:
        model: A functional model on images.
        layers: Names of layers; by default up to six at which the theoretical field grows, to the first global one.
        images: Number of images (noise, 0-255) to average over.
        seed: Of the images and the weights.

    Returns:
        A list of `MeasuredField`.
    """
    fields, random = receptive_fields(model), np.random.default_rng(seed)
    pixels = random.uniform(0, 255, (images, *model.input_shape[1:])).astype("float32")
    layers = growing_layers(model, fields) if layers is None else layers
    return [
        MeasuredField(layer, fields[layer], _strength(model, layer, fields[layer], pixels, random)) for layer in layers
    ]


def _strength(model, layer, field, pixels, random):
    part = keras.Model(model.inputs, model.get_layer(layer).output)
    weights = (random.standard_normal((len(pixels), *part.output_shape[1:])) * field.centre_mask()).astype("float32")

    def value(tensors):
        return ops.sum(ops.cast(part(tensors[0], training=False), "float32") * weights)

    (found,) = gradients(value, [pixels])
    strength = np.abs(found).sum(axis=-1).mean(axis=0)
    return strength / (strength.max() or 1)


def growing_layers(model, fields, limit=6):
    """Returns up to `limit` layers, evenly chosen, at which the field grows, up to the first global one."""
    own = {layer.name for layer in model.layers}
    names, last = [], (1, 1)
    for name, field in fields.items():
        if field is None or name not in own:
            continue
        seen = "global" if field.is_global else field.size
        if seen != last:
            names.append(name)
        last = seen
        if field.is_global:
            break
    chosen = np.linspace(0, len(names) - 1, min(limit, len(names))).round().astype(int)
    return [names[i] for i in chosen]


def plot_fields(measured):
    """Draws the theoretical fields of layers' centre units above the measured ones.

    Args:
        measured: A list of `MeasuredField`, at least one.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    columns = len(measured)
    figure = style.new_figure(height=3.2, width=1.2 + 0.97 * max(2, columns))
    for number, one in enumerate(measured, start=1):
        title = f"{_broken(one.layer)}\n{one.field.text}"
        theory = style.new_picture(figure, (2, columns, number), title=title)
        _draw_box(theory, one.field, facecolor=style.COLOURS[4], edgecolor=style.COLOURS[0])
        title = f"≈ {one.width:.0f} px wide"
        seen = style.new_picture(figure, (2, columns, columns + number), title=title)
        with np.errstate(divide="ignore"):
            drawn = seen.imshow(np.log10(one.strength), cmap=style.STRENGTH, vmin=-4, vmax=0)
        _draw_box(seen, one.field, fill=False, edgecolor=style.COLOURS[1])
        if number == 1:
            theory.set_ylabel("in theory", fontsize=8)
            seen.set_ylabel("measured", fontsize=8)
    bar = figure.colorbar(drawn, ax=figure.axes, shrink=0.5, aspect=30, pad=0.01)
    bar.set_label("log10 of gradient / largest", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure


def _broken(name):
    """Breaks a long layer name behind the underscore nearest its middle."""
    breaks = [i for i, letter in enumerate(name) if letter == "_"]
    if len(name) < 16 or not breaks:
        return name
    middle = min(breaks, key=lambda i: abs(i - len(name) / 2))
    return f"{name[: middle + 1]}\n{name[middle + 1 :]}"


def _draw_box(axes, field, **looks):
    top, left, height, width = field.centre_box()
    rows, columns = field.image
    axes.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, linewidth=1.2, **looks))
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.spines[:].set_visible(True)
    axes.title.set_fontsize(7)
