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
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from keras_vision.data.sharing import share
from keras_vision.errors import BadInput
from keras_vision.search.executors import Failure, name_of
from keras_vision.search.executors.elsewhere import answered, recorded
from keras_vision.search.executors.patience import Patience
from keras_vision.search.executors.process_environment import MEMORY, environment
from keras_vision.system.machine import free_memory


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
        context: What its jobs need.
        folder: Where the images lie for the processes, where they share them. `close` deletes it.
        slots: How many processes there may be.
        threads: How many threads each of them may use.
    """

    def __init__(self, context, folder, slots, threads):
        self.context, self.folder, self.slots, self.threads = context, Path(folder), slots, threads
        self.places, self._begun = {}, 0
        self._workers, self._messages, self._is_shared = [], queue.SimpleQueue(), False

    def submit(self, job):
        """Gives a job to a process that is free, or to a new one."""
        worker = next((worker for worker in self._workers if worker.job is None), None)
        if worker is None:
            if self.context.dataset and not self._is_shared:
                share(self.context.dataset, self.folder)
                self._is_shared = True
            beginning = {"context": recorded(self.context), "images": str(self.folder) if self._is_shared else None}
            self._begun += 1
            worker = Worker(f"process {self._begun}", beginning, self.threads, self._messages)
            self._workers.append(worker)
        self.places[job.path] = worker.name
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
                self.context.progress.say(f"{name_of(job)}: its process {reason}; it goes on in another")
            return [(job, Failure("died", f"its process {reason}"))] if job else []
        if "said" in message:
            self.context.progress.say(f"{name_of(job)}: {message['said'].strip()}")
        elif "rows" in message:
            worker.patience.renew(message["rows"])
            note(job, message["rows"])
        elif "trains" in message:
            worker.patience.go_on()
        else:
            worker.job = None
            return [(job, answered(message))]
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
        name: What a person calls it.
        beginning: What it is sent first, a dict.
        threads: How many threads it may use.
        messages: A queue, to which all that it tells is put with itself: (`Worker`, dict); None for the dict when it
            has ended.

    Attributes:
        job: What it runs, or None.
    """

    def __init__(self, name, beginning, threads, messages):
        self.name, self.job, self.patience = name, None, Patience()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  it is read when the process has ended
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keras_vision.search.executors.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | environment(threads),
            text=True,
            encoding="utf-8",
            start_new_session=True,  # an interrupt at the terminal is for who started it
        )
        self.send(**beginning)
        self._listener = threading.Thread(target=self._listen, args=(messages,), daemon=True)
        self._listener.start()

    def _listen(self, messages):
        try:
            for line in self.process.stdout:
                if line.endswith("\n"):  # else the process died in the middle of it
                    messages.put((self, json.loads(line)))
        except ValueError:  # what comes after something that is no message means nothing
            self.process.kill()
        finally:
            messages.put((self, None))

    def begin(self, job):
        """Gives it a job."""
        self.job, self.patience = job, Patience()
        self.send(job=dataclasses.asdict(job))

    def send(self, **message):
        """Sends it a message."""
        with contextlib.suppress(BrokenPipeError):  # it has died, which `messages` tells
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def end_if_silent(self):
        """Kills it where it hangs, or was stopped."""
        if self.job and self.patience.is_over():
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
