"""Trains every family once with its default settings and writes docs/results/families.md.

    python tools/families.py [--data-dir DIR]

A family whose run is finished is not trained again, so the command can be interrupted and given again.
"""

import argparse
import shlex
import statistics
import sys
from pathlib import Path

from bench_common import ROOT

from keras_vision.models import MODELS
from keras_vision.reporting.progress import PlainProgress, clock_text
from keras_vision.runs import Run, load_model, read_json
from keras_vision.studies.table import markdown
from keras_vision.system.keras_import import import_keras
from keras_vision.train import train

RESULTS = ROOT / "docs" / "results" / "families.md"
# What a family should at least reach on validation images of Fashion-MNIST in one short run, and those that can more.
LEAST = 0.88
MORE = {"cnn": 0.91, "vgg": 0.92, "resnet18": 0.92, "mlp_mixer": 0.89, "convmixer": 0.91}

HEAD = """# Every family, once, with its default settings

Fashion-MNIST, nine tenths of its training images, seed 0, one run each; precision {precision}. What is expected is
expected of the validation images, the other tenth. The test images were opened once, at the end of each run; nothing
was chosen by them.

Command: `{command}`. Machine: {processor}, {cores} cores; TensorFlow {tensorflow}, Keras
{keras}.

"""
COLUMNS = (
    *("family", "validation accuracy", "expected", "test accuracy", "95% interval"),
    *("parameters", "MACs", "epochs", "seconds per epoch (median)", "training"),
)


def expected(model):
    """Returns the validation accuracy that a family should at least reach."""
    return MORE.get(model, LEAST)


def row(model, run):
    """Returns a finished run as the cells of a row."""
    from keras_vision.analysis.counts import count

    result = run.result
    low, high = result["test"]["interval"]
    counted = count(load_model(run.path))
    seconds = statistics.median(row["seconds"] for row in run.history)
    return (
        model,
        f"{result['val_accuracy']:.4f}",
        f"{expected(model):.2f}",
        f"{result['test']['accuracy']:.4f}",
        f"{low:.4f} to {high:.4f}",
        f"{counted.parameters:,}",
        f"{counted.macs / 1e6:,.1f} M",
        result["epochs_run"],
        f"{seconds:.0f}",
        clock_text(result["seconds"]),
    )


def below(runs):
    """Returns the families whose validation accuracy stays below what is expected of them."""
    return [model for model, run in runs.items() if run.result["val_accuracy"] < expected(model)]


def main():
    """Runs the command line; returns 1 where a family stays below what is expected of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir")
    parser.add_argument("--workdir", default="runs/families")
    options = parser.parse_args()
    import_keras()
    runs = {model: Run(Path(options.workdir) / model) for model in MODELS}
    for model, run in runs.items():
        train(model, data_dir=options.data_dir, workdir=run.path, progress=PlainProgress(sys.stdout))
    config = read_json(runs["vgg"].config_path)
    head = HEAD.format(
        command=shlex.join(["python", "tools/families.py", *sys.argv[1:]]),
        precision=config["precision"],
        processor=config["machine"]["processor"],
        cores=config["machine"]["cores"],
        tensorflow=config["versions"]["tensorflow"],
        keras=config["versions"]["keras"],
    )
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(head + markdown(COLUMNS, (row(model, run) for model, run in runs.items())), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
    return int(bool(below(runs)))


if __name__ == "__main__":
    sys.exit(main())
