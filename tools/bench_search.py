"""How soon a search reaches a target: `keras_vision.tune` against plain Keras Tuner, for VGGs on the same images.

    python tools/bench_search.py [--datasets fashion_mnist cifar10] [--seeds 0 1 2] [--cap 3.5]

Each search is a command of its own, timed from its start, imports included, until the end of the first epoch, of any
trial, that reaches the target on validation images. The commands take turns: seed after seed, each search once. A peer
is stopped after `--cap` times our median; where later runs of ours raise that, it is run again. Runs that are done are
not repeated, so this command can be interrupted and given again; after a change of code, data or machine give another
--workdir. Writes docs/results/search.md.
"""

import argparse
import dataclasses
import shlex
import shutil
import sys
from pathlib import Path

from bench_common import (
    ROOT,
    Amount,
    amount_text,
    end_programs_too,
    follow,
    is_short,
    machine_line,
    median,
    reaching,
    read_record,
    run_pflop,
    spread,
    write_between,
    write_record,
)

from keras_vision.data import load_dataset
from keras_vision.errors import check_name
from keras_vision.runs import Run
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras
from keras_vision.training.recipe import SEARCHING, Task, recipe_for

RESULTS = ROOT / "docs" / "results" / "search.md"
TARGETS = {"fashion_mnist": (0.90, 0.93), "cifar10": (0.80,)}
OURS, PEERS = "keras_vision.tune", ("hyperband", "random")
SEARCHED = (0, 3)  # exit codes of `tune`: done, and done below the target
COLUMNS = ("data, target", "search", "seeds", "reached", "seconds", "PFLOP", "our time / its", "our PFLOP / its")
METHOD = """Seconds from the start of the command, imports included, and 10^15 floating-point operations of training
until an epoch of any trial reached the target on the validation images: median over seeds (lowest to highest). A peer
that had not reached the highest target after about {cap:g} times our median for it was stopped: ">" marks such bounds,
and "<" the ratios that follow from them. Ours is told the target, and is run for each; the peers are not, so that one
of their runs serves all targets. Ours climbs the ladder of `tuner_configs/vgg.py`. Peers: Keras Tuner's Hyperband and
random search over the `model_space` of the same file, of stock layers in float32, and Adam's learning rate from 1e-4 to
1e-1; {epochs}, batches of 128. Our ladder, recipes and rule for giving up were chosen by earlier runs on these data
sets; what those cost is not counted."""


@dataclasses.dataclass(frozen=True)
class Job:
    """One search to be run.

    Attributes:
        dataset, search, seed: Which.
        targets: The validation accuracies it is watched for, in order; it is stopped at the last.
        epochs: Of a peer's longest trial; None for ours.
    """

    dataset: str
    search: str
    seed: int
    targets: tuple
    epochs: int | None = None

    @property
    def name(self):
        """The record's file name, without suffix."""
        kind = f"{self.targets[-1]:g}" if self.search == OURS else f"{self.epochs}epochs"
        return f"{self.dataset}-{self.search}-{kind}-{self.seed}"


def jobs_of(dataset, targets, seeds, epochs):
    """Returns all searches of a data set in the order of their turns: per seed ours for each target, then the peers."""
    targets = tuple(sorted(targets))
    return [
        job
        for seed in seeds
        for job in (
            *(Job(dataset, OURS, seed, (target,)) for target in targets),
            *(Job(dataset, peer, seed, targets, epochs) for peer in PEERS),
        )
    ]


def next_job(jobs, records, factor, longest):
    """Returns the (job, cap in seconds) whose turn it is, or None where all is done.

    What was never run comes first. Then come those that were stopped earlier than their cap now is.

    Args:
        jobs: List of `Job`.
        records: job -> `Watched`, of those that were run.
        factor: Times our median that a peer is waited for.
        longest: Seconds that ours is waited for.
    """
    missing = (job for job in jobs if job not in records)
    short = (job for job in jobs if is_short(records[job], cap_of(job, records, factor, longest)))
    job = next(missing, None) or next(short, None)
    return job and (job, cap_of(job, records, factor, longest))


def cap_of(job, records, factor, longest):
    """Returns the seconds that a search is waited for: a peer for `factor` times our slowest median so far."""
    if job.search == OURS:
        return longest
    ours = {}
    for other, watched in records.items():
        if other.search == OURS and other.dataset == job.dataset:
            ours.setdefault(other.targets, []).append(reaching(watched, other.targets[-1])[0])
    return factor * max(median(amounts).value for amounts in ours.values())


def command(job, options, workdir):
    """Returns the words that start a search."""
    words = ["--dataset", job.dataset, "--seed", str(job.seed), "--workdir", str(workdir)]
    words += ["--data-dir", str(Path(options.data_dir).resolve())] if options.data_dir else []
    if job.search == OURS:
        words += ["--target-acc", f"{job.targets[-1]:g}"]
        return [sys.executable, "-m", "keras_vision.tune", "--model", "vgg", *words]
    words += ["--epochs", str(job.epochs)]
    return [sys.executable, "tools/peers_keras_tuner.py", job.search, *words]


TRAINING_IMAGES = {"fashion_mnist": 54_000, "cifar10": 45_000}


def peer_epochs(dataset, options):
    """Returns the epochs of a peer's longest trial: those of our recipe, where nothing else is asked for."""
    task = Task(TRAINING_IMAGES[dataset], side=28, mirrored=False, length=SEARCHING)
    return options.peer_epochs or recipe_for("vgg", task).epochs


def run_job(job, cap, options, data):
    """Runs a search until it reached its last target or its cap; returns a `Watched`."""
    workdir = (options.workdir / job.name).resolve()
    shutil.rmtree(workdir, ignore_errors=True)  # of a start that was interrupted: its time is not known
    watched = follow(
        command(job, options, workdir),
        cap=cap,
        log=options.workdir / f"{job.name}.log",
        is_enough=lambda epochs: any(epoch.accuracy >= job.targets[-1] for epoch in epochs),
        may_return=SEARCHED if job.search == OURS else (0,),
    )
    if job.search == OURS and watched.epochs:
        pflop = sum(run_pflop(Run(path), data) for path in sorted((workdir / "trials").iterdir()))
        last = dataclasses.replace(watched.epochs[-1], pflop=pflop)
        watched = dataclasses.replace(watched, epochs=(*watched.epochs[:-1], last))
    shutil.rmtree(workdir, ignore_errors=True)  # the checkpoints of many trials
    return watched


def rows(jobs, records):
    """Returns a row for each data set, target and search."""
    for dataset, target in sorted({(job.dataset, target) for job in jobs for target in job.targets}, reverse=True):
        amounts = {
            search: [
                reaching(records[job], target)
                for job in jobs
                if (job.dataset, job.search) == (dataset, search) and target in job.targets and job in records
            ]
            for search in (OURS, *PEERS)
        }
        for search, of_search in amounts.items():
            if not of_search:
                continue
            ratios = ["", ""] if search == OURS else [ratio(amounts[OURS], of_search, place) for place in (0, 1)]
            seconds, pflops = zip(*of_search, strict=True)
            reached = sum(not amount.is_bound for amount in seconds)
            yield (
                f"{dataset}, {target:g}", search, len(seconds), reached,
                spread(seconds), spread(pflops, "{:.3f}"), *ratios,
            )  # fmt: skip


def ratio(ours, others, place):
    """Returns our median over theirs as text; "<" where theirs is a bound, "" where ours is.

    Args:
        ours, others: Lists of (seconds, PFLOP), as `reaching` gives them.
        place: 0 for seconds, 1 for PFLOP.
    """
    mine, theirs = (median([pair[place] for pair in pairs]) for pairs in (ours, others))
    if mine.is_bound or not theirs.value:
        return ""
    return f"{'< ' * theirs.is_bound}{amount_text(Amount(mine.value / theirs.value), '{:.2f}')}"


def report(jobs, records, words, options):
    """Returns the measured part of the page."""
    epochs = ", ".join(f"{peer_epochs(name, options)} epochs on {name}" for name in options.datasets)
    return (
        f"Command: `{words}`. {machine_line()}\n\n{METHOD.format(cap=options.cap, epochs=epochs)}\n\n"
        f"{markdown(COLUMNS, rows(jobs, records))}"
    )


def main(arguments=None):
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--datasets", nargs="+", default=list(TARGETS))
    parser.add_argument("--data-dir")
    parser.add_argument("--targets", type=float, nargs="+", help="in the place of those of each data set")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--cap", type=float, default=3.5, help="times our median that a peer is waited for")
    parser.add_argument("--max-minutes", type=float, default=60.0, help="that ours is waited for")
    parser.add_argument("--peer-epochs", type=int, help="of a peer's longest trial; ours by default")
    parser.add_argument("--workdir", type=Path, default=Path("runs/bench_search"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    for dataset in options.datasets:
        check_name("data set", dataset, TARGETS)
    end_programs_too()
    import_keras()
    words = shlex.join(["python", "tools/bench_search.py", *arguments])
    all_jobs, records = [], {}
    for dataset in options.datasets:
        data = load_dataset(dataset, data_dir=options.data_dir)
        epochs = peer_epochs(dataset, options)
        jobs = jobs_of(dataset, options.targets or TARGETS[dataset], options.seeds, epochs)
        all_jobs += jobs
        paths = {job: options.workdir / f"{job.name}.json" for job in jobs}
        for job, path in paths.items():
            record = read_record(path)
            if record and record[0]["targets"][-1] >= job.targets[-1]:
                records[job] = record[1]
        while turn := next_job(jobs, records, options.cap, 60 * options.max_minutes):
            job, cap = turn
            print(f"{job.name}, at most {cap:.0f} s", flush=True)
            records[job] = run_job(job, cap, options, data)
            write_record(paths[job], records[job], **dataclasses.asdict(job))
            reached = reaching(records[job], job.targets[-1])[0]
            print(f"  {job.targets[-1]:g} after {amount_text(reached)} s", flush=True)
            write_between(options.out, "Search", report(all_jobs, records, words, options))
    write_between(options.out, "Search", report(all_jobs, records, words, options))
    print(options.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
