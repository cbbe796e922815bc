"""What is not training: starting a command and a trial, augmenting images, and the pause between epochs.

    python tools/bench_overheads.py [--families vgg ...] [--rounds 3] [--dataset cifar10] [--data-dir DIR]

Each family is measured in a process of its own, because TensorFlow keeps what it has once compiled. Writes
docs/results/overheads.md.
"""

import argparse
import dataclasses
import itertools
import json
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_common import ROOT, Amount, machine_line, spread, write_between

from keras_vision.errors import check_name
from keras_vision.models import MODELS
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras

RESULTS = ROOT / "docs" / "results" / "overheads.md"
RUN = "RUN"  # stands for the directory of a small run, which the first command makes
# Each on the digits, which need no download; each ends by itself.
COMMANDS = {
    "import of keras on tensorflow, for comparison": ["-c", "import keras"],
    "--help": ["-m", "keras_vision.tune", "--help"],
    "train, an mlp for one epoch": [
        *("-m", "keras_vision.train", "--model", "mlp", "--dataset", "digits", "--epochs", "1", "--workdir", RUN),
    ],
    "evaluate": ["-m", "keras_vision.evaluate", RUN, "--split", "validation"],
    "describe": ["-m", "keras_vision.describe", "--model", "resnet18"],
    "export to a SavedModel": ["-m", "keras_vision.export", RUN, "--format", "saved_model"],
}
SECONDS = 2.0  # of each timing of the training step, about
STEPS = 3  # of a timing at least, however long a step takes
EPOCHS = 3
IMAGES = 2_048  # of an epoch of which the pause is measured; the validation images are all those of the data set
METHOD = """All numbers are seconds{medians}.

**Commands**, from start to end, on the digits:

{commands}
**A network**: what building and tracing cost beside its training, in batches of the family's recipe for {dataset}.
"Traced" is how much longer the first training step and the first evaluation take than later ones. "Pause" is the time
between two epochs: evaluation of {validation:,} images, the model file where it is the best, checkpoint, logs.
"Share" is what building and tracing are of one epoch of {images:,} images.

{trials}
**Data**: images per second of the pipeline alone, over an epoch, with crops, mirrored images and cutout, and of
training from it; "against one batch" divides by training on one batch that lies in memory. Where it is near 1, training
does not wait for data, and what augmenting takes from the same processor is small.

{data}"""


# ---- the worker: one family ----


def measure_family(family, dataset, data_dir):
    """Returns the seconds and rates of one family, as a dict of numbers."""
    from keras_vision.data import Split, load_dataset
    from keras_vision.models import build_model
    from keras_vision.training.recipe import recipe_for

    data = load_dataset(dataset, data_dir=data_dir)
    recipe = recipe_for(family, flip="random", shift=2, cutout=8)
    start = time.perf_counter()
    model = build_model(family, data.shape, len(data.class_names))
    measured = {"build": time.perf_counter() - start}
    measured |= step_seconds(model, data, recipe)
    few = Split(data.train.images[:IMAGES], data.train.labels[:IMAGES])
    measured["pause"] = pause_seconds(model, dataclasses.replace(data, train=few), recipe)
    share = (measured["build"] + measured["traced"]) / (len(data.train) / measured["trained"])
    return measured | {"share": share, "images": len(data.train), "validation": len(data.validation)}


def step_seconds(model, data, recipe):
    """Returns tracing time, and the rates of the pipeline, of training from it, and of training on one batch."""
    from keras_vision.data.pipeline import evaluation_batches, training_batches
    from keras_vision.data.splits import images_at_once, steps_per_epoch
    from keras_vision.training.trainer import augmentation_of, compile_model

    batches = training_batches(
        data.train,
        num_classes=len(data.class_names),
        batch_size=recipe.batch_size,
        seed=0,
        epochs=1000,
        augmentation=augmentation_of(recipe),
    )
    at_once = images_at_once(data.shape)
    validation = evaluation_batches(data.validation, num_classes=len(data.class_names), batch_size=at_once)
    one_batch = batches.take(1).cache().repeat()
    compile_model(model, recipe, steps_per_epoch(data.train, recipe.batch_size))

    def train(on, steps):
        return timed(lambda: model.fit(on, steps_per_epoch=steps, shuffle=False, verbose=0))

    def evaluate():
        return timed(lambda: model.evaluate(validation.take(1), verbose=0))

    traced = train(one_batch, 1) - train(one_batch, 1) + evaluate() - evaluate()
    steps = max(STEPS, round(STEPS * SECONDS / train(one_batch, STEPS)))
    turns = [(train(one_batch, steps), train(batches, steps)) for _ in range(3)]
    cached, fed = (min(seconds) for seconds in zip(*turns, strict=True))
    an_epoch = steps_per_epoch(data.train, recipe.batch_size)
    alone = timed(lambda: sum(1 for _ in itertools.islice(batches, an_epoch)))
    return {
        "traced": traced,
        "pipeline": an_epoch * recipe.batch_size / alone,
        "trained": steps * recipe.batch_size / fed,
        "fed": cached / fed,
    }


def pause_seconds(model, data, recipe):
    """Returns how long an epoch takes beyond its steps; the first is not counted, because it is traced anew."""
    from keras_vision.reporting.progress import Progress
    from keras_vision.runs import Run
    from keras_vision.training.trainer import fit

    ends, rates = [], []

    class Clock(Progress):
        def epoch_ended(self, epoch, epochs, row):
            ends.append(time.perf_counter())
            rates.append(row["images_per_second"])

    with tempfile.TemporaryDirectory() as folder:
        fit(model, data, recipe.replace(epochs=EPOCHS), Run(folder), progress=Clock())
    images = len(data.train) // recipe.batch_size * recipe.batch_size
    pauses = [end - start - images / rate for start, end, rate in zip(ends, ends[1:], rates[1:], strict=False)]
    return statistics.median(pauses)


def timed(job):
    """Returns the seconds that a job takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


# ---- the rounds ----


def command_seconds(workdir):
    """Returns name -> seconds of each of `COMMANDS`, one after the other."""
    shutil.rmtree(workdir, ignore_errors=True)
    seconds = {}
    for name, words in COMMANDS.items():
        words = [sys.executable, *(str(workdir) if word == RUN else word for word in words)]
        seconds[name] = timed(lambda words=words: subprocess.run(words, check=True, capture_output=True, cwd=ROOT))
    return seconds


def family_numbers(family, options):
    """Returns what `measure_family` gives in a process of its own."""
    words = [sys.executable, __file__, "--worker", family, "--dataset", options.dataset]
    words += ["--data-dir", options.data_dir] if options.data_dir else []
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout.splitlines()[-1])


def report(commands, families, words, options):
    """Returns the measured part of the page.

    Args:
        commands: List of name -> seconds, one for each round.
        families: family -> list of what `measure_family` gave, one for each round.
        words: The command line that made it.
        options: Its options.
    """

    def cells(rounds, names_and_forms):
        return [spread([Amount(one[name]) for one in rounds], form) for name, form in names_and_forms.items()]

    trial = {"build": "{:.2f}", "traced": "{:.2f}", "pause": "{:.2f}", "share": "{:.1%}"}
    data = {"pipeline": "{:,.0f}", "trained": "{:,.0f}", "fed": "{:.2f}"}
    first = next(iter(families.values()))[0]
    body = METHOD.format(
        medians=f", medians over {len(commands)} rounds (lowest to highest)" if len(commands) > 1 else "",
        dataset=options.dataset,
        images=first["images"],
        validation=first["validation"],
        commands=markdown(("command", "seconds"), [(name, *cells(commands, {name: "{:.2f}"})) for name in COMMANDS]),
        trials=markdown(
            ("family", "build", "traced", "pause", "share"),
            [(family, *cells(rounds, trial)) for family, rounds in families.items()],
        ),
        data=markdown(
            ("family", "pipeline", "training", "against one batch"),
            [(family, *cells(rounds, data)) for family, rounds in families.items()],
        ),
    )
    return f"Command: `{words}`. {machine_line()}\n\n{body}"


def main(arguments=None):
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--families", nargs="+", default=list(MODELS), metavar="FAMILY", help=", ".join(MODELS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--data-dir", type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    if options.worker:
        import_keras()
        from keras_vision.training.precision import computing_in

        with computing_in("auto"):
            print(json.dumps(measure_family(options.worker, options.dataset, options.data_dir)))
        return
    for family in options.families:
        check_name("family", family, MODELS)
    words = shlex.join(["python", "tools/bench_overheads.py", *arguments])
    commands, families = [], {}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            commands.append(command_seconds(Path(folder) / "run"))
        for family in options.families:
            families.setdefault(family, []).append(family_numbers(family, options))
            print(f"round {number + 1} of {options.rounds}: {family}", flush=True)
        write_between(options.out, "Overheads", report(commands, families, words, options))
    print(options.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
