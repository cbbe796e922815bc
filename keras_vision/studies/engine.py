"""Runs a study: each case with each seed, each a run of its own; then the table, the figures, the report.

A run that is finished and measured is not opened again, so that the same command goes on where it was cut. Seeds are
the outer loop: after each of them there is a whole report.
"""

import contextlib
import logging

from keras_vision.commands.train_and_tune import SHOWN
from keras_vision.data import locate
from keras_vision.errors import BadInput
from keras_vision.reporting.events import EventLog
from keras_vision.reporting.progress import cell
from keras_vision.runs import Run
from keras_vision.search.executors.choosing import executor_maker
from keras_vision.studies.in_order import trained_in_order
from keras_vision.studies.publish import publish
from keras_vision.studies.table import Table
from keras_vision.studies.trainings import COSTS, run_of
from keras_vision.training.precision import candidates, computing_in


@computing_in("float32")  # what it measures; each training enters its own
def run_study(job):
    """Runs a study, or what is missing of it.

    Args:
        job: A `StudyJob`.

    Returns:
        The result as a dict: study, scale, workdir, report, answer, held, runs, missing, seconds, pflop, exit_code.

    Raises:
        BadInput: Before anything is written, where a data set or the precision cannot be right.
        WorkdirRefused: The directory holds something else, or the same study with other settings.
        KerasVisionError: Every run diverged, or a test split could not be read.
    """
    check(job)
    run = Run(job.workdir)
    settings = {"study": job.name, "scale": job.scale, "dataset": job.dataset, "precision": job.precision}
    with run.locked(), _no_word_of_retracing():
        run.start(settings, seeds=job.seeds, command=job.command)
        for rows in _rows_as_they_come(job, run) if job.study.conduct is None else [job.study.conduct(job)]:
            result = publish(job, run, Table(rows, job.scale, job.workdir))
        return result


def check(job):
    """Refuses what cannot be right before a directory is marked with it.

    Raises:
        BadInput: A data set that is not known or not there, one in the place of those that the cases name, or a
            precision that this machine does not have.
    """
    candidates(job.precision)
    if job.dataset and not job.study.takes_dataset(job.scale):
        raise BadInput(
            f"The networks of the study {job.name} have data sets of their own. Leave out dataset={job.dataset}."
        )
    usual = job.dataset or job.size.dataset or job.study.dataset
    for dataset in {usual, *(job.plan_of(case)["dataset"] for case in job.cases)} - {None}:
        locate(dataset, job.data_dir)


@contextlib.contextmanager
def _no_word_of_retracing():
    """Holds back what TensorFlow says of every model but the first few: that it is traced anew, as it must be."""
    logger = logging.getLogger("tensorflow")

    def is_news(record):
        return "retracing" not in record.getMessage()

    logger.addFilter(is_news)
    try:
        yield
    finally:
        logger.removeFilter(is_news)


def _rows_as_they_come(job, run):
    """Yields the rows so far, case by case, after each seed, or after each case where that is worth it."""
    cases, rows = job.cases, {}
    plans = {case.name: _flat(job.plan_of(case)) for case in cases}
    varied = _varied(plans.values())
    _declare(job, varied)
    if job.count < job.seeds:
        job.progress.say(f"the scale {job.scale} trains only {job.count} of {job.seeds} seeds")
    keys = [(case.name, seed) for case in cases for seed in range(job.count)]
    with executor_maker(job.worker_settings, job.progress.say) as make_executor:
        for case, seed, measured in trained_in_order(job, run.path / "workers", make_executor):
            # What varies depends on all cases of today, so that it is not kept with what was measured.
            values = {setting: plans[case.name].get(setting) for setting in varied}
            row = {"case": case.name, "seed": seed, "run": run_of(job, case, seed).path.name, **values}
            rows[case.name, seed] = row | measured
            if job.study.by_case or case.name == cases[-1].name:
                yield [rows[key] for key in keys if key in rows]


def _varied(plans):
    """Returns the names of settings and recipe fields that are not the same in all cases."""
    names = dict.fromkeys(name for plan in plans for name in plan)
    return [name for name in names if len({plan.get(name) for plan in plans}) > 1]


def _flat(plan):
    named = {name: plan[name] for name in ("model", "dataset", "views")}
    together = {**named, **plan["settings"], **plan["recipe"]}
    return {name: cell(value) for name, value in together.items()}


def _declare(job, varied):
    """Declares the columns of TensorBoard's HParams, once."""
    folder = Run(job.workdir).tensorboard
    if not any(folder.glob("events.*")):
        with EventLog(folder) as log:
            log.experiment(["case", "seed", *varied], SHOWN | COSTS)
