"""The page of a run: RUN/index.html, which tells what was asked for, what came of it, and how to go on."""

import shlex

from keras_vision.commands.page_sections import (
    classes_section,
    confidence_section,
    curves_section,
    folds_section,
    front_section,
    pictures_section,
    trials_section,
)
from keras_vision.commands.summary_lines import confirmed_line, cost_line, target_words, tensorboard_line
from keras_vision.errors import KerasVisionError
from keras_vision.reporting.page import render
from keras_vision.reporting.progress import cell, clock_text, installed, settings_line
from keras_vision.reporting.score_lines import interval_words
from keras_vision.reporting.tables import short, size_words
from keras_vision.runs import Run, write_text
from keras_vision.search.families import verdict
from keras_vision.search.outcome import recorded_outcome
from keras_vision.search.report import is_search, read_csv
from keras_vision.training.aim import meets_target
from keras_vision.training.measures import METRICS, score_of

HIDDEN = ("space", "settings", "recipe")  # settings that are too long for a table, or are shown one by one


def write_page(run):
    """Writes the page of a run, finished or not, and returns its path.

    Args:
        run: A `Run`, of a training or of a search.

    Raises:
        OSError: The file cannot be written.
    """
    write_text(run.page_path, render(_search_page(run) if is_search(run) else _training_page(run)))
    return run.page_path


def page_of(run, progress):
    """Writes the page of a run; returns a dict with its path as `page`, empty where it cannot be written."""
    try:
        return {"page": str(write_page(run))}
    except (OSError, KerasVisionError) as error:  # all that it tells is in the run already; a file may be damaged
        progress.say(f"warning: The page of the run could not be written ({error}).")
        return {}


def _training_page(run):
    result = run.result if run.finished else {}
    sections = [*folds_section(result), *curves_section(run), *classes_section(result)]
    sections += [*confidence_section(run), *pictures_section(run)]
    return _common(run, result) | {"sections": sections, **_training_verdict(run, result)}


def _training_verdict(run, result):
    target = run.config["settings"].get("target_acc")
    if not result:
        return {"verdict": "This training is not finished. The command that started it continues it."}
    if target is None:
        return {}
    words = f"{target_words(result, target)}: {score_of(result):.4f} of the validation images"
    return {"verdict": _sentence(words), "is_good": meets_target(result, target)}


def _search_page(run):
    result = run.result if run.finished else {}
    settings = run.config["settings"]
    trials = read_csv(run.path / "trials.csv")
    sections = [*front_section(run, trials, settings), *trials_section(trials, settings)]
    if result:
        sections += curves_section(Run(run.path / result["best_trial"]), f"The training of {result['best_trial']}")
    sections += [*classes_section(result), *confidence_section(run), *pictures_section(run)]
    return _common(run, result) | {"sections": sections, **_search_verdict(settings, result)}


def _search_verdict(settings, result):
    if not result:
        return {"verdict": "This search is not finished. The command that started it continues it."}
    outcome = recorded_outcome(result, settings["target_acc"])
    notes = [f"The best is {result['best_trial']}: {settings_line(result['best_values'])}", cost_line(result)]
    if "confirmed" in result:
        notes.append(confirmed_line(result["confirmed"], settings.get("metric", "accuracy")))
    if "families" in result:
        notes.append(verdict(result["families"]))
    return {"verdict": _sentence(outcome.sentence()), "is_good": outcome.reached, "notes": map(_sentence, notes)}


def _sentence(words):
    """Returns a line of a terminal as a sentence."""
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _common(run, result):
    """Returns what the pages of trainings and of searches share."""
    config = run.config
    settings = config["settings"]
    names = (settings["model"], settings.get("dataset"))  # the trial of a search has its images from the search
    asked = {name: value for name, value in settings.items() if name not in HIDDEN}
    for more in (settings.get("settings"), settings.get("recipe"), config["versions"], config["machine"]):
        asked |= more or {}
    return {
        "title": " on ".join(filter(None, names)),
        "subtitle": f"{run.path.resolve()}, begun {config['started'][:16].replace('T', ' ')} UTC",
        "facts": _facts(run, result),
        "warnings": result.get("test", {}).get("warnings", []),
        "decisions": config.get("decisions", []),
        "asked": [(name, cell(value)) for name, value in asked.items() if value is not None],
        "next": _next(run),
    }


def _facts(run, result):
    """Returns what was reached and what it costs, as pairs of name and text."""
    if not result:
        return []
    facts, test = {}, result.get("test")
    if test:
        facts["test accuracy"] = f"{test['accuracy']:.4f}"
        facts[f"of {test['n']:,} test images"] = interval_words(test["interval"])
        if "worst_class" in test:
            worst = test["worst_class"]
            facts["balanced accuracy"] = f"{test['balanced_accuracy']:.4f}"
            facts["worst class, recall"] = f"{worst['name']}, {worst['recall']:.2f}"
        if "calibration_error" in test:
            facts["calibration error"] = f"{test['calibration_error']:.4f}"
    if "folds" in result:
        facts["interval of the mean"] = interval_words(result["interval"])
    facts[f"validation {METRICS[result.get('metric', 'accuracy')]}"] = f"{score_of(result):.4f}"
    facts["parameters"] = size_words(result)
    if "macs" in result:
        facts["MACs"] = short(result["macs"]).strip()
    if "latency_ms" in result:
        facts["one image takes"] = f"{result['latency_ms']:.2f} ms"
    if "int8_bytes" in result:
        facts["exported in int8"] = f"{result['int8_bytes']:,} bytes"
    if run.model_path.exists():
        facts["model file"] = f"{short(run.model_path.stat().st_size)}B"
    facts["training"] = f"{result['epochs_run']} epochs, {clock_text(result['seconds'])}"
    return list(facts.items())


def _next(run):
    """Returns what a person may do next, as pairs of purpose and command."""
    place = str(run.path)

    def command(name, *words):
        return shlex.join([installed("python"), "-m", f"keras_vision.{name}", place, *words])

    pairs = [
        ("Ask it what images show", command("predict", "IMAGES")),
        ("Make its confidence mean what it says", command("evaluate", "--calibrate")),
        ("See what speaks for its surest mistakes, here", command("evaluate", "--explain")),
        ("Measure it on newly labelled images", command("evaluate", "--dataset", "folder:NEW")),
        ("Export it for a server, a phone or a browser", command("export")),
        ("Watch all curves in TensorBoard", tensorboard_line(run.path)),
    ]
    return pairs if run.model_path.exists() else pairs[-1:]
