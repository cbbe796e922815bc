"""The lines that end a run: what was reached, where things are, and how to go on."""

import shlex
from pathlib import Path

from keras_vision.reporting.progress import installed
from keras_vision.reporting.score_lines import balance_line, score_line
from keras_vision.training.scores import score_of


def tensorboard_line(workdir):
    """Returns the command that shows a run in TensorBoard, bound to this machine."""
    return shlex.join([installed("tensorboard"), "--host", "localhost", "--logdir", str(workdir)])


def closing_lines(result):
    """Returns the lines that end a run: what was reached, where things are, and the test accuracy last."""
    workdir, target = Path(result["workdir"]), result["target_acc"]
    accuracy = f"accuracy {result['val_accuracy']:.4f}"
    verdict, what, scored = "", "", accuracy
    if result.get("metric") == "balanced_accuracy":
        what = "balanced accuracy "
        scored = f"balanced accuracy {result['val_balanced_accuracy']:.4f} ({accuracy})"
    if target is not None:
        verdict = f"target {what}{target:g} {'reached' if score_of(result) >= target else 'not reached'}: "
    lines = [
        f"{verdict}validation {scored} with {result['parameters']:,} parameters, "
        f"in {result['seconds']:.0f} s of training",
        f"model        {shlex.quote(str(workdir / 'model.keras'))}",
        f"export       {shlex.join([installed('python'), '-m', 'keras_vision.export', str(workdir)])}",
        f"TensorBoard  {tensorboard_line(workdir)}",
    ]
    ended = result.get("ended")  # of a search
    if ended is None and result["stopped"] == "time":
        lines.append("Time ran out before the last epoch. The same command goes on from here.")
    elif ended is None and result["stopped"] == "settled":
        lines.append(
            f"Training ended after {result['epochs_run']} epochs, because nothing was left to learn. With --patience 0 "
            "it runs through all epochs."
        )
    elif ended in ("trials", "time") and (result["exit_code"] == 3 or result["stopped"] == "time"):
        lines.append("The same command with a larger budget (--max-trials, --max-minutes) goes on from here.")
    elif ended == "space" and result["exit_code"] == 3:
        lines.append("Everything that the search space and the limits allow has been tried.")
    if "test" in result:
        lines += [f"warning: {warning}" for warning in result["test"]["warnings"]]
        lines += filter(None, [balance_line(result["test"])])
        lines.append(score_line(result["test"]))
    return lines


def show(result, progress):
    """Prints the lines that end a run."""
    for line in closing_lines(result):
        progress.say(line)
