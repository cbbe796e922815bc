"""Searches without trainings: the loop, ledger and strategies of `tune`, and an executor whose clock is made up.

What a training takes and comes to is what a `Recorded` says.
"""

import dataclasses
import heapq
import itertools
import tempfile
import time
from pathlib import Path

from recorded import IMAGES, MODEL, VALIDATION, Images

from keras_vision.data.source import DataSource
from keras_vision.runs import Run
from keras_vision.search.ending import ENDINGS
from keras_vision.search.executors.runner import trial_seed
from keras_vision.search.ladder import Ladder
from keras_vision.search.loop import Search
from keras_vision.search.outcome import Goal
from keras_vision.search.plan import SearchPlan
from keras_vision.search.space import Space
from keras_vision.search.strategies import STRATEGIES
from keras_vision.training.aim import UNFINISHED
from keras_vision.training.recipe import SEARCHING, Task, recipe_for


@dataclasses.dataclass
class Training:
    """One that is under way, or was.

    Args:
        job: Its `Job`.
        settings: Its network's builder keywords.
        rows: All its epochs, also those to come.
        done: How many are done.
        is_to_pause: Whether it is to end after its present epoch.
        stopped: Why it ended; None while it is under way.
        ended: When, in seconds since the search began.
        trained: Seconds that all trainings had been given by then, without epochs that were under way.
    """

    job: object
    settings: dict
    rows: list
    done: int = 0
    is_to_pause: bool = False
    stopped: str | None = None
    ended: float | None = None
    trained: float | None = None

    @property
    def seconds(self):
        """Those of the epochs that are done."""
        return sum(row["seconds"] for row in self.rows[: self.done])


class Simulated:
    """An executor; see `keras_vision.search.executors`. It leaves of a training what the loop looks for: a model file.

    Args:
        place: A `SearchContext`.
        recorded: A `Recorded`.
        slots: How many workers there may be. One is started when a job finds none that is free.
        startup: Seconds from the start of a worker until it takes a job.

    Attributes:
        clock: Seconds since the search began.
        trained: Seconds of all epochs that were done.
        trainings: Each `Training` by its run directory.
        started: How many workers were started.
    """

    def __init__(self, place, recorded, slots, startup):
        self.place, self.recorded, self.slots, self.startup = place, recorded, slots, startup
        self.clock, self.trained, self.trainings, self.started = 0.0, 0.0, {}, 0
        self.places = {}  # which no ledger here needs
        self._free, self._ends, self._order = 0, [], itertools.count()

    def submit(self, job):
        """Gives a job to a worker that is free, or to a new one; a training that was paused goes on."""
        begin = self.clock
        if self._free:
            self._free -= 1
        else:
            self.started += 1
            begin += self.startup
        if job.path not in self.trainings:
            settings, recipe = self.place.space.resolve(job.values)
            seed = [trial_seed(self.place.plan.seed, job.seed_number), job.trial]
            rows = self.recorded.training(settings, recipe.epochs, seed)
            self.trainings[job.path] = Training(job, settings, rows)
        training = self.trainings[job.path]
        training.is_to_pause, training.stopped = False, None
        self._begin_epoch(training, begin)

    def wait(self, note):
        """Moves the clock to the next end of a training; those of epochs on the way are told."""
        while True:
            self.clock, _, training = heapq.heappop(self._ends)
            self.trained += training.rows[training.done]["seconds"]
            training.done += 1
            done = training.rows[: training.done]
            note(training.job, done)
            training.stopped = self._why_it_ends(training, done)
            if training.stopped:
                training.ended, training.trained = self.clock, self.trained
                self._free += 1
                return [(training.job, self._result_of(training))]
            self._begin_epoch(training, self.clock)

    def pause(self, job):
        """Has a training end after its present epoch."""
        self.trainings[job.path].is_to_pause = True

    def close(self):
        """Does nothing: there is nothing to end."""

    def _begin_epoch(self, training, begin):
        end = begin + training.rows[training.done]["seconds"]
        heapq.heappush(self._ends, (end, next(self._order), training))

    def _why_it_ends(self, training, done):
        plan, epochs = self.place.plan, len(training.rows)
        if len(done) == epochs:
            return "epochs"
        if training.job.is_judged and ENDINGS[plan.ending](done, epochs, plan.goal.score):
            return "hopeless"
        return "paused" if training.is_to_pause else None

    def _result_of(self, training):
        networks, last = self.place.networks, training.rows[training.done - 1]
        counts = networks.counts_of(training.settings)
        if training.stopped not in UNFINISHED:
            run = Run(training.job.path)
            run.path.mkdir(parents=True, exist_ok=True)
            run.model_path.touch()
        return {
            "val_accuracy": last["val_accuracy"],
            "val_crossentropy": 1.0,
            "best_epoch": training.done,
            "epochs_run": training.done,
            "stopped": training.stopped,
            "seconds": training.seconds,
            "parameters": counts.parameters,
            "trainable_parameters": counts.trainable_parameters,
            "macs": counts.macs,
            "latency_ms": 1.0,
            "training_flops": networks.training_flops(training.settings, training.done),
        }


@dataclasses.dataclass(frozen=True)
class Came:
    """What came of a simulated search.

    Args:
        strategy, workers, seed: Which it was.
        trials: How many came to their end.
        clock: Seconds that it took, by the simulation's clock.
        startup: Seconds until a worker takes its first job.
        finished: Seconds of trainings that came to their end, confirmations included.
        paused: How many trainings were paused and led to nothing.
        lost: Seconds of these.
        full: How many trials were trained for all epochs of the recipe.
        driver: Seconds that the search's own process computed for it.
        parameters: Of the network that it ends with.
        reached: Of each trial that reached the target, in their order: seconds since the search began, parameters, and
            seconds that all trainings had been given by then.
    """

    strategy: str
    workers: int
    seed: int
    trials: int
    clock: float
    startup: float
    finished: float
    paused: int
    lost: float
    full: int
    driver: float
    parameters: int
    reached: tuple = ()

    @property
    def speed_up(self):
        """How much longer one worker would take for the trainings that came to their end."""
        return (self.startup + self.finished) / self.clock

    def first_within(self, parameters):
        """Returns (seconds, seconds of training) until a network of at most so many parameters reached; or None."""
        return next(((seconds, spent) for seconds, size, spent in self.reached if size <= parameters), None)


def simulate(recorded, strategy, workers, trials, *, target=None, seed=0, startup):
    """Returns what comes of a search, a `Came`.

    Args:
        recorded: A `Recorded`.
        strategy: A name in `STRATEGIES`.
        workers: How many there are.
        trials: How many there may be.
        target: As of `tune`; what reached is confirmed as there.
        seed: Seeds the strategy and what is drawn for trainings.
        startup: Seconds until a worker takes its first job.
    """
    recipe = recipe_for(MODEL, Task(IMAGES, side=28, mirrored=False, length=SEARCHING))
    space = {"ladder": Ladder, "space": Space}[STRATEGIES[strategy].needs](MODEL, recipe)
    goal = Goal(target, images=VALIDATION, folds=IMAGES // VALIDATION)
    goal = dataclasses.replace(goal, confirmations=goal.usual_confirmations)
    plan = SearchPlan(MODEL, goal, DataSource(seed=seed), strategy=strategy, max_trials=trials)
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as folder:
        make_executor = lambda place, folder: Simulated(place, recorded, workers, startup)  # noqa: E731
        search = Search(plan, Images(), space, Run(folder), make_executor=make_executor)
        search.networks.counts = recorded.networks.counts
        begin = time.process_time()
        result = search.find()
        driver = time.process_time() - begin
    return _came(search, driver, recipe.epochs, result["parameters"])


def _fast_folder():
    """Returns a folder in memory, where there is one: the ledger waits for the disk after each line."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() else None


def _came(search, driver, epochs, parameters):
    executor = search.executor
    trainings = sorted(executor.trainings.values(), key=lambda one: one.ended)
    paused = [one for one in trainings if one.stopped == "paused"]
    tried = [one for one in trainings if one.job.confirmation is None]
    size = search.networks.size_of
    reached = [one for one in tried if search.needed and one.rows[one.done - 1]["val_accuracy"] >= search.needed]
    return Came(
        search.plan.strategy,
        executor.slots,
        search.plan.seed,
        trials=len(search.ledger.closed),
        clock=executor.clock,
        startup=executor.startup,
        finished=sum(one.seconds for one in trainings if one.stopped != "paused"),
        paused=len(paused),
        lost=sum(one.seconds for one in paused),
        full=sum(one.done == epochs for one in tried),
        driver=driver,
        parameters=parameters,
        reached=tuple((one.ended, size(one.settings), one.trained) for one in reached if one.stopped == "epochs"),
    )
