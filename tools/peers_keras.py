"""Stock Keras, as a peer: the same graph of stock layers, and recipes that others trained with.

    python tools/peers_keras.py keras_io_convmixer --dataset cifar10 --target-acc 0.9

trains one of `peers_recipes.RECIPES` with `model.fit` and prints a line per epoch, for `bench_accuracy.py`; `bench.py`
uses the stock layers.
"""

import argparse
import sys

import keras
import numpy as np
import tensorflow as tf
from bench_common import epoch_line, epoch_pflop
from peers_recipes import RECIPES

from keras_vision.data import load_dataset
from keras_vision.data.splits import images_at_once
from keras_vision.errors import KerasVisionError
from keras_vision.models import build_model
from keras_vision.models.layers import Dirac, gelu, set_statistics
from keras_vision.training.measure import measure

TOLERANCE = 1e-3  # of the largest logit


def stock_twin(model, *, check=False, l2=0.0):
    """Returns the same graph with stock Keras layers in the place of ours, and the same weights.

    Where kernels start in a way of ours they are drawn anew, as a person would have Keras draw them before a ReLU.

    Args:
        model: A model from `build_model`.
        check: Whether to compare the outputs of both on random pixels.
        l2: Penalty on the square of every kernel.

    Raises:
        KerasVisionError: The outputs differ by more than `TOLERANCE`, or a layer of ours has no stock form.
    """
    twin = keras.models.clone_model(model, clone_function=lambda layer: stock_layer(layer, l2))
    twin.set_weights(model.get_weights())
    twin.get_layer("normalization").finalize_state()  # the stock layer keeps copies of its weights
    if check:
        pixels = np.random.default_rng(0).integers(0, 256, (16, *model.input_shape[1:])).astype("float32")
        ours, theirs = model.predict(pixels, verbose=0), twin.predict(pixels, verbose=0)
        if (difference := np.abs(ours - theirs).max()) > TOLERANCE * np.abs(ours).max():
            raise KerasVisionError(f"{model.name} of stock layers gives other outputs, by up to {difference:.3g}")
    for layer, stock in zip(model.layers, twin.layers, strict=True):
        if _starts_as_ours(layer):
            stock.kernel.assign(stock.kernel_initializer(stock.kernel.shape))
    return twin


def _starts_as_ours(layer):
    return isinstance(getattr(layer, "kernel_initializer", None), Dirac)


def stock_layer(layer, l2=0.0):
    """Returns a new stock layer that computes what `layer`, ours or stock, computes."""
    kind = next(kind for kind in type(layer).__mro__ if kind.__module__.startswith("keras."))
    if kind is keras.layers.Layer:
        raise KerasVisionError(f"{type(layer).__name__} has no stock form")
    config = layer.get_config()
    if getattr(layer, "activation", None) is gelu:
        config["activation"] = "gelu"
    if _starts_as_ours(layer):
        config["kernel_initializer"] = "he_normal"
    if l2 and "kernel_regularizer" in config:
        config["kernel_regularizer"] = keras.regularizers.L2(l2)
    return kind.from_config(config)


def compiled(recipe, data):
    """Returns the recipe's network of stock layers, compiled."""
    model = build_model(recipe.model, data.shape, len(data.class_names), **recipe.settings)
    set_statistics(model, data.statistics.mean, data.statistics.std)
    is_adam = recipe.optimizer == "adam"
    # The gradient of l2 times the square of a weight is 2 x l2 x weight.
    model = stock_twin(model, l2=recipe.weight_decay / 2 if is_adam else 0.0)
    optimizers = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    decay = {} if is_adam else {"weight_decay": recipe.weight_decay}
    model.compile(
        optimizers[recipe.optimizer](recipe.learning_rate, **decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def training_batches(recipe, data):
    """Returns shuffled and augmented batches, as the examples of Keras make them."""
    height, width, _ = data.shape
    layers = {
        "RandomCrop": lambda: keras.layers.RandomCrop(height, width),
        "RandomFlip": lambda: keras.layers.RandomFlip("horizontal"),
    }
    batches = tf.data.Dataset.from_tensor_slices((data.train.images, data.train.labels))
    batches = batches.shuffle(len(data.train)).batch(recipe.batch_size, drop_remainder=True)
    if recipe.augmentation:
        augment = keras.Sequential([layers[name]() for name in recipe.augmentation])
        batches = batches.map(
            lambda images, labels: (augment(images, training=True), labels), num_parallel_calls=tf.data.AUTOTUNE
        )
    return batches.prefetch(tf.data.AUTOTUNE)


class Report(keras.callbacks.Callback):
    """Prints a line per epoch and stops at the target.

    Args:
        epochs: Epochs of the whole training.
        pflop: 10^15 floating-point operations of one epoch.
        target_acc: Validation accuracy to stop at, or None.
    """

    def __init__(self, epochs, pflop, target_acc=None):
        super().__init__()
        self.epochs, self.pflop, self.target_acc = epochs, pflop, target_acc

    def on_epoch_end(self, epoch, logs=None):
        accuracy = round(logs["val_accuracy"], 4)  # a float32 share of 5,400 in 6,000 is less than 0.9
        print(epoch_line(epoch + 1, self.epochs, accuracy, (epoch + 1) * self.pflop), flush=True)
        if self.target_acc is not None and accuracy >= self.target_acc:
            self.model.stop_training = True


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir")
    parser.add_argument("--target-acc", type=float)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recipe = RECIPES[options.recipe]
    data = load_dataset(options.dataset, data_dir=options.data_dir, seed=options.seed)
    pflop = epoch_pflop(data, recipe.batch_size, recipe.model, recipe.settings)
    keras.utils.set_random_seed(options.seed)
    model = compiled(recipe, data)
    model.fit(
        training_batches(recipe, data),
        epochs=recipe.epochs,
        validation_data=(data.validation.images, data.validation.labels),
        validation_batch_size=images_at_once(data.shape),
        callbacks=[Report(recipe.epochs, pflop, options.target_acc)],
        verbose=0,
    )
    print(f"test accuracy {measure(model, data)['accuracy']:.4f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
