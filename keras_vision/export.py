"""Writes a saved model for use elsewhere: `python -m keras_vision.export RUN --format onnx`."""

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.data.places import ANY_SOURCE, DATA, locate
from keras_vision.errors import BadInput
from keras_vision.formats import FORMATS, check_format
from keras_vision.reporting.progress import Progress
from keras_vision.reporting.tables import TextTable
from keras_vision.results.findings import ExportResult
from keras_vision.runs import model_file
from keras_vision.system.settings import REQUIRED, Settings, one_of, setting

QUANTIZED = ("int8",)


@dataclasses.dataclass(frozen=True)
class ExportSettings(Settings):
    """What `export` is asked for."""

    source: str = setting(REQUIRED, "a run directory or a .keras file", is_word=True)
    format: list = setting(
        [], f"one or more, separated by commas: {', '.join(FORMATS)}; if not given, saved_model", "NAME",
        is_repeated=True,
    )  # fmt: skip
    quantize: str = setting(
        None, "compute in 8-bit integers, calibrated on training images", "|".join(QUANTIZED), one_of(QUANTIZED)
    )
    out: str = setting(
        None, "the folder to write, or with several formats the folder that holds theirs; it must be new or empty, or "
        "hold an earlier export, which is replaced; if not given, export/FORMAT in the run, or NAME_export beside a "
        "model file that belongs to no run", "DIR",
    )  # fmt: skip
    dataset: str = setting(
        None, f"images to compare the export with the model on: {ANY_SOURCE}; if not given, the model's own, or random "
        "pixels if that is not on this machine", "NAME", alias=DATA,
    )  # fmt: skip
    data_dir: str = setting(None, "where a named data set is, if not in one of the usual places", "DIR")


@front_door(ExportSettings, ExportResult.of)
def export(asked: ExportSettings, progress: Progress) -> dict[str, Any]:
    """Write a saved model in formats for use elsewhere, each checked against the model before it is called done.

    Raw pixels float32 [n, h, w, c] go in, probabilities [n, classes] come out, whatever precision the model was
    trained in.

    Returns:
        A dict: class_names, and exports, a list with a dict for each format: format, precision, path, and what
        `keras_vision.commands.export_check.check` returns.

    Raises:
        BadInput: No such model or format, packages that are not installed, a model that ends in probabilities, an `out`
            that holds other things, or no images to calibrate on.
        KerasVisionError: An artifact could not be written, or does not compute what the model computes; it is not kept.
            Those of the formats before it are.

    Example:

    >>> export("runs/tune-vgg-fashion_mnist", format="onnx,litert")["exports"][0]["agreement"]  # doctest: +SKIP
    1.0
    """
    names = format_names(asked.format)
    for name in names:
        check_format(name, asked.quantize)
    model_file(asked.source)  # what is no model is refused before Keras is loaded
    if asked.dataset:
        locate(asked.dataset, asked.data_dir)
    return carry_out("commands.export", asked, names, progress)


def format_names(given: Any) -> list[str]:
    """Returns the formats asked for, each once: a list of names, or of names separated by commas.

    Example:

    >>> format_names(["onnx,litert", "keras"])
    ['onnx', 'litert', 'keras']
    """
    texts = [given] if isinstance(given, str) else given
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if texts and not names:
        raise BadInput(f"format={','.join(texts)!r} names no format. Name some, such as onnx,litert, or leave it out.")
    return list(dict.fromkeys(names)) or ["saved_model"]


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints where the exports are and how well they agree."""
    progress.print(table(result["exports"]))
    for one in result["exports"]:
        progress.say(f"{one['format']}: {one['bound']}: {one['path']}")


def table(exports: list[dict[str, Any]]) -> TextTable:
    """Returns exports as a `TextTable`."""
    first = exports[0]
    title = f"Compared with the model on {first['images']:,} {first['source']}"
    latencies = [f"ms for {batch}" for batch in first["latency_ms"]]
    columns = ("format", "precision", "MB", "difference", "same class", "accuracy", "in float32", *latencies)
    made = TextTable(title, columns)
    for one in exports:
        accuracies = [f"{one[key]['accuracy']:.4f}" if key in one else "-" for key in ("accuracy", "float32_accuracy")]
        made.add_row(
            *(one["format"], one["precision"], f"{one['bytes'] / 1e6:.2f}", f"{one['difference']:.1e}"),
            *(f"{one['agreement']:.2%}", *accuracies),
            *(f"{milliseconds:.2f}" for milliseconds in one["latency_ms"].values()),
        )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(export, "export", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
