"""Recipe: every number of a training run, in one dataclass, and the best known one of each family."""

import dataclasses
import math

from keras_vision.data.augmentation_settings import FLIPS
from keras_vision.errors import BadInput, check_name
from keras_vision.system.settings import Settings, between, one_of, setting, whole

OPTIMIZERS = ("sgd", "adamw", "adam")
SCHEDULES = ("one_cycle", "cosine", "constant")
CLASS_WEIGHTS = ("none", "balanced")
# See keras_vision.training.precision.
PRECISIONS = ("auto", "float32", "float32+onednn_bfloat16", "mixed_bfloat16", "mixed_float16")


def below_one(rule):
    """Returns the check that a value is a share, from 0 to below 1."""
    return between(0.0, 0.9999, rule)


up_to_a_million = between(1, 1_000_000, "a whole number from 1 to 1,000,000", whole=True)
up_to_64 = between(0, 64, "a whole number of pixels from 0 to 64", whole=True)


@dataclasses.dataclass(frozen=True)
class Recipe(Settings):
    """How a network is trained: what each field means stands beside it.

    Sources: decoupled weight decay, Loshchilov & Hutter 2019; label smoothing, Szegedy et al. 2016; the one-cycle
    schedule, after Smith & Topin 2018; cosine, Loshchilov & Hutter 2017; alternating flip, Jordan 2024; cutout,
    DeVries & Taylor 2017; cutmix, Yun et al. 2019.

    The warm-up may be a fraction of an epoch, and is cut to half of the epochs. Tensors of one dimension, biases and
    the scales of a normalisation, do not decay. With `patience` a training ends when for that share of its epochs, at
    least five of them, all training images were right and no more validation images than before. With
    `class_weight="balanced"` each class weighs inversely to its number of training images
    (`keras_vision.training.validation_scores.class_weights`).

    Raises:
        BadInput: A number is out of its bounds, or a name unknown.

    Example:

    >>> Recipe(epochs=3).replace(learning_rate=0.05).learning_rate
    0.05
    """

    epochs: int = setting(10, "passes over the training images", "N", up_to_a_million)
    batch_size: int = setting(128, "images per step", "N", whole(1))
    optimizer: str = setting(
        "adamw", "sgd (with Nesterov momentum), adamw, or adam (whose decay goes through the gradient); the usual rate "
        "and decay depend on it", "|".join(OPTIMIZERS), one_of(OPTIMIZERS),
    )  # fmt: skip
    learning_rate: float = setting(
        2e-3, "the highest rate of the schedule", "RATE", between(1e-12, 100.0, "a positive number up to 100")
    )
    weight_decay: float = setting(
        0.05, "decay per step and unit of learning rate, for kernels only", "RATE",
        between(0.0, 10.0, "a number from 0 to 10"),
    )  # fmt: skip
    momentum: float = setting(0.9, "the momentum of sgd", "SHARE", below_one("a share from 0 to 0.9999"))
    label_smoothing: float = setting(
        0.05, "share of each label spread over all classes", "SHARE", below_one("a share from 0 to 0.9999")
    )
    warmup_epochs: float = setting(
        2.0, "epochs until the learning rate peaks", "N", between(0.0, 1e6, "a number of epochs from 0 to 1,000,000")
    )
    schedule: str = setting(
        "one_cycle", "after the warm-up: one_cycle (linear to zero), cosine or constant", "NAME", one_of(SCHEDULES)
    )
    ema_momentum: float = setting(
        0.0, "evaluate an average of the weights, which has this momentum; 0 is off", "SHARE",
        below_one("a share from 0 (off) to 0.9999"),
    )  # fmt: skip
    flip: str = setting(
        "random", "mirror training images: none, random, or alternating (every second epoch)", "NAME",
        one_of(FLIPS),
    )  # fmt: skip
    shift: int = setting(2, "shift training images by up to this many pixels, each way", "PIXELS", up_to_64)
    cutout: int = setting(0, "blank a square of this side in training images", "PIXELS", up_to_64)
    cutmix: float = setting(
        0.0, "probability that a batch of training images is mixed", "SHARE",
        between(0.0, 1.0, "a probability from 0 to 1"),
    )  # fmt: skip
    patience: float = setting(
        0.0, "end once nothing was left to learn for this share of the epochs; 0 is off", "SHARE",
        between(0.0, 1.0, "a share of the epochs from 0 (off) to 1"),
    )  # fmt: skip
    class_weight: str = setting(
        "none", "none, or balanced: in the loss, rare classes count as much as common ones", "NAME",
        one_of(CLASS_WEIGHTS),
    )  # fmt: skip

    def __post_init__(self):
        super().__post_init__()
        if self.optimizer != "sgd" and self.momentum != Recipe.momentum:
            raise BadInput(
                f"momentum={self.momentum:g} works only with optimizer='sgd', not with {self.optimizer!r}. Leave it "
                "out."
            )

    def replace(self, **changes):
        """Returns a copy with `changes`; a value of None leaves the field as it is, an unknown name is an error."""
        for name in changes:
            check_name("setting", name, FIELDS, "of the recipe")
        return dataclasses.replace(self, **{k: v for k, v in changes.items() if v is not None})

    def as_dict(self):
        """Returns the fields as a dict."""
        return dataclasses.asdict(self)


FIELDS = tuple(field.name for field in dataclasses.fields(Recipe))

# What a person sets of a recipe: the same settings, where None leaves one to the family and to the images.
RecipeChanges = dataclasses.make_dataclass(
    "RecipeChanges",
    [(field.name, field.type, dataclasses.field(default=None, metadata=field.metadata))
     for field in dataclasses.fields(Recipe)],
    bases=(Settings,),
    frozen=True,
)  # fmt: skip

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

# A step of each optimiser is as long as one of adamw at so many times the rate; decay acts as learning rate x decay.
RATE_RATIOS = {"sgd": 30.0, "adamw": 1.0, "adam": 1.0}
# A decay in the gradient goes through Adam's division by the gradient's usual size, which is about a hundredth (0.004
# to 0.033 in the layers of a cnn): as much decay is so many times the number. For adamw's usual 0.05 that is 5e-4, with
# which that cnn comes to 78.2% of 3,000 images of Fashion-MNIST after 6 epochs of 6,000: as with adamw (77.9%), and not
# as with 0.05 in the gradient (72.8%), which shrinks its weights to an eighth.
DECAY_RATIOS = {"sgd": 1.0, "adamw": 1.0, "adam": 0.01}


# What follows from the images; docs/results/recipes.md says what was measured.
# Steps are what a training needs; epochs are so many of them as make these steps. Small batches give few images steps.
BATCH_SIZES = ((3_000, 32), (12_000, 64), (math.inf, 128))  # up to so many images, so many a step
EPOCHS = (6, 100)  # the fewest, whatever a step costs, and the most, however few the images are
WARMUP = 0.2  # of all epochs
# Images that are seen so seldom are not learned by heart: moving them about only makes them harder.
FEW_EPOCHS = 7
SHIFT = 1 / 16  # of an image's side
PATIENCE = 0.25


@dataclasses.dataclass(frozen=True)
class Length:
    """How long trainings are.

    Args:
        steps: How many they have, where these cost little.
        flops: What all steps together may cost; costly networks get fewer steps, but not fewer than
        least: so many.
    """

    steps: int
    flops: float
    least: int = 0


# Of one network: it ends within five minutes on two cores of 70 GFLOP/s together.
TRAINING = Length(2_500, 1.8e13)
# Of each of the many that a search compares: as long where its first network costs little, which is where images are
# few and small. Its larger ones cost some times as much.
SEARCHING = Length(2_500, 1.2e12, least=1_500)


@dataclasses.dataclass(frozen=True)
class Task:
    """What a recipe needs to know of the images, and of the network that will see them.

    Args:
        images: Number of training images.
        side: Of an image, in pixels; the shorter one.
        mirrored: Whether a mirror image is as good an image of its class; see `keras_vision.data.mirror`.
        flops: Of training, for one image, where the network is known.
        length: What the training should have.
    """

    images: int
    side: int
    mirrored: bool
    flops: float | None = None
    length: Length = TRAINING


def recipe_for(model, task=None, **changes):
    """Returns the best known recipe of a family.

    Args:
        model: A name in `MODELS`.
        task: A `Task`; None for a recipe that knows nothing of the images, which studies begin with.
        **changes: Fields that a person set; None leaves the default. What follows from them is set with them: the
            warm-up is a share of the epochs, the learning rate goes with the root of the batch size, and another
            kind of optimiser than the family's has its rate and decay converted.

    Example:

    >>> recipe = recipe_for("vgg", Task(images=1_000, side=28, mirrored=False))
    >>> recipe.epochs, recipe.batch_size, recipe.flip, recipe.shift
    (80, 32, 'none', 2)
    """
    recipe = Recipe(**RECIPES.get(model, {}))
    given = {name: value for name, value in changes.items() if value is not None}
    if task:
        recipe = recipe.replace(**_fitted(recipe, task, given))
    return recipe_with(recipe, optimizer=given.get("optimizer")).replace(**given)


def recipe_with(recipe, **changes):
    """Returns a recipe with fields that are set, and with what follows from them where that is not set itself.

    Args:
        recipe: The `Recipe`.
        **changes: Its fields; None leaves one as it is. The warm-up stays the same share of the epochs, the learning
            rate goes with the root of the batch size, and another optimiser has its rate and decay converted.

    Raises:
        BadInput: A value that cannot be, or a momentum without sgd.

    Example:

    >>> recipe = recipe_with(Recipe(optimizer="sgd", learning_rate=0.3), optimizer="adamw", epochs=5)
    >>> round(recipe.learning_rate, 4), recipe.warmup_epochs
    (0.01, 1.0)
    """
    given = {name: value for name, value in changes.items() if value is not None}
    without = {} if given.get("optimizer", recipe.optimizer) == "sgd" else {"momentum": Recipe.momentum}
    changed = recipe.replace(**without | given)
    converted = with_optimizer(recipe.as_dict(), changed.optimizer)
    follows = {
        "learning_rate": converted["learning_rate"] * math.sqrt(changed.batch_size / recipe.batch_size),
        "weight_decay": converted["weight_decay"],
        "warmup_epochs": recipe.warmup_epochs * changed.epochs / recipe.epochs,
    }
    return changed.replace(**follows | given)


def with_optimizer(recipe, optimizer):
    """Returns a recipe's fields, a dict, with another optimiser, and rate and decay converted, within bounds or not.

    Example:

    >>> with_optimizer({"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.06}, "sgd")
    {'optimizer': 'sgd', 'learning_rate': 0.3, 'weight_decay': 0.002}
    """
    old = recipe["optimizer"]
    rate = RATE_RATIOS[optimizer] / RATE_RATIOS[old]
    decay = DECAY_RATIOS[optimizer] / DECAY_RATIOS[old] / rate
    converted = {"learning_rate": recipe["learning_rate"] * rate, "weight_decay": recipe["weight_decay"] * decay}
    return recipe | {"optimizer": optimizer} | converted


def _fitted(recipe, task, given):
    """Returns the fields that follow from the images, and from what a person set."""
    batch_size = given.get("batch_size") or next(size for most, size in BATCH_SIZES if task.images <= most)
    epochs = given.get("epochs") or _epochs(task, batch_size)
    return {
        "batch_size": batch_size,
        "epochs": epochs,
        "warmup_epochs": round(WARMUP * epochs, 2),
        "learning_rate": recipe_with(recipe, batch_size=min(batch_size, task.images)).learning_rate,
        "shift": round(SHIFT * task.side) if epochs > FEW_EPOCHS else 0,
        "patience": PATIENCE,
        "flip": recipe.flip if task.mirrored else "none",
    }


def _epochs(task, batch_size):
    steps, (fewest, most) = task.length.steps, EPOCHS
    if task.flops:
        steps = max(task.length.least, min(steps, task.length.flops / (task.flops * batch_size)))
    return max(fewest, min(most, round(steps * batch_size / task.images)))


def recipe_for_metric(metric, changes):
    """Returns the changes of a recipe that a metric asks for, where a person set nothing else.

    Example:

    >>> recipe_for_metric("balanced_accuracy", {"epochs": 3})
    {'epochs': 3, 'class_weight': 'balanced'}
    """
    if metric == "balanced_accuracy" and changes.get("class_weight") is None:
        return changes | {"class_weight": "balanced"}
    return changes
