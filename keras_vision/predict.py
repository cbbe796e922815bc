"""Says what images show: `python -m keras_vision.predict RUN|MODEL.keras IMAGE|FOLDER|- ...`."""

import csv
import dataclasses
import itertools
import json
import shlex
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.errors import BadInput
from keras_vision.reporting.progress import Progress, make_progress
from keras_vision.reporting.tables import TextTable
from keras_vision.results.answers import Answers
from keras_vision.runs import read_card
from keras_vision.system.settings import REQUIRED, SHARE, Settings, setting, whole

_ROWS_OF_A_TABLE = 100


@dataclasses.dataclass(frozen=True)
class PredictSettings(Settings):
    """What `predict` is asked for."""

    source: str = setting(REQUIRED, "a run directory or a .keras file", is_word=True)
    images: list = setting(
        REQUIRED, "image files, folders of them, or - for one image on standard input", is_word=True, is_repeated=True
    )
    top: int = setting(1, "name the N most probable classes", "N", whole(1))
    at_least: float = setting(
        None, "answer only as surely as it takes for this share of the answers to be right; the model must have been "
        "calibrated", "SHARE", SHARE,
    )  # fmt: skip
    batch_size: int = setting(256, "images in memory at a time", "N", whole(1))


@front_door(PredictSettings, Answers, words=2)
def predict(asked: PredictSettings, progress: Progress) -> Iterator[dict[str, Any]]:
    """Name the most probable classes of image files, or of all images in folders.

    `images` is a path, or several: image files; folders, whose images are taken at any depth and in the order of their
    names, those that start with a dot left out; or "-", one image on standard input.

    An image is converted as `keras_vision.data.files.images` describes and stretched to the model's input size. All
    else that is needed is in the model file. If the images look inverted, nearly blank or like another kind of picture
    than those that the model was trained on, a line says so. Images are read batch by batch, so that any number of them
    fits.

    With `at_least` an image of which the model is not sure enough gets no answer. How sure is enough follows from the
    validation images: among those that the model answered so surely, so many were right that the same share of the
    answers for new images of the same kind is right, with 95% confidence.

    Yields:
        A dict for each image, in order: image, its path; and predictions, a list of dicts of class (its name, or its
        number where the model has no names) and probability; or in their place error, why it could not be read. A
        folder that cannot be listed or holds no images is one of them, with its error. With `at_least` also confidence,
        the highest probability; the predictions of an image without an answer are empty.

    Raises:
        BadInput: Before any image is read, where there is no such model, it takes no images, or folders hold none; or
            where `at_least` is more than the validation images show.
        KerasVisionError: The model answers with NaN or infinity.

    Example:

    >>> for answer in predict("runs/tune-vgg-fashion_mnist", "photos"):  # doctest: +SKIP
    ...     print(answer)
    {'image': 'photos/a.jpg', 'predictions': [{'class': 'Coat', 'probability': 0.93}]}
    """
    card = read_card(asked.source)  # a file that is no model is refused before Keras is loaded
    if asked.at_least is not None and "calibration" not in card:
        raise BadInput(
            f"The model {asked.source} is not calibrated, so nobody knows how often it is right when it is sure. "
            f"Calibrate it first: python -m keras_vision.evaluate {shlex.quote(str(asked.source))} --calibrate"
        )
    yield from carry_out("commands.predict", asked, progress)


def show(answers: Iterable[dict[str, Any]], form: str, out: TextIO) -> int:
    """Prints answers as they come; returns the exit code, 1 where an image could not be read.

    Args:
        answers: What `predict` yields.
        form: "table", "json" (an object on each line) or "csv" (a line for each class that is named).
        out: The stream to print to.
    """
    has_failed = False
    if form == "csv":
        _csv_writer(out).writerow(("image", "rank", "class", "probability", "error"))
    while rows := list(itertools.islice(answers, _ROWS_OF_A_TABLE if form == "table" else 1)):
        _PRINTERS[form](rows, out)
        has_failed |= any("error" in row for row in rows)
    return int(has_failed)


def _print_table(rows: list[dict[str, Any]], out: TextIO) -> None:
    answered = [row for row in rows if "predictions" in row]
    ranks = max((len(row["predictions"]) for row in answered), default=0)
    columns = ("image", "class", "probability", *("then", "") * (ranks - 1))
    table = TextTable(None, columns, texts=(0, *range(1, len(columns), 2)))
    for row in answered:
        pairs = ((str(one["class"]), f"{one['probability']:.4f}") for one in row["predictions"])
        table.add_row(row["image"], *(itertools.chain(*pairs) if row["predictions"] else ("not sure", _sure(row))))
    progress = make_progress(stream=out, must_be_read=True)
    if answered:
        progress.print(table)
    for row in rows:
        if "error" in row:
            progress.say(f"{row['image']}  error: {row['error']}")


def _sure(row: dict[str, Any], digits: int = 4) -> str:
    return f"{row['confidence']:.{digits}f}"


def _print_json(rows: list[dict[str, Any]], out: TextIO) -> None:
    for row in rows:
        print(json.dumps(row, allow_nan=False), file=out, flush=True)


def _csv_writer(out: TextIO) -> Any:
    return csv.writer(out, lineterminator="\n")


def _print_csv(rows: list[dict[str, Any]], out: TextIO) -> None:
    writer = _csv_writer(out)
    for row in rows:
        if row.get("predictions") == []:
            writer.writerow((row["image"], "", "", _sure(row, digits=6), ""))
        for rank, one in enumerate(row.get("predictions", ()), start=1):
            writer.writerow((row["image"], rank, one["class"], f"{one['probability']:.6f}", ""))
        if "error" in row:
            writer.writerow((row["image"], "", "", "", row["error"]))
    out.flush()


_PRINTERS = {"table": _print_table, "json": _print_json, "csv": _print_csv}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(predict, "predict", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
