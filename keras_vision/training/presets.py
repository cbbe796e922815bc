"""Presets: the best known network and recipe of a family for a data set, and what they come to; one table.

`train --preset best --model resnet18 --dataset cifar10` trains what the study `headline` trains. Images that are in no
row are trained as `keras_vision.training.recipe` says, which no preset is needed for.
"""

import dataclasses

from keras_vision.errors import BadInput

EFFORTS = ("best", "quick")
CIFAR, FASHION = "cifar10", "fashion_mnist"


@dataclasses.dataclass(frozen=True)
class Preset:
    """A network and how it is trained.

    Args:
        settings: Dict of the builder's keywords.
        recipe: Dict of the recipe's fields that differ from `recipe_for` the family.
        views: Of each test image, as in `keras_vision.training.measures.VIEWS`.
        expected: The test accuracy that it came to, docs/results/headline.md; None where that says little.
    """

    settings: dict = dataclasses.field(default_factory=dict)
    recipe: dict = dataclasses.field(default_factory=dict)
    views: int = 1
    expected: float | None = None


QUICK = {"epochs": 3, "warmup_epochs": 1.0}


def _presets(settings, recipe, small, *, expected, views=1):
    """Returns effort -> `Preset`: the best known, and a small network for a few epochs by the same recipe."""
    return {
        "best": Preset(settings, recipe, views, expected),
        "quick": Preset(small, recipe | QUICK, views),
    }


# What all recipes share: crops and mirrored images are the cheapest accuracy there is.
CROPPED = {"flip": "alternating", "shift": 4}
# Of plain stacks of convolutions with batch norm: Nesterov momentum at a high rate, which decay holds in check.
SGD = {"optimizer": "sgd", "learning_rate": 0.4, "weight_decay": 5e-3, "batch_size": 128}

# (family, data set) -> its presets; what takes long comes last
PRESETS = {
    ("vgg", CIFAR): _presets(
        # The network of Jordan 2024.
        {"filters": (64, 256, 256), "blocks": (2, 2, 2), "early_pooling": True, "whitening": True},
        CROPPED | SGD | {"epochs": 15, "label_smoothing": 0.1, "warmup_epochs": 3.0, "shift": 2},
        {"filters": (16, 32, 64), "blocks": (1, 1, 2), "whitening": True},
        expected=0.9005,
        views=6,
    ),
    ("lstm", FASHION): _presets(
        {"units": 128, "layers": 2},
        {"epochs": 12, "learning_rate": 5e-3, "flip": "random", "shift": 1, "warmup_epochs": 2.0},
        {"units": 64},
        expected=0.9080,
    ),
    ("vgg", FASHION): _presets(
        {"filters": (64, 128, 256), "blocks": (1, 1, 2), "whitening": True},
        SGD
        | {"epochs": 15, "label_smoothing": 0.1, "flip": "alternating", "shift": 2, "cutout": 8}
        | {"warmup_epochs": 3.0},
        {"filters": (16, 32, 64), "blocks": (1, 1, 2)},
        expected=0.9395,
    ),
    ("mlp_mixer", FASHION): _presets(
        {"patch_size": 4, "hidden_dim": 256, "num_blocks": 4},
        {"epochs": 8, "learning_rate": 2e-3, "label_smoothing": 0.1, "flip": "random", "shift": 1},
        {"patch_size": 4, "hidden_dim": 64, "num_blocks": 2, "tokens_mlp_dim": 64, "channels_mlp_dim": 256},
        expected=0.9048,
    ),
    ("cnn", CIFAR): _presets(
        {"filters": (64, 128, 256), "convs_per_stage": 2, "head": "gap"},
        # Smoothed labels cost plain cross-entropy, which is asked for too.
        CROPPED | SGD | {"epochs": 10, "label_smoothing": 0.0, "warmup_epochs": 2.5},
        {"filters": (16, 32, 64), "convs_per_stage": 2, "head": "gap"},
        expected=0.8662,
    ),
    ("mlp_mixer", CIFAR): _presets(
        {"patch_size": 4, "hidden_dim": 256, "num_blocks": 4},
        # What has no convolution learns them from mixed images, over more epochs than the others.
        CROPPED
        | {"epochs": 26, "batch_size": 128, "learning_rate": 1e-3, "weight_decay": 0.05, "label_smoothing": 0.1}
        | {"warmup_epochs": 3.0, "schedule": "cosine", "cutmix": 0.5},
        {"patch_size": 4, "hidden_dim": 64, "num_blocks": 2, "tokens_mlp_dim": 64, "channels_mlp_dim": 256},
        expected=0.8098,
        views=6,
    ),
    ("convmixer", CIFAR): _presets(
        {"patch_size": 2, "hidden_dim": 256, "depth": 8, "kernel_size": 5},
        # Trockman & Kolter 2022: a long rise to the peak and a small decay; in smaller batches a CPU computes faster.
        CROPPED
        | {"epochs": 12, "batch_size": 128, "learning_rate": 1e-2, "weight_decay": 5e-3, "warmup_epochs": 4.8}
        | {"label_smoothing": 0.1, "shift": 2},
        {"patch_size": 4, "hidden_dim": 64, "depth": 4, "kernel_size": 5},
        expected=0.8862,
        views=6,
    ),
    ("resnet18", CIFAR): _presets(
        {"whitening": True},
        # He et al. 2016 with one cycle; decay acts on kernels only and is decoupled from the momentum.
        CROPPED
        | {"epochs": 20, "batch_size": 128, "optimizer": "sgd", "learning_rate": 0.2, "weight_decay": 5e-3}
        | {"label_smoothing": 0.1, "warmup_epochs": 3.0, "shift": 2},
        {"width": 16},
        expected=0.9066,
        views=6,
    ),
}


def preset_for(model, dataset, effort):
    """Returns the `Preset` of a family for a data set.

    Raises:
        BadInput: There is none.

    Example:

    >>> preset_for("vgg", "cifar10", "best").expected
    0.9005
    """
    if (model, dataset) not in PRESETS:
        known = ", ".join(f"{model} on {dataset}" for model, dataset in PRESETS)
        raise BadInput(
            f"There is no preset for {model} on {dataset}, only for {known}. Without --preset the recipe follows from "
            "the images."
        )
    return PRESETS[model, dataset][effort]
