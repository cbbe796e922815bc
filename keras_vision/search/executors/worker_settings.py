"""WorkerSettings: where trainings are to run."""

import contextlib
import dataclasses
import os
import re
import socket

from keras_vision.errors import BadInput
from keras_vision.system.numbers import is_number
from keras_vision.system.ray_import import check_ray
from keras_vision.system.settings import POSITIVE, Settings, between, setting, whole

LOCAL = "local"
_CONNECTING = 5  # seconds until a cluster answers
# What a client of HTTP/2, which Ray speaks, says first; a server answers with a frame of the type SETTINGS.
_HELLO, _SETTINGS = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 4
_MOST_GPUS = 1_000_000
_ALONE = ("cpus_per_trial", "gpus_per_trial")  # which say nothing without `ray`


def CLUSTER(name, value):
    """Refuses what is neither "local" nor an address.

    Example:

    >>> CLUSTER("ray", "head")
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: ray must be local or the HOST:PORT of a cluster, not 'head'.
    """
    text = value if isinstance(value, str) else ""
    address = re.fullmatch(r"(?:[\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})", text)
    if text != LOCAL and not (address and int(address[1]) < 2**16):
        raise BadInput(f"{name} must be local or the HOST:PORT of a cluster, not {value!r}.")


def GPUS(name, value):
    """Refuses what is neither a share of a GPU nor a number of whole ones."""
    most = 1 if is_number(value) and value % 1 else _MOST_GPUS  # of infinity the rest is no number
    between(0, most, "a share of a GPU, such as 0.5, or a whole number of them")(name, value)


@dataclasses.dataclass(frozen=True)
class WorkerSettings(Settings):
    """Where the trainings of a search or a study run: in this process, in several, or on a Ray cluster."""

    workers: int = setting(1, "train this many networks side by side, each in a process of its own", "N", POSITIVE)
    ray: str = setting(
        None, "train on a Ray cluster, as many networks at once as it has room for: local starts one of this machine "
        "alone", "local|HOST:PORT", CLUSTER,
    )  # fmt: skip
    cpus_per_trial: int = setting(1, "processors for each trial on a Ray cluster", "N", whole(1))
    gpus_per_trial: float = setting(0, "GPUs for each trial on a Ray cluster; below 1, trials share one", "N", GPUS)

    def __post_init__(self):
        super().__post_init__()
        if self.ray and self.workers != 1:
            raise BadInput("Give either workers or ray: a Ray cluster trains as many networks as it has room for.")
        usual = {field.name: field.default for field in dataclasses.fields(self)}
        for name in _ALONE:
            if not self.ray and getattr(self, name) != usual[name]:
                raise BadInput(f"{name} works only on a Ray cluster. Leave it out, or give --ray local or an address.")

    def check_cluster(self):
        """Refuses a cluster that cannot be reached, without the time that it takes to import Ray.

        Raises:
            BadInput: Ray is not installed, or no cluster answers at the address; Ray itself would try for minutes.
        """
        if self.ray:
            check_ray()
        if self.ray in (None, LOCAL):
            return
        host, _, port = self.ray.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECTING) as connection:
                reason = "" if _is_encrypted() or _speaks_http2(connection) else "it is no Ray that answers"
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            raise BadInput(
                f"There is no Ray cluster at {self.ray} ({reason}). Give the address that `ray start --head` prints."
            )


def _is_encrypted():
    return os.environ.get("RAY_USE_TLS", "0") != "0"


def _speaks_http2(connection):
    connection.sendall(_HELLO)
    with contextlib.suppress(OSError):  # it hung up, or says nothing
        return connection.recv(9)[3:4] == bytes([_SETTINGS])
    return False
