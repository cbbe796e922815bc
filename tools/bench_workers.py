"""How many more trials an hour a search finishes when several run side by side: `tune --workers 2` against one.

    python tools/bench_workers.py [--workers 2] [--trials 16] [--turns 3] [--dataset fashion_mnist]

Each search is a command of its own, timed from its start to its end, imports included: a random search over networks
of at most `--max-params` parameters. The commands take turns, seed after seed; both get the same networks of a seed.
Searches that are done are not repeated. Writes docs/results/workers.md.
"""

import argparse
import statistics
import sys
from pathlib import Path

from bench_common import (
    ROOT,
    Amount,
    end_programs_too,
    follow,
    machine_line,
    read_record,
    spread,
    write_between,
    write_record,
)

from keras_vision.studies.table import markdown

RESULTS = ROOT / "docs" / "results" / "workers.md"
HOUR = 3600
METHOD = """A random search for {model} on {dataset} with {trials} trials of at most {max_params:,} parameters:
finished trials an hour, from the start of the command to its end, median over {turns} seeds (lowest to highest). The
searches take turns; both get the same networks of a seed. One worker may use all cores, several share them."""


def measure(options, workers, seed):
    """Returns how many trials an hour a search finishes; from disk where it is known."""
    name = f"{options.dataset}-{options.model}-{options.trials}-{workers}-{seed}"
    record = options.workdir / f"{name}.json"
    if (known := read_record(record)) is None:
        words = {"model": options.model, "dataset": options.dataset, "strategy": "random", "seed": seed}
        words |= {"max-trials": options.trials, "max-params": options.max_params, "workers": workers}
        words |= {"workdir": options.workdir / name}
        command = [sys.executable, "-m", "keras_vision.tune"]
        command += [word for option, value in words.items() for word in (f"--{option}", str(value))]
        known = {}, follow(command, cap=10 * HOUR, log=record.with_suffix(".log"))
        write_record(record, known[1])
    return options.trials / known[1].seconds * HOUR


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--model", default="vgg")
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--max-params", type=int, default=25_000)
    parser.add_argument("--workdir", type=Path, default=Path("runs/bench_workers"))
    options = parser.parse_args()
    end_programs_too()
    rates = {workers: [] for workers in (1, options.workers)}
    for seed in range(options.turns):
        for workers, found in rates.items():
            found.append(measure(options, workers, seed))
    ratios = [many / one for one, many in zip(*rates.values(), strict=True)]
    rows = [[workers, spread(list(map(Amount, found)))] for workers, found in rates.items()]
    table = markdown(["workers", "trials an hour"], rows)
    ratio = f"{options.workers} workers finish {statistics.median(ratios):.2f} times as many as one"
    each = ", ".join(f"{value:.2f}" for value in ratios)
    text = f"{METHOD.format(**vars(options))}\n\n{machine_line()}\n\n{table}\n\n{ratio} ({each})."
    write_between(RESULTS, "Searches with several workers", text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
