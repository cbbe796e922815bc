"""How many more trials an hour a search finishes when several run side by side: `tune --workers 2` and `--ray local`.

    python tools/bench_workers.py [--workers 2] [--trials 16] [--turns 3] [--dataset fashion_mnist]

Each search is a command of its own, timed from its start to its end, imports included: a random search over networks
of at most `--max-params` parameters. The commands take turns, seed after seed; all get the same networks of a seed.
Searches that are done are not repeated. Writes docs/results/workers.md.
"""

import argparse
import dataclasses
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

from keras_vision.runs import read_json
from keras_vision.studies.table import markdown
from keras_vision.system.machine import cores

RESULTS = ROOT / "docs" / "results" / "workers.md"
HOUR = 3600
METHOD = """A random search for {model} on {dataset} with {trials} trials of at most {max_params:,} parameters: finished
trials an hour, from the start of the command to its end, median over seeds (lowest to highest), of which there were
{turns}. The searches take turns; all get the same networks of a seed. One worker may use all cores, several share them.
The overhead is the time of a worker for each trial in which it does not train: it starts, loads TensorFlow, builds and
compiles."""


@dataclasses.dataclass(frozen=True)
class Search:
    """A search that was timed.

    Attributes:
        rate: Finished trials an hour.
        overhead: Seconds for each trial in which a worker does not train.
    """

    rate: float
    overhead: float


def measure(options, words, workers, seed):
    """Times a search; from disk where it is known.

    Args:
        options: Those of the command line.
        words: Options of `tune` that say where trials run, a dict.
        workers: How many run at once.
        seed: The search's.

    Returns:
        A `Search`.
    """
    kind = "-".join(f"{option}-{value}" for option, value in words.items())
    name = f"{options.dataset}-{options.model}-{options.trials}-{kind}-{seed}"
    record, workdir = options.workdir / f"{name}.json", options.workdir / name
    if (known := read_record(record)) is None:
        words = words | {"model": options.model, "dataset": options.dataset, "strategy": "random", "seed": seed}
        words |= {"max-trials": options.trials, "max-params": options.max_params, "workdir": workdir}
        command = [sys.executable, "-m", "keras_vision.tune"]
        command += [word for option, value in words.items() for word in (f"--{option}", str(value))]
        watched = follow(command, cap=10 * HOUR, log=record.with_suffix(".log"))
        trained = sum(read_json(path)["seconds"] for path in workdir.glob("trials/*/result.json"))
        known = {"trained": trained}, watched
        write_record(record, watched, **known[0])
    facts, watched = known
    overhead = (watched.seconds * workers - facts["trained"]) / options.trials
    return Search(options.trials / watched.seconds * HOUR, overhead)


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
    kinds = {
        "one worker": ({"workers": 1}, 1),
        f"--workers {options.workers}": ({"workers": options.workers}, options.workers),
        "--ray local": ({"ray": "local"}, cores()),
    }
    found = {kind: [] for kind in kinds}
    for seed in range(options.turns):
        for kind, (words, workers) in kinds.items():
            found[kind].append(measure(options, words, workers, seed))
    one = [search.rate for search in found["one worker"]]
    rows = [[kind, *_cells(searches, one)] for kind, searches in found.items()]
    table = markdown(["trials run", "trials an hour", "times one worker", "overhead, s a trial"], rows)
    text = f"{METHOD.format(**vars(options))}\n\n{machine_line()}\n\n{table}"
    write_between(RESULTS, "Searches with several workers", text)
    print(text)
    return 0


def _cells(searches, one):
    rates = [search.rate for search in searches]
    columns = (rates, "{:,.0f}"), ([rate / single for rate, single in zip(rates, one, strict=True)], "{:.2f}")
    columns += (([search.overhead for search in searches], "{:.1f}"),)
    return [spread([Amount(value) for value in values], form) for values, form in columns]


if __name__ == "__main__":
    sys.exit(main())
