"""Repeats an experiment of a study report: `python -m keras_vision.study NAME --scale quick`."""

import dataclasses
import shlex
import sys
import traceback
from pathlib import Path

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.commands.closing import tensorboard_line
from keras_vision.data.places import ANY_SOURCE, locate
from keras_vision.errors import BadInput, check_name
from keras_vision.studies import STUDIES, load_study
from keras_vision.studies.plan import SCALES
from keras_vision.system.quiet import import_keras
from keras_vision.system.settings import Settings, one_of, setting, whole
from keras_vision.training.recipe import PRECISIONS


@dataclasses.dataclass(frozen=True)
class StudySettings(Settings):
    """What `study` is asked for."""

    name: str = setting(None, "one of the names that --list prints", is_word=True)
    all: bool = setting(
        False, "run all studies, one after the other; one that fails is named, and the others still run"
    )
    scale: str = setting(
        "quick", "smoke (seconds, on tiny images), quick (minutes, on two cores) or full (the source's own settings)",
        "|".join(SCALES), one_of(SCALES),
    )  # fmt: skip
    seeds: int = setting(
        3, "repeat every training with the random seeds 0 to N-1; some scales use fewer", "N", whole(1)
    )
    dataset: str = setting(None, f"instead of the study's own data: {ANY_SOURCE}", "NAME")
    data_dir: str = setting(None, "where a named data set is, if not in one of the usual places", "DIR")
    workdir: str = setting(
        None, "the run directory, or with --all the folder that holds theirs; the same command on the same directory "
        "continues where it stopped; if not given, runs/study-NAME-SCALE", "DIR",
    )  # fmt: skip
    precision: str = setting(
        "auto", f"the precision of the arithmetic: {', '.join(PRECISIONS)}", "NAME", one_of(PRECISIONS)
    )
    list: bool = setting(False, "print the names of all studies, and what each asks")


@front_door(StudySettings)
def study(asked, progress):
    """Repeat an experiment of a study report, and write its table, figures and report.

    Started again on the same directory, a study goes on where it stopped, and adds seeds that are new.

    Returns:
        The result as a dict: study, scale, workdir, report (its path), answer, held (whether the source's claim held,
        None where the numbers do not decide it), runs, seconds, pflop, exit_code. With `all` a dict: studies (name ->
        result), failed (name -> reason), exit_code 1 where any failed. With `list` a dict: list (name -> what it asks,
        and its source).

    Raises:
        BadInput: Before any work starts, where an argument cannot be right; with `all`, where it cannot be for any
            study that looks at images.

    Example:

    >>> study("mixer_patches", scale="smoke")["report"]  # doctest: +SKIP
    'runs/study-mixer_patches-smoke/report.md'
    """
    if (asked.name is not None) + asked.all + asked.list != 1:
        raise BadInput("Give one study's NAME, or --all, or --list, which prints the names.")
    if asked.list:
        return {"list": {name: {"asks": asks, "source": source} for name, (asks, source) in STUDIES.items()}}
    return _all(asked, progress) if asked.all else _carry_out(_job(asked, progress))


def _carry_out(job):
    """Runs one study as asked for; returns its result."""
    from keras_vision.studies.engine import carry_out

    asks, _ = STUDIES[job.name]
    job.progress.say(f"{job.name}: {asks}, scale {job.scale}, in {job.workdir}")
    job.progress.say(f"watch it: {tensorboard_line(job.workdir)}")
    return carry_out(job)


def _job(asked, progress):
    """Returns a study as asked for, a `Job`.

    Raises:
        BadInput: What can be seen to be wrong without looking for data.
    """
    name = check_name("study", asked.name, STUDIES)
    import_keras()
    from keras_vision.studies.engine import Job

    chosen = load_study(name)
    for option in ("dataset", "data_dir"):
        if chosen.dataset is None and (value := getattr(asked, option)) is not None:
            raise BadInput(f"The study {name} looks at no images. Leave out {option}={value}.")
    return Job(
        name=name,
        study=chosen,
        scale=asked.scale,
        seeds=asked.seeds,
        dataset=asked.dataset,
        data_dir=asked.data_dir,
        workdir=Path(asked.workdir or f"runs/study-{name}-{asked.scale}"),
        precision=asked.precision,
        progress=progress,
        command=_command(name, {option: getattr(asked, option) for option in _OPTIONS}),
    )


_OPTIONS = ("scale", "seeds", "dataset", "precision")  # of the line that runs a study again


def _of_all(asked, name):
    """Returns what one of all studies is asked for: what it does not look at, it is not given."""
    return dataclasses.replace(
        asked,
        name=name,
        dataset=asked.dataset if load_study(name).takes_dataset(asked.scale) else None,
        data_dir=asked.data_dir if load_study(name).dataset else None,
        workdir=Path(asked.workdir) / name if asked.workdir else None,
    )


def _all(asked, progress):
    """Runs all studies; one that fails is named, and the others are run."""
    import_keras()
    from keras_vision.studies.engine import check

    if asked.dataset:
        locate(asked.dataset, asked.data_dir)
    refused = {}
    for name in STUDIES:
        try:
            check(_job(_of_all(asked, name), progress))
        except BadInput as error:
            refused[name] = error
    with_images = [name for name in STUDIES if load_study(name).dataset]
    if refused.keys() >= {*with_images}:
        raise refused[with_images[0]]
    done, failed = {}, {}
    for name in STUDIES:
        try:
            done[name] = _carry_out(_job(_of_all(asked, name), progress))
        except Exception as error:  # whatever it is, the other studies are worth having
            failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
            progress.say(traceback.format_exc())
    return {"studies": done, "failed": failed, "exit_code": int(bool(failed))}


def _command(name, options):
    words = [word for option, value in options.items() if value is not None for word in (f"--{option}", str(value))]
    return f"python -m keras_vision.study {name} {shlex.join(words)}"


def show(result, progress):
    """Prints what `study` returned, for a person."""
    if "list" in result:
        width = max(map(len, STUDIES))
        for name, row in result["list"].items():
            progress.say(f"{name:<{width}}  {row['asks']} ({row['source']})")
        return
    for one in result["studies"].values() if "studies" in result else [result]:
        progress.say(f"{one['study']}: {one['answer']}")
        progress.say(f"  the source's claim held: {VERDICTS[one['held']]}; report: {one['report']}")
    for name, reason in result.get("failed", {}).items():
        progress.say(f"failed: {name}: {reason}")


VERDICTS = {True: "yes", False: "no", None: "not decided by these numbers"}


def main(arguments=None):
    """Runs the command line."""
    return run_command(study, "study", show=show, resumable=True, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
