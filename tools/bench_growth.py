"""How time and memory grow with images, their sides, classes and trials: no faster than the work, or it is shown.

    python tools/bench_growth.py [--axes images ...]

Every row is a process of its own: it reads a data set that is made here, trains a small network on it by `train` for
two epochs, pictures and pages included, or searches by `tune`. Writes docs/results/growth.md.
"""

import argparse
import dataclasses
import itertools
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench_common import ROOT, machine_line, write_between

from keras_vision.errors import check_name
from keras_vision.reporting.progress import Progress
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

RESULTS = ROOT / "docs" / "results" / "growth.md"
MODEL, SETTINGS = "cnn", {"filters": (8, 16), "head": "gap"}
EPOCHS = 2
MB = 2**20
METHOD = f"""Images of random pixels, {{usual}} unless the row says otherwise, in an .npz file or in a folder of PNG
files. "Reading" opens the data set, in a process that has done all this once before with the amount of the first row;
"training" is the whole of `train` for {EPOCHS} epochs of a CNN of 8 and 16 filters, from reading to the run's page;
"trials" is the whole of a random search among MLPs on the digits, one epoch each. Memory is the most that the process
had resident meanwhile, less what it had before; "at most" is all of it. "Growth" divides how much more time a row takes
than the one above it by how much more work it is: bytes to read, FLOPs to train, trials. It is below 1 where a fixed
cost is shared by more work, and stays near 1 where time grows as the work does. "Of the images" is memory beyond that
of the first row, for the bytes of images beyond its."""


@dataclasses.dataclass(frozen=True)
class Amounts:
    """How much of everything: a data set that is made.

    Args:
        images: Training images.
        side: Of each, in pixels; they have three channels.
        classes: How many.
        kind: "npz" or "folder".
    """

    images: int = 20_000
    side: int = 32
    classes: int = 10
    kind: str = "npz"

    @property
    def bytes(self):
        """Of all images as they lie in memory."""
        return self.images * self.side**2 * 3


@dataclasses.dataclass(frozen=True)
class Axis:
    """What grows.

    Args:
        values: Its amounts, from small to large.
        job: Function from one of them to what its process returns, a dict of numbers.
        of: Function from one of them to `Amounts`; None where nothing is made.
    """

    values: tuple
    job: Callable
    of: Callable | None = None


# ---- what a process does ----


def train_on(amounts):
    """Reads what was made, trains on it, and returns seconds and memory of both, and the work that they were."""
    import keras_vision as kv
    from keras_vision.analysis.counts import count_unbuilt
    from keras_vision.data.source import DataSource
    from keras_vision.models import build_model

    with tempfile.TemporaryDirectory() as folder:
        spec = make_images(amounts, Path(folder))
        read = measured(lambda: DataSource(spec).open())
        shape = (amounts.side, amounts.side, 3)
        counts = count_unbuilt(lambda: build_model(MODEL, shape, amounts.classes, **SETTINGS))
        asked = {"dataset": spec, "settings": SETTINGS, "epochs": EPOCHS, "workdir": f"{folder}/run"}
        trained = measured(lambda: kv.train(MODEL, progress=Progress(), **asked))
    return {
        "bytes": amounts.bytes,
        "flops": counts.training_flops * amounts.images * EPOCHS,
        **{f"read_{key}": value for key, value in read.items()},
        **{f"train_{key}": value for key, value in trained.items()},
    }


def search(trials):
    """Searches for so many trials, and returns seconds and memory."""
    import keras_vision as kv

    with tempfile.TemporaryDirectory() as folder:
        asked = {"dataset": "digits", "strategy": "random", "max_trials": trials, "epochs": 1}
        return measured(lambda: kv.tune("mlp", workdir=f"{folder}/search", progress=Progress(), **asked))


def make_images(amounts, folder):
    """Makes a data set of random images, and returns what `--dataset` calls it."""
    rng = np.random.default_rng(0)
    labels = np.arange(amounts.images) % amounts.classes
    shape = (amounts.side, amounts.side, 3)
    if amounts.kind == "npz":
        images = rng.integers(0, 256, (amounts.images, *shape), "uint8")
        np.savez(folder / "images.npz", x_train=images, y_train=labels)
        return f"npz:{folder / 'images.npz'}"
    from PIL import Image

    for label in range(amounts.classes):
        (folder / "images" / f"class_{label:04d}").mkdir(parents=True)
    for number, label in enumerate(labels):
        pixels = Image.fromarray(rng.integers(0, 256, shape, "uint8"))
        pixels.save(folder / "images" / f"class_{label:04d}" / f"{number}.png")
    return f"folder:{folder / 'images'}"


def measured(job):
    """Returns seconds of a job and the bytes by which the resident memory of this process grew at most meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark of resident memory is now what there is
    before, start = resident("VmRSS"), time.perf_counter()
    kept = job()
    seconds = time.perf_counter() - start
    most = resident("VmHWM")
    del kept
    return {"seconds": seconds, "memory": most - before, "most": most}


def resident(name):
    """Returns a line of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


AXES = {
    "images": Axis((1_000, 10_000, 50_000, 200_000), train_on, lambda n: Amounts(images=n)),
    "images in a folder": Axis((1_000, 10_000, 50_000), train_on, lambda n: Amounts(images=n, kind="folder")),
    "side": Axis((8, 16, 32, 64, 128), train_on, lambda side: Amounts(images=10_000, side=side)),
    "classes": Axis((2, 10, 100, 1_000), train_on, lambda n: Amounts(classes=n)),
    "trials": Axis((1, 10, 50, 200), search),
}


# ---- the page ----


def growth(seconds, work):
    """Returns, for each but the first, how much more time it took by how much more work it was.

    Example:

    >>> growth([1.0, 2.0, 8.0], [1, 2, 4])
    [1.0, 2.0]
    """
    pairs = list(zip(seconds, work, strict=True))
    return [(time / before) / (more / less) for (before, less), (time, more) in itertools.pairwise(pairs)]


def of_the_images(memory, images):
    """Returns, for each but the first, memory beyond the first's in bytes of images beyond the first's; None for none.

    Example:

    >>> of_the_images([100, 130, 130], [10, 30, 10])
    [1.5, None]
    """
    beyond = [(one - memory[0], size - images[0]) for one, size in zip(memory[1:], images[1:], strict=True)]
    return [more / size if size else None for more, size in beyond]


def table(name, values, rows):
    """Returns the table of one axis, as Markdown."""
    columns = {name: [f"{value:,}" for value in values]}
    if AXES[name].of:
        columns["MB of images"] = _megabytes(row["bytes"] for row in rows)
        columns |= _columns("reading: ", rows, "read_", "bytes") | _columns("training: ", rows, "train_", "flops")
    else:
        columns |= _columns(
            "", [row | {"trials": value} for value, row in zip(values, rows, strict=True)], "", "trials"
        )
    return markdown(columns, zip(*columns.values(), strict=True))


def _columns(title, rows, phase, work):
    """Returns the columns of one phase: heading -> cells."""
    seconds, memory, most = ([row[f"{phase}{key}"] for row in rows] for key in ("seconds", "memory", "most"))
    columns = {
        "seconds": [f"{one:.1f}" for one in seconds],
        "growth": _ratios(growth(seconds, [row[work] for row in rows])),
        "memory, MB": _megabytes(memory),
        "at most, MB": _megabytes(most),
    }
    if "bytes" in rows[0]:
        columns["of the images"] = _ratios(of_the_images(memory, [row["bytes"] for row in rows]))
    return {f"{title}{heading}": cells for heading, cells in columns.items()}


def _megabytes(amounts):
    return [f"{amount / MB:,.0f}" for amount in amounts]


def _ratios(numbers):
    return ["", *("" if number is None else f"{number:.2f}" for number in numbers)]


def numbers_of(name, value):
    """Returns what the process of one row gave, a dict of numbers."""
    words = [sys.executable, __file__, "--worker", name, str(value)]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout.splitlines()[-1])


def work(name, value):
    """Does one row in this process, everything imported and once used before, and prints what it gave."""
    import_keras()
    axis = AXES[name]
    axis.job(axis.of(axis.values[0]) if axis.of else axis.values[0])  # what TensorFlow takes for itself
    print(json.dumps(axis.job(axis.of(value) if axis.of else value)))


def main(arguments=None):
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--axes", nargs="+", default=list(AXES), metavar="AXIS", help=", ".join(AXES))
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    if options.worker:
        return work(options.worker[0], int(options.worker[1]))
    for name in options.axes:
        check_name("axis", name, AXES)
    made, tables = Amounts(), []
    usual = f"{made.images:,} of {made.side}x{made.side}x3 in {made.classes} classes"
    for name in options.axes:
        rows = []
        for value in AXES[name].values:
            rows.append(numbers_of(name, value))
            print(f"{name} {value:,}: {rows[-1]}", flush=True)
        tables.append(table(name, AXES[name].values, rows))
        command = shlex.join(["python", "tools/bench_growth.py", *arguments])
        text = "\n\n".join([f"Command: `{command}`. {machine_line()}", METHOD.format(usual=usual), *tables])
        write_between(options.out, "How time and memory grow", text)
    print(options.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
