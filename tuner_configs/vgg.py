"""How large a VGG: what a search may try in

    python -m keras_vision.tune --model vgg --target-acc 0.9

The first rungs of the ladder have one 3x3 convolution per block; each adds a block and doubles the channels. Beside
them are networks of separable convolutions: a twelfth to a third of the parameters, and better than full convolutions
of as many.
"""

WIDTHS = (4, 8, 16, 24, 32, 48, 64)  # from 8 on multiples of what processors compute at once: 12 is slower than 16
SEPARABLE_WIDTHS = (4, 6, 8, 12, 16, 20, 24, 32, 48, 64)  # most of their work is done for each channel by itself
MOST_BLOCKS = 3  # that a narrower network gets: images of 28x28 pixels are halved three times at most, as a rule
MOST_CONVS = 3  # in a block: four, as in the paper's largest network, are too deep to train in a few epochs


def vgg_of(width, blocks, doubles=True):
    """Returns the settings of a `vgg` of `width` filters in its first block, and more in each later one.

    Its blocks pool early: that trains a fifth faster and is half a point better on Fashion-MNIST with 2,000 parameters.

    Args:
        width: An even number.
        blocks: Convolutions of each block.
        doubles: Whether each block has twice the filters of the one before, or half of `width` more.
    """
    filters = tuple(width * 2**block if doubles else width * (2 + block) // 2 for block in range(len(blocks)))
    return {"filters": filters, "blocks": tuple(blocks), "whitening": True, "early_pooling": True}


LADDER = (
    vgg_of(16, (1,)),
    vgg_of(16, (1, 1)),
    vgg_of(16, (1, 1, 1)),
    vgg_of(32, (1, 1, 1, 1)),
    vgg_of(64, (1, 1, 2)),
    vgg_of(64, (1, 1, 2, 2)),
)


def neighbours(settings):
    """Returns the settings beside: wider, a block less, a convolution more or less; narrower, also with one more.

    Narrower and a convolution more is one step: at half the width a network has room for it. Separable convolutions
    are a step from full ones, at the same width and at larger ones; filters that grow slower, from those that double.
    """
    width, blocks = settings["filters"][0], settings["blocks"]
    doubles = settings["filters"] == vgg_of(width, blocks)["filters"]
    separable = settings.get("convolution") == "separable"
    widths = SEPARABLE_WIDTHS if separable else WIDTHS
    narrower, wider = [w for w in widths if w < width][-1:], [w for w in widths if w > width][:1]
    deeper = [
        tuple(convs + (place == block) for place, convs in enumerate(blocks))
        for block in range(len(blocks))
        if blocks[block] < MOST_CONVS
    ]
    shallower = [blocks[:-1]] if len(blocks) > 1 else []
    shallower += [
        tuple(convs - (place == block) for place, convs in enumerate(blocks))
        for block, convs in enumerate(blocks)
        if convs > 1
    ]
    steps = [(width, other, doubles) for other in deeper + shallower]
    steps += [(other, blocks, doubles) for other in wider]
    longer = [(*blocks, 1)] if len(blocks) < MOST_BLOCKS else []
    steps += [(other, convs, doubles) for other in narrower for convs in (blocks, *deeper, *longer)]
    if separable and doubles and len(blocks) > 1:
        steps += [(other, blocks, False) for other in (width, *wider)]
    beside = [settings | vgg_of(*step) for step in steps]
    if not separable:
        widths = [w for w in SEPARABLE_WIDTHS if width <= w <= 2 * width]
        beside += [settings | vgg_of(w, blocks) | {"convolution": "separable"} for w in widths]
    return beside


def polish_space(hp, settings):
    """Draws settings of `vgg` beside its size, for images of 28x28 pixels and more."""
    return {"kernel_size": hp.Choice("kernel_size", [3, 5]), "pool_size": hp.Choice("pool_size", [2, 3])}


def polish_space_last(hp, settings):
    """Draws what a grid comes to once all else is tried: borders without zeros, and pools that overlap.

    Pools of 3 pixels that lie 2 apart are those of Krizhevsky et al. 2012, section 3.4.
    """
    drawn = {"padding": hp.Choice("padding", ["same", "valid"])}
    if hp.Boolean("overlapping_pools"):
        return drawn | {"pool_size": 3, "pool_stride": 2}
    return drawn | {"pool_stride": None}


def model_space(hp):
    """Draws settings of `vgg` that fit images of 8x8 pixels and more."""
    stages = hp.Int("stages", 2, 3, default=3)
    width = hp.Choice("width", [16, 24, 32, 48, 64], default=32)
    convs = hp.Int("convs_per_stage", 1, 2, default=1)
    return {
        "filters": tuple(width * 2**stage for stage in range(stages)),
        "blocks": (convs,) * stages,
        "kernel_size": hp.Choice("kernel_size", [3, 5], default=3),
        "dropout_rate": hp.Float("dropout_rate", 0.0, 0.3, step=0.1, default=0.0),
    }
