"""Prints what an earlier search found: `python -m keras_vision.report RUN`."""

import dataclasses
import shlex
import sys

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.commands.closing import confirmed_line, cost_line
from keras_vision.errors import BadInput
from keras_vision.reporting.progress import installed
from keras_vision.reporting.tables import Table
from keras_vision.runs import Run
from keras_vision.search.report import parts, report_on
from keras_vision.system.settings import REQUIRED, Settings, setting, whole
from keras_vision.tune import tune


@dataclasses.dataclass(frozen=True)
class ReportSettings(Settings):
    """What `report` is asked for."""

    run: str = setting(REQUIRED, "the run directory of a search", is_word=True)
    confirm: int = setting(
        None, "first train the best network this many more times, on other validation images", "N", whole(1)
    )


@front_door(ReportSettings)
def report(asked, progress):
    """Print what an earlier search found.

    Returns:
        The report as a dict; see `keras_vision.search.report.report_on`. With `confirm` also exit_code, as of `tune`.

    Raises:
        BadInput: The directory holds no search; or, with `confirm`, its best trial is not finished.

    Example:

    >>> report("runs/tune-vgg-fashion_mnist")["leaders"][0]["parameters"]  # doctest: +SKIP
    """
    found = report_on(asked.run, progress)
    if asked.confirm:
        config = Run(asked.run).config
        newest = config.get("continued", [config])[-1]  # with what the latest start was asked to keep
        closed = found["statuses"].get("COMPLETED", 0) + found["statuses"].get("FAILED", 0)
        best = (found["result"] or {}).get("best_trial")
        finished = [f"trials/{leader['trial']}" for leader in found["leaders"]]
        if not finished or (best and best not in finished):
            why = f"its best trial, {best}, is not finished" if best else "none of its trials is finished"
            raise BadInput(
                f"{asked.run} cannot be confirmed yet: {why}. First continue it with the command that started it."
            )
        result = tune(
            **newest["arguments"], workdir=asked.run, max_trials=closed, confirm=asked.confirm, progress=progress
        )
        found = report_on(asked.run, progress) | {"exit_code": result["exit_code"]}
    return found


def show(found, progress):
    """Prints a report as tables."""
    for part in parts(found):
        if isinstance(part, Table):
            progress.print(part)
        else:
            progress.say(part)
    if found["result"]:
        progress.say(cost_line(found["result"]))
        if "confirmed" in found["result"]:
            progress.say(confirmed_line(found["result"]["confirmed"], found["metric"]))
            if found["verdict"]:
                progress.say(found["verdict"])
        elif found["result"]["best_trial"] in [f"trials/{leader['trial']}" for leader in found["leaders"]]:
            words = [installed("python"), "-m", "keras_vision.report", found["workdir"], "--confirm", "3"]
            progress.say(f"confirm it: {shlex.join(words)}")


def main(arguments=None):
    """Runs the command line."""
    return run_command(report, "report", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
