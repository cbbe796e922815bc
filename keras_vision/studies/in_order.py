"""The trainings of a study as an executor runs them: several side by side, and handed on in their order."""

import collections
import shutil

from keras_vision.errors import KerasVisionError
from keras_vision.runs import Run, write_text
from keras_vision.search.executors import Failure, Job
from keras_vision.search.ledger import Attempts
from keras_vision.studies.trainings import StudyContext, measured_before, run_of
from keras_vision.training.checkpoint import latest_epoch


def trained_in_order(job, folder, make_executor):
    """Yields (`Case`, seed, what was measured) for each training of a study, seed by seed and case by case.

    Args:
        job: The study's `StudyJob`.
        folder: For the executor's own use; what is there of an earlier start is deleted.
        make_executor: Of a context and this folder it returns the executor.

    Raises:
        KerasVisionError: A training failed, or its process died twice without an epoch in between.
    """
    shutil.rmtree(folder, ignore_errors=True)
    executor = make_executor(StudyContext(job), folder)
    try:
        trainings = _Trainings(job, executor)
        for case, seed in trainings.asked:
            yield case, seed, trainings.measured(case, seed)
    finally:
        executor.close()


class _Trainings:
    def __init__(self, job, executor):
        self.job, self.executor = job, executor
        self.asked = [(case, seed) for seed in range(job.count) for case in job.cases]
        self._waiting = collections.deque(enumerate(self.asked, start=1))
        self._measured, self._running, self._attempts = {}, 0, collections.defaultdict(Attempts)

    def measured(self, case, seed):
        """Returns what was measured of a training, as soon as it is."""
        while (case.name, seed) not in self._measured:
            self._start()
            if self._running:
                for training, came in self.executor.wait(lambda training, rows: None):
                    self._settle(training, came)
        return self._measured.pop((case.name, seed))

    def _start(self):
        """Starts trainings as long as there is room for them."""
        while self._waiting and self._running < self.executor.slots:
            number, (case, seed) = self._waiting.popleft()
            values = {"case": case.name, "seed": seed}
            self.job.progress.trial_started(number, len(self.asked), values)
            known = measured_before(self.job, case, seed)
            if known is None:
                self._submit(Job(str(run_of(self.job, case, seed).path), values, number))
            else:
                self._measured[case.name, seed] = known

    def _submit(self, training):
        self._attempts[training.path].start(latest_epoch(Run(training.path).checkpoints))
        self._running += 1
        self.executor.submit(training)

    def _settle(self, training, came):
        """Takes note of what came of a training; starts it once more where its process died."""
        self._running -= 1
        if not isinstance(came, Failure):
            self._measured[training.values["case"], training.values["seed"]] = came
            return
        attempts = self._attempts[training.path]
        if came.kind == "died" and not attempts.are_used_up(latest_epoch(Run(training.path).checkpoints)):
            self._submit(training)
            return
        if came.details:
            write_text(Run(training.path).path / "error.txt", came.details)
        raise KerasVisionError(
            f"The training in {training.path} failed: {came.reason}. The same command tries it again."
        )
