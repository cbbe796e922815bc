"""What happens at the end of each epoch of a training: measure, record, keep the best weights, decide on the end."""

import contextlib
import math
import time

import keras

from keras_vision.data.pipeline import evaluation_batches
from keras_vision.data.splits import images_at_once
from keras_vision.errors import KerasVisionError
from keras_vision.runs import save_model
from keras_vision.training.scores import METRICS, scores

SKIPPED_STEPS = 20  # in a row: so many halvings of the loss' scale are no search for a better one
CURVES = ("loss", "accuracy", "crossentropy")  # of training and of validation


class TrainingDiverged(KerasVisionError):
    """The loss is no longer a finite number."""


KEPT = ("best", "last")  # epochs whose weights a training may leave behind


def kept_epoch(history, metric="accuracy", keep="best"):
    """Returns the row of the epoch whose weights are kept; {} where there is none.

    Args:
        history: The rows of metrics.jsonl.
        metric: What the best epoch has most of on validation images; of equal ones the first is taken.
        keep: A name in `KEPT`. The accuracy of the last epoch is that of validation images by which nothing was chosen.

    Example:

    >>> kept_epoch([{"epoch": 1, "val_accuracy": 0.5}, {"epoch": 2, "val_accuracy": 0.5}])["epoch"]
    1
    """
    if keep == "last":
        return history[-1] if history else {}
    return max(history, key=lambda row: row[f"val_{metric}"], default={})


LEARNED = 0.999  # of the training images: the rest may be labelled wrongly
FEWEST_SETTLED = 5  # epochs


def has_settled(history, epochs, patience, metric="accuracy"):
    """Returns whether nothing is left to learn: see `Recipe.patience`.

    Args:
        history: The rows of metrics.jsonl.
        epochs: Epochs of the whole training.
        patience: A share of them; 0 for never.
        metric: What counts of the validation images.

    Example:

    >>> has_settled([{"accuracy": 1.0, "val_accuracy": 0.9}] * 6, epochs=10, patience=0.5)
    True
    """
    length = max(FEWEST_SETTLED, round(patience * epochs))
    if not patience or len(history) <= length:
        return False
    before, last = history[:-length], history[-length:]
    most = max(row[f"val_{metric}"] for row in before)
    return all(row["accuracy"] >= LEARNED and row[f"val_{metric}"] <= most for row in last)


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


class EpochEnd(keras.callbacks.Callback):
    """Everything that happens at the end of an epoch, in the one order that is right.

    Measure (on the averaged weights, where there are any), write the metrics, checkpoint, save the model where it is to
    be kept, log, and decide whether to stop. A kill before the checkpoint leaves the model of the epochs before, which
    is that of the state; one between the two leaves a state whose model `save_kept` writes when the training goes on.
    """

    # Steps are counted without looking at their logs, so that Keras need not wait for each step's result.
    async_safe = True

    def __init__(self, *, run, recipe, state, checkpoints, validation, logs, metric, keep, target_acc, deadline, judge,
                 card, progress):  # fmt: skip
        super().__init__()
        self.run, self.recipe, self.state, self.checkpoints = run, recipe, state, checkpoints
        self.validation, self.logs, self.deadline = validation, logs, deadline
        self.metric, self.keep, self.target_acc = metric, keep, target_acc
        self.judge, self.card, self.progress = judge, card, progress
        self.is_late = False  # decided once an epoch: what saves the model and what ends the training must agree
        self.swap = keras.callbacks.SwapEMAWeights()
        self.batches = evaluation_batches(
            validation,
            num_classes=len(card["class_names"]),
            batch_size=images_at_once(validation.images.shape[1:]),
        )

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
        self.is_late = self.deadline is not None and time.monotonic() > self.deadline
        self.run.log_metrics(self.state["history"])
        self.checkpoints.save(self.model, self.state)
        self.save_kept()
        self.logs["train"].scalars(
            {name: row[name] for name in (*CURVES, "learning_rate", "images_per_second")}, row["epoch"]
        )
        self.logs["validation"].scalars(
            {name: row[f"val_{name}"] for name in (*CURVES, "balanced_accuracy")}, row["epoch"]
        )
        hidden = {"val_balanced_accuracy"} if self.metric == "accuracy" else {}
        shown = {name: value for name, value in row.items() if name not in hidden}
        self.progress.epoch_ended(row["epoch"], self.recipe.epochs, shown)

    def save_kept(self):
        """Writes the model file where the epoch that the state is after is the one to be kept so far.

        Where that is the last epoch, none but that is written: each would replace the one before.
        """
        if self.keep == "last" and self.state["epoch"] < self.recipe.epochs and not self.stop_reason():
            return
        kept = kept_epoch(self.state["history"], self.metric, self.keep)
        if kept and kept["epoch"] == self.state["epoch"]:
            measured = {f"val_{name}": kept[f"val_{name}"] for name in METRICS}
            with self._averaged_weights():
                save_model(self.model, self.run.model_path, self.card | measured)

    def stop_reason(self):
        """Returns why the training should end before its last epoch, "time" if it may go on later; else None."""
        history, unfinished = self.state["history"], self.state["epoch"] < self.recipe.epochs
        verdict = self.judge(history) if self.judge and history else None  # it sees the epoch that reaches, too
        if self.target_acc is not None and any(row[f"val_{self.metric}"] >= self.target_acc for row in history):
            return "target"
        if verdict and unfinished:
            return verdict
        if unfinished and has_settled(history, self.recipe.epochs, self.recipe.patience, self.metric):
            return "settled"
        return "time" if unfinished and self.is_late else None

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
