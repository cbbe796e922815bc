"""Fills the zoo with the networks of a finished study `front`: a small model file and a card for each.

    python -m keras_vision.study front --scale full
    python tools/fill_zoo.py runs/study-front-full

Of each case on Fashion-MNIST the model of seed 0 is taken, whatever it came to: to take the best of several seeds would
be to choose by the test images. What the other seeds came to stands in the card. Networks of the same data set that are
no longer in the study are removed.
"""

import argparse
import json
import statistics
import sys
import zipfile
from pathlib import Path

from bench_common import ROOT

from keras_vision.errors import BadInput
from keras_vision.formats.hub import public
from keras_vision.runs import Run, atomic_path, model_file, read_card, read_json, write_json
from keras_vision.runs.archive import CARD
from keras_vision.studies.report import train_command
from keras_vision.training.presets import FASHION

ZOO = ROOT / "keras_vision" / "zoo"
SEED = 0
MEASURED = ("parameters", "trainable_parameters", "macs", "test_accuracy")


def fill(workdir, folder, dataset=FASHION):
    """Writes the networks of one data set that a study trained; returns their cards, from small to large.

    Args:
        workdir: The directory of a study whose networks opened the test split, with the models of its runs.
        folder: Where they are written.
        dataset: The name of the data set.

    Raises:
        BadInput: The study has no such network, or the model of one is gone.
    """
    measured = [(path.parent, read_json(path)) for path in sorted(Path(workdir).glob("runs/*/measured.json"))]
    trained = [(Run(path), row) for path, row in measured if "test_accuracy" in row]
    trained = [(run, row) for run, row in trained if run.config["settings"]["dataset"] == dataset]
    first = [(run, row) for run, row in trained if row["seed"] == SEED]
    if not first:
        raise BadInput(f"{workdir} holds no network for {dataset} that was trained with seed {SEED} and tested.")
    files = [model_file(run.path) for run, _ in first]  # before what was there is removed
    for path in [*folder.glob(f"{dataset}-*.keras"), *folder.glob(f"{dataset}-*.json")]:
        path.unlink()
    cards = []
    for file, (run, row) in zip(files, first, strict=True):
        cards.append(card_of(run, row, [other for _, other in trained if other["case"] == row["case"]]))
        path = folder / f"{dataset}-{row['parameters']}"
        write_small(file, path.with_suffix(".keras"))
        write_json(path.with_suffix(".json"), cards[-1])
    return sorted(cards, key=lambda card: card["parameters"])


def card_of(run, row, seeds):
    """Returns the card of one network.

    Args:
        run: Its `Run`.
        row: What was measured of it.
        seeds: The same of all seeds that its case was trained with.
    """
    config = run.config
    settings = config["settings"]
    accuracies = {one["seed"]: one["test_accuracy"] for one in seeds}
    return {
        **{name: settings[name] for name in ("dataset", "model", "settings")},
        **{name: row[name] for name in MEASURED},
        "test_interval": [row["test_low"], row["test_high"]],
        "test_images": row["test_n"],
        "mean_test_accuracy": statistics.fmean(accuracies.values()),
        "test_accuracy_by_seed": accuracies,
        "seed": row["seed"],
        "command": train_command(settings),
        **{name: config[name] for name in ("precision", "machine", "versions", "started")},
    }


def write_small(source, path):
    """Writes a model file anew, compressed: the weights of a small network are mostly the padding of their container.

    What the card inside says of where the images lay, and which of them were trained on, is left out.
    """
    card = {name: value for name, value in public(read_card(source)).items() if name != "training_images"}
    with (
        zipfile.ZipFile(source) as before,
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as after,
    ):
        for name in before.namelist():
            if name != CARD:
                after.writestr(name, before.read(name))
        after.writestr(CARD, json.dumps(card, allow_nan=False))


def main(arguments=None):
    """Runs the command line; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("workdir", type=Path, help="the directory of the study")
    parser.add_argument("--dataset", default=FASHION)
    parser.add_argument("--out", type=Path, default=ZOO)
    options = parser.parse_args(arguments)
    try:
        cards = fill(options.workdir, options.out, options.dataset)
    except BadInput as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for card in cards:
        size = (options.out / f"{card['dataset']}-{card['parameters']}.keras").stat().st_size
        print(f"{card['parameters']:>8,} parameters  {card['test_accuracy']:.4f}  {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
