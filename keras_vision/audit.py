"""Looks for what is wrong with images and labels: `python -m keras_vision.audit folder:photos`."""

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.data.audit.findings import KINDS
from keras_vision.data.places import ANY_SOURCE, DATA, locate
from keras_vision.data.words import some
from keras_vision.errors import BadInput
from keras_vision.reporting.progress import Progress
from keras_vision.reporting.tables import TextTable
from keras_vision.results.findings import AuditResult
from keras_vision.runs import check_folder, claim_folder, is_as_remembered, read_card
from keras_vision.system.settings import REQUIRED, SEED, Settings, setting


@dataclasses.dataclass(frozen=True)
class AuditSettings(Settings):
    """What `audit` is asked for."""

    dataset: str = setting(REQUIRED, f"which images: {ANY_SOURCE}", is_word=True, alias=DATA)
    model: str = setting(
        None, "a run directory or a .keras file, whose answers judge the labels of images that it was not trained on",
        "RUN",
    )  # fmt: skip
    data_dir: str = setting(None, "where a named data set is, if not in one of the usual places", "DIR")
    image_size: int = setting(
        None, "look at all images at this height and width; with --model, by default that of its training", "PIXELS"
    )
    labels: bool = setting(
        True, "judge the labels, by networks that are trained for it; takes minutes, and --no-labels leaves it out"
    )
    clean: str = setting(None, "write a table of the images that are left, for --dataset csv:FILE", "FILE.csv")
    out: str = setting("audit", "the folder for the list of findings and the contact sheets", "DIR")
    seed: int = setting(0, "the random seed that sets images aside, as in train, and trains the networks", "N", SEED)


@front_door(AuditSettings, AuditResult.of)
def audit(asked: AuditSettings, progress: Progress) -> dict[str, Any]:
    """Look for copies, leaks, odd files and wrong labels in a data set, before anything is trained on it.

    All splits are looked at. Labels are judged by small networks, each trained on the other images (out of fold), or by
    a model where it was not trained on the images. Nothing is changed: `--clean` writes a table of what is left.

    Returns:
        A dict: dataset, images, classes (a list of dicts: name, and the images in each split), sentences (what concerns
        all images), sizes and modes (how many files have which), findings (kind -> images, left_out, examples), labels
        (how they were judged), list, sheets and clean (the files written).

    Raises:
        BadInput: Unknown data set or model, or images that cannot be trained on.

    Example:

    >>> audit("folder:photos", clean="clean.csv")["findings"]  # doctest: +SKIP
    """
    locate(asked.dataset, asked.data_dir)
    if asked.model and not asked.labels:
        raise BadInput("model is used to judge the labels. Leave out --no-labels, or --model.")
    if asked.model:
        read_card(asked.model)
    if asked.clean and Path(asked.clean).suffix.lower() != ".csv":
        raise BadInput(f"clean must be a file that ends in .csv, not {asked.clean!r}.")
    if asked.clean and Path(asked.clean).exists() and not is_as_remembered(asked.out, asked.clean):
        raise BadInput(
            f"clean={asked.clean} exists, and is not replaced, as no audit wrote it as it is. Remove it first, or name "
            "another file."
        )
    if asked.clean:
        check_folder("clean", Path(asked.clean).parent)
    with claim_folder("out", asked.out):
        return carry_out("commands.audit", asked, progress)


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints a result for a person: classes, findings, what concerns all images, and where the lists are."""
    progress.print(class_table(result))
    for what in ("sizes", "modes"):
        if result[what]:
            progress.say(f"{what}: {some([f'{name} ({count:,})' for name, count in result[what].items()])}")
    if result["findings"]:
        progress.print(finding_table(result))
    for sentence in result["sentences"]:
        progress.say(sentence)
    progress.say(result["labels"])
    if not result["findings"]:
        progress.say("No single image looks wrong.")
    for path in (result["list"], *result["sheets"]):
        progress.say(f"written: {path}")
    if clean := result["clean"]:
        progress.say(
            f"{clean['path']} lists {clean['images']:,} images and leaves out {clean['left_out']:,}. "
            f"Train on them with --dataset csv:{clean['path']}"
        )
        if clean["lost"]:
            progress.say(f"warning: No images are left of the classes {some(clean['lost'])}.")


def class_table(result: Mapping[str, Any]) -> TextTable:
    """Returns the classes of a result, with their images in each split, as a `TextTable`."""
    splits = list(result["splits"])
    table = TextTable(f"{result['dataset']}: {result['images']:,} images", ("class", *splits))
    for row in result["classes"]:
        table.add_row(row["name"], *(f"{row[split]:,}" for split in splits))
    table.add_line()
    table.add_row("all", *(f"{count:,}" for count in result["splits"].values()))
    return table


def finding_table(result: Mapping[str, Any]) -> TextTable:
    """Returns the kinds of findings of a result as a `TextTable`."""
    table = TextTable("Findings", ("what", "images", "left out by --clean", "such as"), texts=(0, 3))
    for kind, row in result["findings"].items():
        table.add_row(KINDS[kind].title, f"{row['images']:,}", f"{row['left_out']:,}", row["examples"][0])
    return table


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(audit, "audit", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
