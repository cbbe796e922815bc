"""Workforce: where the trainings of a search are to run."""

import dataclasses
import re

from keras_vision.errors import BadInput
from keras_vision.system.settings import POSITIVE, Settings, setting, whole

_ALONE = ("cpus_per_trial", "gpus_per_trial")  # which say nothing without `ray`


def CLUSTER(name, value):
    """Refuses what is neither "local" nor an address.

    Example:

    >>> CLUSTER("ray", "head")
    Traceback (most recent call last):
    ...
    keras_vision.errors.BadInput: ray must be local or the HOST:PORT of a cluster, not 'head'.
    """
    if value != "local" and not re.fullmatch(r"[\w.-]+:\d{1,5}|\[[\da-fA-F:]+\]:\d{1,5}", str(value)):
        raise BadInput(f"{name} must be local or the HOST:PORT of a cluster, not {value!r}.")


def GPUS(name, value):
    """Refuses what is neither a share of a GPU nor a number of whole ones."""
    if not (0 <= value <= 1 or (value > 1 and value == int(value))):
        raise BadInput(f"{name} must be a share of a GPU, such as 0.5, or a whole number of them, not {value:g}.")


@dataclasses.dataclass(frozen=True)
class Workforce(Settings):
    """Where the trainings of a search run: in this process, in several, or on a Ray cluster."""

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
