"""The trainings of a search that are under way: started, watched, and started once more where their process died."""

import contextlib

from keras_vision.runs import Run, WorkdirRefused
from keras_vision.search.executors import Failure, Job
from keras_vision.search.ledger import confirmation_run, trial_run
from keras_vision.training.aim import UNFINISHED
from keras_vision.training.checkpoint import latest_epoch


class Trainings:
    """What runs at the moment, kept in step with the ledger: trials, and confirmations of them.

    Args:
        run: The `Run` of the search.
        ledger: Its `Ledger`, which is told of every start, epoch and interruption.
        executor: Where trainings run; see `keras_vision.search.executors`.
        is_late: Function that says, after each epoch of a trial, whether trials are to end for now.

    Attributes:
        running: The `Job`s that were started and have not ended, in their order.
    """

    def __init__(self, run, ledger, executor, is_late=lambda: False):
        self.run, self.ledger, self.executor, self.is_late = run, ledger, executor, is_late
        self.running = []
        self._places = {}  # of those whose start the ledger was told: path -> where it was told that they run

    @property
    def has_room(self):
        """Whether one more can be started now."""
        return len(self.running) < self.executor.slots

    @property
    def trials(self):
        """The `Trial`s that run, confirmations left out."""
        return [self.ledger.trials[job.trial] for job in self.running if job.confirmation is None]

    def start(self, trial, confirmation=None, *, is_judged=False):
        """Starts a training, or goes on with it; returns a `Failure` where it died too often to be started again.

        Args:
            trial: The `Trial`.
            confirmation: The number of its confirmation, from 1; None for the trial itself.
            is_judged: Whether it may be given up.
        """
        run = trial_run(self.run, trial) if confirmation is None else confirmation_run(self.run, trial, confirmation)
        return self._submit(Job(str(run.path), trial.values, trial.number, confirmation, is_judged))

    def wait(self):
        """Waits until a training ends.

        Returns:
            A list of (`Job`, its result or a `Failure`). It is empty where the job's process died, and was started
            once more.

        Raises:
            OSError, WorkdirRefused: What a search cannot go on with, such as a full disk.
        """
        with self._interrupted_by_what_it_ends_with():
            ended = self.executor.wait(self._note)
        settled = [(job, self._settle(job, came)) for job, came in ended]
        return [(job, came) for job, came in settled if came is not None]

    def pause(self, useless=lambda trial: True):
        """Asks trainings to end for now, after their present epoch: those of trials of which `useless` is true."""
        for job in self.running:
            if useless(self.ledger.trials[job.trial]):
                self.executor.pause(job)

    def _submit(self, job, has_died=False):
        run, attempts = Run(job.path), self.ledger.trials[job.trial].attempts_at(job.confirmation)
        # The end of a training is progress, too; what it is measured by then can end a process as well.
        epochs_done = run.result["epochs_run"] if run.finished else latest_epoch(run.checkpoints)
        if attempts.are_used_up(epochs_done):
            return Failure("died", f"gave up after {attempts.deaths + 1} crashes")
        self._places.pop(job.path, None)
        self.executor.submit(job)  # first: what cannot be started was not started
        self.running.append(job)
        if job.confirmation is None:
            self.ledger.record("started", job.trial, attempt=attempts.count + 1, epochs_done=epochs_done)
            self._places[job.path] = ""
        elif has_died or not run.finished:  # else its result is only fetched, as often as a search is continued
            self.ledger.record("confirming", job.trial, confirmation=job.confirmation, epochs_done=epochs_done)
            self._places[job.path] = ""
        self._record_place(job)
        return None

    def _settle(self, job, came):
        """Returns what came of a job that ended; None where it died and was started once more."""
        self.running.remove(job)
        self._record_place(job)
        if isinstance(came, Failure):
            if came.kind != "died":
                return came
            if job.path in self._places:
                self.ledger.record("died", job.trial, **_which(job), reason=came.reason)
            return self._submit(job, has_died=True)
        if came["stopped"] in UNFINISHED:
            self._record_interruption(job)
        return came

    def _note(self, job, rows):
        self._record_place(job)
        trial = self.ledger.trials[job.trial]
        if job.confirmation is None and len(rows) > trial.last_epoch:
            self.ledger.record("epoch", job.trial, epoch=len(rows), val_accuracy=rows[-1]["val_accuracy"])
        if job.confirmation is None and self.is_late():
            self.executor.pause(job)

    def _record_place(self, job):
        """Records where a training runs, as soon as that is known."""
        where = self.executor.places.get(job.path)
        if where and self._places.get(job.path) == "":
            self._places[job.path] = where
            self.ledger.record("placed", job.trial, **_which(job), where=where)

    def _record_interruption(self, job):
        self.ledger.record("interrupted", job.trial, **_which(job))

    @contextlib.contextmanager
    def _interrupted_by_what_it_ends_with(self):
        """Records that what runs was interrupted, where what the block ends with is no fault of it."""
        try:
            yield
        except (KeyboardInterrupt, OSError, WorkdirRefused):  # also a full disk, or a foreign directory
            with contextlib.suppress(OSError):
                for job in self.running:
                    self._record_interruption(job)
            raise


def _which(job):
    """Returns what an event says of a job beside its trial."""
    return {} if job.confirmation is None else {"confirmation": job.confirmation}
