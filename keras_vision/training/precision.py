"""The precision that a run computes in: which ones this machine is made for, and a block that computes in one.

`choosing.py` finds out which of them is the fastest for a network.
"""

import contextlib

import keras
import tensorflow as tf

from keras_vision.errors import BadInput, check_choice
from keras_vision.system.machine import instructions
from keras_vision.training.fast_ops import BFLOAT16_REWRITE
from keras_vision.training.recipe import PRECISIONS

# Float32 weights, statistics and losses, while oneDNN runs the convolutions and matrix products of the graph in
# bfloat16.
REWRITE = "float32+onednn_bfloat16"


def candidates(precision="auto"):
    """Returns the names of the precisions of which a training takes the fastest, where a person asks for `precision`.

    Args:
        precision: A name in `PRECISIONS`. `auto` stands for float32, which comes first, and for what the machine has
            instructions for: on a GPU bfloat16 (from compute capability 8) or float16 (from 7) by Keras' mixed policy;
            on a CPU bfloat16, by TensorFlow's rewrite of float32 graphs or by the policy. `float32` is that in
            products, too, and never a GPU's TensorFloat-32.

    Raises:
        BadInput: An unknown name, or one that this machine has no fast arithmetic for.

    Example:

    >>> candidates("float32")
    ('float32',)
    """
    check_choice("precision", precision, PRECISIONS)
    gpu = _gpu_capability()
    if precision == "mixed_float16" and gpu is None:  # which also underflows there
        raise BadInput("precision='mixed_float16' needs a GPU. Choose float32 or mixed_bfloat16, or leave it at auto.")
    if precision == REWRITE and (gpu is not None or not _cpu_has_bfloat16()):
        raise BadInput(
            f"precision={REWRITE!r} needs a processor with bfloat16 instructions, and no GPU beside it. Leave it at "
            "auto."
        )
    return _automatic(gpu) if precision == "auto" else (precision,)


@contextlib.contextmanager
def computing_in(precision="auto"):
    """Builds models and computes in a precision for the length of the block; after it, in the one before.

    A run enters it once. Where it was asked for several, the first of them holds until `set_precision`.

    Raises:
        BadInput: As `candidates`.

    Example:

    >>> with computing_in("mixed_bfloat16"):
    ...     keras.layers.Dense(1).compute_dtype
    'bfloat16'
    """
    first, policy, products = candidates(precision)[0], keras.config.dtype_policy(), _products()
    try:
        set_precision(first)
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        _set_products(*products)


def set_precision(precision):
    """Computes in another precision, by its name, up to the end of the block of `computing_in`."""
    keras.config.set_dtype_policy(policy_of(precision))
    _set_products(rewrites=precision == REWRITE, rounds=precision != "float32")


def policy_of(precision):
    """Returns the name of Keras' policy in a precision: networks of the same one can be trained in either.

    Example:

    >>> policy_of("float32+onednn_bfloat16")
    'float32'
    """
    return "float32" if precision == REWRITE else precision


def _automatic(gpu):
    if gpu is None:
        return ("float32", REWRITE, "mixed_bfloat16") if _cpu_has_bfloat16() else ("float32",)
    mixed = ("mixed_bfloat16",) if gpu >= (8, 0) else ("mixed_float16",) if gpu >= (7, 0) else ()
    return ("float32", *mixed)


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
    return bool(instructions() & {"avx512_bf16", "amx_bf16"})
