"""Records complete learning curves of many data sets and families, and fits to them when a training is given up.

    python tools/curves.py record --folders DIR [--data-dir DIR]
    python tools/curves.py fit

`record` trains each network of `NETWORKS` on each data set of `DATASETS` to its end, by the recipe of a search, and
adds a line for each to docs/results/curves.jsonl; what is there is not trained again. DIR holds folders of images, so
named as in `DATASETS`; those that are missing are passed over, as are networks that do not fit the images. `fit` prints
the table `LEAST_LEFT` of `keras_vision.search.ending`, and how often it gives up what would have come to its goal: on
curves of each data set, with the table that the others give.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from bench_common import ROOT

from keras_vision.errors import BadInput
from keras_vision.search.ending import least_left, smallest_error
from keras_vision.system.keras_import import import_keras

CURVES = ROOT / "docs" / "results" / "curves.jsonl"
# (data set, training images: None for all, side: None for its own)
DATASETS = (
    *(("digits", None, None), ("fashion_mnist", 500, None), ("fashion_mnist", 2_000, None)),
    *(("fashion_mnist", 8_000, None), ("cifar10", 2_000, None), ("cifar10", 8_000, None)),
    *(("mnist_png", None, None), ("drawn_shapes", None, 32), ("hand_gestures", None, 32)),
    *(("simpsons_rgb", None, None), ("gtsrb", None, 32), ("hymenoptera", None, 32), ("potato_leaf", None, 32)),
    *(("fashion_mnist", None, None), ("cifar10", None, None)),
)
NETWORKS = (
    ("vgg", {"filters": (16, 32), "blocks": (1, 1), "whitening": True}),
    ("vgg", {"filters": (8, 16, 32), "blocks": (1, 1, 1), "whitening": True}),
    ("vgg", {"filters": (16, 32, 64), "blocks": (1, 1, 1), "whitening": True}),
    ("cnn", {"filters": (8, 16), "head": "gap"}),
    ("cnn", {"filters": (16, 32, 64), "head": "gap"}),
    ("mlp", {"hidden_units": (64,)}),
    ("lstm", {"units": 32}),
)
# The table's shares of the epochs done, and how far below the least that was seen it stays.
SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CAUTION = 0.4


@dataclasses.dataclass(frozen=True)
class Curve:
    """A complete training.

    Args:
        dataset, images: Its data set, and how many images it was trained on.
        model, settings: Its network.
        accuracy, val_accuracy: After each epoch, on training and on validation images.
    """

    dataset: str
    images: int
    model: str
    settings: dict
    accuracy: tuple
    val_accuracy: tuple

    def rows(self, epochs):
        """Returns the first epochs as the rows of metrics.jsonl."""
        pairs = zip(self.accuracy[:epochs], self.val_accuracy[:epochs], strict=True)
        return [{"accuracy": one, "val_accuracy": other} for one, other in pairs]


def read_curves(path=CURVES):
    """Returns the recorded curves, a list of `Curve`."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [Curve(**json.loads(line)) for line in lines]


def fit_table(curves):
    """Returns `LEAST_LEFT` as these curves give it: at each share, the least that was left, with caution."""
    table = []
    for share in SHARES:
        left = [_left(curve, share) for curve in curves]
        table.append((share, round(CAUTION * min(left), 3)))
    return tuple(table)


def _left(curve, share):
    """Returns the share of the smallest error that was left at the end, after the first epoch of this share."""
    epochs = len(curve.val_accuracy)
    done = next((done for done in range(1, epochs) if done / epochs >= share - 1e-9), None)
    error = smallest_error(curve.rows(done), done / epochs) if done else 0.0
    return (1 - curve.val_accuracy[-1]) / error if error else 1.0


def is_given_up(curve, goal, table):
    """Returns whether a training would be given up before its end."""
    return any(is_given_up_after(curve, goal, table, done) for done in range(1, len(curve.val_accuracy)))


def wrong_endings(curves):
    """Returns the curves that would be given up although they come to their goal, by the other data sets' table.

    The goal is the hardest that a training comes to: what it ends with.
    """
    wrong = []
    for dataset in sorted({curve.dataset for curve in curves}):
        table = fit_table([curve for curve in curves if curve.dataset != dataset])
        own = [curve for curve in curves if curve.dataset == dataset]
        wrong += [curve for curve in own if is_given_up(curve, curve.val_accuracy[-1], table)]
    return wrong


def spent(curves, table, miss=0.03):
    """Returns the share of its epochs that a training takes on average that misses its goal by `miss`."""
    shares = []
    for curve in curves:
        epochs, goal = len(curve.val_accuracy), min(1.0, curve.val_accuracy[-1] + miss)
        done = next((n for n in range(1, epochs) if is_given_up_after(curve, goal, table, n)), epochs)
        shares.append(done / epochs)
    return float(np.mean(shares))


def is_given_up_after(curve, goal, table, done):
    """Returns whether a training would be given up right after so many epochs."""
    share = done / len(curve.val_accuracy)
    return smallest_error(curve.rows(done), share) * least_left(share, table) > 1 - goal


def record(folders, data_dir):
    """Trains what is missing and adds its curve to the file."""
    curves = read_curves() if CURVES.exists() else []
    known = {(curve.dataset, curve.images, curve.model, json.dumps(curve.settings)) for curve in curves}
    for name, images, side in DATASETS:
        data = _open(name, images, side, folders, data_dir)
        for model, settings in NETWORKS if data else ():
            plain = json.loads(json.dumps(settings))
            key = (name, len(data.train), model, json.dumps(plain))
            if key in known:
                continue
            try:
                rows = train(model, settings, data, recipe_of_search(model, data))
            except BadInput as error:
                print(f"{name}: {error}", flush=True)
                continue
            curve = {"dataset": name, "images": len(data.train), "model": model, "settings": plain}
            curve |= {key: [round(row[key], 4) for row in rows] for key in ("accuracy", "val_accuracy")}
            with open(CURVES, "a", encoding="utf-8") as file:
                file.write(json.dumps(curve) + "\n")
            print(name, len(data.train), model, settings, len(rows), rows[-1]["val_accuracy"], flush=True)


def _open(name, images, side, folders, data_dir):
    from keras_vision.data import DATASETS as NAMED
    from keras_vision.data import load_dataset

    if name not in NAMED:
        if (folder := folder_of(name, folders)) is None:
            print(f"{name}: not there", flush=True)
            return None
        return load_dataset(f"folder:{folder}", image_size=side, on_bad_image="skip")
    data = load_dataset(name, data_dir=None if name == "digits" else data_dir)
    return data if images is None else some_of(data, images, images // 4)


def folder_of(name, folders):
    """Returns the folder of images of this name, or None where it is not there."""
    folder = Path(folders or "") / name
    return folder if folders and folder.is_dir() else None


def some_of(data, training, validation):
    """Returns a `Dataset` with so many of its training and validation images, always the same ones."""
    order = np.random.default_rng(0)
    wanted = ((data.train, training), (data.validation, validation))
    some = [split.at(order.permutation(len(split))[:number]) for split, number in wanted]
    return dataclasses.replace(data, train=some[0], validation=some[1])


def train(model, settings, data, recipe, seed=0):
    """Trains a network to the end of its recipe; returns the rows of its metrics.jsonl.

    Args:
        model: A name in `MODELS`.
        settings: Builder keywords.
        data: A `Dataset`.
        recipe: A `Recipe`.
        seed: Of the weights, and of the order of the images.
    """
    import keras

    from keras_vision.models import build_model
    from keras_vision.runs import Run
    from keras_vision.training.memory import forget_models
    from keras_vision.training.trainer import fit

    forget_models()
    keras.utils.set_random_seed(seed)
    network = build_model(model, data.shape, len(data.class_names), **settings)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(folder)
        fit(network, data, recipe, run, seed=seed, keep="last")
        return run.history


def recipe_of_search(model, data, **changes):
    """Returns the `Recipe` by which a search trains, whatever its network costs; `changes` as of `recipe_for`."""
    from keras_vision.data.mirror import look_at_mirror_images
    from keras_vision.training.recipe import SEARCHING, Task, recipe_for

    task = Task(len(data.train), min(data.shape[:2]), look_at_mirror_images(data.train).allowed, length=SEARCHING)
    return recipe_for(model, task, **changes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("record", "fit"))
    parser.add_argument("--folders", help="the directory of the folders of images")
    parser.add_argument("--data-dir", help="a TFDS directory with Fashion-MNIST and CIFAR-10")
    options = parser.parse_args()
    if options.what == "record":
        import_keras()
        record(options.folders, options.data_dir)
        return 0
    curves = read_curves()
    table, wrong = fit_table(curves), wrong_endings(curves)
    print(f"LEAST_LEFT = {table}")
    print(f"{len(wrong)} wrong endings in {len(curves)} trainings, by the table of the other data sets:")
    for curve in wrong:
        print(f"  {curve.dataset} ({curve.images} images), {curve.model} {curve.settings}")
    print(f"a training that misses its goal by 3 points takes {spent(curves, table):.0%} of its epochs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
