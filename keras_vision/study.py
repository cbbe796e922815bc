"""Repeats an experiment of a study report: `python -m keras_vision.study NAME --scale quick`."""

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.commands.asked_before import study_given_before
from keras_vision.data.places import ANY_SOURCE, DATA, locate
from keras_vision.errors import BadInput, check_name
from keras_vision.reporting.progress import Progress, clock_text
from keras_vision.results.runs import StudyResult
from keras_vision.search.executors.worker_settings import WorkerSettings
from keras_vision.studies import STUDIES
from keras_vision.studies.plan import SCALES, verdict_words
from keras_vision.system.settings import NAMED, Settings, group, one_of, setting, whole
from keras_vision.training.recipe import PRECISIONS


@dataclasses.dataclass(frozen=True)
class StudySettings(Settings):
    """What `study` is asked for."""

    name: str = setting(None, "one of the names that --list prints", is_word=True)
    all: bool = setting(
        False, "run all studies, one after the other; one that fails is named, and the others still run"
    )
    scale: str = setting(
        "quick", "smoke (seconds, on tiny images), quick (minutes, on two cores), source (the source's networks, data "
        "and optimiser, with fewer epochs where two cores would need days) or full (with all of its epochs)",
        "|".join(SCALES), one_of(SCALES),
    )  # fmt: skip
    seeds: int = setting(
        3, "repeat every training with the random seeds 0 to N-1; some scales use fewer", "N", whole(1)
    )
    dataset: str = setting(None, f"instead of the study's own data: {ANY_SOURCE}", "NAME", alias=DATA)
    data_dir: str = setting(None, "where a named data set is, if not in one of the usual places", "DIR")
    workdir: str = setting(
        None, "the run directory, or with --all the folder that holds theirs; the same command on the same directory "
        "continues where it stopped; if not given, runs/study-NAME-SCALE", "DIR", NAMED,
    )  # fmt: skip
    precision: str = setting(
        "auto", f"the precision of the arithmetic: {', '.join(PRECISIONS)}", "NAME", one_of(PRECISIONS)
    )
    worker_settings: WorkerSettings = group(WorkerSettings)
    list: bool = setting(
        False,
        "print what each study asks, what it cost where it was recorded, and an estimate of what it will cost here",
    )

    @property
    def place(self) -> str:
        """The run directory of the study of that name."""
        return self.workdir or f"runs/study-{self.name}-{self.scale}"


@front_door(StudySettings, StudyResult.of)
def study(asked: StudySettings, progress: Progress) -> dict[str, Any]:
    """Repeat an experiment of an earlier report, and write its table, its figures and a report.

    Started again on the same directory, a study goes on where it stopped, and adds seeds that are new. With several
    workers, or on a Ray cluster, it trains several networks side by side.

    Returns:
        The result as a dict: study, scale, workdir, report (its path), answer, claims (a dict for each: claim, held,
        numbers, because, reason, ours), held (whether all of the source's held, None where the numbers do not decide
        it), runs, seconds, pflop, exit_code. With `all` a dict: studies (name -> result), failed (name -> reason),
        exit_code 1 where any failed. With `list` a dict: list (name -> asks, source,
        costs: a list of dicts of scale, processor, trainings, seconds, and expected_seconds here).

    Raises:
        BadInput: Before any work starts, where an argument cannot be right; with `all`, where it cannot be for any
            study that looks at images.

    Example:

    >>> study("mixer_patches", scale="smoke")["report"]  # doctest: +SKIP
    'runs/study-mixer_patches-smoke/report.md'
    """
    if (asked.name is not None) + asked.all + asked.list != 1:
        raise BadInput("Give one study's NAME, or --all, or --list, which prints the names.")
    if asked.name:
        check_name("study", asked.name, STUDIES)
    asked.worker_settings.check_cluster()
    if asked.dataset:
        locate(asked.dataset, asked.data_dir)
    found = study_given_before(asked, progress) if asked.name else None
    return found or carry_out("studies.asked", asked, progress)


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints what `study` returned, for a person."""
    if "list" in result:
        width = max(map(len, STUDIES))
        for name, row in result["list"].items():
            progress.say(f"{name:<{width}}  {row['asks']} ({row['source']})")
            for cost in row["costs"]:
                progress.say(f"{'':<{width}}  {_cost_words(cost)}")
        return
    for one in result["studies"].values() if "studies" in result else [result]:
        progress.say(f"{one['study']}: {one['answer']}")
        for claim in one["claims"]:
            progress.say(f"  {claim['claim']}: {verdict_words(claim)}")
        progress.say(f"  report: {one['report']}")
    for name, reason in result.get("failed", {}).items():
        progress.say(f"failed: {name}: {reason}")


def _cost_words(cost: Mapping[str, Any]) -> str:
    several = "s" * (cost["trainings"] > 1)
    trainings = f"{cost['trainings']} training{several}"
    took = f"{cost['scale']}: {trainings} took {clock_text(cost['seconds'])} on {cost['processor']}"
    here = cost["expected_seconds"]
    return took if here is None else f"{took}; here about {clock_text(here)}, an estimate from timed steps"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(study, "study", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
