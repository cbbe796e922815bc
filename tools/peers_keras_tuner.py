"""Plain Keras Tuner, as a person writes it today: a search for a VGG of stock layers.

    python tools/peers_keras_tuner.py hyperband --dataset fashion_mnist --seed 0 --epochs 5 --workdir runs/peer

It searches the networks of `tuner_configs/vgg.py`, and the learning rate of Adam; `bench_search.py` times it. It never
ends by itself: its watcher stops it.
"""

import argparse
import sys

import keras
import keras_tuner
from bench_common import epoch_line

from keras_vision.analysis.counts import count
from keras_vision.data import load_dataset
from tuner_configs.vgg import model_space

BATCH = 128
ENDLESS = 10_000  # trials, or rounds of Hyperband


def plain_vgg(input_shape, num_classes, *, filters, blocks, kernel_size=3, dropout_rate=0.0):
    """Builds a VGG of stock layers with their own defaults."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Rescaling(1 / 255)(inputs)
    for width, convs in zip(filters, blocks, strict=True):
        for _ in range(convs):
            x = keras.layers.Conv2D(width, kernel_size, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization()(x)
            x = keras.layers.Activation("relu")(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    if dropout_rate:
        x = keras.layers.Dropout(dropout_rate)(x)
    return keras.Model(inputs, keras.layers.Dense(num_classes, activation="softmax")(x))


def hypermodel(input_shape, num_classes):
    """Returns the function that Keras Tuner calls to build a network."""

    def build(hp):
        model = plain_vgg(input_shape, num_classes, **model_space(hp))
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log", default=1e-3)
        model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    return build


TUNERS = {
    "hyperband": lambda build, epochs, **common: keras_tuner.Hyperband(
        build, max_epochs=epochs, hyperband_iterations=ENDLESS, **common
    ),
    "random": lambda build, epochs, **common: keras_tuner.RandomSearch(build, max_trials=ENDLESS, **common),
}


class Report(keras.callbacks.Callback):
    """Prints a line per epoch: its accuracy, and the arithmetic of all epochs of all trials so far.

    Keras Tuner copies its callbacks for each trial, so the sum belongs to the class.

    Args:
        images: Training images of an epoch.
    """

    pflop = 0.0

    def __init__(self, images):
        super().__init__()
        self.images = images

    def on_train_begin(self, logs=None):
        self.flops = count(self.model).training_flops

    def on_epoch_end(self, epoch, logs=None):
        Report.pflop += self.flops * self.images / 1e15
        print(epoch_line(epoch + 1, self.params["epochs"], logs["val_accuracy"], Report.pflop), flush=True)


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tuner", choices=TUNERS)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--workdir", required=True)
    options = parser.parse_args()
    data = load_dataset(options.dataset, data_dir=options.data_dir, seed=options.seed)
    tuner = TUNERS[options.tuner](
        hypermodel(data.shape, len(data.class_names)),
        options.epochs,
        objective="val_accuracy",
        seed=options.seed + 1,  # Keras Tuner takes 0 for no seed
        directory=options.workdir,
        overwrite=True,
    )
    keras.utils.set_random_seed(options.seed)
    tuner.search(
        data.train.images,
        data.train.labels,
        validation_data=(data.validation.images, data.validation.labels),
        batch_size=BATCH,
        epochs=options.epochs,
        callbacks=[Report(len(data.train))],
        verbose=0,
    )


if __name__ == "__main__":
    sys.exit(main())
