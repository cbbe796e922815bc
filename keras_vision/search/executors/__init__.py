"""Where trainings run. An executor is an object with one method:

    run(job, note=None)   trains what the `Job` names, in the job's run directory, or reads the result that lies there;
                          goes on where an earlier start ended. `note` is called after each epoch with all rows of
                          metrics.jsonl, once they are on disk. Returns the result as a dict, with `macs`, `latency_ms`
                          and `training_flops`.

It raises `TooSlow` where the network is over the limit of latency, and whatever building and training raise. Jobs and
results are plain data, so that an executor may send them to another process.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Job:
    """One training.

    Args:
        path: Its run directory.
        values: A trial's values.
        number: What its seed is made from, with the search's own.
        fold: Of the data set, as in `Dataset.fold`; 0 is the data set itself.
        is_judged: Whether it may be given up, by the search's `ending`.
        is_admitted: Whether its latency was within the limit when it was tried first, and is not judged again.
    """

    path: str
    values: dict
    number: int
    fold: int = 0
    is_judged: bool = False
    is_admitted: bool = False


class TooSlow(Exception):
    """A network over the limit of latency."""
