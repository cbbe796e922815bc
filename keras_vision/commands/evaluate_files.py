"""What `evaluate` measured, as files for other programs: all of it as JSON, its tables as CSV."""

import csv
import io
from pathlib import Path

from keras_vision.analysis.confusion import confusion_matrix
from keras_vision.data.words import printable
from keras_vision.runs import write_json, write_text
from keras_vision.training.calibration import calibrated_probabilities
from keras_vision.training.metrics import reliability


def write_files(result, found, folder, prefix):
    """Writes the files of a measurement and returns their paths, as a list of texts.

    Args:
        result: What `evaluate` returns.
        found: The `Answered`.
        folder: Where they go.
        prefix: What their names begin with: PREFIX.json, PREFIX_classes.csv and more, one for each of `_tables`.

    Raises:
        OSError: They cannot be written.
    """
    tables = _tables(result, found)
    paths = {name: Path(folder, f"{prefix}_{name}.csv") for name in tables}
    whole = Path(folder, f"{prefix}.json")
    for name, (columns, rows) in tables.items():
        write_text(paths[name], _csv(columns, rows))
    files = [str(path) for path in (whole, *paths.values())]
    write_json(whole, result | {"files": files})
    return files


def _tables(result, found):
    """Returns a dict: name -> (columns, rows), of the tables of a measurement."""
    probabilities, labels = calibrated_probabilities(found.logits), found.images.labels
    tables = {
        "classes": _classes(result["classes"]),
        "confusion_matrix": _confusion(labels, probabilities, found.class_names),
        "reliability": _dicts(reliability(probabilities, labels)),
        "answers": _answers(found, probabilities),
    }
    if "corruptions" in result:
        tables["corruptions"] = _corruptions(result["corruptions"]["kinds"])
    return tables


def _csv(columns, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _dicts(rows):
    """Returns the columns and rows of a list of dicts, an interval in two columns."""
    flat = [{name: value for name, value in row.items() if name != "interval"} | _ends(row["interval"]) for row in rows]
    return list(flat[0]), [list(row.values()) for row in flat]


def _ends(interval):
    low, high = interval or (None, None)
    return {"interval_low": low, "interval_high": high}


def _classes(rows):
    return _dicts([{"class": row["name"]} | {key: row[key] for key in row if key != "name"} for row in rows])


def _confusion(labels, probabilities, class_names):
    matrix = confusion_matrix(labels, probabilities.argmax(axis=1), len(class_names))
    rows = [[name, *counts] for name, counts in zip(class_names, matrix.tolist(), strict=True)]
    return ["true class", *class_names], rows


def _answers(found, probabilities):
    """Returns a row for each image, in their order: what it shows, what the model says, and how sure it is."""
    files = [""] * len(probabilities) if found.images.files is None else map(printable, found.images.files)
    names, predictions = found.class_names, probabilities.argmax(axis=1)
    rows = [
        [number, file, names[label], names[prediction], round(float(own[prediction]), 6), round(float(own[label]), 6)]
        for number, (file, label, prediction, own) in enumerate(
            zip(files, found.images.labels, predictions, probabilities, strict=True)
        )
    ]
    return ["number", "file", "true class", "answer", "confidence", "probability of the true class"], rows


def _corruptions(kinds):
    strengths = [f"strength {number}" for number in range(1, len(kinds[0]["accuracies"]) + 1)]
    return ["corruption", *strengths, "mean"], [
        [row["name"], *row["accuracies"], row["mean_accuracy"]] for row in kinds
    ]
