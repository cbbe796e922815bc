"""Which executor a search runs on, by what is asked for."""

import contextlib
import functools

from keras_vision.search.executors.here import Here
from keras_vision.search.executors.processes import Processes, check_memory
from keras_vision.search.executors.ray_cluster import joined
from keras_vision.search.executors.ray_tasks import RayTasks
from keras_vision.system.machine import cores


def here(context, folder):
    """Returns the executor for a context in this process, which leaves the folder alone."""
    return Here(context)


def _processes(workers, context, folder):
    return Processes(context, folder, workers, threads=max(1, cores() // workers))


def _on_ray(cluster, context, folder):
    return RayTasks(context, folder, cluster)


@contextlib.contextmanager
def executor_maker(asked, say):
    """Gives, for the length of the block, a function that returns an executor.

    It is given the context of its jobs, and a folder in the run directory, which is not there yet.

    Args:
        asked: A `WorkerSettings`.
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
