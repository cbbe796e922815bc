"""Which executor a search runs on, by what is asked for."""

import contextlib
import functools

from keras_vision.search.executors.here import Here
from keras_vision.search.executors.processes import Processes, check_memory
from keras_vision.search.executors.ray_cluster import joined
from keras_vision.search.executors.ray_tasks import RayTasks
from keras_vision.system.machine import cores


def here(place, run):
    """Returns the executor of a `Workplace` and a search's `Run` in this process."""
    return Here(place)


def _processes(workers, place, run):
    return Processes(place, run.path / "images", workers, threads=max(1, cores() // workers))


def _on_ray(cluster, place, run):
    return RayTasks(place, run.path / "mailboxes", cluster)


@contextlib.contextmanager
def hired(asked, say):
    """Gives, for the length of the block, a function of (`Workplace`, search's `Run`) that returns its executor.

    Args:
        asked: A `Workforce`.
        say: Called with lines for the person.

    Raises:
        BadInput: There is not the memory for so many processes, or not the cluster.
    """
    if asked.ray:
        with joined(asked, say) as cluster:
            yield functools.partial(_on_ray, cluster)
    elif asked.workers > 1:
        check_memory(asked.workers)
        yield functools.partial(_processes, asked.workers)
    else:
        yield here
