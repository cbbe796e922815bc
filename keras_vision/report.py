"""Prints what an earlier run gave, and writes its page: `python -m keras_vision.report RUN`."""

import dataclasses
import shlex
import sys

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.commands.closing import confirmed_line, cost_line, training_lines
from keras_vision.errors import BadInput
from keras_vision.reporting.progress import installed
from keras_vision.reporting.tables import Table
from keras_vision.runs import Run
from keras_vision.search.report import parts, report_on
from keras_vision.system.settings import REQUIRED, Settings, setting, whole
from keras_vision.training.aim import reaches
from keras_vision.tune import tune


@dataclasses.dataclass(frozen=True)
class ReportSettings(Settings):
    """What `report` is asked for."""

    run: str = setting(REQUIRED, "the run directory of a search, or of a training", is_word=True)
    confirm: int = setting(
        None,
        "of a search: first train the best network this many more times, on other validation images",
        "N",
        whole(1),
    )


@front_door(ReportSettings)
def report(asked, progress):
    """Print what an earlier search or training gave, and write its page, index.html in the run directory.

    Returns:
        The report as a dict, with the path of the page as `page` where it could be written. Of a search see
        `keras_vision.search.report.report_on`; with `confirm` also exit_code, as of `tune`. Of a training it is what
        `train` returned, but for its warnings.

    Raises:
        BadInput: The directory holds no run, or a training that is not finished; or, with `confirm`, it holds no search
            or one whose best trial is not finished.

    Example:

    >>> report("runs/tune-vgg-fashion_mnist")["leaders"][0]["parameters"]  # doctest: +SKIP
    """
    run = Run(asked.run)
    is_training = run.metrics_path.exists() and not asked.confirm
    found = _training(run) if is_training else _search(asked, progress)
    return found | _page_of(run, progress)


def _training(run):
    """Returns what `train` returned, but for what it warned of."""
    if not run.finished:
        raise BadInput(
            f"The training in {run.path} is not finished. First continue it with the command that started it."
        )
    result, target = run.result, run.config["settings"].get("target_acc")
    return result | {"workdir": str(run.path), "target_acc": target, "exit_code": 0 if reaches(result, target) else 3}


def _search(asked, progress):
    """Returns the report of a search, whose best network is first confirmed where that is asked for."""
    found = report_on(asked.run, progress)
    return _confirmed(asked, found, progress) if asked.confirm else found


def _confirmed(asked, found, progress):
    """Trains the best network of a search anew; returns the report of it then."""
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
    result = tune(**newest["arguments"], workdir=asked.run, max_trials=closed, confirm=asked.confirm, progress=progress)
    return report_on(asked.run, progress) | {"exit_code": result["exit_code"]}


def _page_of(run, progress):
    from keras_vision.commands.page import page_of  # with the libraries that draw it, which `--help` does not need

    return page_of(run, progress)


def show(found, progress):
    """Prints a report, that of a search as tables."""
    if "leaders" not in found:
        for line in training_lines(found):
            progress.say(line)
        return
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
    if "page" in found:
        progress.say(f"page: {shlex.quote(found['page'])}")


def main(arguments=None):
    """Runs the command line."""
    return run_command(report, "report", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
