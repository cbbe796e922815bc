"""The precision that a run computes in: which one this machine is fastest in, and a block that computes in it."""

import contextlib
import math
from pathlib import Path

import keras
import tensorflow as tf

from keras_vision.errors import BadInput, check_choice
from keras_vision.training.fast_ops import BFLOAT16_REWRITE
from keras_vision.training.recipe import PRECISIONS

# What `auto` resolves to on a CPU with bfloat16 arithmetic: float32 weights, statistics and losses, while oneDNN runs
# the convolutions and matrix products of the graph in bfloat16.
REWRITE = "float32+onednn_bfloat16"
WIDE = 16


def choose_precision(precision="auto"):
    """Returns the name of the precision that this machine computes in where a person asks for `precision`.

    Args:
        precision: `"auto"`, `"float32"`, `"mixed_bfloat16"` or `"mixed_float16"`. `auto` is the mixed policy that the
            GPU has hardware for (bfloat16 from compute capability 8, float16 from 7); on a CPU with bfloat16
            instructions, TensorFlow's rewrite of float32 graphs to bfloat16 convolutions and matrix products; else
            float32. `float32` is that in products, too, and never a GPU's TensorFloat-32.

    Raises:
        BadInput: An unknown name, or float16 on a CPU, which has no fast float16 arithmetic and underflows.

    Example:

    >>> choose_precision("float32")
    'float32'
    """
    check_choice("precision", precision, PRECISIONS)
    gpu = _gpu_capability()
    if precision == "mixed_float16" and gpu is None:
        raise BadInput("precision='mixed_float16' needs a GPU. Choose float32 or mixed_bfloat16, or leave it at auto.")
    return _automatic(gpu) if precision == "auto" else precision


@contextlib.contextmanager
def computing_in(precision="auto"):
    """Builds models and computes in a precision for the length of the block; after it, in the one before.

    A run enters it once. The value of the block is what `choose_precision` returns.

    Raises:
        BadInput: As `choose_precision`.

    Example:

    >>> with computing_in("mixed_bfloat16") as chosen:
    ...     chosen, keras.layers.Dense(1).compute_dtype
    ('mixed_bfloat16', 'bfloat16')
    """
    chosen = choose_precision(precision)
    policy, products = keras.config.dtype_policy(), _products()
    try:
        keras.config.set_dtype_policy("float32" if chosen == REWRITE else chosen)
        _set_products(*_products_of(chosen))
        yield chosen
    finally:
        keras.config.set_dtype_policy(policy)
        _set_products(*products)


def suit_network(chosen, model):
    """Returns the precision in which to train a model, and sets it: a network of narrow convolutions takes float32.

    oneDNN computes bfloat16 products sixteen channels at a time; what has fewer of them pays for the conversion and
    gains nothing. On two cores with AMX a VGG of 8, 16 and 32 filters trains at 2,191 images/s with the rewrite and at
    10,233 without, one of 16, 32 and 64 filters at 9,949 and at 6,867.

    Args:
        chosen: That of the block of `computing_in` in which this is called, and to whose end it holds.
        model: The model that will be trained; nothing of it has run yet.

    Example:

    >>> suit_network("float32", model)
    'float32'
    """
    if chosen != REWRITE or _is_wide(model):
        return chosen
    _set_products(*_products_of("float32"))
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
    return REWRITE if _cpu_has_bfloat16() else "float32"


def _products_of(chosen):
    """Returns how TensorFlow is to multiply float32 numbers in a precision, as `_products` does."""
    return chosen == REWRITE, chosen != "float32"


def _products():
    """Returns how TensorFlow multiplies float32 numbers: (as bfloat16 by oneDNN's rewrite, as TensorFloat-32 on a GPU).

    TensorFloat-32, which TensorFlow takes on newer GPUs if nobody says otherwise, has factors of 10 bits.
    """
    rewrites = tf.config.optimizer.get_experimental_options().get(BFLOAT16_REWRITE, False)
    return rewrites, tf.config.experimental.tensor_float_32_execution_enabled()


def _set_products(rewrites, rounds):
    tf.config.optimizer.set_experimental_options({BFLOAT16_REWRITE: rewrites})
    tf.config.experimental.enable_tensor_float_32_execution(rounds)


def _gpu_capability():
    """Returns the first GPU's compute capability as (major, minor), or None where there is no GPU."""
    gpus = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0)) if gpus else None


def _cpu_has_bfloat16():
    with contextlib.suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False
