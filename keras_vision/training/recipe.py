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
    "patience": (0.0, 1.0, "a share of the epochs from 0 (off) to 1"),
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
        patience: The training ends when for this share of its epochs, at least five of them, all training images were
            right and no more validation images than before; 0 is off.
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
    patience: float = 0.0
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

# The recipe of each family for a data set of tens of thousands of images: where it differs from the defaults above.
RECIPES = {
    "mlp": {"epochs": 10, "learning_rate": 1e-3},
    "cnn": {"epochs": 8, "learning_rate": 1e-2},
    "vgg": {"epochs": 8, "optimizer": "sgd", "learning_rate": 0.4, "weight_decay": 5e-3, "flip": "alternating"},
    "resnet18": {"epochs": 8, "optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 5e-3, "label_smoothing": 0.1},
    "mlp_mixer": {"epochs": 10, "learning_rate": 2e-3},
    "convmixer": {"epochs": 10, "learning_rate": 1e-2},
    "lstm": {"epochs": 8, "learning_rate": 5e-3, "flip": "none"},
}

# A step of sgd is as long as one of adamw at about so many times the rate; decay acts as learning rate x decay.
SGD_RATES = 30.0


# What follows from the images; docs/results/recipes.md says what was measured.
# Steps are what a training needs; epochs are so many of them as make these steps. Small batches give few images steps.
STEPS = 2_500
SEARCH_STEPS = 1_500  # of each training of a search, which compares many
BATCH_SIZES = ((3_000, 32), (12_000, 64), (math.inf, 128))  # up to so many images, so many a step
EPOCHS = (6, 100)  # the fewest, whatever a step costs, and the most, however few the images are
# Costly networks get fewer epochs, so that a training ends within five minutes on two cores of 70 GFLOP/s together.
TRAINING_FLOPS = 1.8e13
WARMUP = 0.2  # of all epochs
# Images that are seen so seldom are not learned by heart: moving them about only makes them harder.
FEW_EPOCHS = 7
SHIFT = 1 / 16  # of an image's side
PATIENCE = 0.25


@dataclasses.dataclass(frozen=True)
class Task:
    """What a recipe needs to know of the images, and of the network that will see them.

    Args:
        images: Number of training images.
        side: Of an image, in pixels; the shorter one.
        mirrored: Whether a mirror image is as good an image of its class; see `keras_vision.data.mirror`.
        flops: Of training, for one image, where the network is known.
        steps: What the training should have.
    """

    images: int
    side: int
    mirrored: bool
    flops: float | None = None
    steps: int = STEPS


def recipe_for(model, task=None, **changes):
    """Returns the best known recipe of a family.

    Args:
        model: A name in `MODELS`.
        task: A `Task`; None for a recipe that knows nothing of the images, which studies begin with.
        **changes: Fields that a person set; None leaves the default. What follows from them is set with them: the
            warm-up is a share of the epochs, the learning rate goes with the root of the batch size, and another
            optimiser than the family's has its rate and decay converted.

    Example:

    >>> recipe = recipe_for("vgg", Task(images=1_000, side=28, mirrored=False))
    >>> recipe.epochs, recipe.batch_size, recipe.flip, recipe.shift
    (80, 32, 'none', 2)
    """
    recipe = Recipe().replace(**RECIPES.get(model, {}))
    given = {name: value for name, value in changes.items() if value is not None}
    if task:
        recipe = recipe.replace(**_fitted(recipe, task, given))
    if given.get("optimizer") in OPTIMIZERS and given["optimizer"] != recipe.optimizer:
        ratio = SGD_RATES if given["optimizer"] == "sgd" else 1 / SGD_RATES
        recipe = recipe.replace(learning_rate=recipe.learning_rate * ratio, weight_decay=recipe.weight_decay / ratio)
    return recipe.replace(**given)


def _fitted(recipe, task, given):
    """Returns the fields that follow from the images, and from what a person set."""
    batch_size = given.get("batch_size") or next(size for most, size in BATCH_SIZES if task.images <= most)
    epochs = given.get("epochs") or _epochs(task, batch_size)
    return {
        "batch_size": batch_size,
        "epochs": epochs,
        "warmup_epochs": round(WARMUP * epochs, 2),
        "learning_rate": recipe.learning_rate * math.sqrt(min(batch_size, task.images) / recipe.batch_size),
        "shift": round(SHIFT * task.side) if epochs > FEW_EPOCHS else 0,
        "patience": PATIENCE,
        "flip": recipe.flip if task.mirrored else "none",
    }


def _epochs(task, batch_size):
    wanted = task.steps * batch_size / task.images
    if task.flops:
        wanted = min(wanted, TRAINING_FLOPS / (task.flops * task.images))
    fewest, most = EPOCHS
    return max(fewest, min(most, round(wanted)))
