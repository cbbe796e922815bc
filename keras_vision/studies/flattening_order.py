"""Does the order in which pixels are flattened matter? To a dense layer, and to a convolution for comparison."""

import keras
import numpy as np

from keras_vision.models.blocks import classify, conv_block, dense_block, take_pixels
from keras_vision.studies.plan import PLAIN, PLAIN_WORDS, Case, Scale, Study, smoke
from keras_vision.studies.table import points

DENSE, CONV = "dense", "convolutions"
NATURAL, ORDERS = "natural", ("order A", "order B")
ALIKE = 0.02  # a difference of accuracy that would matter


def reordered(input_shape, num_classes, *, order=None, network=DENSE, width=512):
    """Builds a network behind a fixed permutation of the pixels.

    The permutation is a frozen dense layer: each of its units has one weight of 1, the others are 0.

    Args:
        input_shape, num_classes: As in every builder.
        order: Seed of the permutation; None for the natural order.
        network: "dense", two dense layers; or "convolutions", two of them, pooled.
        width: Units of the dense layers, filters of the first convolution.
    """
    pixels, x = take_pixels(input_shape)
    size = int(np.prod(input_shape))
    x = keras.layers.Flatten(name="flatten")(x)
    if order is not None:
        x = keras.layers.Dense(size, use_bias=False, kernel_initializer="zeros", trainable=False, name="order")(x)
    if network == CONV:
        x = keras.layers.Reshape(input_shape, name="image")(x)
        for stage, filters in enumerate((width, 2 * width), start=1):
            x = conv_block(x, filters, 3, name=f"block{stage}_conv1")
            x = keras.layers.MaxPooling2D(2, name=f"block{stage}_pool")(x)
        x = keras.layers.Flatten(name="head_flatten")(x)
    else:
        for layer in (1, 2):
            x = dense_block(x, width, name=f"block{layer}")
    model = keras.Model(pixels, classify(x, num_classes), name="reordered")
    if order is not None:
        permutation = np.random.default_rng(order).permutation(size)
        model.get_layer("order").kernel.assign(np.eye(size, dtype="float32")[:, permutation])
    return model


def cases(scale):
    """Returns both networks, each in the natural order and in two fixed random ones."""
    widths = {DENSE: 16, CONV: 2} if scale == "smoke" else {DENSE: 512, CONV: 16}
    orders = {NATURAL: None} | dict(zip(ORDERS, (1001, 1002), strict=True))
    if scale == "smoke":
        widths.pop(CONV)
        orders.pop(ORDERS[1])
    return [
        Case(f"{network}, {name}", "mlp" if network == DENSE else "cnn", settings, builder=reordered, group=network)
        for network, width in widths.items()
        for name, order in orders.items()
        for settings in [{"order": order, "network": network, "width": width}]
    ]


def answer(table):
    """A dense layer is indifferent to the order, but for chance."""
    words, verdicts = {}, {}
    for network in (DENSE, CONV):
        natural, *others = [case for case in table.cases if case.startswith(network)] or [None]
        found = [table.difference(other, natural) for other in others]
        words[network] = " and ".join(_interval(one) for one in found)
        verdicts[network] = found
    text = f"In random orders a dense network's validation accuracy differs from its natural one by {words[DENSE]}."
    if words[CONV]:
        text += f" That of the convolutions, for which neighbours matter, differs by {words[CONV]}."
    return text, _matters(verdicts[DENSE], len(table.seeds))


def _interval(found):
    return f"{points(found.mean)} ({100 * found.low:.1f} to {100 * found.high:.1f})"


def _matters(found, seeds):
    """Returns whether the order matters: True where an interval lies off 0, False where all lie about it, narrowly.

    One seed does not show that it does not: its intervals know nothing of how trainings differ.
    """
    if any(one.low > 0 or one.high < 0 for one in found):
        return True
    return False if seeds > 1 and all(one.low > -ALIKE and one.high < ALIKE for one in found) else None


STUDY = Study(
    question="Does the order in which an image is flattened matter to what follows?",
    reported="that it does, by argument; nothing was trained.",
    varied="the order of the pixels: natural, or one of two fixed random ones; before dense layers or convolutions",
    held_fixed=f"the network behind it; {PLAIN_WORDS}",
    scales={
        "smoke": smoke(),
        "quick": Scale(PLAIN | {"epochs": 4}, seeds=3, note="4 epochs, of 15."),
        "full": Scale(PLAIN | {"epochs": 15}),
    },
    dataset="fashion_mnist",
    cases=cases,
    answer=answer,
    background=(
        "Intervals are of 95%, by Welch over seeds, and never narrower than the draw of the validation images makes "
        "them. The frozen layer that reorders the pixels counts among the MACs and the seconds. The claim is about the "
        "dense layer: it is taken to have held where an interval excludes 0, and not to have held where all of them "
        "lie within two points of 0, with several seeds."
    ),
)
