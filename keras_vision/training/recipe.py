"""Recipe: every number of a training run, in one dataclass, and the best known one of each family."""

import dataclasses
import math

from keras_vision.data.augmentation import FLIPS
from keras_vision.errors import BadInput, check_choice

OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("one_cycle", "cosine", "constant")
CLASS_WEIGHTS = ("none", "balanced")

# field -> (lowest, highest, what is expected). Bounds are inclusive.
BOUNDS = {
    "epochs": (1, math.inf, "a whole number from 1"),
    "batch_size": (1, math.inf, "a whole number from 1"),
    "learning_rate": (1e-12, 100.0, "a positive number up to 100"),
    "weight_decay": (0.0, 10.0, "a number from 0 to 10"),
    "momentum": (0.0, 0.9999, "a share from 0 to below 1"),
    "label_smoothing": (0.0, 0.9999, "a share from 0 to below 1"),
    "warmup_epochs": (0.0, 1e6, "a number of epochs from 0"),
    "ema_momentum": (0.0, 0.9999, "a share from 0 (off) to below 1"),
    "shift": (0, 64, "a whole number of pixels from 0 to 64"),
    "cutout": (0, 64, "a whole number of pixels from 0 to 64"),
    "cutmix": (0.0, 1.0, "a probability from 0 to 1"),
}
WHOLE = ("epochs", "batch_size", "shift", "cutout")
CHOICES = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "flip": FLIPS, "class_weight": CLASS_WEIGHTS}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Args:
        epochs: Passes over the training split.
        batch_size: Images per step.
        optimizer: `"sgd"` (Nesterov momentum) or `"adamw"`.
        learning_rate: The schedule's peak.
        weight_decay: Decoupled decay per step and unit of learning rate (Loshchilov & Hutter 2019), for tensors of
            two or more dimensions only: not for biases or the scales of a normalisation.
        momentum: Of sgd.
        label_smoothing: Share of each label spread over all classes (Szegedy et al. 2016).
        warmup_epochs: Epochs from 0 to the peak. May be a fraction, and is cut to half of `epochs`.
        schedule: What follows the warm-up: `"one_cycle"` falls linearly to zero at the last step (after Smith &
            Topin 2018), `"cosine"` along half a cosine (Loshchilov & Hutter 2017), `"constant"` stays.
        ema_momentum: Momentum of a moving average of the weights, which is then what is evaluated and saved; 0 is off.
        flip: `"none"`, `"random"`, or `"alternating"` (every second epoch, Jordan 2024).
        shift: Largest shift in pixels, each way.
        cutout: Side in pixels of the square that is blanked (DeVries & Taylor 2017).
        cutmix: Probability that a batch is mixed (Yun et al. 2019).
        class_weight: `"none"`, or `"balanced"`: in the loss each class weighs inversely to its number of training
            images (`keras_vision.training.scores.class_weights`), so that rare classes count as much as common ones.

    Raises:
        BadInput: A number is out of its bounds, or a name unknown.

    Example:

    >>> Recipe(epochs=3).replace(learning_rate=0.05).learning_rate
    0.05
    """

    epochs: int = 10
    batch_size: int = 128
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    momentum: float = 0.9
    label_smoothing: float = 0.05
    warmup_epochs: float = 2.0
    schedule: str = "one_cycle"
    ema_momentum: float = 0.0
    flip: str = "random"
    shift: int = 2
    cutout: int = 0
    cutmix: float = 0.0
    class_weight: str = "none"

    def __post_init__(self):
        for name, choices in CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        for name, (low, high, expected) in BOUNDS.items():
            value = getattr(self, name)
            kind = int if name in WHOLE else (int, float)
            if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
                raise BadInput(f"{name}={value!r}", expected)
        if self.optimizer == "adamw" and self.momentum != Recipe.momentum:
            raise BadInput(f"momentum={self.momentum:g} with optimizer='adamw'", "it with optimizer='sgd' alone")

    def replace(self, **changes):
        """Returns a copy with `changes`; a value of None leaves the field as it is, an unknown name is an error."""
        for name in changes:
            check_choice("recipe setting", name, FIELDS)
        return dataclasses.replace(self, **{k: v for k, v in changes.items() if v is not None})

    def as_dict(self):
        """Returns the fields as a dict."""
        return dataclasses.asdict(self)


FIELDS = tuple(field.name for field in dataclasses.fields(Recipe))

# The best known recipe of each family: where it differs from the defaults above.
RECIPES = {
    "mlp": {"epochs": 10, "learning_rate": 1e-3},
    "cnn": {"epochs": 8, "learning_rate": 1e-2},
    "vgg": {"epochs": 8, "optimizer": "sgd", "learning_rate": 0.4, "weight_decay": 5e-3, "flip": "alternating"},
    "resnet18": {"epochs": 8, "optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 5e-3, "label_smoothing": 0.1},
    "mlp_mixer": {"epochs": 10, "learning_rate": 2e-3},
    "convmixer": {"epochs": 10, "learning_rate": 1e-2},
    "lstm": {"epochs": 8, "learning_rate": 5e-3, "flip": "none"},
}

# Epochs of one cycle where a data set is learned in fewer than its family's own number.
EPOCHS = {
    "cifar10": {"vgg": 6},
    "fashion_mnist": {"cnn": 5, "vgg": 5, "resnet18": 3, "mlp_mixer": 3, "convmixer": 2, "lstm": 6},
}

# What the images themselves ask for. Clothes and digits are centred, so that shifts only cost epochs; digits change
# their meaning when mirrored; 8x8 images are few and small.
DATASET_CHANGES = {
    "fashion_mnist": {"shift": 0},
    "mnist": {"flip": "none", "shift": 0},
    "digits": {"flip": "none", "shift": 0, "batch_size": 32, "epochs": 15},
}


# A step of sgd is as long as one of adamw at about so many times the rate; decay acts as learning rate x decay.
SGD_RATES = 30.0


def recipe_for(model, dataset="", **changes):
    """Returns the best known recipe of a family on a data set.

    Args:
        model: A name in `MODELS`.
        dataset: A data set's name, for what its images ask for: no mirrored digits, fewer epochs.
        **changes: Fields that a person set; None leaves the default. Another optimiser than the family's has its rate
            and decay converted, where these are not set.

    Example:

    >>> recipe_for("vgg", "digits").flip
    'none'
    """
    dataset = dataset.removeprefix("tfds:")
    known = RECIPES.get(model, {}) | DATASET_CHANGES.get(dataset, {})
    if epochs := EPOCHS.get(dataset, {}).get(model):
        known["epochs"] = epochs
    recipe = Recipe().replace(**known)
    if changes.get("optimizer") in OPTIMIZERS and changes["optimizer"] != recipe.optimizer:
        ratio = SGD_RATES if changes["optimizer"] == "sgd" else 1 / SGD_RATES
        recipe = recipe.replace(learning_rate=recipe.learning_rate * ratio, weight_decay=recipe.weight_decay / ratio)
    return recipe.replace(**changes)
