"""Whether `--precision auto` is as fast as the best precision that a person could have named, in one run.

    python tools/bench_auto.py [--networks NAME ...] [--rounds 5] [--seconds 0.4] [--total 75]

Ten networks from 500 to 11 million parameters are trained in each precision that this machine has, and in what `auto`
chooses by timing, which is found out anew. Each configuration runs in a process of its own, as in `bench.py`; they are
timed in turns, in another order each time. Writes docs/results/auto.md.
"""

import argparse
import random
import shlex
import statistics
import sys
import time
from pathlib import Path

from bench import BATCH, STEPS, Worker, ratio
from bench_common import ROOT, Amount, end_programs_too, machine_line, spread, write_between

from keras_vision.errors import check_name
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

RESULTS = ROOT / "docs" / "results" / "auto.md"
AUTO = "auto"
SMALL, COLOUR = (28, 28, 1), (32, 32, 3)


def narrow_vgg(*filters):
    """Returns the settings of a VGG as the main command tries them: one convolution in each stage."""
    return {"filters": filters, "blocks": (1,) * len(filters), "whitening": True}


# name: (family, input shape, settings)
NETWORKS = {
    "vgg 2-4-8": ("vgg", SMALL, narrow_vgg(2, 4, 8)),
    "vgg 4-8-16": ("vgg", SMALL, narrow_vgg(4, 8, 16)),
    "vgg 8-16-32": ("vgg", SMALL, narrow_vgg(8, 16, 32)),
    "vgg 16-32-64": ("vgg", SMALL, narrow_vgg(16, 32, 64)),
    "lstm": ("lstm", SMALL, {}),
    "cnn": ("cnn", COLOUR, {}),
    "mlp": ("mlp", SMALL, {}),
    "vgg": ("vgg", COLOUR, {}),
    "mlp_mixer": ("mlp_mixer", COLOUR, {}),
    "resnet18": ("resnet18", COLOUR, {}),
}
METHOD = f"""Training steps of {BATCH} images, AdamW, images/s: medians over rounds (lowest to highest). The ratio is
the median of the ratios of `auto` to the fixed precision with the highest median, round by round. "Timing" is how long
the choice took, and its share of a training of {STEPS:,} steps in what was chosen."""


def measure(name, precisions, rounds, seconds, total):
    """Returns (the facts of `auto`, dict: precision -> images/s of each round).

    Args:
        name: In `NETWORKS`.
        precisions: Names of those to compare with.
        rounds: The fewest.
        seconds: Of one timing.
        total: Seconds for which rounds go on.
    """
    family, shape, settings = NETWORKS[name]
    workers, order = {}, random.Random(0)
    try:
        for precision in (AUTO, *precisions):
            options = {"family": family, "input_shape": shape, "precision": precision, "settings": settings}
            workers[precision] = Worker("ours", options)
            workers[precision].speed("training", seconds=0.1)  # compiles
        speeds = {precision: [] for precision in workers}
        start = time.monotonic()
        while len(speeds[AUTO]) < rounds or time.monotonic() < start + total:
            for precision in order.sample(list(workers), len(workers)):
                speeds[precision].append(BATCH * workers[precision].speed("training", seconds))
        return workers[AUTO].facts, speeds
    finally:
        for worker in workers.values():
            worker.close()


def row(name, facts, speeds):
    """Returns a network's row of the table, and the median ratio of `auto` to the best fixed precision."""
    fixed = {precision: rates for precision, rates in speeds.items() if precision != AUTO}
    best = max(fixed, key=lambda precision: statistics.median(fixed[precision]))
    choice, own = facts["choice"], statistics.median(speeds[AUTO])
    share = choice["seconds"] * own / (STEPS * BATCH)
    gradients = f", own gradients: {len(choice['gradients'])}" if choice["gradients"] else ""
    cells = [name, f"{facts['parameters']:,}", *(spread(map(Amount, rates)) for rates in speeds.values())]
    cells += [f"{choice['precision']}{gradients}", f"{choice['seconds']:.1f} s ({share:.1%})"]
    median = statistics.median(mine / other for mine, other in zip(speeds[AUTO], fixed[best], strict=True))
    return [*cells, f"{best}: {ratio(speeds[AUTO], fixed[best])}"], median


def main(arguments=None):
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), metavar="NAME", help=", ".join(NETWORKS))
    parser.add_argument("--rounds", type=int, default=5, help="the fewest, of each network")
    parser.add_argument("--seconds", type=float, default=0.4, help="of each timing")
    parser.add_argument("--total", type=float, default=75.0, help="seconds for which the rounds of a network go on")
    parser.add_argument("--out", default=RESULTS, type=Path)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    for name in options.networks:
        check_name("network", name, NETWORKS)
    end_programs_too()
    import_keras()
    from keras_vision.training.precision import candidates

    precisions, rows, ratios = candidates(AUTO), [], []
    columns = ["network", "parameters", AUTO, *precisions, "chosen", "timing", "against the best"]
    for name in options.networks:
        cells, median = row(name, *measure(name, precisions, options.rounds, options.seconds, options.total))
        rows.append(cells)
        ratios.append(median)
        print(" | ".join(cells), flush=True)
        command = shlex.join(["python", "tools/bench_auto.py", *arguments])
        worst = f"At worst, `auto` was at {min(ratios):.2f} of the best fixed precision ({len(rows)} networks)."
        parts = [f"Command: `{command}`. {machine_line()}", METHOD, markdown(columns, rows), worst]
        write_between(options.out, "Precision chosen by timing", "\n\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
