"""How long training steps take, and single gradients, on this machine as it is; and what that depends on."""

import contextlib
import os
import time

import keras
import tensorflow as tf

from keras_vision.runs.provenance import processor_name, versions
from keras_vision.system.machine import cores, instructions
from keras_vision.system.onednn import VARIABLE as ONEDNN

_TURNS = 5  # of a single gradient; the least time counts


@contextlib.contextmanager
def steps_of(model, batches):
    """Takes training steps of a compiled model to time them, and then puts its numbers back.

    The graph of the step stays with the model, so that a training which follows need not make it again.

    Args:
        model: The model.
        batches: A `tf.data.Dataset` of enough of them.

    Returns:
        For the block, a function that takes so many steps, as `fit` does, and returns the seconds of each.
    """
    variables = [*model.variables, *model.optimizer.variables]
    before = [keras.ops.convert_to_numpy(variable) for variable in variables]
    iterator = iter(model.distribute_strategy.experimental_distribute_dataset(batches))

    def seconds(steps):
        model.make_train_function()
        start = time.perf_counter()
        for _ in range(steps):
            logs = model.train_function(iterator)
        float(logs["loss"])  # which waits for the device
        return (time.perf_counter() - start) / steps

    try:
        yield seconds
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        model.reset_metrics()


def seconds_of_gradient(function, shapes, dtype):
    """Returns the least seconds in which a function and its gradients take, in a graph.

    Args:
        function: Of tensors of these shapes.
        shapes: A list of them.
        dtype: Of all.
    """

    @tf.function
    def gradients(*tensors):
        return tf.gradients(function(*tensors), tensors)

    tensors = [tf.cast(tf.random.stateless_uniform(shape, (0, place)), dtype) for place, shape in enumerate(shapes)]
    seconds = []
    for _ in range(1 + _TURNS):  # the first is traced and compiled
        start = time.perf_counter()
        for gradient in gradients(*tensors):
            keras.ops.convert_to_numpy(tf.reshape(gradient, [-1])[:1])
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def machine_facts():
    """Returns as plain data what all times depend on: processors, how TensorFlow may use them, and versions."""
    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    names = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", ONEDNN)
    variables = {name: os.environ[name] for name in names if name in os.environ}
    return {
        "processor": processor_name(),
        "instructions": sorted(instructions()),
        "cores": cores(),
        "variables": variables,
        "set_threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "gpus": [gpu.get("device_name") for gpu in gpus],
        "versions": versions(),
    }
