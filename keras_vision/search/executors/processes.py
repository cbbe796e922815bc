"""Trainings side by side, in processes of this machine.

A process is started when a job finds none that is free, and kept for the next one. What dies, by a kill, for lack of
memory or in native code, takes one training with it, which goes on from its last checkpoint in another.
"""

import contextlib
import dataclasses
import json
import os
import queue
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from keras_vision.data.sharing import share
from keras_vision.errors import BadInput
from keras_vision.runs import WorkdirRefused
from keras_vision.search.executors import Failure
from keras_vision.search.executors.runner import recorded
from keras_vision.system.machine import free_memory

# A process that tells nothing for so many times as long as its epochs take is ended, and not before so many seconds.
PATIENCE, LEAST_SECONDS = 5, 120
# Until its first epoch ends nothing is known: TensorFlow is loaded, graphs are compiled, and the epoch is trained.
FIRST_SECONDS = 1800
# Each setting has a library read how many threads it may use.
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SHARED_GPU = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # else the first process takes all memory of a GPU
MEMORY = 700 * 2**20  # bytes of a process that trains a small network; its images are shared


def check_memory(workers):
    """Refuses more processes than the memory holds, before work starts.

    Raises:
        BadInput: With how many fit.
    """
    fitting = free_memory() // MEMORY
    if workers > max(1, fitting):
        raise BadInput(
            f"workers={workers} needs about {workers * MEMORY / 2**30:.1f} GiB of memory, and "
            f"{fitting * MEMORY / 2**30:.1f} are free. Give --workers {max(1, fitting):.0f} or fewer."
        )


class Processes:
    """An executor; see `keras_vision.search.executors`.

    Args:
        workplace: A `Workplace`.
        folder: Where the images lie for the processes, while they run.
        slots: How many processes there may be.
        threads: How many threads each of them may use.
    """

    def __init__(self, workplace, folder, slots, threads):
        self.workplace, self.folder, self.slots, self.threads = workplace, Path(folder), slots, threads
        self._workers, self._messages, self._is_shared = [], queue.SimpleQueue(), False

    def submit(self, job):
        """Gives a job to a process that is free, or to a new one."""
        worker = next((worker for worker in self._workers if worker.job is None), None)
        if worker is None:
            if not self._is_shared:
                share(self.workplace.dataset, self.folder)
                self._is_shared = True
            worker = Worker(recorded(self.workplace, self.folder), self.threads, self._messages)
            self._workers.append(worker)
        worker.begin(job)

    def wait(self, note):
        """Returns the jobs that ended, as soon as there is one."""
        ended = []
        while not ended:
            with contextlib.suppress(queue.Empty):
                worker, message = self._messages.get(timeout=1.0)
                ended = self._hear(worker, message, note)
            for worker in self._workers:
                worker.end_if_silent()
        return ended

    def _hear(self, worker, message, note):
        """Takes note of what a process told; returns what ended with it."""
        job = worker.job
        if message is None:
            self._workers.remove(worker)
            reason = worker.why_it_ended()
            worker.close()
            if job:
                self.workplace.progress.say(f"{_name(job)}: its process {reason}; it goes on in another")
            return [(job, Failure("died", f"its process {reason}"))] if job else []
        worker.heard(message)
        if "said" in message:
            self.workplace.progress.say(f"{_name(job)}: {message['said'].strip()}")
        elif "epoch" in message:
            note(job, message["rows"])
        elif "refused" in message:
            raise WorkdirRefused(message["refused"])
        elif "system_error" in message:
            raise OSError(*message["system_error"])
        else:
            worker.job = None
            return [(job, message["result"] if "result" in message else Failure(**message["failure"]))]
        return []

    def pause(self, job):
        """Asks the process of a job to end it after its present epoch."""
        for worker in self._workers:
            if worker.job == job:
                worker.send(pause=job.path)

    def close(self):
        """Ends all processes at once, and deletes their copy of the images."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.close()
        self._workers = []
        shutil.rmtree(self.folder, ignore_errors=True)


class Worker:
    """One process, as who started it sees it.

    Args:
        record: That of the `Workplace`.
        threads: How many threads it may use.
        messages: A queue, to which all that it tells is put with itself: (`Worker`, dict); None for the dict when it
            has ended.

    Attributes:
        job: What it runs, or None.
    """

    def __init__(self, record, threads, messages):
        self.job, self._usual, self._last = None, None, time.monotonic()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  it is read when the process has ended
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keras_vision.search.executors.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | dict.fromkeys(THREADS, str(threads)) | SHARED_GPU,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # an interrupt at the terminal is for who started it
        )
        self.send(**record)
        self._listener = threading.Thread(target=self._listen, args=(messages,), daemon=True)
        self._listener.start()

    def _listen(self, messages):
        for line in self.process.stdout:
            messages.put((self, json.loads(line)))
        messages.put((self, None))

    def begin(self, job):
        """Gives it a job."""
        self.job, self._usual, self._last = job, None, time.monotonic()
        self.send(job=dataclasses.asdict(job))

    def send(self, **message):
        """Sends it a message."""
        with contextlib.suppress(BrokenPipeError):  # it has died, which `messages` tells
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def heard(self, message):
        """Takes note that it told something."""
        if "epoch" in message:
            self._usual = statistics.median(row["seconds"] for row in message["rows"])
            self._last = time.monotonic()

    def end_if_silent(self):
        """Kills it where an epoch takes far longer than the others did: it hangs, or was stopped."""
        if self.job is None:
            return
        most = FIRST_SECONDS if self._usual is None else max(PATIENCE * self._usual, LEAST_SECONDS)
        if time.monotonic() - self._last > most:
            self.process.kill()

    def close(self):
        """Closes what was open to a process that has ended, or was killed."""
        self.process.wait()
        self._listener.join()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self._errors.close()

    def why_it_ended(self):
        """Returns how it ended, in words."""
        code = self.process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with {lines[-1]!r}" if lines else f"ended with exit code {code}"


def _name(job):
    return "/".join(Path(job.path).parts[-2:])
