"""One training on several GPUs: each computes a part of every batch, and all have the same weights."""

import contextlib
import statistics

import tensorflow as tf

from keras_vision.errors import BadInput
from keras_vision.training.memory import forget_models
from keras_vision.training.timing import steps_of
from keras_vision.training.trainer import batches_of, prepare

# Steps by which devices are compared: the first compile and warm up, the others are timed, one by one.
WARM, TIMED = 5, 20


def devices_for(count):
    """Returns the names of the devices that a training on `count` of them takes: GPUs, or parts of a CPU.

    A CPU has several only where a program has divided it, as a test does.

    Raises:
        BadInput: There are fewer.

    Example:

    >>> devices_for(1)  # on a machine without a GPU
    ['CPU:0']
    """
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    there = len(tf.config.list_logical_devices(kind))
    if count > there:
        has = f"{there} GPU{'s' * (there != 1)}" if kind == "GPU" else "no GPU"
        raise BadInput(f"devices={count} needs {count} GPUs, but this machine has {has}. Leave out --devices.")
    return [f"{kind}:{place}" for place in range(count)]


def spread_over(names):
    """Returns what a block builds and trains a network in, so that each device computes a part of every batch.

    Args:
        names: What `devices_for` returned. One device is used as without this.

    Example:

    >>> with spread_over(devices_for(1)):
    ...     model = build_model("cnn", (28, 28, 1), 10)
    """
    return tf.distribute.MirroredStrategy(names).scope() if len(names) > 1 else contextlib.nullcontext()


def check_gain(build, data, recipe, names, progress):
    """Refuses several devices where one trains the network as fast; times some steps of both, which it forgets.

    Args:
        build: Function of nothing that returns the network, uncompiled.
        data: A `Dataset`.
        recipe: The `Recipe`.
        names: As `spread_over` takes them.
        progress: A `Progress`, which is told both times.

    Raises:
        BadInput: A step takes as long on several devices as on one, or longer.
    """
    alone, together = (_seconds_of_step(build, data, recipe, chosen) for chosen in (names[:1], names))
    times = f"{1000 * together:.1f} ms on {len(names)} devices and {1000 * alone:.1f} ms on one"
    if together >= alone:
        raise BadInput(
            f"devices={len(names)} would be slower: a step of this training takes {times}. Leave out --devices, or "
            "give a larger --batch-size."
        )
    progress.say(f"A step takes {times}.")


def _seconds_of_step(build, data, recipe, names):
    """Returns the median time of a training step on some devices."""
    with spread_over(names):
        network = build()
        prepare(network, data, recipe)
    with steps_of(network, batches_of(data, recipe).repeat()) as seconds:
        seconds(WARM)
        found = statistics.median(seconds(1) for _ in range(TIMED))
    forget_models()
    return found
