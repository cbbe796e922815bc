"""One training of a search, from a `Job` to its result: what every executor has done, wherever it is."""

import dataclasses
import functools
import traceback

import keras
import numpy as np

from keras_vision.analysis.latency import latency_ms
from keras_vision.data import Dataset
from keras_vision.data.source import DataSource
from keras_vision.models import model_settings
from keras_vision.reporting.progress import Progress
from keras_vision.runs import Run, WorkdirRefused
from keras_vision.search.ending import ENDINGS
from keras_vision.search.executors import Failure
from keras_vision.search.exported import int8_bytes
from keras_vision.search.families import named
from keras_vision.search.ladder import Ladder
from keras_vision.search.ladders import Families
from keras_vision.search.networks import Networks
from keras_vision.search.outcome import Goal
from keras_vision.search.plan import Limits, SearchPlan
from keras_vision.search.space import Space
from keras_vision.training.aim import UNFINISHED
from keras_vision.training.choosing import choose
from keras_vision.training.choosing import recorded as recorded_choice
from keras_vision.training.measures import score_of
from keras_vision.training.memory import forget_models
from keras_vision.training.precision import computing_in
from keras_vision.training.recipe import Recipe
from keras_vision.training.trainer import TrainingDiverged, fit


@dataclasses.dataclass
class SearchContext:
    """What it takes to run the jobs of a search: a context, as `keras_vision.search.executors` describes it.

    Args:
        plan: The `SearchPlan`.
        dataset: A `Dataset`; its test split is not opened.
        space: A `Space`, a `Ladder` or `Families`: what values mean.
        networks: The search's `Networks`.
        progress: A `Progress`.
    """

    plan: SearchPlan
    dataset: Dataset
    space: Space | Ladder | Families
    networks: Networks
    progress: Progress

    place = __name__

    def record(self):
        """Returns it as plain data, for `opened`."""
        return {
            "plan": dataclasses.asdict(self.plan),
            "space": {"kind": type(self.space).__name__, "arguments": self.space.record()},
        }

    @property
    def files(self):
        """What every machine must see."""
        return [self.space.file] if self.space.file else []

    @property
    def deadline(self):
        """That of its plan."""
        return self.plan.deadline

    def until(self, deadline):
        """Returns the same with another deadline, or with None; see `SearchPlan`."""
        return dataclasses.replace(self, plan=dataclasses.replace(self.plan, deadline=deadline))

    def run(self, job, note):
        """Runs a `Job`; see `run_job`."""
        return run_job(self, job, note)


def opened(record, dataset, progress):
    """Returns the `SearchContext` that `record` describes.

    Args:
        record: A dict.
        dataset: Its `Dataset`.
        progress: A `Progress`.
    """
    plan = record["plan"]
    parts = {"goal": Goal(**plan["goal"]), "limits": Limits(**plan["limits"]), "source": DataSource(**plan["source"])}
    plan = SearchPlan(**plan | parts)
    space = SPACES[record["space"]["kind"]](record["space"]["arguments"])
    return SearchContext(plan, dataset, space, Networks(plan.model, dataset, plan.limits, progress.say), progress)


def _made(kind, arguments):
    return kind(**arguments | {"recipe": Recipe(**arguments["recipe"])})


# The name of a class -> a function that makes one by its `record`.
SPACES = {
    "Space": functools.partial(_made, Space),
    "Ladder": functools.partial(_made, Ladder),
    "Families": lambda record: Families({name: _made(Ladder, one) for name, one in record.items()}),
}


class _TooSlow(Exception):
    """A network over the limit of latency."""


def trial_seed(seed, number):
    """Returns the seed of a trial: its own, and a function of the search's seed alone.

    Example:

    >>> trial_seed(0, 0) != trial_seed(0, 1)
    True
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)


def run_job(context, job, note):
    """Trains what a job names, unless its run is finished, and goes on where an earlier start ended.

    Args:
        context: A `SearchContext`.
        job: A `Job`.
        note: Called after each epoch with all rows of metrics.jsonl, and with none before what takes a time of its own;
            returns whether the training is to pause.

    Returns:
        The result as a dict, with `macs`, `latency_ms` and `training_flops`; or a `Failure`.

    Raises:
        OSError, WorkdirRefused: What is no fault of the job.
    """
    try:
        return _result_of(context, job, note)
    except (OSError, WorkdirRefused):
        raise
    except _TooSlow as error:
        return Failure("too slow", str(error))
    except Exception as error:
        # Settings can be at fault in ways that only building or training shows, in whichever library.
        kind = "diverged" if isinstance(error, TrainingDiverged) else "error"
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return Failure(kind, reason, traceback.format_exc())


def _result_of(context, job, note):
    run, networks = Run(job.path), context.networks
    settings, recipe = context.space.resolve(job.values)
    if run.finished:
        result = run.result
    else:
        with computing_in(context.plan.precision):
            result = _train(context, job, run, settings, recipe, note)
    if job.confirmation is not None:  # its accuracy counts; nothing says of the model which images it was trained on
        run.model_path.unlink(missing_ok=True)
    return result | {
        **_exported_size(context, job, run, result, note),
        **networks.sizes_of(settings),
        "macs": networks.counts_of(settings).macs,
        "latency_ms": run.config["latency_ms"],
        "training_flops": networks.training_flops(settings, result["epochs_run"]),
    }


def _exported_size(context, job, run, result, note):
    """Returns what a trial's result says of its export, where that is what is made small and the trial reached."""
    size, needed = context.plan.size, context.plan.goal.score
    is_trial = job.confirmation is None and result["stopped"] not in UNFINISHED
    if not (size.export and is_trial and needed is not None and score_of(result) >= needed):
        return {}
    note([])  # an export takes a time of its own
    return {size.result: int8_bytes(run.path, context.dataset.train.images, size.export)}


def _train(context, job, run, settings, recipe, note):
    plan, seed = context.plan, trial_seed(context.plan.seed, job.seed_number)
    data = context.dataset.fold(job.fold) if job.fold else context.dataset
    earlier = run.config if run.config_path.exists() else {}
    forget_models()

    def build():
        keras.utils.set_random_seed(seed)
        return context.networks.build(settings)

    latency = earlier["latency_ms"] if earlier else round(latency_ms(build()), 3)
    # A network that is confirmed was within the limit when it was tried.
    if job.confirmation is None and (reason := plan.limits.broken_in_time(latency)):
        raise _TooSlow(reason)
    how = {"earlier": recorded_choice(earlier), "progress": context.progress}
    model, choice = choose(build, data, recipe, plan.precision, **how)
    family, own = named(plan.model, settings)
    config = {
        "model": family,
        "settings": own,
        "recipe": recipe.as_dict(),
        "seed": seed,
        "fold": job.fold,
        "fingerprint": context.dataset.fingerprint,
    }
    facts = {"precision": choice.precision, "choice": choice.record(), "latency_ms": latency}
    run.start(config, **facts, model_settings=model_settings(family) | own)
    return fit(
        model,
        data,
        recipe,
        run,
        seed=seed,
        metric=plan.goal.metric,
        keep="last",  # and its accuracy: the best of many epochs flatters
        deadline=plan.deadline,
        judge=_Judge(plan, job, recipe.epochs, note),
        card=plan.card | {"settings": own},
        progress=context.progress,
    )


class _Judge:
    """What `fit` asks after each epoch: whether the training is to end, and in which word."""

    def __init__(self, plan, job, epochs, note):
        self.plan, self.job, self.epochs, self.note = plan, job, epochs, note
        self.noted, self.is_to_pause = 0, False

    def __call__(self, rows):
        if len(rows) > self.noted:  # once an epoch, though it is asked more often
            self.noted, self.is_to_pause = len(rows), bool(self.note(rows))
        goal = self.plan.goal
        if self.job.is_judged and ENDINGS[self.plan.ending](rows, self.epochs, goal.score, goal.metric):
            return "hopeless"
        return "paused" if self.is_to_pause else None
