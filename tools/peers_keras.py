"""Stock Keras, as a peer: the same graph, and recipes that others trained with.

    python tools/peers_keras.py keras_io_convmixer --dataset cifar10 --target-acc 0.9

trains one of `peers_recipes.RECIPES` with `model.fit` and prints a line per epoch, for `bench_accuracy.py`.
"""

import argparse
import sys

import keras
import tensorflow as tf
from bench_common import epoch_line, epoch_pflop
from peers_recipes import RECIPES

from keras_vision.data import load_dataset
from keras_vision.data.splits import images_at_once
from keras_vision.models import build_model
from keras_vision.models.normalization import set_statistics
from keras_vision.training.evaluation import measure


def stock_twin(model, l2=0.0):
    """Returns the same graph, all kernels drawn anew as its layers' configs say: none starts as the identity.

    Args:
        model: A model from `build_model`; the statistics of its pixels are kept.
        l2: Penalty on the square of every kernel.
    """

    def penalised(layer):
        config = layer.get_config()
        if l2 and "kernel_regularizer" in config:
            config["kernel_regularizer"] = keras.regularizers.L2(l2)
        return type(layer).from_config(config)

    twin = keras.models.clone_model(model, clone_function=penalised)
    for layer, own in zip(twin.layers, model.layers, strict=True):
        if not own.trainable:
            layer.set_weights(own.get_weights())
    return twin


def compiled(recipe, data):
    """Returns the recipe's network, compiled as others would."""
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
