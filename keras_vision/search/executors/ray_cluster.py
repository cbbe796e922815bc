"""A Ray cluster as this process sees it: started or joined, looked at, and given tasks. All of Ray is here."""

import contextlib
import dataclasses
import logging
import math
import os
import secrets
import signal
import sys
import tempfile
import threading

from keras_vision.errors import BadInput
from keras_vision.search.executors import Failure, ray_worker
from keras_vision.search.executors.process_environment import MEMORY, environment
from keras_vision.search.executors.worker_settings import LOCAL
from keras_vision.system.keras_import import native_output_held_back
from keras_vision.system.machine import cores
from keras_vision.system.ray_import import import_ray

_LOOKING = 120  # seconds until all nodes have looked around
_SOCKETS = 40  # characters of a folder for Ray's sockets, whose paths may have 107 and take 66 below it
# The first makes Ray listen on 127.0.0.1 alone, as it does by default on the systems in its name. The last has jobs run
# with the priority of the search itself; by default anything else that runs would starve them.
_CLOSED = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token", "RAY_worker_niceness": "0"}
_NO_GPU = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1"}  # a job that asked for none must not see any
_NODE = "ray.io/node-id"  # the label that each node has of itself
# How Ray calls what ended a task -> what a person is told.
_DEATHS = {
    "WorkerCrashedError": "its process was ended",
    "NodeDiedError": "its machine was lost",
    "LocalRayletDiedError": "its machine was lost",
    "OutOfMemoryError": "its process was ended, because its machine ran out of memory",
}


@contextlib.contextmanager
def joined(asked, say):
    """Joins a cluster for the length of the block, and gives it as a `Cluster`; starts one where "local" is asked for.

    Args:
        asked: A `WorkerSettings`, whose `ray` is set.
        say: Called with lines for the person.

    Raises:
        BadInput: There is none, it is not of the same versions, or no node of it has room for a trial.
    """
    with contextlib.ExitStack() as stack:
        if asked.ray == LOCAL:
            ray, how = _ours(), {"address": LOCAL, "include_dashboard": False, "num_cpus": cores()}
            how["_temp_dir"] = stack.enter_context(_folder())
            say("Ray starts on this machine, for the length of the search.")
        else:
            os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "5")  # one a second, where the head lets nobody in
            ray, how = import_ray(), {"address": asked.ray}
        if ray.is_initialized():
            raise BadInput("This process has joined a Ray cluster already. Call ray.shutdown() before the search.")
        stack.enter_context(_silent(ray))
        stack.callback(ray.shutdown)
        with _own_signals():
            _connect(ray, how, environment(asked.cpus_per_trial) | _NO_GPU, asked.ray)
        cluster = Cluster(ray, asked.cpus_per_trial, asked.gpus_per_trial)
        cluster.check_room()
        idle = cluster.gpus if not asked.gpus_per_trial else 0
        if idle:
            say(f"The cluster has {idle:g} GPUs, which no trial uses. --gpus-per-trial 1 gives each trial one.")
        yield cluster


def _ours():
    """Returns Ray, set up so that a cluster which it starts answers to this machine alone, and only to its own.

    Raises:
        BadInput: Ray was imported before, and not by us: it reads what is set here as it is imported.
    """
    if "ray" in sys.modules and os.environ.get("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER") != "0":
        raise BadInput(
            "Ray was imported before in this process, so the search cannot start a cluster that is closed to others. "
            "Call it before you import Ray, or give the address of a cluster."
        )
    os.environ |= _CLOSED
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    return import_ray()


def _folder():
    """Returns a temporary folder, by a short name, as a context manager."""
    usual = tempfile.gettempdir()
    place = usual if len(usual) < _SOCKETS - len("/ray12345678") else "/tmp"
    return tempfile.TemporaryDirectory(prefix="ray", dir=place, ignore_cleanup_errors=True)


@contextlib.contextmanager
def _own_signals():
    """Leaves SIGTERM with its handler, in whose place Ray puts one that ends the process without a word."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _silent(ray):
    """Keeps from standard output what a lost node last wrote, pages of it, which Ray prints in any case."""
    module = ray._private.worker
    real, module.print_to_stdstream = module.print_to_stdstream, lambda data, ignore_prefix: None
    try:
        yield
    finally:
        module.print_to_stdstream = real


def _connect(ray, how, variables, address):
    failure = None
    with native_output_held_back():  # each second the same line, which says less than the error
        try:
            ray.init(**how, runtime_env={"env_vars": variables}, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            failure = error
    if failure:
        raise BadInput(_why_not_joined(" ".join(str(failure).split()), address)) from failure


def _why_not_joined(reason, address):
    """Returns what a person is told whom Ray gives a reason."""
    if address == LOCAL:
        return f"Ray cannot start on this machine ({reason}). Give --workers N, which needs no Ray."
    if reason.startswith("Version mismatch"):
        return f"The Ray cluster at {address} is of another version. {reason}. Install the same versions on both."
    if reason.startswith("Failed to connect"):
        return (
            f"The Ray cluster at {address} does not let this machine in. Copy its head's ~/.ray/auth_token here, and "
            "set RAY_AUTH_MODE=token, or RAY_AUTH_MODE=disabled if it has no token."
        )
    return (
        f"This machine cannot use the Ray cluster at {address} ({reason}). It must be one of its machines: run `ray "
        f"start --address={address}` here first."
    )


@dataclasses.dataclass(frozen=True)
class Node:
    """A node as it was looked at.

    Args:
        key: What Ray calls it.
        name: What a person calls it.
        resources: What it has, as `in_words` takes it.
        room: How many jobs it has room for.
        unfit: Why jobs cannot run there, in sentences with the mend; "" where they can.
        free_memory: In bytes; None where it was not looked at, since it has no room, or does not answer.
    """

    key: str
    name: str
    resources: dict
    room: int
    unfit: str = ""
    free_memory: int | None = None


class Cluster:
    """A cluster that was joined.

    Args:
        ray: The module.
        cpus, gpus: What each job gets.
    """

    def __init__(self, ray, cpus, gpus):
        self._ray, self._left_out = ray, set()
        self._needs = {"CPU": cpus, "GPU": gpus, "memory": MEMORY}
        # TensorFlow keeps the memory of a GPU until its process ends, so there each process runs one job.
        calls = {"max_calls": 1} if gpus else {}
        self._run = ray.remote(num_cpus=cpus, num_gpus=gpus, memory=MEMORY, max_retries=0, **calls)(ray_worker.run)

    # ---- what there is ----

    @property
    def _alive(self):
        return [node for node in self._ray.nodes() if node["Alive"] and node["NodeID"] not in self._left_out]

    @property
    def nodes(self):
        """The list of `Node`, as Ray tells them."""
        has = [(node["NodeID"], node["NodeManagerHostname"], node["Resources"]) for node in self._alive]
        hosts = [host for _, host, _ in has]
        return [
            Node(key, host if hosts.count(host) == 1 else f"{host} ({key[:6]})", resources, self._room_on(resources))
            for key, host, resources in has
        ]

    @property
    def room(self):
        """How many jobs fit at once."""
        return sum(node.room for node in self.nodes)

    @property
    def gpus(self):
        """How many GPUs there are."""
        return sum(node.resources.get("GPU", 0) for node in self.nodes)

    def _room_on(self, has):
        return min(_parts(has.get(name, 0), need, name == "GPU") for name, need in self._needs.items() if need)

    def check_room(self):
        """Refuses a cluster none of whose nodes has room for a job.

        Raises:
            BadInput: Says what the nodes have.
        """
        if self.room:
            return
        has = "; ".join(dict.fromkeys(in_words(node.resources) for node in self.nodes))
        raise BadInput(
            f"No machine of the cluster has room for a trial, which needs {in_words(self._needs)}. They have {has}. "
            "Give a smaller --cpus-per-trial or --gpus-per-trial, or add a machine."
        )

    def look(self, site):
        """Returns the nodes that have room for jobs, as a list of `Node`, after looking whether they can run them.

        Args:
            site: As in `ray_worker.why_unfit`.
        """
        looks = {self._on(node.key, ray_worker.look, site): node for node in self.nodes if node.room}
        done, late = self._ray.wait(list(looks), num_returns=len(looks), timeout=_LOOKING) if looks else ([], [])
        silent = "The machine {} does not answer. Repair it, or take it out of the cluster."
        found = {one: self._looked(one, looks[one].name) for one in done}
        return [
            *(dataclasses.replace(looks[one], unfit=silent.format(looks[one].name)) for one in late),
            *(dataclasses.replace(looks[one], **has) for one, has in found.items() if has),
        ]

    def _looked(self, reference, name):
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.TaskUnschedulableError:
            return {}  # it was lost a moment ago, when Ray still named it
        except self._ray.exceptions.RayError as error:
            why = f"The machine {name} cannot run this program ({_last_line(error)}). Install it there as it is here."
            return {"unfit": why}

    def leave_out(self, node):
        """Starts no more jobs on a `Node`."""
        self._left_out.add(node.key)

    @property
    def left_out(self):
        """How many nodes were left out so far."""
        return len(self._left_out)

    def name_of(self, key):
        """Returns what a person calls a node, by what Ray calls it."""
        return next((node.name for node in self.nodes if node.key == key), f"machine {key[:6]}")

    # ---- jobs ----

    def put(self, value):
        """Stores a value once for all nodes; returns what stands for it among the arguments of `start`."""
        return self._ray.put(value)

    def start(self, *arguments):
        """Has `ray_worker.run` called on a node with room; returns a reference to what it will return."""
        others = {_NODE: f"!in({','.join(sorted(self._left_out))})"} if self._left_out else None
        return self._run.options(label_selector=others).remote(*arguments)

    def ended(self, references):
        """Returns which of these have ended, as soon as there is one, or after a second."""
        ready, _ = self._ray.wait(references, num_returns=1, timeout=1.0)
        return ready

    def answer(self, reference):
        """Returns what an ended job returned, or, where it died, what `answered` takes for that.

        Where Ray could not even call it, as on a node without this program, it says so as `unfit`.
        """
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            name = type(error).__name__
            if name not in _DEATHS:
                return {"unfit": f"its process failed ({name}: {_last_line(error)})"}
            reason = _DEATHS[name]
            return {"failure": dataclasses.asdict(Failure("died", reason))}

    def end(self, node, pid):
        """Ends a process on a node, also a stopped one, which could not answer Ray."""
        self._on(node, ray_worker.end, pid)

    def cancel(self, references):
        """Ends jobs at once."""
        for reference in references:
            self._ray.cancel(reference, force=True)

    def _on(self, node, function, *arguments):
        where = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        return self._ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=where)(function).remote(*arguments)


def _parts(amount, need, is_gpu):
    """Returns how many jobs find what they need of a resource; one that needs a part of a GPU gets it of one GPU."""
    each = math.floor(1 / need + 1e-9) if is_gpu and need < 1 else 0
    return math.floor(amount) * each if each else math.floor(amount / need)


def in_words(resources):
    """Returns resources as a person reads them."""
    memory = f"{resources.get('memory', 0) / 2**30:.1f} GiB of memory"
    return f"{resources.get('CPU', 0):g} CPUs, {resources.get('GPU', 0):g} GPUs and {memory}"


def _last_line(error):
    return (str(error).strip().splitlines() or [""])[-1]
