"""What happens at the end of each epoch of a training: measure, record, keep the best weights, decide on the end."""

import contextlib
import math
import time

import keras

from keras_vision.data.pipeline import evaluation_batches
from keras_vision.data.splits import images_at_once
from keras_vision.errors import KerasVisionError
from keras_vision.reporting.events import EventLog
from keras_vision.runs import save_model
from keras_vision.training.checkpoint import Checkpoints
from keras_vision.training.measures import METRICS
from keras_vision.training.validation_scores import scores

SKIPPED_STEPS = 20  # in a row: so many halvings of the loss' scale are no search for a better one
CURVES = ("loss", "accuracy", "crossentropy")  # of training and of validation
TRAINING, VALIDATION = (*CURVES, "learning_rate", "images_per_second"), (*CURVES, "balanced_accuracy")


class TrainingDiverged(KerasVisionError):
    """The loss is no longer a finite number."""


def check_gradients(optimizer):
    """Raises `TrainingDiverged` where float16 training skipped its last steps, because no scale kept gradients finite.

    Keras halves the scale of the loss for each step that it skips. The loss of a network that stands still is finite.
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        scale = float(keras.ops.convert_to_numpy(optimizer.dynamic_scale))
        if scale <= optimizer.initial_scale / 2**SKIPPED_STEPS:
            raise TrainingDiverged(
                f"The gradients were not finite in {SKIPPED_STEPS} steps or more. A lower learning rate or --precision "
                "float32 may help."
            )


@contextlib.contextmanager
def open_curves(folder, also=None):
    """Opens TensorBoard's logs of training and validation; gives the function that logs the row of an epoch.

    Args:
        folder: Where they go.
        also: Called with each row and the number of its epoch, too; see `trackers`.
    """
    with EventLog(folder / "train") as train, EventLog(folder / "validation") as validation:

        def log(row):
            train.scalars({name: row[name] for name in TRAINING}, row["epoch"])
            validation.scalars({name: row[f"val_{name}"] for name in VALIDATION}, row["epoch"])
            if also:
                also(row, row["epoch"])

        yield log


class EpochEnd(keras.callbacks.Callback):
    """Everything that happens at the end of an epoch, in the one order that is right.

    Measure (on the averaged weights, where there are any), write the metrics, checkpoint, save the model where it is to
    be kept, log, and decide whether to stop. A kill before the checkpoint leaves the model of the epochs before, which
    is that of the state; one between the two leaves a state whose model `save_kept` writes when the training goes on.

    Args:
        run: The `Run`.
        recipe: The `Recipe`.
        aim: The `Aim`.
        validation: The `Split` that is measured.
        log: Called with the row of each epoch; see `open_curves`.
        card: Dict kept inside model.keras, with the names of the classes.
        progress: A `Progress`.

    Attributes:
        state: Dict of what an interrupted training goes on from: the last epoch, the history, the seconds so far.
    """

    # Steps are counted without looking at their logs, so that Keras need not wait for each step's result.
    async_safe = True

    def __init__(self, run, recipe, aim, validation, log, card, progress):
        super().__init__()
        self.run, self.recipe, self.aim, self.validation = run, recipe, aim, validation
        self.log, self.card, self.progress = log, card, progress
        self.checkpoints = Checkpoints(run.checkpoints)
        self.state = {"epoch": 0, "history": [], "seconds": 0.0}
        self.is_late = False  # decided once an epoch: what saves the model and what ends the training must agree
        self.swap = keras.callbacks.SwapEMAWeights()
        self.batches = evaluation_batches(
            validation,
            num_classes=len(card["class_names"]),
            batch_size=images_at_once(validation.images.shape[1:]),
        )

    def take_up(self, model):
        """Goes on with a compiled model where the run was left, or starts anew."""
        self.set_model(model)
        self.state = self.checkpoints.restore(model, self.progress.say) or self.state
        self.save_kept()

    def on_epoch_begin(self, epoch, logs=None):
        self.clock = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        self.progress.step_ended(self.recipe.batch_size)

    def on_epoch_end(self, epoch, logs=None):
        trained = time.monotonic() - self.clock
        if not all(math.isfinite(value) for value in logs.values()):
            raise TrainingDiverged(
                f"The loss became {logs['loss']} in epoch {epoch + 1}. A lower learning rate may help."
            )
        check_gradients(self.model.optimizer)
        with self._averaged_weights():
            logits = self.model.predict(self.batches, verbose=0)
        # Counted here: balanced accuracy is no mean over batches, and a float32 share of 5,400 in 6,000 is below 0.9.
        measured = scores(logits, self.validation.labels, self.recipe.label_smoothing)
        if not math.isfinite(measured["loss"]):
            raise TrainingDiverged(
                f"The validation loss became {measured['loss']} in epoch {epoch + 1}. A lower learning rate may help."
            )
        row = {
            "epoch": epoch + 1,
            **{name: float(value) for name, value in logs.items()},
            **{f"val_{name}": value for name, value in measured.items()},
            "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            "images_per_second": round(self.params["steps"] * self.recipe.batch_size / trained, 1),
            "seconds": round(time.monotonic() - self.clock, 3),
        }
        self._record(row)
        if self.stop_reason():
            self.model.stop_training = True

    def _record(self, row):
        self.state["history"].append(row)
        self.state["epoch"] = row["epoch"]
        self.state["seconds"] += row["seconds"]
        self.is_late = self.aim.deadline is not None and time.monotonic() > self.aim.deadline
        self.run.log_metrics(self.state["history"])
        self.checkpoints.save(self.model, self.state)
        self.save_kept()
        self.log(row)
        hidden = {"val_balanced_accuracy"} if self.aim.metric == "accuracy" else {}
        shown = {name: value for name, value in row.items() if name not in hidden}
        self.progress.epoch_ended(row["epoch"], self.recipe.epochs, shown)

    def save_kept(self):
        """Writes the model file where the epoch that the state is after is the one to be kept so far.

        Where that is the last epoch, none but that is written: each would replace the one before.
        """
        if self.aim.keep == "last" and self.is_unfinished and not self.stop_reason():
            return
        kept = self.aim.kept(self.state["history"])
        if kept and kept["epoch"] == self.state["epoch"]:
            measured = {f"val_{name}": kept[f"val_{name}"] for name in METRICS}
            with self._averaged_weights():
                save_model(self.model, self.run.model_path, self.card | measured)

    @property
    def is_unfinished(self):
        """Whether the recipe has more epochs."""
        return self.state["epoch"] < self.recipe.epochs

    @property
    def best(self):
        """The best score so far, 0 before the first epoch; None where not the best epoch is kept."""
        kept = self.aim.kept(self.state["history"])
        return None if self.aim.keep == "last" else self.aim.score(kept) if kept else 0.0

    def stop_reason(self):
        """Returns why the training should stop, as `Aim.stop_reason` says."""
        return self.aim.stop_reason(self.state["history"], self.recipe, self.is_late)

    @contextlib.contextmanager
    def _averaged_weights(self):
        if not self.recipe.ema_momentum:
            yield
            return
        self.swap.set_model(self.model)
        self.swap.on_test_begin()
        try:
            yield
        finally:
            self.swap.on_test_end()
