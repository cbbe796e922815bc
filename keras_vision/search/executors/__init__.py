"""Where trainings run. An executor is an object with two attributes and four methods:

    slots        how many jobs it takes at once
    places       what a person calls the process or machine on which a job was last started, by the job's path, as soon
                 as that is known; empty where all run in this process
    submit(job)  starts a `Job`, or goes on with it where an earlier start ended
    wait(note)   waits until a job ends, or more; returns a list of (`Job`, its result as a dict, or a `Failure`).
                 Meanwhile `note(job, rows)` is called after each epoch with all rows of metrics.jsonl, once they are on
                 disk
    pause(job)   asks for the end of a job after its present epoch; it then ends with the result so far, whose `stopped`
                 is "paused", and goes on when it is submitted again
    close()      ends what still runs, at once

`wait` raises what is no fault of a job: a full disk, a foreign run directory, an interrupt. Jobs and results are plain
data, so that an executor may send them to another process.

What jobs need apart from themselves is their context, such as that of a search:

    run(job, note)  runs a job; returns what `wait` does. `note(rows)` is called after each epoch, and returns whether
                    the job is to pause
    place, record() the module whose function `opened(record, dataset, progress)` makes it again in another process, by
                    what `record` returned
    dataset         the `Dataset` that is shared with other processes; None where each opens its own
    files           what every machine must see
    deadline        no epoch starts after it; None for none. `until(deadline)` returns the same with another
    progress        a `Progress`
"""

import dataclasses
from pathlib import Path

CONFIRMING = 1_000_000  # the seeds of confirmations begin where those of trials never come


@dataclasses.dataclass(frozen=True)
class Job:
    """One training.

    Args:
        path: Its run directory.
        values: A trial's values; or the case and the seed of a study.
        trial: The trial's number; or that of the study's training.
        confirmation: Its number, from 1, where it is one; None where it is the trial itself.
        is_judged: Whether it may be given up, by the search's `ending`.
    """

    path: str
    values: dict
    trial: int
    confirmation: int | None = None
    is_judged: bool = False

    @property
    def seed_number(self):
        """What its seed is made from, with the search's own."""
        return self.trial if self.confirmation is None else CONFIRMING + self.confirmation - 1

    @property
    def fold(self):
        """Of the data set, as in `Dataset.fold`; 0 is the data set itself."""
        return self.confirmation or 0


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a job has no result.

    Args:
        kind: "too slow", where the network is over the limit of latency; "diverged"; "died", where the job's process
            ended without a word; or "error".
        reason: It in one line.
        details: Where it happened, as Python tells it.
    """

    kind: str
    reason: str
    details: str = ""


def name_of(job):
    """Returns what a person calls a job.

    Example:

    >>> name_of(Job("runs/tune-vgg-digits/trials/0003", {}, trial=3))
    'trials/0003'
    """
    return "/".join(Path(job.path).parts[-2:])
