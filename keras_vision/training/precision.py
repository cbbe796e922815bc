"""Which precision this machine is fastest in, set once, before a model is built."""

import contextlib
import math
from pathlib import Path

import keras

from keras_vision.errors import BadInput, check_choice
from keras_vision.training.recipe import PRECISIONS

# What `auto` resolves to on a CPU with bfloat16 arithmetic: float32 weights, statistics and losses, while oneDNN runs
# the convolutions and matrix products of the graph in bfloat16.
REWRITE = "float32+onednn_bfloat16"
WIDE = 16


def set_precision(precision="auto"):
    """Sets the precision for all models built from here on and returns the name of what was chosen.

    Args:
        precision: `"auto"`, `"float32"`, `"mixed_bfloat16"` or `"mixed_float16"`. `auto` is the mixed policy that the
            GPU has hardware for (bfloat16 from compute capability 8, float16 from 7); on a CPU with bfloat16
            instructions, TensorFlow's rewrite of float32 graphs to bfloat16 convolutions and matrix products; else
            float32. `float32` is that in products, too, and never a GPU's TensorFloat-32.

    Raises:
        BadInput: An unknown name, or float16 on a CPU, which has no fast float16 arithmetic and underflows.

    Example:

    >>> set_precision("float32")
    'float32'
    """
    check_choice("precision", precision, PRECISIONS)
    gpu = _gpu_capability()
    if precision == "mixed_float16" and gpu is None:
        raise BadInput("precision='mixed_float16' needs a GPU. Choose float32 or mixed_bfloat16, or leave it at auto.")
    chosen = _automatic(gpu) if precision == "auto" else precision
    keras.config.set_dtype_policy("float32" if chosen == REWRITE else chosen)
    _set_tensorflow(chosen)
    return chosen


def suit_network(chosen, model):
    """Returns the precision in which to train a model, having set it: a network of narrow convolutions takes float32.

    oneDNN computes bfloat16 products sixteen channels at a time; what has fewer of them pays for the conversion and
    gains nothing. On two cores with AMX a VGG of 8, 16 and 32 filters trains at 2,191 images/s with the rewrite and at
    10,233 without, one of 16, 32 and 64 filters at 9,949 and at 6,867.

    Args:
        chosen: What `set_precision` returned.
        model: The model that will be trained; nothing of it has run yet.

    Example:

    >>> suit_network("float32", model)
    'float32'
    """
    if chosen != REWRITE or _is_wide(model):
        return chosen
    _set_tensorflow("float32")
    return "float32"


def _is_wide(model):
    """Returns whether convolutions between `WIDE` channels or more do at least half of the convolutions' work."""
    work = {True: 0, False: 0}
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            *_, before, after = layer.kernel.shape
            work[min(before, after) >= WIDE] += math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
    return work[True] >= work[False]


def _automatic(gpu):
    if gpu is not None:
        return "mixed_bfloat16" if gpu >= (8, 0) else "mixed_float16" if gpu >= (7, 0) else "float32"
    return REWRITE if keras.backend.backend() == "tensorflow" and _cpu_has_bfloat16() else "float32"


def _set_tensorflow(chosen):
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        from keras_vision.training.speedups import BFLOAT16_REWRITE

        tf.config.optimizer.set_experimental_options({BFLOAT16_REWRITE: chosen == REWRITE})
        # On newer GPUs TensorFlow would round the factors of float32 products to 10 bits.
        tf.config.experimental.enable_tensor_float_32_execution(chosen != "float32")


def _gpu_capability():
    """Returns the first GPU's compute capability as (major, minor), or None where there is no GPU."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        return tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0)) if gpus else None
    if backend == "torch":
        import torch

        return torch.cuda.get_device_capability() if torch.cuda.is_available() else None
    import jax

    gpus = [device for device in jax.devices() if device.platform == "gpu"]
    return tuple(int(part) for part in str(gpus[0].compute_capability).split(".")) if gpus else None


def _cpu_has_bfloat16():
    with contextlib.suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False
