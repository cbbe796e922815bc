"""What `study` does: carries out one study as it is asked for, or all of them."""

import dataclasses
import shlex
import traceback
from pathlib import Path

from keras_vision.commands.summary_lines import tensorboard_line
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.search.executors.worker_settings import WorkerSettings
from keras_vision.studies import STUDIES, load_study
from keras_vision.studies.costs import expected_seconds, recorded_costs, step_milliseconds
from keras_vision.studies.engine import check, run_study
from keras_vision.studies.forecast import outlook
from keras_vision.studies.job import StudyJob

_OPTIONS = ("scale", "seeds", "dataset", "precision")  # of the line that runs a study again


def carry_out(asked, progress):
    """Returns what `study` does; `asked` is a `StudySettings` with a name, with `all` or with `list`."""
    if asked.list:
        here = step_milliseconds(progress)
        return {"list": {name: _listed(name, here) for name in STUDIES}}
    return _all(asked, progress) if asked.all else _one(_job(asked, progress))


def _listed(name, here):
    """Returns what a study asks, whose question it is, and what it cost and will cost at the speed of this machine."""
    asks, source = STUDIES[name]
    costs = [
        {"scale": scale, **{key: cost[key] for key in ("processor", "trainings", "seconds")}}
        | {"expected_seconds": expected_seconds(cost, here)}
        for scale, cost in recorded_costs(name).items()
    ]
    return {"asks": asks, "source": source, "costs": costs}


def _one(job):
    """Runs one study as asked for; returns its result."""
    asks, _ = STUDIES[job.name]
    job.progress.say(f"{job.name}: {asks}, scale {job.scale}, in {job.workdir}")
    job.progress.say(f"watch it: {tensorboard_line(job.workdir)}")
    return run_study(job)


def _job(asked, progress):
    """Returns a study as asked for, a `StudyJob`.

    Raises:
        BadInput: What can be seen to be wrong without looking for data.
    """
    name, chosen = asked.name, load_study(asked.name)
    asked = dataclasses.replace(asked, scale=chosen.resolved(asked.scale))
    for option in ("dataset", "data_dir"):
        if chosen.dataset is None and (value := getattr(asked, option)) is not None:
            raise BadInput(f"The study {name} looks at no images. Leave out {option}={value}.")
    if chosen.dataset is None and asked.worker_settings != WorkerSettings():
        raise BadInput(f"The study {name} trains nothing. Leave out --workers and --ray.")
    return StudyJob(
        name=name,
        study=chosen,
        scale=asked.scale,
        seeds=asked.seeds,
        dataset=asked.dataset,
        data_dir=asked.data_dir,
        workdir=Path(asked.place),
        precision=asked.precision,
        progress=progress,
        worker_settings=asked.worker_settings,
        command=_command(name, {option: getattr(asked, option) for option in _OPTIONS}),
    )


def _of_all(asked, name):
    """Returns what one of all studies is asked for: what it does not look at, it is not given."""
    return dataclasses.replace(
        asked,
        name=name,
        dataset=asked.dataset if load_study(name).takes_dataset(load_study(name).resolved(asked.scale)) else None,
        data_dir=asked.data_dir if load_study(name).dataset else None,
        worker_settings=asked.worker_settings if load_study(name).dataset else WorkerSettings(),
        workdir=Path(asked.workdir) / name if asked.workdir else None,
    )


def _all(asked, progress):
    """Runs all studies; one that fails is named, and the others are run."""
    refused, jobs = {}, []
    for name in STUDIES:
        try:
            jobs.append(_job(_of_all(asked, name), progress))
            check(jobs[-1])
        except BadInput as error:
            refused[name] = error
    with_images = [name for name in STUDIES if load_study(name).dataset]
    if refused.keys() >= {*with_images}:
        raise refused[with_images[0]]
    if asked.scale != "smoke":
        progress.say(outlook([job for job in jobs if job.name not in refused], progress))
    done, failed = {}, {}
    for name in STUDIES:
        try:
            done[name] = _one(_job(_of_all(asked, name), progress))
        except Exception as error:  # whatever it is, the other studies are worth having
            failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
            if not isinstance(error, KerasVisionError):
                progress.say(traceback.format_exc())
    return {"studies": done, "failed": failed, "exit_code": int(bool(failed))}


def _command(name, options):
    words = [word for option, value in options.items() if value is not None for word in (f"--{option}", str(value))]
    return f"python -m keras_vision.study {name} {shlex.join(words)}"
