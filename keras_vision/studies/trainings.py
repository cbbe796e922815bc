"""The trainings of a study: each case with each seed, a run of its own, trained and measured once."""

import functools
import os
import statistics
from pathlib import Path

from keras_vision.analysis.counts import count
from keras_vision.commands.train_and_tune import open_data
from keras_vision.data.source import DataSource
from keras_vision.errors import KerasVisionError
from keras_vision.reporting.events import EventLog
from keras_vision.reporting.progress import Progress
from keras_vision.runs import Run, file_name, first_difference, load_model, read_json, write_json
from keras_vision.studies import load_study
from keras_vision.studies.job import StudyJob
from keras_vision.studies.probes import data_words
from keras_vision.train import train
from keras_vision.training.memory import forget_models
from keras_vision.training.precision import computing_in
from keras_vision.training.recipe import Recipe
from keras_vision.training.trainer import TrainingDiverged

# What a study adds to the metrics of a run: column -> name shown.
COSTS = {"macs": "MACs", "pflop": "PFLOP"}
_MEASURED = "measured.json"


def run_of(job, case, seed):
    """Returns the `Run` of a `Case` with a seed."""
    return Run(job.workdir / "runs" / f"{file_name(case.name.lower())}-{seed}")


def measured_before(job, case, seed):
    """Returns what was measured of a run, or None where it has yet to be, by these settings on this data.

    What an earlier version recorded counts: a field that its recipe did not have is as it is by default, which is off.
    """
    run, plan = run_of(job, case, seed), job.plan_of(case) | {"seed": seed}
    path = run.path / _MEASURED
    if not path.exists():
        return None
    settings, fingerprint = run.config["settings"], opened_images(plan["dataset"], job.data_dir, seed).fingerprint
    settings["recipe"] = Recipe().as_dict() | settings["recipe"]
    if first_difference(settings, settings | plan | {"fingerprint": fingerprint}):
        return None
    return read_json(path)


class StudyContext:
    """What the trainings of a study need: a context, as `keras_vision.search.executors` describes it.

    Args:
        job: The study's `StudyJob`.
    """

    place, dataset, deadline = __name__, None, None  # each process opens the images that its training needs

    def __init__(self, job):
        self.job, self.progress = job, job.progress
        self.files = [str(Path.cwd())]  # where paths begin

    def record(self):
        """Returns it as plain data, for `opened`."""
        names = ("name", "scale", "seeds", "dataset", "data_dir", "precision", "command")
        record = {name: getattr(self.job, name) for name in names}
        return {"folder": self.files[0], "job": record | {"workdir": str(self.job.workdir)}}

    def until(self, deadline):
        """Returns itself: a study has no deadline."""
        return self

    @computing_in("float32")  # what it measures; the training enters its own
    def run(self, training, note):
        """Trains and measures what an executor's `Job` names; returns what was measured.

        Raises:
            KerasVisionError: A data set or a directory that it cannot use, or a test split that could not be read.
        """
        case = next(case for case in self.job.cases if case.name == training.values["case"])
        seed = training.values["seed"]
        run = run_of(self.job, case, seed)
        measured = _train(self.job, case, seed, run, _Noted(self.progress, run, note))
        path = run.path / _MEASURED
        write_json(path, {"case": case.name, "seed": seed, **measured})
        with EventLog(run.tensorboard) as log:
            log.scalars({tag: measured[tag] for tag in COSTS if tag in measured}, step=measured.get("epochs", 0))
        return read_json(path)


def opened(record, dataset, progress):
    """Returns the `StudyContext` that `record` describes, in a process that is there for it; arguments as there."""
    os.chdir(record["folder"])
    job = record["job"] | {"workdir": Path(record["job"]["workdir"])}
    return StudyContext(StudyJob(study=load_study(job["name"]), progress=progress, **job))


class _Noted:
    """Progress that is passed on, and notes each epoch: whoever watches the process sees that it does not hang."""

    def __init__(self, progress, run, note):
        self._progress, self._run, self._note = progress, run, note

    def __getattr__(self, name):
        return getattr(self._progress, name)

    def epoch_ended(self, *given):
        self._progress.epoch_ended(*given)
        self._note(self._run.history)

    def fit_ended(self):
        self._progress.fit_ended()
        self._note([])  # what it is measured by takes a time of its own


def _train(job, case, seed, run, progress):
    """Trains one network and returns what was measured of it."""
    forget_models()
    plan = job.plan_of(case)
    try:
        result = train(
            case.model,
            dataset=plan["dataset"],
            data_dir=job.data_dir,
            settings=plan["settings"],
            builder=case.builder,
            seed=seed,
            workdir=run.path,
            precision=plan["precision"],
            views=plan["views"],
            session={"case": case.name},
            progress=progress,
            **plan["recipe"],
        )
    except TrainingDiverged as error:
        progress.say(f"  diverged: {error}")
        return {"diverged": str(error)}
    if job.study.is_tested and "test" not in result:
        raise KerasVisionError(f"{run.path}: {'; '.join(result['warnings'])}")
    data = opened_images(plan["dataset"], job.data_dir, seed)
    model = load_model(run.path, float32=True)
    row = _measured(run, result, model, data)
    if job.study.is_tested:
        row |= _tested(result["test"])
    return row | (job.study.measure(run, model, data) if job.study.measure else {})


@functools.lru_cache(maxsize=1)
def opened_images(dataset, data_dir, seed):
    """Returns a data set as the runs of one seed have it, opened once for all of them."""
    return open_data(DataSource(dataset, data_dir, seed=seed), Progress())


def _measured(run, result, model, data):
    """Returns what every run is measured by: at its best epoch by validation, at the lowest loss, and at its end."""
    history = run.history
    best, last = history[result["best_epoch"] - 1], history[-1]
    lowest = min(history, key=lambda epoch: epoch["val_crossentropy"])
    counts = count(model)
    images = len(data.train) * result["epochs_run"]
    return {
        "data": data_words(data),
        "parameters": result["parameters"],
        "trainable_parameters": result["trainable_parameters"],
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
