"""Forecast: how long trainings will take that are yet to come, by their arithmetic and recorded trainings like them."""

import functools
import math

from keras_vision.analysis.counts import count, count_unbuilt
from keras_vision.errors import KerasVisionError
from keras_vision.models import build_model
from keras_vision.reporting.progress import clock_text
from keras_vision.runs import read_json
from keras_vision.studies.costs import RECORDED, expected_seconds, recorded_costs, slower_by, step_milliseconds
from keras_vision.studies.table import listed
from keras_vision.studies.trainings import opened_images, run_of


def outlook(jobs, progress):
    """Returns in a sentence how long the trainings of studies will take.

    Args:
        jobs: The `StudyJob` of each; of one scale.
        progress: A `Progress`, which is told that this takes a while.
    """
    progress.say("reckoning how long this will take, from the arithmetic of each network")
    here = step_milliseconds(progress)
    seconds = {job.name: _seconds(job, here) for job in jobs if job.study.dataset}
    unknown = [name for name, found in seconds.items() if found is None]
    others = f"Of {listed(unknown)} nothing is known; the others" if unknown else "The trainings"
    total = sum(found for found in seconds.values() if found)
    return f"{others} will take about {clock_text(total)}, one after the other: an estimate from recorded trainings."


def _seconds(job, here):
    """Returns how long what is missing of a study will take, an estimate; None where nothing is known of it."""
    try:
        return _known_seconds(job, here)
    except KerasVisionError:  # such as images that are not here: the study itself says so when it is its turn
        return None


def _known_seconds(job, here):
    if not job.cases:
        cost = recorded_costs(job.name).get(job.scale)
        return 0 if (job.workdir / "result.json").exists() else cost and expected_seconds(cost, here)
    left = [case for case in job.cases for seed in range(job.count) if not _is_done(job, case, seed)]
    found = {case.name: _seconds_of(job, case, here) for case in job.cases if case in left}
    return None if None in found.values() else sum(found[case.name] for case in left)


def _is_done(job, case, seed):
    return (run_of(job, case, seed).path / "measured.json").exists()


def _seconds_of(job, case, here):
    """Returns how long a training takes here: by the speed of the recorded one of its family that is most like it."""
    plan = job.plan_of(case)
    images = opened_images(plan["dataset"], job.data_dir, seed=0)
    build = functools.partial(
        case.builder or functools.partial(build_model, case.model), images.shape, len(images.class_names)
    )
    build = functools.partial(build, **plan["settings"])
    counts = count(build()) if case.builder else count_unbuilt(build)  # a builder may need its weights
    flop = counts.training_flops * len(images.train) * plan["recipe"]["epochs"]
    known = [
        (abs(math.log(counts.macs / run["macs"])), factor / (1e9 * run["gflops"]))
        for run in read_json(RECORDED)["runs"]
        if run["family"] == case.model and (factor := slower_by(case.model, run["processor"], here))
    ]
    return flop * min(known)[1] if known else None
