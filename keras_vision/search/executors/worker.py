"""A process that runs jobs: `python -m keras_vision.search.executors.worker`, started by `Processes`.

It reads lines of JSON from standard input, first the record of a `Workplace`, then jobs and pauses, and writes what
happens to standard output, also as lines of JSON. When its standard input ends, because whoever started it closed it
or died, it ends at once: what it was training goes on from the last checkpoint elsewhere.
"""

import dataclasses
import json
import os
import queue
import sys
import threading

from keras_vision.reporting.progress import PlainProgress
from keras_vision.runs import WorkdirRefused
from keras_vision.search.executors import Failure, Job
from keras_vision.system.keras_import import import_keras


class Told(PlainProgress):
    """Progress as lines that are sent."""

    def __init__(self, send):
        super().__init__(None)
        self.send = send

    def say(self, text=""):
        self.send(said=text)


def main():
    """Runs jobs until standard input ends."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no message

    def send(**message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    record, jobs, paused = json.loads(sys.stdin.readline()), queue.SimpleQueue(), set()
    threading.Thread(target=_listen, args=(jobs, paused), daemon=True).start()
    import_keras()
    from keras_vision.search.executors.runner import opened, run_job

    place = opened(record, Told(send))
    while True:
        job = jobs.get()

        def note(rows, job=job):
            send(epoch=job.path, rows=rows)
            return job.path in paused

        try:
            came = run_job(place, job, note)
        except WorkdirRefused as error:
            send(refused=str(error))
            continue
        except OSError as error:
            send(system_error=[error.errno, error.strerror or str(error), error.filename and str(error.filename)])
            continue
        is_failure = isinstance(came, Failure)
        send(ended=job.path, **({"failure": dataclasses.asdict(came)} if is_failure else {"result": came}))


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
