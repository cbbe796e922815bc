"""The networks of `networks.py` as a search space, for strategies that choose from one."""

WIDTHS = (4, 6, 8, 12, 16, 20, 24, 32, 48, 64)
MOST = 3  # blocks, and convolutions in each


def model_space(hp):
    """Draws settings of `vgg`: its kind, the filters of its first block, and the convolutions of each block."""
    kind = hp.Choice("kind", ["full", "separable", "separable slower"], default="full")
    width = hp.Choice("width", list(WIDTHS), default=16)
    blocks = hp.Int("blocks", 1, MOST, default=MOST)
    convs = [hp.Int("convs1", 1, MOST, default=1)]
    for block in range(2, MOST + 1):
        with hp.conditional_scope("blocks", list(range(block, MOST + 1))):
            convs.append(hp.Int(f"convs{block}", 1, MOST, default=1))
    slower = kind == "separable slower"
    return {
        "filters": tuple(width * (2 + block) // 2 if slower else width * 2**block for block in range(blocks)),
        "blocks": tuple(convs[:blocks]),
        "whitening": True,
        "early_pooling": True,
        "convolution": kind.split()[0],
    }


def recipe_space(hp, recipe):
    """Draws nothing: all networks are trained alike."""
    return {}
