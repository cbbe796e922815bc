"""The lines that end a run: what was reached, what it cost, where things are, and how to go on."""

import shlex
from pathlib import Path

from keras_vision.commands.forecast_lines import forecast_lines
from keras_vision.reporting.progress import installed, settings_line
from keras_vision.reporting.score_lines import balance_line, interval_words, score_line
from keras_vision.reporting.tables import size_words
from keras_vision.search.families import verdict
from keras_vision.search.outcome import recorded_outcome
from keras_vision.training.aim import meets_target
from keras_vision.training.measures import METRICS


def target_words(result, target):
    """Returns whether a training reached its target, in words; "" where there is none."""
    if target is None:
        return ""
    what = "balanced accuracy " if result.get("metric") == "balanced_accuracy" else ""
    return f"target {what}{target:g} {'reached' if meets_target(result, target) else 'not reached'}"


def training_lines(result):
    """Returns the lines that end `train`, the test accuracy last."""
    if "dry_run" in result:
        return forecast_lines(result)
    if "folds" in result:
        return fold_lines(result)
    verdict = target_words(result, result["target_acc"])
    lines = [(f"{verdict}: " if verdict else "") + _validation_line(result), *_place_lines(result)]
    if result["stopped"] == "time":
        lines.append("Time ran out before the last epoch. The same command goes on from here.")
    elif result["stopped"] == "settled":
        lines.append(
            f"Training ended after {result['epochs_run']} epochs, because nothing was left to learn. With --patience 0 "
            "it runs through all epochs."
        )
    return lines + _test_lines(result)


def fold_lines(result):
    """Returns the lines that end a cross-validation, the mean last."""
    metric = METRICS[result["metric"]]
    lines = [f"fold {one['fold']}: {metric} {one['val_score']:.4f}" for one in result["folds"]]
    workdir = Path(result["workdir"])
    lines.append(f"runs         {shlex.quote(str(workdir / 'folds'))}")
    if "page" in result:
        lines.append(f"page         {shlex.quote(result['page'])}")
    if result["stopped"] == "time":
        return [*lines, "Time ran out before the last fold. The same command goes on from here."]
    return [
        *lines,
        f"{metric} {result['val_score']:.4f} on average of {len(result['folds'])} folds "
        f"({interval_words(result['interval'])}), standard deviation {result['deviation']:.4f}; the test images were "
        "not opened",
    ]


def search_lines(result):
    """Returns the lines that end `tune`, the test accuracy last."""
    if "dry_run" in result:
        return forecast_lines(result)
    counts = ", ".join(f"{name}: {result[name]}" for name in ("failed", "rejected") if result.get(name))
    lines = [
        f"best of {result['trials']} trials{f' ({counts})' if counts else ''}: {result['best_trial']}, "
        f"{settings_line(result['best_values'])}",
        cost_line(result),
    ]
    if "confirmed" in result:
        lines.append(confirmed_line(result["confirmed"], result.get("metric", "accuracy")))
    if outcome := recorded_outcome(result, result["target_acc"]).sentence():
        lines.append(outcome)
    if "families" in result:
        lines.append(verdict(result["families"]))
    if "int8_bytes" in result:
        lines.append(f"exported in int8 it takes {result['int8_bytes']:,} bytes")
    lines += [_validation_line(result), *_place_lines(result)]
    if result["ended"] in ("trials", "time") and (result["exit_code"] == 3 or result["stopped"] == "time"):
        lines.append("The same command with a larger budget (--max-trials, --max-minutes) goes on from here.")
    elif result["ended"] == "space" and result["exit_code"] == 3:
        lines.append("Everything that the search space and the limits allow has been tried.")
    return lines + _test_lines(result)


def cost_line(result):
    """Returns what a search cost, as the line that a person reads."""
    spent = f"cost: {result['search_seconds']:.0f} s of training, or {result['full_trainings']:.2f} full trainings"
    if "search_seconds_to_target" not in result:
        return f"{spent} of the best"
    reached = "reached" if result["reached"] else "seemed to reach"
    return (
        f"{spent} of the first network that {reached} the target (found after "
        f"{result['search_seconds_to_target']:.0f} s, or {result['full_trainings_to_target']:.2f})"
    )


def confirmed_line(confirmed, metric="accuracy"):
    """Returns the accuracies of `confirm` as the line that a person reads."""
    spread = f", standard deviation {confirmed['deviation']:.4f}" if confirmed["deviation"] is not None else ""
    each = ", ".join(f"{accuracy:.4f}" for accuracy in confirmed["accuracies"])
    return f"trained anew: {METRICS[metric]} {confirmed['mean']:.4f} on average{spread} ({each})"


def tensorboard_line(workdir):
    """Returns the command that shows a run in TensorBoard, bound to this machine."""
    return shlex.join([installed("tensorboard"), "--host", "localhost", "--logdir", str(workdir)])


def _validation_line(result):
    scored = f"accuracy {result['val_accuracy']:.4f}"
    if result.get("metric") == "balanced_accuracy":
        scored = f"balanced accuracy {result['val_balanced_accuracy']:.4f} ({scored})"
    return f"validation {scored} with {size_words(result, ' parameters')}, in {result['seconds']:.0f} s of training"


def _place_lines(result):
    workdir = Path(result["workdir"])
    page = [f"page         {shlex.quote(result['page'])}"] if "page" in result else []
    return [
        *page,
        f"model        {shlex.quote(str(workdir / 'model.keras'))}",
        f"export       {shlex.join([installed('python'), '-m', 'keras_vision.export', str(workdir)])}",
        f"TensorBoard  {tensorboard_line(workdir)}",
    ]


def _test_lines(result):
    if "test" not in result:
        return []
    test = result["test"]
    warnings = [f"warning: {warning}" for warning in test["warnings"]]
    return [*warnings, *filter(None, [balance_line(test)]), score_line(test)]
