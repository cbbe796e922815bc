"""The sections of a run's page: charts, tables and pictures, each where the run has what it shows.

A section is a dict: id, title, text and charts, a table or pictures, as `reporting/page.html` draws them.
"""

from keras_vision.reporting.charts import Point, line_chart, point_chart
from keras_vision.reporting.page import data_uri
from keras_vision.reporting.progress import settings_line
from keras_vision.reporting.score_lines import interval_words
from keras_vision.runs import read_card
from keras_vision.search.report import read_csv, shared_settings
from keras_vision.training.measures import METRICS

# Pictures of a run, in the order of the page, and what they show. The front is a chart there.
PICTURES = {
    "confusion_matrix": "Which classes are taken for which, on the validation images",
    "confident_mistakes": "The most confident mistakes among the validation images",
    "reliability": "How often it is right when it is so sure, on the validation images",
    "test_reliability": "How often it is right when it is so sure, on the test images",
    "test_explained_mistakes": "What speaks for its surest mistakes on the test images, and for the true classes",
    "test_corruptions": "What it makes of corrupted test images",
    "first_layer_kernels": "What the first layer looks for",
    "first_layer_kernels_colour": "What the first layer looks for, in colour",
    "token_mixing_units": "How the first block mixes positions",
}
# Columns of trials.csv that the table of trials shows, beside the settings.
MEASURED = {"parameters": "parameters", "macs": "MACs", "latency_ms": "ms an image", "epochs_run": "epochs"}
# What the table of classes shows.
OF_A_CLASS = {"recall": "recall", "precision": "precision", "f1": "F1", "specificity": "specificity", "auc": "AUC"}
NO_SETTINGS = ("trial", "status", "reason", "given_up", "stopped", "seconds", "ran_on", "trainable_parameters")


def front_section(run, trials, settings):
    """Yields the section with the chart of all completed trials, those that no other beats joined."""
    score = f"val_{settings.get('metric', 'accuracy')}"
    done = [row for row in trials if row["status"] == "COMPLETED" and row[score]]
    if not done:
        return
    best = {row["trial"] for row in read_csv(run.path / "front.csv") if "parameters" in row["smallest_by"]}
    shared = _shared(trials)
    points = [
        Point(
            int(row["parameters"]),
            float(row[score]),
            f"{row['trial']}: {float(row[score]):.4f}{', given up' * bool(row['given_up'])}, "
            f"{int(row['parameters']):,} parameters, {_settings_line(row, shared)}",
            f"trial-{row['trial']}",
            "third" if row["given_up"] else "first" if row["trial"] in best else "second",
        )
        for row in done
    ]
    text = (
        "Each point is a trial. Hover over one or tab to it to read its settings; follow it to its row. The line joins "
        "those that no smaller network beats; crosses were given up."
    )
    chart = point_chart("parameters", f"validation {METRICS[settings.get('metric', 'accuracy')]}", points)
    yield {"id": "front", "title": "Accuracy against parameters", "text": text, "charts": [chart]}


def trials_section(trials, settings):
    """Yields the section with the table of all trials."""
    if not trials:
        return
    score, shared = f"val_{settings.get('metric', 'accuracy')}", _shared(trials)
    rows = [
        [
            row["trial"],
            _settings_line(row, shared),
            f"{float(row[score]):.4f}" if row[score] else "",
            *(_count(row[name]) for name in MEASURED),
            row["reason"] or row["stopped"] or row["status"].lower(),
            *([row["ran_on"]] if "ran_on" in row else []),
        ]
        for row in trials
    ]
    columns = ["trial", "settings", "validation", *MEASURED.values(), "ended by"]
    columns += ["ran on"] if "ran_on" in trials[0] else []
    ids = [f"trial-{row['trial']}" for row in trials]
    table = {"columns": columns, "rows": rows, "ids": ids, "numbers": range(2, 3 + len(MEASURED))}
    text = f"All have {settings_line(shared)}." if shared else ""
    yield {"id": "trials", "title": "All trials", "text": text, "table": table}


def _settings_of(row):
    """Returns the settings of a row of trials.csv."""
    measured = {*NO_SETTINGS, *MEASURED, *(name for name in row if name.startswith("val_"))}
    return {name: value for name, value in row.items() if value and name not in measured}


def _shared(trials):
    """Returns the settings that all rows of trials.csv have in common, where there are several."""
    return shared_settings(list(map(_settings_of, trials)))


def _settings_line(row, shared):
    """Returns the settings of a row of trials.csv as text, but for those that all share."""
    return settings_line({name: value for name, value in _settings_of(row).items() if name not in shared})


def _count(text):
    """Returns a number of trials.csv with its thousands apart."""
    return f"{int(text):,}" if text.isdigit() else text


def curves_section(run, title="The training"):
    """Yields the section with the accuracy and the cross-entropy of a run's epochs."""
    if rows := run.history:
        charts = [
            line_chart(
                "epoch",
                words,
                {
                    "training": [(row["epoch"], row[name]) for row in rows],
                    "validation": [(row["epoch"], row[f"val_{name}"]) for row in rows],
                },
            )
            for name, words in {"accuracy": "accuracy", "crossentropy": "cross-entropy"}.items()
        ]
        yield {"id": "curves", "title": title, "charts": charts}


def folds_section(result):
    """Yields the section with what each fold of a cross-validation gave."""
    if "folds" in result:
        names = ("val_accuracy", "val_balanced_accuracy", "val_crossentropy")
        rows = [[str(one["fold"]), *(f"{one[name]:.4f}" for name in names)] for one in result["folds"]]
        columns = ["fold", "accuracy", "balanced accuracy", "cross-entropy"]
        text = (
            f"{METRICS[result['metric']].capitalize()} is {result['val_score']:.4f} on average "
            f"({interval_words(result['interval'])}). Each fold was left out of one training, and measured after it."
        )
        table = {"columns": columns, "rows": rows, "numbers": range(4)}
        yield {"id": "folds", "title": "Fold by fold", "text": text, "table": table}


def classes_section(result):
    """Yields the section with what the network makes of each class of the test images."""
    classes = result.get("test", {}).get("classes")
    if not classes:
        return
    rows = [[row["name"], f"{row['n']:,}", *(_share(row.get(name)) for name in OF_A_CLASS)] for row in classes]
    columns = ["class", "test images", *OF_A_CLASS.values()]
    table = {"columns": columns, "rows": rows, "numbers": range(1, len(columns))}
    text = (
        "Recall is the share of a class' images that were found; precision that of the answers that were right; "
        "specificity that of the other images that were not taken for it. AUC is the chance that an image of the class "
        "looks more like it than another one."
    )
    yield {"id": "classes", "title": "Class by class", "text": text, "table": table}


def confidence_section(run):
    """Yields the section with what the confidence of a calibrated model is worth."""
    found = read_card(run.path).get("calibration") if run.model_path.exists() else None
    if not found:
        return
    images = found["images"]
    rows = [
        [
            f"{row['threshold']:.3f}",
            f"{row['answered'] / images:.0%}",
            f"{row['right'] / row['answered']:.2%}",
            f"{row['shown']:.2%}",
        ]
        for row in found["answered"]
    ]
    columns = ["answers from a confidence of", "answers", "right", "right on new images, at least"]
    text = (
        f"The model was calibrated on {images:,} validation images: its logits are divided by "
        f"{found['temperature']:g}, the temperature. predict --at-least SHARE answers only as surely as it takes; the "
        "last column holds for new images of the same kind, with 95% confidence."
    )
    table = {"columns": columns, "rows": rows, "numbers": range(4)}
    yield {"id": "confidence", "title": "What its confidence is worth", "text": text, "table": table}


def _share(number):
    return "" if number is None else f"{number:.3f}"


def pictures_section(run):
    """Yields the section with the run's pictures."""
    found = [(title, run.figures / f"{name}.png") for name, title in PICTURES.items()]
    pictures = [{"title": title, "source": data_uri(path)} for title, path in found if path.exists()]
    if pictures:
        yield {"id": "pictures", "title": "What it learned, and where it errs", "pictures": pictures}
