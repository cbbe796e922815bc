"""How large an MLP-Mixer: the search space of

    python -m keras_vision.tune --model mlp_mixer --target-acc 0.89 --strategy random

The first trial, with these defaults, should pass 89% of validation images of Fashion-MNIST by itself, on two cores.
"""

LADDER = tuple(
    {"hidden_dim": dim, "num_blocks": blocks, "tokens_mlp_dim": dim // 2, "channels_mlp_dim": 4 * dim}
    for dim, blocks in ((16, 1), (32, 1), (32, 2), (64, 2), (64, 4), (128, 4), (256, 4), (256, 8))
)


def model_space(hp):
    """Draws settings of `mlp_mixer` that fit images whose sides are multiples of four pixels."""
    settings = {
        "dropout_rate": hp.Float("dropout_rate", 0.0, 0.4, step=0.1, default=0.0),
        "patch_size": hp.Choice("patch_size", [2, 4], default=4),
        "tokens_mlp_dim": hp.Choice("tokens_mlp_dim", [64, 128, 256], default=64),
        "num_blocks": hp.Int("num_blocks", 2, 8, default=4),
    }
    hidden_dim = hp.Choice("hidden_dim", [64, 128, 256], default=128)
    # Every network of the paper's table 1 widens the channels by four.
    return settings | {"hidden_dim": hidden_dim, "channels_mlp_dim": 4 * hidden_dim}
