"""Runs a study: each case with each seed, each a run of its own; then the table, the figures, the report.

A run that is finished and measured is not opened again, so that the same command goes on where it was cut. Seeds are
the outer loop: after each of them there is a whole report.
"""

import contextlib
import dataclasses
import functools
import json
import logging
import statistics
from pathlib import Path

from keras_vision.analysis.counts import count
from keras_vision.commands.train_and_tune import METRICS, open_data
from keras_vision.data import locate
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.reporting.events import EventLog
from keras_vision.reporting.progress import Progress, cell
from keras_vision.runs import Run, file_name, first_difference, load_model, read_json, write_json
from keras_vision.studies.plan import Study
from keras_vision.studies.probes import data_words
from keras_vision.studies.publish import publish
from keras_vision.studies.table import Table
from keras_vision.train import train
from keras_vision.training.memory import forget_models
from keras_vision.training.precision import candidates, computing_in
from keras_vision.training.recipe import recipe_for
from keras_vision.training.trainer import TrainingDiverged

# What a study adds to the metrics of a run: column -> name shown.
COSTS = {"macs": "MACs", "pflop": "PFLOP"}


@dataclasses.dataclass(frozen=True)
class Job:
    """One study as asked for.

    Args:
        name: A name in `STUDIES`.
        study: The `Study`.
        scale: The scale's name.
        seeds: How many; they are 0, 1, 2 ...
        dataset: In the place of the scale's; None for that.
        data_dir: Where a named data set lies.
        workdir: The study's directory.
        precision: As in `train`.
        progress: A `Progress`.
        command: The line that runs this study again.
    """

    name: str
    study: Study
    scale: str
    seeds: int
    dataset: str | None
    data_dir: str | None
    workdir: Path
    precision: str
    progress: object
    command: str

    @property
    def size(self):
        """The `Scale`."""
        return self.study.scales[self.scale]

    @property
    def count(self):
        """How many seeds: as many as were asked for, and are worth it."""
        return min(self.seeds, self.size.seeds or self.seeds)

    def missing(self, table):
        """Returns how many trainings are not in a table yet."""
        return self.count * len(self.cases) - len(table.rows) if self.cases else 0

    @property
    def cases(self):
        """The list of `Case`; empty for a study that is no comparison of trainings."""
        return self.study.cases(self.scale) if self.study.cases else []


@computing_in("float32")  # what it measures; each training enters its own
def run_study(job):
    """Runs a study, or what is missing of it.

    Args:
        job: A `Job`.

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
        for rows in _train_cases(job) if job.study.conduct is None else [job.study.conduct(job)]:
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
    for dataset in {usual, *(_plan(job, case)["dataset"] for case in job.cases)} - {None}:
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


def _train_cases(job):
    """Yields the rows so far, case by case, after each seed, or after each case where that is worth it."""
    cases, rows = job.cases, {}
    plans = {case.name: _plan(job, case) for case in cases}
    varied = _varied(plans.values())
    _declare(job, varied)
    if job.count < job.seeds:
        job.progress.say(f"the scale {job.scale} trains only {job.count} of {job.seeds} seeds")
    for seed in range(job.count):
        for place, case in enumerate(cases, start=1):
            shown = {"case": case.name, "seed": seed}
            job.progress.trial_started(seed * len(cases) + place, job.count * len(cases), shown)
            rows[case.name, seed] = _row(job, case, plans[case.name] | {"seed": seed}, varied)
            if job.study.by_case or place == len(cases):
                keys = [(case.name, seed) for case in cases for seed in range(job.count)]
                yield [rows[key] for key in keys if key in rows]


def _plan(job, case):
    """Returns what a run of a case is started with, but for its seed, as `train` records it."""
    dataset = job.dataset or job.size.dataset or case.dataset or job.study.dataset
    recipe = recipe_for(case.model, **job.size.recipe | case.recipe)
    return {
        "model": case.model,
        "settings": job.size.settings | case.settings,
        "dataset": dataset,
        "recipe": recipe.as_dict(),
        "precision": job.precision,
        "views": case.views,
    }


def _varied(plans):
    """Returns the names of settings and recipe fields that are not the same in all cases."""
    flat = [_flat(plan) for plan in plans]
    names = dict.fromkeys(name for one in flat for name in one)
    return [name for name in names if len({one.get(name) for one in flat}) > 1]


def _flat(plan):
    named = {name: plan[name] for name in ("model", "dataset", "views")}
    together = {**named, **plan["settings"], **plan["recipe"]}
    return {name: cell(value) for name, value in together.items()}


def _row(job, case, plan, varied):
    """Returns the row of one run, which is trained and measured unless it has been, by these settings on this data."""
    name = f"{file_name(case.name.lower())}-{plan['seed']}"
    run = Run(job.workdir / "runs" / name)
    path = run.path / "measured.json"
    # What varies depends on all cases of today, so that it is not kept with what was measured.
    values = {setting: _flat(plan).get(setting) for setting in varied}
    row = {"case": case.name, "seed": plan["seed"], "run": name, **values}
    if path.exists():
        settings = run.config["settings"]
        fingerprint = _opened(plan["dataset"], job.data_dir, plan["seed"]).fingerprint
        if not first_difference(settings, settings | plan | {"fingerprint": fingerprint}):
            return row | read_json(path)
    measured = _train(job, case, plan, run)
    write_json(path, {"case": case.name, "seed": plan["seed"], **measured})
    with EventLog(run.tensorboard) as log:
        log.scalars({tag: measured[tag] for tag in COSTS if tag in measured}, step=measured.get("epochs", 0))
    return row | measured


def _train(job, case, plan, run):
    """Trains one network and returns what was measured of it."""
    forget_models()
    try:
        result = train(
            case.model,
            dataset=plan["dataset"],
            data_dir=job.data_dir,
            settings=plan["settings"],
            builder=case.builder,
            seed=plan["seed"],
            workdir=run.path,
            precision=plan["precision"],
            views=plan["views"],
            session={"case": case.name},
            progress=job.progress,
            **plan["recipe"],
        )
    except TrainingDiverged as error:
        job.progress.say(f"  diverged: {error}")
        return {"diverged": str(error)}
    if job.study.is_tested and "test" not in result:
        raise KerasVisionError(f"{run.path}: {'; '.join(result['warnings'])}")
    data = _opened(plan["dataset"], job.data_dir, plan["seed"])
    model = load_model(run.path, float32=True)
    row = _measured(run, result, model, data)
    if job.study.is_tested:
        row |= _tested(result["test"])
    return row | (job.study.measure(run, model, data) if job.study.measure else {})


@functools.lru_cache(maxsize=1)
def _opened(dataset, data_dir, seed):
    """Returns a data set as the runs of one seed have it, opened once for all of them."""
    return open_data(DataSource(dataset, data_dir, seed=seed), Progress())


def _measured(run, result, model, data):
    """Returns what every run is measured by: at its best epoch by validation, at the lowest loss, and at its end."""
    history = [json.loads(line) for line in run.metrics_path.read_text(encoding="utf-8").splitlines()]
    best, last = history[result["best_epoch"] - 1], history[-1]
    lowest = min(history, key=lambda epoch: epoch["val_crossentropy"])
    counts = count(model)
    images = len(data.train) * result["epochs_run"]
    return {
        "data": data_words(data),
        "parameters": result["parameters"],
        "macs": counts.macs,
        "epochs": result["epochs_run"],
        "seconds": result["seconds"],
        "epoch_seconds": statistics.median(epoch["seconds"] for epoch in history),
        "pflop": counts.training_flops * images / 1e15,
        "train_accuracy": best["accuracy"],
        "train_crossentropy": best["crossentropy"],
        "val_accuracy": best["val_accuracy"],
        "val_crossentropy": best["val_crossentropy"],
        "val_n": len(data.validation),
        "best_epoch": result["best_epoch"],
        "lowest_val_crossentropy": lowest["val_crossentropy"],
        "lowest_epoch": lowest["epoch"],
        "last_train_crossentropy": last["crossentropy"],
        "last_val_crossentropy": last["val_crossentropy"],
    }


def _tested(test):
    return {
        "test_accuracy": test["accuracy"],
        "test_crossentropy": test["crossentropy"],
        "test_n": test["n"],
        "test_views": test["views"],
        "test_low": test["interval"][0],
        "test_high": test["interval"][1],
    }


def _declare(job, varied):
    """Declares the columns of TensorBoard's HParams, once."""
    folder = Run(job.workdir).tensorboard
    if not any(folder.glob("events.*")):
        with EventLog(folder) as log:
            log.experiment(["case", "seed", *varied], METRICS | COSTS)
