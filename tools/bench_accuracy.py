"""How soon how accurate: time and arithmetic to stated accuracies, of our recipes and of others'.

    python tools/bench_accuracy.py --dataset cifar10 --targets 0.8 0.9 --seeds 0 1 2 --max-minutes 30

Each run is a command of its own, timed from its start, imports included, until the end of the epoch that reaches the
target on validation images; the same images for all. The commands take turns: seed after seed, each recipe once. Runs
that are done are not repeated, so this command can be interrupted and given again; after a change of code, data or
machine give another --workdir. Writes docs/results/accuracy_DATASET.md.
"""

import argparse
import dataclasses
import shlex
import shutil
import sys
from pathlib import Path

from bench_common import (
    ROOT,
    end_programs_too,
    follow,
    is_short,
    machine_line,
    reaching,
    read_record,
    run_pflop,
    spread,
    write_between,
    write_record,
)
from peers_recipes import RECIPES

from keras_vision.data import load_dataset
from keras_vision.errors import check_name
from keras_vision.models import MODELS
from keras_vision.runs import Run
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

RESULTS = ROOT / "docs" / "results"
METHOD = """Seconds from the start of the command, imports included, and 10^15 floating-point operations of training
until an epoch reached the target on the validation images: median over seeds (lowest to highest); ">" where runs ended,
or were stopped after {minutes:g} minutes, before they reached it. Each run ends at the highest target. The test images
were opened once, at the end of a run that was not stopped: by keras_vision only where it reached the highest target,
with its best epoch by validation images, by the others with their last."""
TRAINED = (0, 3)  # exit codes of `train`: done, and done below the target


def peers_for(dataset):
    """Returns the names of others' recipes that are meant for a data set."""
    return [name for name, recipe in RECIPES.items() if dataset in recipe.datasets]


def command(entrant, dataset, data_dir, target, seed, workdir):
    """Returns the words that train an entrant until it reaches the target."""
    words = ["--dataset", dataset, "--target-acc", f"{target:g}", "--seed", str(seed)]
    words += ["--data-dir", str(Path(data_dir).resolve())] if data_dir else []
    if entrant in RECIPES:
        return [sys.executable, "tools/peers_keras.py", entrant, *words]
    return [sys.executable, "-m", "keras_vision.train", "--model", entrant, *words, "--workdir", str(workdir)]


def run_once(entrant, target, seed, options, data):
    """Trains an entrant once, writes its record and returns it; returns that of an earlier start where there is one."""
    folder = options.workdir / options.dataset
    path = folder / f"{entrant}-{seed}.json"
    cap = 60 * options.max_minutes
    record = read_record(path)
    if record and record[0]["target"] >= target and not is_short(record[1], cap):
        return record[1]
    workdir = (folder / f"{entrant}-{seed}").resolve()
    shutil.rmtree(workdir, ignore_errors=True)  # of a start that was interrupted: its time is not known
    print(f"{entrant}, seed {seed}", flush=True)
    words = command(entrant, options.dataset, options.data_dir, target, seed, workdir)
    watched = follow(words, cap=cap, log=path.with_suffix(".log"), may_return=TRAINED)
    if entrant not in RECIPES:
        watched = with_pflop(watched, run_pflop(Run(workdir), data, epochs=1))
    write_record(path, watched, entrant=entrant, dataset=options.dataset, target=target, seed=seed)
    print(f"  best {best(watched):.4f} in {watched.seconds:.0f} s", flush=True)
    return watched


def with_pflop(watched, of_one):
    """Returns what was watched, each epoch with the arithmetic so far: `of_one` times the epochs until then."""
    epochs = (dataclasses.replace(epoch, pflop=of_one * n) for n, epoch in enumerate(watched.epochs, start=1))
    return dataclasses.replace(watched, epochs=tuple(epochs))


def rows(watched, targets):
    """Returns a row for each entrant.

    Args:
        watched: entrant -> list of `Watched`, one for each seed.
        targets: Validation accuracies.
    """
    for entrant, runs in watched.items():
        cells = [entrant, RECIPES[entrant].source if entrant in RECIPES else "keras_vision", len(runs)]
        for target in targets:
            seconds, pflops = zip(*(reaching(run, target) for run in runs), strict=True)
            cells += [spread(seconds), spread(pflops, "{:.3f}")]
        tests = [run.test for run in runs if run.test is not None]
        ends = [f"{test:.4f}" for test in sorted({min(tests), max(tests)})] if tests else []
        tested = f"{' to '.join(ends)} ({len(tests)} of {len(runs)})" if tests else ""
        yield (*cells, f"{max(map(best, runs)):.4f}", tested)


def best(watched):
    """Returns the highest validation accuracy."""
    return max((epoch.accuracy for epoch in watched.epochs), default=0.0)


def columns(targets):
    """Returns the names of the columns."""
    of_targets = (cell for target in targets for cell in (f"seconds to {target:g}", f"PFLOP to {target:g}"))
    return ("recipe", "from", "seeds", *of_targets, "best validation", "test, lowest to highest")


def report(watched, words, options):
    """Returns the measured part of the page."""
    finished = {entrant: runs for entrant, runs in watched.items() if runs}
    return (
        f"Command: `{words}`. {machine_line()}\n\n{METHOD.format(minutes=options.max_minutes)}\n\n"
        f"{markdown(columns(options.targets), rows(finished, options.targets))}"
    )


def main(arguments=None):
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--data-dir")
    parser.add_argument("--targets", type=float, nargs="+", default=[0.8, 0.9])
    parser.add_argument("--families", nargs="*", default=list(MODELS))
    parser.add_argument("--peers", nargs="*", help=f"of {', '.join(RECIPES)}; those for the data set by default")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--max-minutes", type=float, default=30.0, help="of each run")
    parser.add_argument("--workdir", type=Path, default=Path("runs/bench_accuracy"))
    parser.add_argument("--out", type=Path)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    for family in options.families:
        check_name("family", family, MODELS)
    peers = peers_for(options.dataset) if options.peers is None else options.peers
    for peer in peers:
        check_name("peer", peer, RECIPES)
    end_programs_too()
    import_keras()
    data = load_dataset(options.dataset, data_dir=options.data_dir)
    out = options.out or RESULTS / f"accuracy_{options.dataset}.md"
    words = shlex.join(["python", "tools/bench_accuracy.py", *arguments])
    watched = {name: [] for name in (*options.families, *peers)}
    for seed in options.seeds:
        for entrant, runs in watched.items():
            runs.append(run_once(entrant, max(options.targets), seed, options, data))
            write_between(out, f"Time to accuracy on {options.dataset}", report(watched, words, options))  # so far
    print(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
