"""What the benchmarks share: medians with their spread, tables between marker lines, programs followed by the clock."""

import contextlib
import dataclasses
import importlib.metadata
import json
import os
import queue
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.runs import read_json, write_text
from keras_vision.runs.provenance import provenance

ROOT = Path(__file__).resolve().parents[1]
# As `PlainProgress` and the peers end an epoch: "epoch 4 of 5  accuracy 0.9126  validation 0.9002 ...", where the peers
# add the arithmetic done so far: "... PFLOP 0.0123".
EPOCH_LINE = re.compile(r"\bepoch \d+ of \d+\b.*?\bvalidation (?P<accuracy>\d\.\d+)(?:.*\bPFLOP (?P<pflop>\S+))?")
TEST_LINE = re.compile(r"^test accuracy (?P<accuracy>\d\.\d+)")
SECONDS_TO_STOP = 30


@dataclasses.dataclass(frozen=True)
class Epoch:
    """The end of an epoch, as a program told it.

    Attributes:
        seconds: Since the program was started, its imports included.
        accuracy: Of the validation images.
        pflop: Arithmetic of all training so far, 10^15 floating-point operations; None where the program does not say.
    """

    seconds: float
    accuracy: float
    pflop: float | None = None


@dataclasses.dataclass(frozen=True)
class Watched:
    """What following a program gave.

    Attributes:
        epochs: An `Epoch` for each that ended.
        seconds: How long it was followed.
        ended: "itself", or why it was stopped: "enough" or "cap".
        test: The test accuracy that it printed, or None.
    """

    epochs: tuple
    seconds: float
    ended: str
    test: float | None


def read_epoch(line, seconds=0.0):
    """Returns a line of output as an `Epoch`, or None where it ends none.

    Example:

    >>> read_epoch("  epoch 4 of 5  accuracy 0.9126  validation 0.9002  cross-entropy 0.21  validation 0.27", 41.5)
    Epoch(seconds=41.5, accuracy=0.9002, pflop=None)
    """
    found = EPOCH_LINE.search(line)
    if not found:
        return None
    pflop = found["pflop"]
    return Epoch(round(seconds, 2), float(found["accuracy"]), float(pflop) if pflop else None)


def epoch_line(epoch, epochs, accuracy, pflop):
    """Returns the line with which a peer ends an epoch; `read_epoch` reads it back."""
    return f"  epoch {epoch} of {epochs}  validation {accuracy:.4f}  PFLOP {pflop:.6g}"


def follow(command, *, cap, log, is_enough=lambda epochs: False, may_return=(0,)):
    """Runs a program, notes when each line of its output comes, and stops it where that is enough.

    Args:
        command: Its words.
        cap: Seconds after which it is stopped.
        log: File that gets its output.
        is_enough: Called with the list of `Epoch`s after each; the program is stopped where it returns True.
        may_return: Exit codes that are no failure.

    Returns:
        A `Watched`.

    Raises:
        KerasVisionError: The program ended by itself with another exit code.
    """
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    start, epochs, test, ended = time.monotonic(), [], None, "itself"
    with open(log, "w", encoding="utf-8", buffering=1) as file, _program(command) as (process, lines):
        while not is_enough(epochs):
            try:
                now, line = lines.get(timeout=max(0.0, start + cap - time.monotonic()))
            except queue.Empty:
                ended = "cap"
                break
            if line is None:
                break
            file.write(line)
            if epoch := read_epoch(line, now - start):
                epochs.append(epoch)
            if found := TEST_LINE.search(line):
                test = float(found["accuracy"])
        else:
            ended = "enough"
        seconds = time.monotonic() - start
        if ended == "itself" and process.wait() not in may_return:
            raise KerasVisionError(f"{' '.join(command)} ended with exit code {process.returncode}; see {log}")
    return Watched(tuple(epochs), round(seconds, 2), ended, test)


def end_programs_too():
    """Lets SIGTERM end this process as an exception does, so that what it follows ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@contextlib.contextmanager
def _program(command):
    """Gives a started program and a queue of (time, line), None for its end; nothing of it is left afterwards."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    lines = queue.Queue()

    def read():
        for line in process.stdout:
            lines.put((time.monotonic(), line))
        lines.put((time.monotonic(), None))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield process, lines
    finally:
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):  # the whole group is gone
                os.killpg(process.pid, kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_STOP)
        reader.join()
        process.stdout.close()


def is_short(watched, cap):
    """Returns whether a run was stopped long before `cap`; a cap that moves a little is no reason to run again."""
    return watched.ended == "cap" and watched.seconds < 0.95 * cap


# ---- records of runs that a start writes and a later one finds again ----


def write_record(path, watched, **facts):
    """Writes what following a program gave as one JSON file, whole or not at all."""
    write_text(path, json.dumps(facts | dataclasses.asdict(watched), indent=1) + "\n")


def read_record(path):
    """Returns a record as (facts, `Watched`), or None where there is none."""
    if not Path(path).exists():
        return None
    facts = read_json(path)
    fields = {field.name: facts.pop(field.name) for field in dataclasses.fields(Watched)}
    return facts, Watched(**fields | {"epochs": tuple(Epoch(**epoch) for epoch in fields["epochs"])})


# ---- medians of what was not always waited for ----


@dataclasses.dataclass(frozen=True)
class Amount:
    """A measured amount, or a bound below which it cannot lie: the run was stopped there."""

    value: float
    is_bound: bool = False


def reaching(watched, target):
    """Returns (seconds, PFLOP) to a target accuracy as two `Amount`s; bounds where the run never reached it."""
    last = Amount(watched.seconds, True), Amount(max((e.pflop or 0.0 for e in watched.epochs), default=0.0), True)
    first = next((epoch for epoch in watched.epochs if epoch.accuracy >= target), None)
    return (Amount(first.seconds), Amount(first.pflop or 0.0)) if first else last


def median(amounts):
    """Returns the median of `Amount`s; a bound, unless every one that is a bound lies above the middle.

    Example:

    >>> median([Amount(40.0), Amount(90.0, is_bound=True), Amount(60.0)])
    Amount(value=60.0, is_bound=False)
    """
    ordered = _ordered(amounts)
    middle = statistics.median(amount.value for amount in ordered)
    return Amount(middle, any(amount.is_bound for amount in ordered[: len(ordered) // 2 + 1]))


def _ordered(amounts):
    return sorted(amounts, key=lambda amount: (amount.value, amount.is_bound))


def spread(amounts, form="{:,.0f}"):
    """Returns amounts as "median (lowest to highest)"; ">" marks bounds.

    Example:

    >>> spread([Amount(40.0), Amount(90.0, is_bound=True), Amount(60.0)])
    '60 (40 to > 90)'
    """
    if not (ordered := _ordered(amounts)):
        return ""
    middle, low, high = (amount_text(amount, form) for amount in (median(ordered), ordered[0], ordered[-1]))
    return middle if len(ordered) == 1 else f"{middle} ({low} to {high})"


def amount_text(amount, form="{:,.0f}"):
    """Returns an `Amount` as a number, with ">" before a bound."""
    return f"{'> ' * amount.is_bound}{form.format(amount.value)}"


# ---- pages ----


def write_between(path, title, body):
    """Puts `body` between the marker lines of a page, and leaves what people wrote around them as it is.

    Args:
        path: A Markdown file; a page that does not exist begins with `title`.
        title: Heading of a new page.
        body: Markdown.

    Raises:
        BadInput: A page without its marker lines, or with more than one pair.
    """
    path = Path(path)
    begin, end = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
    page = path.read_text(encoding="utf-8") if path.exists() else f"# {title}\n\n{begin}{end}"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(end) < page.index(begin):
        raise BadInput(f"The page {path} needs one line {begin.strip()} and, below it, one line {end.strip()}.")
    before, _, rest = page.partition(begin)
    write_text(path, f"{before}{begin}\n{body.strip()}\n\n{end}{rest.partition(end)[2]}")


def machine_line(*packages):
    """Returns the machine and the versions on it as a sentence; a package that is missing is left out."""
    facts = provenance()
    versions = facts["versions"]
    for name in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"Machine: {facts['machine']['processor']}, {facts['machine']['cores']} cores. Versions: {listed}."


# ---- pictures ----


def logarithmic(axes):
    """Makes both scales of finished axes logarithmic, with whole numbers, and adds their legend."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    axes.legend(fontsize=7, frameon=False)


# ---- arithmetic ----


def epoch_pflop(data, batch_size, model, settings):
    """Returns 10^15 floating-point operations of one epoch of training.

    Args:
        data: A `Dataset`.
        batch_size: Images per step.
        model: A name in `MODELS`.
        settings: Keywords of its builder.
    """
    from keras_vision.analysis.counts import count_unbuilt
    from keras_vision.data.splits import steps_per_epoch
    from keras_vision.models import build_model

    batch_size = min(batch_size, len(data.train))
    counts = count_unbuilt(lambda: build_model(model, data.shape, len(data.class_names), **settings))
    return counts.training_flops * steps_per_epoch(data.train, batch_size) * batch_size / 1e15


def run_pflop(run, data, epochs=None):
    """Returns 10^15 floating-point operations of so many epochs of a run; of those behind it by default."""
    if not run.metrics_path.exists():
        return 0.0
    config = run.config["settings"]
    if epochs is None:
        epochs = len(run.history)
    return epochs * epoch_pflop(data, config["recipe"]["batch_size"], config["model"], config["settings"])
