"""Measures a saved model: `python -m keras_vision.evaluate RUN|MODEL.keras [--dataset folder:NEW]`."""

import dataclasses
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.data.places import ANY_SOURCE, DATA, locate
from keras_vision.data.split_names import TO_MEASURE
from keras_vision.errors import BadInput
from keras_vision.reporting.progress import Progress
from keras_vision.reporting.score_lines import balance_line, interval_words, score_line
from keras_vision.reporting.tables import TextTable
from keras_vision.results.findings import EvaluateResult
from keras_vision.runs import claim_folder, read_card
from keras_vision.system.settings import REQUIRED, SEED, Settings, one_of, setting
from keras_vision.training.measures import VIEWS

_AFTER_THE_INTERVAL = ("specificity", "f1", "auc")


@dataclasses.dataclass(frozen=True)
class EvaluateSettings(Settings):
    """What `evaluate` is asked for."""

    source: str = setting(REQUIRED, "a run directory or a .keras file", is_word=True)
    dataset: str = setting(None, f"{ANY_SOURCE}; if not given, the model's own", "NAME", alias=DATA)
    data_dir: str = setting(None, "where a named data set is, if not in one of the usual places", "DIR")
    split: str = setting(
        None, "which images: test, validation, or all (new images only); if not given, test, or all if new images have "
        "no test split", "NAME", one_of(TO_MEASURE),
    )  # fmt: skip
    views: int = setting(
        1,
        "average over this many views of each image: 2 adds mirrored ones, 6 also shifted ones",
        "1|2|6",
        one_of(VIEWS),
    )
    seed: int = setting(
        None, "the random seed that chooses the validation images of the model's own data; if not given, that of its "
        "training",
        "N", SEED,
    )  # fmt: skip
    figures: str = setting(
        None, "the folder for figures, and for the numbers as CSV and JSON files; if not given, that of the run; there "
        "are none for a model file alone", "DIR",
    )  # fmt: skip
    calibrate: bool = setting(
        False, "find on the validation images what makes the model's confidence mean what it says, and keep it in the "
        "model file",
    )  # fmt: skip
    corruptions: bool = setting(
        False, "also measure it on corrupted images: noise, blur, weather, JPEG and more, 15 kinds at 5 strengths"
    )
    explain: bool = setting(False, "also draw what in the images speaks for the most confident mistakes")


@front_door(EvaluateSettings, EvaluateResult.of)
def evaluate(asked: EvaluateSettings, progress: Progress) -> dict[str, Any]:
    """Measure a saved model on the test images of its own data, or on new images.

    New images are those that the model was not trained on. All of them are measured, unless they have a test split of
    their own. Their classes are matched with the model's by name, and they are brought to the shape of its input.

    With `calibrate` one number, the temperature, is found on the validation images of the model's own data. Logits are
    divided by it from then on, by `predict`, by `evaluate` and in every export. The predicted classes stay the same.

    Returns:
        A dict: what `measure` and `details` of `keras_vision.training.evaluation` return; temperature, 1 of a model
        that is not calibrated; calibration, what `calibrate` of `keras_vision.training.calibration` found, with what
        it changed, before and after; corruptions, what `measure_corruptions` of `keras_vision.commands.corruptions`
        returns; decisions, what was decided for the person; figures and files, their paths; and looks, how often the
        test split was, where it is that of the run's own data set.

    Raises:
        BadInput: No such model or data set, or images of a class that the model does not know.
        KerasVisionError: The model answers with NaN or infinity.

    Example:

    >>> evaluate("runs/tune-vgg-fashion_mnist")["accuracy"]  # doctest: +SKIP
    """
    card = read_card(asked.source)
    if not asked.dataset and "data_source" not in card:
        raise BadInput(f"The model {asked.source} does not say which data set it was trained on. Give --dataset NAME.")
    if asked.calibrate and asked.views > 1:
        raise BadInput(
            "A model is calibrated for one view of each image, as predict and exports use it. Leave out --views."
        )
    spec = asked.dataset or card["data_source"]["spec"]
    locate(spec, asked.data_dir)  # what is not there is refused before the model is loaded
    with claim_folder("figures", asked.figures or None):
        return carry_out("commands.evaluate", asked, card, progress)


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints a result for a person: what each class gets, then the whole."""
    progress.print(class_table(result))
    if "corruptions" in result:
        progress.print(corruption_table(result))
    for warning in result["warnings"]:
        progress.say(f"warning: {warning}")
    for path in result["figures"]:
        progress.say(f"figure: {path}")
    if result["files"]:
        progress.say(
            f"all numbers: {result['files'][0]}, and as tables: {len(result['files']) - 1} CSV files beside it"
        )
    for line in calibration_lines(result):
        progress.say(line)
    if "top5" in result:
        top5 = result["top5"]
        progress.say(f"top-5 accuracy {top5['accuracy']:.4f} ({interval_words(top5['interval'])})")
    if "corruptions" in result:
        progress.say(
            f"mean accuracy on corrupted images {result['corruptions']['mean_accuracy']:.4f}, on the images as they "
            f"are {result['accuracy']:.4f}"
        )
    if line := balance_line(result):
        progress.say(line)
    progress.say(score_line(result))


def calibration_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yields what a result says of the model's confidence, as lines."""
    if "calibration" in result:
        found = result["calibration"]
        yield (
            f"calibrated on {found['images']:,} validation images: temperature {found['temperature']:g}, kept in the "
            "model file; export the model again to have it in its exports"
        )
        names = {"calibration_error": "calibration error", "brier": "Brier score", "crossentropy": "cross-entropy"}
        changes = (f"{name} {found['before'][key]:.4f} -> {found['after'][key]:.4f}" for key, name in names.items())
        yield f"on these {result['n']:,} {result['split']} images: {', '.join(changes)}"
    bins = result["calibration_bins"]
    yield (
        f"calibration error {result['calibration_error']:.4f} (expected, over {bins} bins of confidence), "
        f"Brier score {result['brier']:.4f}"
    )


def class_table(result: Mapping[str, Any]) -> TextTable:
    """Returns a result's classes as a `TextTable`."""
    title = f"Classes of {result['dataset']}, {result['split']} images"
    table = TextTable(title, ("class", "images", "precision", "recall", "95% interval", "specificity", "F1", "AUC"))
    for row in result["classes"]:
        interval = " to ".join(map(decimals, row["interval"] or [None]))
        before, after = (map(decimals, map(row.get, keys)) for keys in (("precision", "recall"), _AFTER_THE_INTERVAL))
        table.add_row(row["name"], f"{row['n']:,}", *before, interval, *after)
    return table


def corruption_table(result: Mapping[str, Any]) -> TextTable:
    """Returns the accuracy for each kind and strength of corruption as a `TextTable`."""
    rows = result["corruptions"]["kinds"]
    strengths = range(1, len(rows[0]["accuracies"]) + 1)
    title = f"Accuracy on corrupted {result['split']} images of {result['dataset']}, by strength"
    table = TextTable(title, ("corruption", *map(str, strengths), "mean"))
    for row in rows:
        table.add_row(row["name"], *map(decimals, (*row["accuracies"], row["mean_accuracy"])))
    return table


def decimals(number: float | None) -> str:
    """Returns a number with three decimals, "-" for None."""
    return "-" if number is None else f"{number:.3f}"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(evaluate, "evaluate", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
