"""How long the main command takes, and what it finds, against an earlier version of this package.

    python tools/bench_versions.py REVISION [--seeds 0 1] [--tune="--model vgg --target-acc 0.9"]

Each search is a command of its own, timed from its start to its end, imports included. The two versions take turns,
seed after seed. Searches that are done are not repeated. Writes docs/results/versions.md.
"""

import argparse
import io
import shlex
import subprocess
import sys
import tarfile
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

from keras_vision.runs import Run
from keras_vision.studies.table import markdown

RESULTS = ROOT / "docs" / "results" / "versions.md"
HOUR = 3600
EXIT_CODES = (0, 3)  # of `tune`: reached, and not reached
METHOD = """`python -m keras_vision.tune {tune} --seed SEED`, from the start of the command to its end, imports,
trials and confirmations included, by version {revision} and by this one, in turns. "Parameters" and "validation" are
those of the network that was found, "test" is its accuracy on the test images, where they were opened. "Reached" is
what that version says."""
COLUMNS = ("seed", "version", "seconds", "ratio", "reached", "trials", "parameters", "validation", "test")


def unpacked(revision, folder):
    """Returns the folder that holds the files of a revision; takes them from git where they are not there yet."""
    tree = folder / revision
    if not tree.exists():
        archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(tree, filter="data")
    return tree


def measure(options, tree, name, seed):
    """Times a search by the package in the folder `tree`; from disk where it is known.

    Returns:
        (seconds, the result as a dict).
    """
    folder = options.workdir.resolve()
    record, run = folder / f"{name}-{seed}.json", Run(folder / f"{name}-{seed}")
    known = read_record(record)
    if known is None:
        # -P: the folder that this runs in holds the package, too, and must not come first.
        command = ["env", f"PYTHONPATH={tree.resolve()}", sys.executable, "-P", "-m", "keras_vision.tune"]
        command += [*shlex.split(options.tune), "--seed", str(seed), "--workdir", str(run.path)]
        watched = follow(command, cap=10 * HOUR, log=record.with_suffix(".log"), may_return=EXIT_CODES)
        write_record(record, watched)
        known = {}, watched
    return known[1].seconds, run.result


def row_of(seed, name, seconds, result, ratio):
    """Returns the cells of one search."""
    test = (result.get("test") or {}).get("accuracy")
    reached = result.get("reached", result["stopped"] == "target")  # version 0.1 stopped there, and had no such word
    return [
        *(seed, name, f"{seconds:,.0f}", ratio, "yes" if reached else "no", result["trials"]),
        *(f"{result['parameters']:,}", f"{result['val_accuracy']:.4f}", "" if test is None else f"{test:.4f}"),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("revision")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--tune", default="--model vgg --target-acc 0.9")
    parser.add_argument("--workdir", type=Path, default=Path("runs/bench_versions"))
    options = parser.parse_args()
    end_programs_too()
    earlier, rows, ratios = unpacked(options.revision, options.workdir), [], []
    for seed in options.seeds:
        before, its = measure(options, earlier, options.revision, seed)
        now, ours = measure(options, ROOT, "this", seed)
        ratios.append(now / before)
        rows.append(row_of(seed, options.revision, before, its, ""))
        rows.append(row_of(seed, "this", now, ours, f"{now / before:.2f}"))
    ratio = spread([Amount(one) for one in ratios], "{:.2f}")
    text = f"{METHOD.format(**vars(options))}\n\n{machine_line()}\n\n{markdown(COLUMNS, rows)}\n\n"
    text += f"This version takes {ratio} of the time."
    write_between(RESULTS, "Versions", text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
