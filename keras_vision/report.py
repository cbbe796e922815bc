"""Prints what an earlier run gave, and writes its page: `python -m keras_vision.report RUN`."""

import dataclasses
import shlex
import sys
from collections.abc import Mapping
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.commands.report import arguments_to_confirm, report_of
from keras_vision.commands.summary_lines import confirmed_line, cost_line, training_lines
from keras_vision.errors import BadInput
from keras_vision.reporting.progress import Progress, installed
from keras_vision.reporting.tables import TextTable
from keras_vision.results.runs import ReportResult
from keras_vision.search.executors.worker_settings import WorkerSettings
from keras_vision.search.report import parts
from keras_vision.system.settings import REQUIRED, Settings, group, setting, whole
from keras_vision.tune import tune


@dataclasses.dataclass(frozen=True)
class ReportSettings(Settings):
    """What `report` is asked for."""

    run: str = setting(REQUIRED, "the run directory of a search, or of a training", is_word=True)
    confirm: int = setting(
        None,
        "of a search: first train the best network this many more times, on other validation images where the data "
        "set brings none",
        "N",
        whole(1),
    )
    worker_settings: WorkerSettings = group(WorkerSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.confirm and self.worker_settings != WorkerSettings():
            raise BadInput("Without confirm nothing is trained. Leave out --workers and --ray, or give --confirm N.")


@front_door(ReportSettings, ReportResult.of)
def report(asked: ReportSettings, progress: Progress) -> dict[str, Any]:
    """Print what an earlier search or training gave, and write its page, index.html in the run directory.

    Returns:
        The report as a dict, with the path of the page as `page` where it could be written. Of a search see
        `keras_vision.search.report.report_on`; with `confirm` also exit_code, as of `tune`. Of a training it is what
        `train` returned.

    Raises:
        BadInput: The directory holds no run, or a training that is not finished; or, with `confirm`, it holds no search
            or one whose best trial is not finished.

    Example:

    >>> report("runs/tune-vgg-fashion_mnist")["leaders"][0]["parameters"]  # doctest: +SKIP
    """
    if not asked.confirm:
        return report_of(asked.run, progress)
    again = arguments_to_confirm(asked.run, progress)
    how = dataclasses.asdict(asked.worker_settings) | {"confirm": asked.confirm}
    result = tune(**again | how, progress=progress)
    return report_of(asked.run, progress) | {"exit_code": result["exit_code"]}


def show(found: Mapping[str, Any], progress: Progress) -> None:
    """Prints a report, that of a search as tables."""
    if "leaders" not in found:
        for line in training_lines(found):
            progress.say(line)
        return
    for part in parts(found):
        if isinstance(part, TextTable):
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


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(report, "report", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
