"""Does the order in which pixels are flattened matter? To a dense layer, and to a convolution for comparison."""

import keras
import numpy as np

from keras_vision.models.blocks import classify, conv_block, dense_block, take_pixels
from keras_vision.studies.claims import Claim, Judgement, above, apart, with_interval
from keras_vision.studies.plan import PLAIN, PLAIN_WORDS, Case, Scale, Study, smoke
from keras_vision.studies.table import listed

DENSE, CONV = "dense", "convolutions"
NATURAL, ORDERS = "natural", ("order A", "order B")


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
    """What random orders change for dense layers, and for convolutions."""
    words = {}
    for network in (DENSE, CONV):
        natural, *others = [case for case in table.cases if case.startswith(network)] or [None]
        words[network] = listed(with_interval(table.difference(other, natural)) for other in others)
    text = f"In random orders a dense network's validation accuracy differs from its natural one by {words[DENSE]}."
    if words[CONV]:
        text += f" That of the convolutions, for which neighbours matter, differs by {words[CONV]}."
    return text


def matters_to_dense_layers(table):
    """Judges whether the order matters to dense layers: algebra says no, and the intervals are to agree."""
    natural, orders = f"{DENSE}, {NATURAL}", [f"{DENSE}, {order}" for order in ORDERS]
    there = [case for case in orders if case in table.cases]
    found = {case: table.difference(case, natural) for case in there}
    off = [case for case, one in found.items() if one.low > 0 or one.high < 0]
    because = f"the 95% interval of {listed(off)} does not hold 0, against algebra: chance, or a fault" if off else ""
    return Judgement(None if off else False, "; ".join(apart(table, case, natural) for case in there), because)


CLAIMS = (
    Claim(
        "The order of the pixels matters to dense layers",
        matters_to_dense_layers,
        reason=(
            "Another order of the pixels is another order of the first layer's rows. They start as independent draws "
            "of one distribution, so that in any order a training comes to the same with the same probability."
        ),
    ),
    Claim(
        "It matters to convolutions, which look at neighbours",
        above(f"{CONV}, {NATURAL}", *(f"{CONV}, {order}" for order in ORDERS)),
        is_ours=True,
    ),
)


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
    claims=CLAIMS,
    background=(
        "Intervals are of 95%, by Welch over seeds, and never narrower than the draw of the validation images makes "
        "them. The frozen layer that reorders the pixels counts among the MACs and the seconds."
    ),
)
