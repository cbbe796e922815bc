"""Trains every family briefly, exports it in every format and writes docs/results/export.md.

    python tools/exports.py [--data-dir DIR] [--datasets fashion_mnist,cifar10] [--models mlp,cnn] [--epochs 2]

What is trained or exported is not done again, so the command can be interrupted and given again.
"""

import argparse
import itertools
import shlex
import sys
from pathlib import Path

from bench_common import ROOT

from keras_vision.cli.reading import setting_text
from keras_vision.commands.export_check import INT8_LOSS
from keras_vision.errors import KerasVisionError
from keras_vision.export import export
from keras_vision.formats import FORMATS
from keras_vision.formats.model_card import JSON
from keras_vision.models import MODELS
from keras_vision.reporting.progress import PlainProgress
from keras_vision.runs import Run, read_json
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras
from keras_vision.train import train

RESULTS = ROOT / "docs" / "results" / "export.md"
DATASETS = ("fashion_mnist", "cifar10")
PRECISIONS = ("float32", "mixed_bfloat16")
# Smaller than the default where an epoch of that takes minutes on two cores: exports are tried here, not accuracies.
SETTINGS = {
    "vgg": {"filters": (32, 64, 128)},
    "resnet18": {"width": 16},
    "mlp_mixer": {"hidden_dim": 64, "num_blocks": 2, "tokens_mlp_dim": 64, "channels_mlp_dim": 256},
    "convmixer": {"hidden_dim": 64, "depth": 4},
}
LEAST_AGREEMENT = 0.999  # of the top class, in float32

HEAD = """# Every family in every format

Trained for {epochs} epochs with seed 0, in float32 and in mixed precision, then exported; smaller than by default, to
train in minutes: {smaller}.
Each export was opened in its own runtime and compared with the model on {images} validation images: the largest
difference of a probability, and the share of images with the same top class. `int8` is the change in accuracy on the
same images against float32.

Sought: the same top class on at least {agreement:.1%} of the images in float32, and at most {lost:.1%} lost in int8.
{verdict}

Command: `{command}`. Machine: {processor}, {cores} cores; {versions}.

"""


def int8_formats():
    """Returns the formats that can be quantised."""
    return [name for name, row in FORMATS.items() if row.int8]


def artifacts():
    """Returns what is exported of each model, as (format, quantize)."""
    return [(name, None) for name in FORMATS] + [(name, "int8") for name in int8_formats()]


def card_path(run, name, quantize):
    """Returns where the card of an artifact is, once that is done."""
    return run.path / "export" / (f"{name}-{quantize}" if quantize else name) / JSON


def export_missing(run, data_dir, progress):
    """Exports what a run lacks; says which exports failed and goes on with the next."""
    for name, quantize in artifacts():
        if not card_path(run, name, quantize).exists():
            try:
                export(run.path, format=name, quantize=quantize, data_dir=data_dir, progress=progress)
            except KerasVisionError as error:  # its cell says so, and so does the exit code
                progress.say(f"failed: {run.path.name}: {error}")


def cells(run, key):
    """Returns a run as the cells of a row: what was trained, its accuracy, and each artifact's findings."""
    cards = {artifact: card_path(run, *artifact) for artifact in artifacts()}
    checks = {artifact: read_json(path)["check"] for artifact, path in cards.items() if path.exists()}
    accuracies = [check["float32_accuracy"]["accuracy"] for check in checks.values()]
    yield from (*key, f"{accuracies[0]:.4f}" if accuracies else "-")
    for artifact in artifacts():
        yield cell(checks[artifact], artifact[1]) if artifact in checks else "failed"


def cell(check, quantize):
    """Returns the findings of one artifact in a few signs."""
    if quantize:
        return f"{check['accuracy']['accuracy'] - check['float32_accuracy']['accuracy']:+.4f}"
    return f"{check['difference']:.0e}, {check['agreement']:.2%}"


def falls_short(check, quantize):
    """Returns whether an artifact stays below what is sought."""
    if quantize:
        return check["float32_accuracy"]["accuracy"] - check["accuracy"]["accuracy"] > INT8_LOSS
    return check["agreement"] < LEAST_AGREEMENT


def shortcomings(runs):
    """Returns a line for each artifact that is missing or stays below what is sought."""
    lines = []
    for run, (name, quantize) in itertools.product(runs.values(), artifacts()):
        path = card_path(run, name, quantize)
        if not path.exists() or falls_short(read_json(path)["check"], quantize):
            lines.append(f"{run.path.name}: {name} {quantize or ''}".strip())
    return lines


def table(runs):
    """Returns all runs as a Markdown table."""
    columns = ["data set", "family", "trained in", "accuracy"]
    columns += [f"{name} {quantize or ''}".strip() for name, quantize in artifacts()]
    return markdown(columns, (cells(run, key) for key, run in runs.items()))


def words(settings):
    """Returns settings as `--set` takes them."""
    return " ".join(f"{name}={setting_text(value)}" for name, value in settings.items())


def head(runs, epochs):
    """Returns what stands above the table."""
    short = shortcomings(runs)
    cards = [read_json(path) for run in runs.values() for path in sorted(run.path.glob(f"export/*/{JSON}"))]
    versions = {name: version for card in cards for name, version in card["versions"].items()}
    images = sorted({card["check"]["images"] for card in cards})
    models = {model for _, model, _ in runs}
    return HEAD.format(
        command=shlex.join(["python", "tools/exports.py", *sys.argv[1:]]),
        epochs=epochs,
        smaller="; ".join(f"{model} {words(settings)}" for model, settings in SETTINGS.items() if model in models),
        images=" or ".join(f"{number:,}" for number in images),
        agreement=LEAST_AGREEMENT,
        lost=INT8_LOSS,
        verdict="Short of it: " + "; ".join(short) + "." if short else "All of them are.",
        versions=", ".join(f"{name} {version}" for name, version in versions.items()),
        processor=cards[0]["machine"]["processor"],
        cores=cards[0]["machine"]["cores"],
    )


def main():
    """Runs the command line; returns 1 where an export failed or falls short."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir")
    parser.add_argument("--workdir", default="runs/exports", type=Path)
    parser.add_argument("--results", default=RESULTS, type=Path)
    parser.add_argument("--datasets", default=",".join(DATASETS))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--epochs", default=2, type=int)
    options = parser.parse_args()
    import_keras()
    progress = PlainProgress(sys.stdout)
    runs = {}
    for key in itertools.product(options.datasets.split(","), options.models.split(","), PRECISIONS):
        dataset, model, precision = key
        run = runs[key] = Run(options.workdir / "-".join(key))
        how = {"settings": SETTINGS.get(model), "epochs": options.epochs, "precision": precision}
        train(model, dataset=dataset, data_dir=options.data_dir, workdir=run.path, progress=progress, **how)
        export_missing(run, options.data_dir, progress)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(head(runs, options.epochs) + table(runs), encoding="utf-8")
    print(options.results.read_text(encoding="utf-8"))
    return int(bool(shortcomings(runs)))


if __name__ == "__main__":
    sys.exit(main())
