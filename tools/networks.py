"""Records trainings of small networks, on which searches are replayed without training.

    python tools/networks.py --dataset fashion_mnist --data-dir DIR [--shard 0/2] [--seconds N]
    python tools/networks.py --dataset gtsrb --folders DIR [--shard 0/2] [--seconds N]

Adds a line for each training to docs/results/networks.jsonl. What is there is not trained again, so that the same
command goes on after SIGTERM, or after `--seconds`. Two processes may work side by side, on the first and the second
of two shards: each trains on one thread, as a search's workers do. For replays, see `replay.py`.

The networks are what a growing search can come to by its steps, as far as they are small: a `Table` says how small.
They are trained in an order drawn once, each with all seeds before the next.
"""

import argparse
import dataclasses
import hashlib
import json
import math
import os
import sys
import time
from pathlib import Path

from bench_common import ROOT, end_programs_too
from curves import folder_of, recipe_of_search, some_of, train

from keras_vision.errors import BadInput
from keras_vision.search.executors.process_environment import environment
from keras_vision.system.keras_import import import_keras

TRAININGS = ROOT / "docs" / "results" / "networks.jsonl"
MODEL = "vgg"
# What networks have whose record says nothing of it.
COMMON = {"whitening": True, "early_pooling": True, "convolution": "full"}
DEFAULTS = {"whitening": False, "early_pooling": False}  # the builder's own, where they are others
KINDS = ("full", "separable")
SEEDS = (0, 1)
# Trainings that ended early would leave epochs of which nothing is known.
TO_THE_END = {"patience": 0.0}


@dataclasses.dataclass(frozen=True)
class Table:
    """Which networks are trained, and on what.

    Args:
        most_convs: Convolutions in all their blocks together, at most.
        images: (training, validation) images; None for all.
        side: Of an image, in pixels; None for its own.
        validation_share: Of the training images, which becomes validation images.
        epochs: Of each training; None for as many as a search's have.
        most_blocks, most_in_a_block, parameters: Blocks at most, convolutions in each at most, and the fewest and the
            most parameters.
        most_macs: Multiplications for an image at most: how long a training takes depends on them.
    """

    most_convs: int
    images: tuple | None = None
    side: int | None = None
    validation_share: float = 0.1
    epochs: int | None = None
    most_blocks: int = 3
    most_in_a_block: int = 3
    parameters: tuple = (500, 30_000)
    most_macs: float = math.inf

    def has(self, settings):
        """Returns whether a network is of the table, as far as its settings tell."""
        blocks = settings["blocks"]
        return (
            compact(settings).keys() <= {"filters", "blocks", "convolution"}
            and settings.get("convolution", "full") in KINDS
            and len(blocks) <= self.most_blocks
            and max(blocks) <= self.most_in_a_block
            and sum(blocks) <= self.most_convs
        )

    def is_of_its_size(self, counts):
        """Returns whether a network of these `ModelCounts` is of the table."""
        least, most = self.parameters
        return least <= counts.parameters <= most and counts.macs <= self.most_macs


# data set -> its table. Small parts of Fashion-MNIST, so that a training takes a quarter of a minute on one thread; of
# the few images of gtsrb more for validation than usual, so that networks can be told apart.
TABLES = {
    "fashion_mnist": Table(4, images=(12_000, 4_000), epochs=8, parameters=(1_000, 30_000), most_macs=2.4e6),
    "gtsrb": Table(3, side=32, epochs=16, validation_share=0.3),
}


@dataclasses.dataclass(frozen=True)
class Training:
    """A complete training.

    Args:
        dataset, images: Its data set, and how many images it was trained on.
        settings: Its network, as `compact` has it.
        seed: Of its weights and of the order of its images.
        accuracy, val_accuracy: After each epoch, on training and on validation images.
        parameters, macs: Of the network.
        seconds: Of computing, by all threads, from building the network to the end: the same on a machine that is busy.
    """

    dataset: str
    images: int
    settings: dict
    seed: int
    accuracy: list
    val_accuracy: list
    parameters: int
    macs: int
    seconds: float

    @property
    def key(self):
        """What no other training has: (data set, the network, seed)."""
        return self.dataset, network_key(self.settings), self.seed


def read_trainings(path=TRAININGS):
    """Returns the recorded trainings, a list of `Training`."""
    path = Path(path)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Training(**json.loads(line)) for line in lines]


def add_training(training, path=TRAININGS):
    """Adds a line to a file to which other processes may add lines at the same time."""
    line = (json.dumps(dataclasses.asdict(training), separators=(",", ":")) + "\n").encode()
    with open(path, "ab", buffering=0) as file:  # the system puts what is written at once behind what is there
        if file.write(line) < len(line):
            raise OSError(f"The disk of {path} is full; its last line is incomplete. Remove that line.")


# ---- which networks ----


def network_key(settings):
    """Returns the same text for equal settings, recorded or not."""
    return json.dumps(settings, sort_keys=True)


def compact(settings):
    """Returns builder keywords as they are recorded: without what goes without saying.

    Example:

    >>> compact({"filters": (8, 16), "blocks": (1, 1), "whitening": True, "early_pooling": True})
    {'filters': (8, 16), 'blocks': (1, 1)}
    """
    usual = DEFAULTS | settings
    return {name: value for name, value in usual.items() if COMMON.get(name) != value}


def within_steps(ladder, table):
    """Returns the builder keywords of all networks of a `Table` to which steps lead from a `Ladder`'s rungs."""
    found, waiting = {}, list(ladder.rungs)
    while waiting:
        settings = waiting.pop()
        if table.has(settings) and network_key(settings) not in found:
            found[network_key(settings)] = settings
            waiting += ladder.neighbours(settings)
    return list(found.values())


def in_order(networks):
    """Returns networks in an order that is as good as drawn, and is the same whatever others there are."""
    return sorted(networks, key=lambda settings: hashlib.sha256(network_key(compact(settings)).encode()).hexdigest())


# ---- recording ----


def missing(dataset, ladder, counts_of, known, shard=(0, 1)):
    """Returns (builder keywords, seed) of the trainings that a process is to make, in their order.

    Args:
        dataset: A name in `TABLES`.
        ladder: A `Ladder`, from which the networks are reached.
        counts_of: Function from builder keywords to `ModelCounts`, or to None where they cannot be built.
        known: The `Training`s that are there.
        shard: (which, of how many) processes that share the work; from 0.
    """
    table, done = TABLES[dataset], {training.key for training in known}
    counted = ((settings, counts_of(settings)) for settings in in_order(within_steps(ladder, table)))
    kept = [settings for settings, counts in counted if counts and table.is_of_its_size(counts)]
    trainings = [(settings, seed) for settings in kept for seed in SEEDS]
    own = trainings[shard[0] :: shard[1]]
    return [(settings, seed) for settings, seed in own if (dataset, network_key(compact(settings)), seed) not in done]


def record(dataset, folders, data_dir, shard, seconds, path=TRAININGS):
    """Makes the trainings that are missing, and adds each to the file; none begins after so many seconds."""
    from keras_vision.search.ladder import Ladder
    from keras_vision.search.networks import Networks
    from keras_vision.search.plan import Limits
    from keras_vision.training.precision import computing_in

    end, table = time.monotonic() + seconds, TABLES[dataset]
    data = open_images(dataset, table, folders, data_dir)
    recipe = recipe_of_search(MODEL, data, epochs=table.epochs, **TO_THE_END)
    networks = Networks(MODEL, data, Limits(), print)
    left = missing(dataset, Ladder(MODEL, recipe), networks.counts_of, read_trainings(path), shard)
    print(f"{len(left)} trainings left, of {recipe.epochs} epochs on {len(data.train)} images", flush=True)
    for number, (settings, seed) in enumerate(left, start=1):
        if time.monotonic() > end:
            return
        begin = time.process_time()
        with computing_in("float32"):  # the fastest for nearly all of them, and the same everywhere
            rows = train(MODEL, settings, data, recipe, seed)
        counts = networks.counts_of(settings)
        curves = {name: [round(row[name], 4) for row in rows] for name in ("accuracy", "val_accuracy")}
        took = round(time.process_time() - begin, 2)
        sizes = {"parameters": counts.parameters, "macs": counts.macs}
        training = Training(dataset, len(data.train), compact(settings), seed, **curves, **sizes, seconds=took)
        add_training(training, path)
        print(number, compact(settings), seed, counts.parameters, rows[-1]["val_accuracy"], f"{took} s", flush=True)


def open_images(dataset, table, folders, data_dir):
    """Returns the `Dataset` on which the networks of a `Table` are trained."""
    from keras_vision.data import DATASETS, load_dataset

    if dataset in DATASETS:
        data = load_dataset(dataset, data_dir=data_dir, validation_share=table.validation_share)
    elif (folder := folder_of(dataset, folders)) is None:
        raise BadInput(f"There is no folder {dataset}. Name the directory that it lies in by --folders.")
    else:
        reading = {"image_size": table.side, "on_bad_image": "skip", "validation_share": table.validation_share}
        data = load_dataset(f"folder:{folder}", **reading)
    return some_of(data, *table.images) if table.images else data


def _shard(text):
    which, _, of = text.partition("/")
    if not (which.isdigit() and of.isdigit() and int(which) < int(of)):
        raise argparse.ArgumentTypeError(f"a shard is which of how many, from 0, such as 0/2, and not {text}")
    return int(which), int(of)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--dataset", choices=TABLES, required=True, help="whose table is to be recorded")
    parser.add_argument("--folders", help="the directory of the folders of images")
    parser.add_argument("--data-dir", help="a TFDS directory with Fashion-MNIST")
    parser.add_argument("--shard", type=_shard, default=(0, 1), help="which part, of how many: 0/2 and 1/2 make all")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no training after so long")
    options = parser.parse_args()
    end_programs_too()
    os.environ |= environment(1)
    import_keras()
    try:
        record(options.dataset, options.folders, options.data_dir, options.shard, options.seconds)
    except BadInput as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
