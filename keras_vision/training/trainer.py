"""fit: trains one model by one recipe in one run directory; resumes, stops at a target, keeps the best weights."""

import contextlib
import dataclasses
import math

import keras
import numpy as np

from keras_vision.data.augmentation import Augmentation
from keras_vision.data.brightness import pixel_statistics
from keras_vision.data.pipeline import training_batches
from keras_vision.data.seen import numbers_of
from keras_vision.data.splits import steps_per_epoch
from keras_vision.errors import BadInput, KerasVisionError, is_out_of_memory
from keras_vision.models.normalization import set_statistics
from keras_vision.models.sizes import size_of
from keras_vision.models.whitening import set_whitening
from keras_vision.reporting.progress import Progress
from keras_vision.runs import check_model_memory, write_json
from keras_vision.training.acceleration import accelerate
from keras_vision.training.aim import UNFINISHED, Aim
from keras_vision.training.coupled_adam import CoupledAdam
from keras_vision.training.epoch import EpochEnd, TrainingDiverged, open_curves
from keras_vision.training.validation_scores import class_weights

__all__ = ["TrainingDiverged", "WarmupDecay", "check_fit", "compile_model", "fit", "make_optimizer", "model_card"]


@keras.saving.register_keras_serializable(package="keras_vision")
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up to the peak, then a fall towards zero, to which the step after the last would come.

    Args:
        peak: The highest learning rate, that of the last step of the warm-up and of the step after it.
        steps: Steps of the whole training.
        warmup_steps: Steps of the warm-up, of which the first has the peak divided by their number; 0 for none.
        schedule: `"one_cycle"` (falls in a line), `"cosine"` (in half a wave) or `"constant"` (stays at the peak).

    Example:

    >>> schedule = WarmupDecay(peak=1.0, steps=100, warmup_steps=20)
    >>> [round(float(schedule(step)), 3) for step in (0, 19, 20, 60, 99, 100)]
    [0.05, 1.0, 1.0, 0.5, 0.013, 0.0]
    """

    def __init__(self, peak, steps, warmup_steps, schedule="one_cycle"):
        self.peak, self.steps, self.warmup_steps, self.schedule = peak, steps, warmup_steps, schedule

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        warmup = (step + 1) / max(self.warmup_steps, 1)
        left = (self.steps - step) / max(self.steps - self.warmup_steps, 1)
        decay = {
            "one_cycle": left,
            "cosine": 0.5 - 0.5 * keras.ops.cos(math.pi * left),
            "constant": keras.ops.ones_like(left),
        }[self.schedule]
        return self.peak * keras.ops.where(step < self.warmup_steps, keras.ops.minimum(warmup, 1.0), decay)

    def get_config(self):
        return {name: getattr(self, name) for name in ("peak", "steps", "warmup_steps", "schedule")}


def make_optimizer(recipe, steps, trainable_variables):
    """Returns the recipe's optimiser for a training of `steps` steps an epoch, with decay on kernels only."""
    total = recipe.epochs * steps
    warmup = min(round(recipe.warmup_epochs * steps), total // 2)
    common = {
        "learning_rate": WarmupDecay(recipe.learning_rate, total, warmup, recipe.schedule),
        "weight_decay": recipe.weight_decay or None,
        "use_ema": recipe.ema_momentum > 0,
        "ema_momentum": recipe.ema_momentum or 0.99,
    }
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(momentum=recipe.momentum, nesterov=recipe.momentum > 0, **common)
    else:
        kind = {"adamw": keras.optimizers.AdamW, "adam": CoupledAdam}[recipe.optimizer]
        optimizer = kind(**common | {"weight_decay": recipe.weight_decay})
    if recipe.weight_decay:
        optimizer.exclude_from_weight_decay(var_list=[v for v in trainable_variables if _is_of_channels(v)])
    return optimizer


def _is_of_channels(variable):
    """Returns whether a variable holds one number for each channel: a bias, a scale, or a PReLU's slopes."""
    return len(variable.shape) < 2 or variable.name == "alpha"


def compile_model(model, recipe, steps, gradients=()):
    """Compiles a model for its recipe, for fast steps: smoothed loss, plain cross-entropy and accuracy as metrics.

    Labels are one-hot rows, as mixed images need; smoothing touches the loss alone (its floor hides how well the
    network does), so the reported cross-entropy is that of the labels themselves. `gradients` are those that
    `accelerate` takes.
    """
    with model.distribute_strategy.scope():  # of the devices that it was built for
        model.compile(
            optimizer=make_optimizer(recipe, steps, model.trainable_variables),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
            metrics=[
                keras.metrics.CategoricalAccuracy(name="accuracy"),
                keras.metrics.CategoricalCrossentropy(from_logits=True, name="crossentropy"),
            ],
        )
        # Built inside the first step, the optimiser's variables keep that step's graphs in memory for good.
        model.optimizer.build(model.trainable_variables)
    accelerate(model, gradients)


def fit(
    model,
    dataset,
    recipe,
    run,
    *,
    seed=0,
    metric="accuracy",
    keep="best",
    target_acc=None,
    deadline=None,
    judge=None,
    card=None,
    log=None,
    progress=None,
):
    """Trains `model` on `dataset` by `recipe`, in the directory of `run`.

    Writes metrics.jsonl, model.keras, TensorBoard scalars and, at the end, result.json. A run that was interrupted, or
    ran out of time, goes on after its last finished epoch, with the weights that an undisturbed run would have had.

    Args:
        model: A model with raw pixels in and logits out: uncompiled, or one that `choosing.choose` returned for the
            same images and recipe.
        dataset: A `keras_vision.data.Dataset`. The test split is not opened.
        recipe: A `Recipe`.
        run: A `keras_vision.runs.Run`.
        seed: Seeds the order of images and the augmentation.
        metric, keep, target_acc, deadline, judge: What the training is for; see `Aim`.
        card: Dict kept inside model.keras beside what is known here.
        log: Called with (row, epoch) after each epoch, beside TensorBoard.
        progress: A `Progress`.

    Returns:
        The result as a dict: metric and val_score, its value; val_accuracy, val_balanced_accuracy, val_crossentropy,
        best_epoch, epochs_run, stopped ("epochs", "settled", "target", "time" or the judge's word), seconds,
        images_per_second, parameters and trainable_parameters, as `keras_vision.models.sizes.ParameterCounts` has them.

    Raises:
        BadInput: Model and data do not fit each other.
        TrainingDiverged: The loss, or the gradients of many steps, became NaN or infinite.
        KerasVisionError: A batch does not fit the memory.
    """
    aim, progress = Aim(metric, keep, target_acc, deadline, judge), progress or Progress()
    recipe = fitted(recipe, dataset)
    check_fit(model, dataset, recipe)
    if not model.compiled:
        prepare(model, dataset, recipe)
    with open_curves(run.tensorboard, log) as curves:
        epoch_end = EpochEnd(run, recipe, aim, dataset.validation, curves, model_card(dataset, model, card), progress)
        epoch_end.take_up(model)
        if epoch_end.is_unfinished and not epoch_end.stop_reason():
            _run_epochs(model, dataset, recipe, seed, epoch_end)
    result = summary(epoch_end.state, epoch_end.stop_reason() or "epochs", model, aim)
    if result["stopped"] not in UNFINISHED:  # which goes on from the checkpoint
        write_json(run.result_path, result)
        epoch_end.checkpoints.remove()
    return result


def fitted(recipe, dataset):
    """Returns a recipe with batches of no more images than a data set has for training."""
    return recipe.replace(batch_size=min(recipe.batch_size, len(dataset.train)))


def prepare(model, dataset, recipe, gradients=()):
    """Gives a model what it knows of the images before it is trained, and compiles it, as `compile_model` does."""
    set_statistics(model, dataset.statistics.mean, dataset.statistics.std)
    set_whitening(model, dataset.train.images)
    compile_model(model, recipe, steps_per_epoch(dataset.train, recipe.batch_size), gradients)


def _run_epochs(model, dataset, recipe, seed, epoch_end):
    """Trains a compiled model from the epoch that its `EpochEnd` knows, until that ends it or the recipe is through."""
    done, steps = epoch_end.state["epoch"], steps_per_epoch(dataset.train, recipe.batch_size)
    epoch_end.progress.fit_started(recipe.epochs, steps, done=done, best=epoch_end.best)
    try:
        with in_memory(recipe):
            model.fit(
                batches_of(dataset, recipe, seed, done),
                initial_epoch=done,
                epochs=recipe.epochs,
                steps_per_epoch=steps,
                shuffle=False,  # the pipeline shuffles
                verbose=0,
                callbacks=[epoch_end],
            )
    finally:
        epoch_end.progress.fit_ended()


@contextlib.contextmanager
def in_memory(recipe):
    """Says how to mend it where training steps in the block do not fit the memory.

    Raises:
        KerasVisionError: They did not.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise KerasVisionError(
            f"There is not enough memory to train on {recipe.batch_size} images at a time. Give a lower --batch-size."
        ) from error


def batches_of(dataset, recipe, seed=0, start_epoch=0):
    """Returns the batches of a training from an epoch on, as `training_batches` does."""
    return training_batches(
        dataset.train,
        num_classes=len(dataset.class_names),
        batch_size=recipe.batch_size,
        seed=seed,
        epochs=recipe.epochs,
        start_epoch=start_epoch,
        augmentation=augmentation_of(recipe),
        class_weights=weights_of_classes(recipe, dataset),
    )


def augmentation_of(recipe):
    """Returns the recipe's augmentation."""
    return Augmentation(flip=recipe.flip, shift=recipe.shift, cutout=recipe.cutout, cutmix=recipe.cutmix)


def weights_of_classes(recipe, dataset):
    """Returns the weight of each class by the recipe; None where all images weigh the same."""
    if recipe.class_weight == "none":
        return None
    return class_weights(dataset.train.labels, len(dataset.class_names))


def check_fit(model, dataset, recipe=None):
    """Raises `BadInput` where the model's input or classes do not fit the data set.

    With a recipe, also where its shifts do not, or where the model, once trained, would be too large to be loaded.
    """
    if recipe and recipe.shift >= min(dataset.shape[:2]):
        raise BadInput(
            f"shift={recipe.shift} is too large: it must be less than the images' side, {min(dataset.shape[:2])}."
        )
    if tuple(model.input_shape[1:]) != tuple(dataset.shape):
        raise BadInput(
            f"The model takes images of {'x'.join(map(str, model.input_shape[1:]))}, but {dataset.name} has "
            f"{'x'.join(map(str, dataset.shape))}. Build it for these."
        )
    if model.output_shape[-1] != len(dataset.class_names):
        raise BadInput(
            f"The model has {model.output_shape[-1]} classes, but {dataset.name} has {len(dataset.class_names)}. "
            "Build it for these."
        )
    if recipe:
        check_model_memory(model, model.name)  # what is trained is to be loaded


def model_card(dataset, model, more=None):
    """Returns what travels inside a model file: where it comes from, what its outputs mean, what its images were."""
    return {
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "class_names": list(dataset.class_names),
        "input_shape": list(dataset.shape),
        "pixel_scale": dataset.pixel_scale,
        "model": model.name,
        "pixel_statistics": pixel_statistics(dataset.train.images),
        "training_images": numbers_of(dataset),
        **(more or {}),
    }


def summary(state, stopped, model, aim):
    """Returns the result of a training as a dict of plain numbers: those of the epoch whose weights were kept."""
    history = state["history"]
    best = aim.kept(history)
    return {
        "metric": aim.metric,
        "val_score": aim.score(best),
        "val_accuracy": best["val_accuracy"],
        "val_balanced_accuracy": best["val_balanced_accuracy"],
        "val_crossentropy": best["val_crossentropy"],
        "best_epoch": best["epoch"],
        "epochs_run": len(history),
        "stopped": stopped,
        "seconds": round(state["seconds"], 2),
        "images_per_second": round(float(np.median([row["images_per_second"] for row in history])), 1),
        **dataclasses.asdict(size_of(model)),
    }
