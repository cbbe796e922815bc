"""A process that runs jobs: `python -m keras_vision.search.executors.worker`, started by `Processes`.

It reads lines of JSON from standard input, first the record of a context and where its images lie, then jobs and
pauses, and writes what happens to standard output, also as lines of JSON. When its standard input ends, because
whoever started it closed it or died, it ends at once: what it was training goes on from the last checkpoint elsewhere.
"""

import ctypes
import json
import os
import queue
import signal
import sys
import threading

from keras_vision.data.sharing import shared
from keras_vision.search.executors import Job
from keras_vision.search.executors.elsewhere import answer, opened
from keras_vision.search.executors.sent_progress import SentProgress
from keras_vision.system.keras_import import import_keras

_PR_SET_PDEATHSIG = 1  # of Linux's prctl(2)


def main():
    """Runs jobs until standard input ends."""
    _end_with_parent()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no message

    def send(**message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    beginning, jobs, paused = json.loads(sys.stdin.readline()), queue.SimpleQueue(), set()
    threading.Thread(target=_listen, args=(jobs, paused), daemon=True).start()
    import_keras()
    images = beginning["images"]
    context = opened(beginning["context"], shared(images) if images else None, SentProgress(send))
    while True:
        job = jobs.get()

        def note(rows, job=job):
            send(rows=rows)
            return job.path in paused

        send(**answer(context, job, note))


def _end_with_parent():
    """Has the system end this process with the one that started it, also while it is stopped and cannot notice."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _listen(jobs, paused):
    """Sorts what comes in; ends the process with its standard input."""
    for line in sys.stdin:
        message = json.loads(line)
        if "job" in message:
            job = Job(**message["job"])
            paused.discard(job.path)  # what was asked of an earlier start of it, and came too late
            jobs.put(job)
        else:
            paused.add(message["pause"])
    os._exit(1)


if __name__ == "__main__":
    main()
