"""Runs an experiment of the sources again: `python -m keras_vision.study NAME --scale quick`."""

import shlex
import sys
import traceback
from pathlib import Path

from keras_vision.cli.command import main as run_command
from keras_vision.errors import BadInput, check_choice
from keras_vision.studies import STUDIES, load_study
from keras_vision.studies.plan import SCALES
from keras_vision.system.quiet import import_keras


def study(name, *, scale="quick", seeds=3, dataset=None, data_dir=None, workdir=None, precision="auto", progress=None):
    """Run a study again: train its networks, and write its table, figures and report.

    Started again on the same directory, a study goes on where it was, and adds the seeds that are new.

    Args:
        name: A name in `STUDIES`.
        scale: `"smoke"` (seconds), `"quick"` (minutes on two cores) or `"full"` (the source's own settings).
        seeds: Every training is repeated with the seeds 0 to `seeds` - 1; a scale may be worth fewer.
        dataset: In the place of the study's own, as in `train`.
        data_dir: Where a named data set lies; the usual places by default.
        workdir: The study's directory; `runs/study-NAME-SCALE` by default.
        precision: See `keras_vision.training.precision.set_precision`.
        progress: A `Progress`.

    Returns:
        The result as a dict: study, scale, workdir, report (its path), answer, held (whether the source's claim held,
        None where the numbers do not decide it), runs, seconds, pflop, exit_code.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right.

    Example:

    >>> study("mixer_patches", scale="smoke")["report"]  # doctest: +SKIP
    'runs/study-mixer_patches-smoke/report.md'
    """
    from keras_vision.reporting.progress import suitable_progress

    job = _job(
        name, scale=scale, seeds=seeds, dataset=dataset, data_dir=data_dir, workdir=workdir, precision=precision,
        progress=suitable_progress(progress),
    )  # fmt: skip
    from keras_vision.cli.job import tensorboard_line
    from keras_vision.studies.engine import carry_out

    job.progress.say(f"{name}: {job.study.summary}, scale {scale}, in {job.workdir}")
    job.progress.say(f"watch it: {tensorboard_line(job.workdir)}")
    return carry_out(job)


def _job(name, *, scale, seeds, dataset, data_dir, workdir, precision, progress):
    """Returns a study as asked for, a `Job`.

    Raises:
        BadInput: What can be seen to be wrong without looking for data.
    """
    check_choice("study", name, STUDIES)
    check_choice("scale", scale, SCALES)
    if not seeds >= 1:
        raise BadInput(f"seeds={seeds}", "a whole number from 1")
    import_keras()
    from keras_vision.studies.engine import Job

    chosen = load_study(name)
    for option, value in {"dataset": dataset, "data_dir": data_dir}.items():
        if chosen.dataset is None and value is not None:
            raise BadInput(f"{option}={value} for the study {name}", f"no {option}", "It looks at no images.")
    options = {"scale": scale, "seeds": seeds, "dataset": dataset, "precision": precision}
    return Job(
        study=chosen,
        scale=scale,
        seeds=seeds,
        dataset=dataset,
        data_dir=data_dir,
        workdir=Path(workdir or f"runs/study-{name}-{scale}"),
        precision=precision,
        progress=progress,
        command=_command(name, options),
    )


def study_all(*, scale="quick", seeds=3, dataset=None, data_dir=None, workdir=None, precision="auto", progress=None):
    """Run all studies; one that fails is named, and the others are run.

    Args:
        scale, seeds, precision, progress: As in `study`.
        dataset: As in `study`, for those that look at images and do not name a data set for each network.
        data_dir: As in `study`, for those that look at images.
        workdir: Each study gets a folder of its name in it; by default each has its own directory in `runs`.

    Returns:
        A dict: studies (name -> result), failed (name -> reason), exit_code 1 where any failed.

    Raises:
        BadInput: Before any work starts, where an argument cannot be right for any study that looks at images.
    """
    from keras_vision.reporting.progress import suitable_progress

    check_choice("scale", scale, SCALES)
    import_keras()
    from keras_vision.data import locate
    from keras_vision.studies.engine import check

    if dataset:
        locate(dataset, data_dir)
    progress = suitable_progress(progress)
    asked = {
        name: {
            **{"scale": scale, "seeds": seeds, "precision": precision, "progress": progress},
            "dataset": dataset if load_study(name).takes_dataset(scale) else None,
            "data_dir": data_dir if load_study(name).dataset else None,
            "workdir": Path(workdir) / name if workdir else None,
        }
        for name in STUDIES
    }
    refused = {}
    for name, options in asked.items():
        try:
            check(_job(name, **options))
        except BadInput as error:
            refused[name] = error
    with_images = [name for name in STUDIES if load_study(name).dataset]
    if refused.keys() >= {*with_images}:
        raise refused[with_images[0]]
    done, failed = {}, {}
    for name, options in asked.items():
        try:
            done[name] = study(name, **options)
        except Exception as error:  # whatever it is, the other studies are worth having
            failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
            progress.say(traceback.format_exc())
    return {"studies": done, "failed": failed, "exit_code": int(bool(failed))}


def _command(name, options):
    words = [word for option, value in options.items() if value is not None for word in (f"--{option}", str(value))]
    return f"python -m keras_vision.study {name} {shlex.join(words)}"


def command(
    name=None,
    *,
    all=False,
    list=False,
    scale="quick",
    seeds=3,
    dataset=None,
    data_dir=None,
    workdir=None,
    precision="auto",
    progress=None,
):
    """Run an experiment of the sources again, and write its table, figures and report.

    Args:
        name: As in `study`; or give `all` or `list`.
        all: Run all studies.
        list: Return the names of all studies.
        scale, seeds, dataset, data_dir, workdir, precision, progress: As in `study`.

    Returns:
        What `study` or `study_all` returns; with `list` a dict: list (name -> what it asks, and its source).

    Raises:
        BadInput: Not exactly one of `name`, `all` and `list`, or what `study` refuses.
    """
    if (name is not None) + all + list != 1:
        raise BadInput("neither or several of NAME, --all and --list", "one of them", "--list prints the names.")
    if list:
        return {"list": {name: {"asks": asks, "source": source} for name, (asks, source) in STUDIES.items()}}
    options = {
        **{"scale": scale, "seeds": seeds, "dataset": dataset, "data_dir": data_dir, "workdir": workdir},
        **{"precision": precision, "progress": progress},
    }
    return study_all(**options) if all else study(name, **options)


def show(result, progress):
    """Prints what `command` returned, for a person."""
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
    return run_command(
        command,
        "study",
        positional={"name": "one of the names that --list prints"},
        flags=("list", "all", "scale", "seeds", "dataset", "data_dir", "workdir", "precision"),
        show=show,
        resumable=True,
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
