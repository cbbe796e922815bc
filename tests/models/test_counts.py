"""How many weights training moves: derived by hand, pinned, and compared with the papers and their public code."""

import pytest

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.models import build_model


def dense(a, b):
    return a * b + b


def conv(kernel, a, b):
    """Without a bias."""
    return kernel * kernel * a * b


def separable(kernel, a, b):
    """A filter for each channel and a norm of its own, then a 1x1 convolution; without a bias."""
    return kernel * kernel * a + norm(a) + a * b


def norm(channels):
    """A scale and an offset. The moving statistics are not trained."""
    return 2 * channels


def mixer(patch, hidden, blocks, tokens, channels, side=32):
    patches = (side // patch) ** 2
    block = norm(hidden) + dense(patches, tokens) + dense(tokens, patches)
    block += norm(hidden) + dense(hidden, channels) + dense(channels, hidden)
    return dense(patch * patch * 3, hidden) + blocks * block + norm(hidden) + dense(hidden, 10)


def convmixer(h, d, p, k, n=10, c=3):
    """The paper's formula, section 2."""
    return h * (d * (k * k + h + 6) + c * p * p + n + 3) + n


def resnet18(width=64):
    def stage(a, b):
        first = conv(3, a, b) + norm(b) + conv(3, b, b) + norm(b)
        shortcut = conv(1, a, b) + norm(b) if a != b else 0
        return first + shortcut + 2 * (conv(3, b, b) + norm(b))

    widths = [width * 2**i for i in range(4)]
    stages = sum(stage(a, b) for a, b in zip([width, *widths], widths, strict=False))
    return conv(3, 3, width) + norm(width) + stages + dense(widths[-1], 10)


VGG16 = {"filters": (64, 128, 256, 512, 512), "blocks": (2, 2, 3, 3, 3), "batch_norm": False}
VGG16_PAIRS = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), *[(256, 256)] * 2, (256, 512), *[(512, 512)] * 5]
MIXER = (256, 4, 128, 1024)
GREY, COLOUR = (28, 28, 1), (32, 32, 3)

# model, image, settings, pinned, derived. Ten classes.
COUNTS = [
    ("mlp", GREY, {}, 669_706, dense(784, 512) + dense(512, 512) + dense(512, 10)),
    (
        "cnn",
        GREY,
        {},
        104_426,  # 28 -> 14 -> 7 -> 3 pixels
        conv(3, 1, 32) + norm(32) + conv(3, 32, 64) + norm(64) + conv(3, 64, 128) + norm(128) + dense(3 * 3 * 128, 10),
    ),
    (
        "cnn",
        COLOUR,
        {"filters": (16, 16), "residual": True, "head": "gap", "hidden_units": (20,)},
        3_430,  # the first stage's shortcut is projected, the second's is not
        conv(3, 3, 16) + conv(1, 3, 16) + 2 * norm(16) + conv(3, 16, 16) + norm(16) + dense(16, 20) + dense(20, 10),
    ),
    (
        "vgg",
        COLOUR,
        {},
        964_170,
        conv(3, 3, 64)
        + conv(3, 64, 128)
        + conv(3, 128, 256)
        + conv(3, 256, 256)
        + norm(64 + 128 + 256 + 256)
        # global average pooling
        + dense(256, 10),
    ),
    (
        "vgg",
        GREY,
        {"filters": (8, 16, 32), "blocks": (1, 1, 1), "whitening": True, "convolution": "separable"},
        1_498,  # of the whitening come 8 channels
        separable(3, 8, 8) + separable(3, 8, 16) + separable(3, 16, 32) + norm(8 + 16 + 32) + dense(32, 10),
    ),
    (
        "vgg",
        COLOUR,
        {"filters": (8, 16), "blocks": (2, 1), "convolution": "separable", "activation": "prelu", "kernel_size": 5},
        1_490,  # the first one sees the pixels, so it is full; a slope for each channel
        conv(5, 3, 8) + separable(5, 8, 8) + separable(5, 8, 16) + norm(8 + 8 + 16) + 8 + 8 + 16 + dense(16, 10),
    ),
    (
        "cnn",
        COLOUR,
        {"filters": (8, 16), "convs_per_stage": 2, "residual": True, "convolution": "separable", "head": "gap"},
        1_482,  # shortcuts are projected by full 1x1 convolutions
        conv(3, 3, 8)
        + separable(3, 8, 8)
        + separable(3, 8, 16)
        + separable(3, 16, 16)
        + conv(1, 3, 8)
        + conv(1, 8, 16)
        + norm(3 * 8 + 3 * 16)
        + dense(16, 10),
    ),
    # keras.applications.VGG16 without its top has 14,714,688
    ("vgg", COLOUR, VGG16, 14_714_688 + 5_130, sum(conv(3, a, b) + b for a, b in VGG16_PAIRS) + dense(512, 10)),
    # kuangliu/pytorch-cifar has 11,173,962
    ("resnet18", COLOUR, {}, 11_173_962, resnet18()),
    ("mlp_mixer", COLOUR, {"patch_size": 2}, 2_376_458, mixer(2, *MIXER)),
    ("mlp_mixer", COLOUR, {"patch_size": 4}, 2_188_298, mixer(4, *MIXER)),
    ("mlp_mixer", COLOUR, {"patch_size": 8}, 2_175_818, mixer(8, *MIXER)),
    ("mlp_mixer", COLOUR, {"patch_size": 16}, 2_310_938, mixer(16, *MIXER)),
    ("convmixer", COLOUR, {}, 594_186, convmixer(256, 8, p=2, k=5)),
    ("lstm", GREY, {}, 81_674, 4 * dense(28 + 128, 128) + dense(128, 10)),
    (
        "lstm",
        GREY,
        {"units": 8, "layers": 2, "bidirectional": True},
        4_138,
        2 * 4 * dense(28 + 8, 8) + 2 * 4 * dense(16 + 8, 8) + dense(16, 10),
    ),
]
IDS = [f"{name}-{'x'.join(map(str, shape))}-{pinned}" for name, shape, _, pinned, _ in COUNTS]


@pytest.mark.parametrize(("name", "input_shape", "settings", "pinned", "derived"), COUNTS, ids=IDS)
def test_count_is_the_one_derived_by_hand(name, input_shape, settings, pinned, derived):
    counts = count_unbuilt(lambda: build_model(name, input_shape, 10, **settings))
    assert counts.trainable_parameters == pinned == derived
