"""The model card beside an artifact (Mitchell et al. 2019), for programs and, as README.md, for people."""

import contextlib
import importlib.metadata
import json
from pathlib import Path

from keras_vision.formats import FORMATS, JSON, TEXT, format_module
from keras_vision.reporting.tables import size_words
from keras_vision.runs.provenance import provenance

LICENCE = (
    "These weights state no licence; their owner may choose one. The program that trained them is under the Apache "
    "License 2.0; the data set has terms of its own."
)
LIMITS = (
    "It knows only these classes, and assigns one of them to every image.",
    "Stretch images of other sizes to its size (bilinear, anti-aliased where they shrink), and lay transparent ones "
    "over white.",
    "Its weights, and in a search its settings, were chosen by the validation images, so the accuracy on these is a "
    "little too high. On pictures that were taken differently from its data the accuracy may be lower.",
)


def facts(model, counts, origin, result):
    """Returns what the cards of all of a model's artifacts share.

    Args:
        model: The model, ending in logits.
        counts: Its `ModelCounts`.
        origin: The card inside its file: class names, data set and settings; empty for a foreign file.
        result: The result of its run; empty where there is none.
    """
    shape = ", ".join(map(str, model.input_shape[1:]))
    return {
        "model": model.name,
        "settings": origin.get("settings"),
        "class_names": origin.get("class_names"),
        "input_shape": list(model.input_shape[1:]),
        "input": f"float32 pixels from 0 to 255, [n, {shape}], n any number",
        "output": f"float32 probabilities, [n, {model.output_shape[-1]}]",
        "data": {name: origin.get(name) for name in ("dataset", "fingerprint", "data_source", "pixel_scale")},
        "test": {name: (result.get("test") or {}).get(name) for name in ("accuracy", "n", "interval", "views")},
        "validation_accuracy": result.get("val_accuracy"),
        "calibration": origin.get("calibration"),
        "parameters": counts.parameters,
        "trainable_parameters": counts.trainable_parameters,
        "macs": counts.macs,
        "macs_not_counted": list(counts.not_counted),
        "licence": LICENCE,
    }


def write_card(directory, name, card):
    """Writes the card of an artifact of format `name` into its directory, in both forms."""
    made, row = provenance(), FORMATS[name]
    for package in (module.replace("_", "-") for module in row.packages):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # installed by another name: onnxruntime-gpu
            made["versions"][package] = importlib.metadata.version(package)
    if row.is_public:
        card = format_module(name).public(card)
    card = card | {"exported": made.pop("started"), **made, "limits": [*LIMITS, *row.limits]}
    Path(directory, JSON).write_text(json.dumps(card, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    page = format_module(name).readme(card, text(card)) if row.is_public else text(card)
    Path(directory, TEXT).write_text(page, encoding="utf-8")


def text(card):
    """Returns a card as Markdown."""
    lines = [
        f"# {card['model']}, {card['format']} in {card['precision']}",
        "",
        FORMATS[card["format"]].meaning + ".",
        "",
    ]
    lines += [f"- {name}: {value}" for name, value in _about(card).items()]
    lines += ["", "## Checked", "", "| what | found |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in _checked(card["check"]).items()]
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in card["limits"])]
    lines += ["", "## Licence", "", card["licence"], "", "## Made with", ""]
    lines += [f"- {name} {version}" for name, version in card["versions"].items()]
    return "\n".join(lines) + "\n"


def _about(card):
    """Returns the facts of a card as words."""
    test, classes = card["test"], card["class_names"]
    of_test = "not measured"
    if test["accuracy"] is not None:
        of_test = f"{test['accuracy']:.4f} on {test['n']:,} images (95% interval {_interval(test)})"
        if (test["views"] or 1) > 1:
            of_test += f", averaged over {test['views']} views of each; the artifact looks at one"
        if card["precision"] != "float32":
            of_test += f"; of the model before it was quantised to {card['precision']}"
    validation = card["validation_accuracy"]
    left_out = f", {', '.join(card['macs_not_counted'])} not counted" if card["macs_not_counted"] else ""
    return {
        "input": card["input"],
        "output": card["output"] + (f", in this order: {', '.join(classes)}" if classes else ""),
        "data": card["data"]["dataset"] or "not known",
        "test accuracy": of_test,
        "validation accuracy in training": "not known" if validation is None else f"{validation:.4f}",
        "calibration": _calibrated(card["calibration"]),
        "parameters": size_words(card),
        "multiply-accumulates for one image": f"{card['macs']:,}{left_out}",
        "exported": card["exported"],
    }


def _calibrated(calibration):
    """Returns how probabilities were calibrated, as words."""
    if not calibration:
        return "none: the probabilities are those of the training, as a rule too high or too low"
    found = f"on {calibration['images']:,} validation images"
    return f"temperature {calibration['temperature']:g}, {found}; the artifact's probabilities are calibrated"


def _checked(check):
    """Returns the findings of a check as words."""
    found = {
        "on": f"{check['images']:,} {check['source']}",
        "largest difference of a probability": f"{check['difference']:.1e}",
        "same top class": f"{check['agreement']:.2%}",
        "bound": check["bound"],
        "size": f"{check['bytes']:,} bytes",
    }
    for batch, milliseconds in check["latency_ms"].items():
        found[f"latency of a batch of {batch}"] = f"{milliseconds:g} ms"
    if "accuracy" in check:
        for name, key in (("accuracy", "accuracy"), ("the model's accuracy in float32", "float32_accuracy")):
            found[name] = f"{check[key]['accuracy']:.4f} (95% interval {_interval(check[key])})"
    return found


def _interval(accuracy):
    return "{:.4f} to {:.4f}".format(*accuracy["interval"])
