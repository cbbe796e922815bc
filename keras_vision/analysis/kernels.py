"""What a network's first weights look like: the first layer's kernels, and the units of MLP-Mixer's token mixing."""

import numpy as np
from keras import ops

from keras_vision.errors import BadInput
from keras_vision.models.graph import row_for, steps_of
from keras_vision.models.whitening import LAYER as WHITENING
from keras_vision.reporting import style

TOKEN_MIXING = "_token_mixing_dense1"


def first_layer_kernels(model):
    """Returns the kernels of the first layer that has learned any, as images. A whitening's are fixed.

    A dense layer on flattened pixels has an image of weights per unit. A recurrent layer that reads an image row by row
    has one image row of weights per unit and gate; the rows are its gates (LSTM: input, forget, candidate, output).

    Args:
        model: A functional model on images (height, width, channels).

    Returns:
        Float32 array [height, width, channels, units].

    Raises:
        BadInput: No layer looks at the pixels with a kernel.

    Example:

    >>> first_layer_kernels(build_model("vgg", (32, 32, 3), 10)).shape
    (3, 3, 3, 64)
    """
    shape = model.input_shape[1:]
    for step in steps_of(model) if len(shape) == 3 else ():
        layer = getattr(step.layer, "forward_layer", step.layer)
        weights = whole_kernel(getattr(layer, "cell", layer))
        if weights is None or layer.name == WHITENING:
            continue
        if weights.ndim == 4:
            return weights
        if hasattr(layer, "cell") and len(weights) == shape[1] * shape[2]:
            return _gate_rows(weights, shape, layer.units)
        if len(weights) == np.prod(shape) and not hasattr(layer, "cell"):
            return weights.reshape(*shape, -1)
        break
    raise BadInput(f"No layer of the model {model.name!r} looks at the pixels with kernels, so there are none to draw.")


def whole_kernel(layer):
    """Returns the kernel of a layer as a float32 array [..., inputs, units]; None where it has none.

    That of a separable convolution is multiplied out; each unit of a depthwise one has one input.

    Example:

    >>> layer = keras.layers.SeparableConv2D(6, 3)
    >>> layer.build((None, 8, 8, 4))
    >>> whole_kernel(layer).shape
    (3, 3, 4, 6)
    """
    if row_for(layer, {"BaseSeparableConv": True}):
        depthwise, pointwise = (ops.convert_to_numpy(one) for one in (layer.depthwise_kernel, layer.pointwise_kernel))
        between = pointwise.reshape(*depthwise.shape[2:], -1)  # a channel, which of its filters, a unit
        return np.einsum("...cm,cmf->...cf", depthwise, between).astype("float32")
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return None
    kernel = ops.convert_to_numpy(kernel).astype("float32")
    is_depthwise = row_for(layer, {"BaseDepthwiseConv": True})
    return kernel.reshape(*kernel.shape[:2], 1, -1) if is_depthwise else kernel


def token_mixing_units(model, block=1):
    """Returns the weights of a token-mixing layer as one image per unit, a weight per patch.

    Args:
        model: An MLP-Mixer.
        block: Its block, from 1.

    Returns:
        Float32 array [rows of patches, columns of patches, 1, units].

    Raises:
        BadInput: The model has no such block.

    Example:

    >>> token_mixing_units(build_model("mlp_mixer", (32, 32, 3), 10)).shape
    (8, 8, 1, 128)
    """
    name, grid = f"block{block}{TOKEN_MIXING}", None
    for step in steps_of(model):
        if len(step.output_shape) == 3:
            grid = step.output_shape[:2]
        if step.name == name:
            return ops.convert_to_numpy(step.layer.kernel).astype("float32").reshape(*grid, 1, -1)
    raise BadInput(f"The model {model.name!r} is not an MLP-Mixer with a layer {name!r}.")


def has_token_mixing(model):
    """Returns whether `token_mixing_units` finds anything in the model."""
    return any(layer.name.endswith(TOKEN_MIXING) for layer in model.layers)


def plot_kernels(kernels, *, title, colour=False, limit=64):
    """Draws kernels, each standardised to mean 0 and standard deviation 1 over its own weights.

    Args:
        kernels: Array [height, width, channels, units].
        title: What they are; how many of them are shown is added.
        colour: Draws three channels as red, green and blue. Otherwise they are averaged, and drawn grey.
        limit: Draws the first so many.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        BadInput: `colour` with other than three channels.
    """
    height, width, channels, units = kernels.shape
    if colour and channels != 3:
        raise BadInput(f"Kernels of {channels} channels cannot be drawn in colour, only those of 3. Draw them grey.")
    shown = min(units, limit)
    images = np.moveaxis(kernels[..., :shown], -1, 0)
    images = standardise(images if colour else images.mean(axis=-1))
    columns = _columns(shown, width / height)
    rows = -(-shown // columns)
    figure = style.new_figure(height=min(9.0, 0.9 + 6.0 * rows * height / (columns * width)))
    how_many = f"{units}" if shown == units else f"the first {shown} of {units}"
    axes = style.new_picture(figure, title=f"{title}: {how_many}, each standardised")
    if colour:
        tiles = style.mosaic(np.clip(0.5 + images / 5, 0, 1), columns)
        axes.imshow(np.nan_to_num(tiles, nan=1.0), interpolation="nearest")
        return figure
    drawn = axes.imshow(style.mosaic(images, columns), cmap=style.WEIGHTS, vmin=-2.5, vmax=2.5, interpolation="nearest")
    bar = figure.colorbar(drawn, ax=axes, shrink=0.6, aspect=30, pad=0.02)
    bar.set_label("standard deviations", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def standardise(images):
    """Returns images [n, ...], each shifted and scaled to mean 0 and standard deviation 1; a flat one becomes 0."""
    flat = images.reshape(len(images), -1).astype("float64")
    centred = flat - flat.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return (centred / np.where(spread > 0, spread, 1)).reshape(images.shape)


def _gate_rows(weights, shape, units):
    """Turns [width * channels, gates * units] into [gates, width, channels, units]."""
    _, width, channels = shape
    return np.moveaxis(weights.reshape(width, channels, -1, units), 2, 0)


def _columns(tiles, aspect):
    """Returns how many tiles of an aspect (width / height) to put in a row: wider than high, in full rows if it can."""
    wanted = (1.8 * tiles / aspect) ** 0.5
    full = [n for n in range(1, tiles + 1) if tiles % n == 0 and 0.95 < n / wanted < 1.7]
    return min(full, default=int(np.clip(round(wanted), 1, tiles)))
