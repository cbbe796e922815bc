"""One rule per setting, applied before anything is built: a setting means the same in every family."""

import functools
import inspect

from keras_vision.errors import BadInput, check_choice
from keras_vision.models.blocks import ACTIVATIONS, CONVOLUTIONS, HEADS, POOLINGS
from keras_vision.system.keras_settings import pinned
from keras_vision.system.numbers import is_number


def checked(builder):
    """Decorates a builder so that each of its arguments passes its rule in `RULES` first; None does where it is usual.

    What Keras itself is set to, by another project perhaps, does not reach the network: images are channels last.

    Raises:
        BadInput: From the decorated builder, naming the argument that was refused.
    """
    signature = inspect.signature(builder)

    @functools.wraps(builder)
    def build(*args, **settings):
        given = signature.bind(*args, **settings)
        given.apply_defaults()
        for name, value in given.arguments.items():
            if value is not None or signature.parameters[name].default is not None:
                given.arguments[name] = RULES[name](name, value)
        _check_kernel(given.arguments)
        with pinned():
            return builder(**given.arguments)

    return build


def _check_kernel(arguments):
    """Refuses kernels so much larger than the images that all but their middle only ever meets the zeros around."""
    size, side = arguments.get("kernel_size") or 0, max(arguments["input_shape"][:2])
    if size > (most := max(31, 2 * side - 1)):
        raise BadInput(f"kernel_size={size} is too large for images of {side} pixels. It may be at most {most}.")


def check_same_length(**settings):
    """Refuses per-stage settings of unequal lengths."""
    if len({len(values) for values in settings.values()}) > 1:
        shown = " and ".join(f"{name}={values}" for name, values in settings.items())
        raise BadInput(f"{shown} differ in length. Give one number for each stage in each of them.")


def check_stages(input_shape, stages):
    """Refuses more stages than an image has pixels for; says how many fit.

    Args:
        input_shape: (height, width, channels).
        stages: For each stage, its windows in order, as pairs (side, stride). What is padded to keep the size has side
            1 here: the zeros around an image spare its pixels.
    """
    height, width, _ = input_shape
    if min(height, width) >= (needed := _least_side(stages)):
        return
    fitting = sum(min(height, width) >= _least_side(stages[: n + 1]) for n in range(len(stages)))
    fewer = f", or at most {fitting} of its {len(stages)} stages" if fitting else ""
    raise BadInput(
        f"Images of {height}x{width} pixels are too small for this network, which needs at least {needed}x{needed}. "
        f"Use larger images{fewer}."
    )


def _least_side(stages):
    """Returns the side of the smallest image of which all stages leave a pixel."""
    side = 1
    for window, stride in reversed([pair for stage in stages for pair in stage]):
        side = (side - 1) * stride + window
    return side


def check_patches(input_shape, patch_size):
    """Refuses patches that do not tile the image; says which do."""
    height, width, _ = input_shape
    fitting = [size for size in range(1, min(height, width) + 1) if height % size == width % size == 0]
    if patch_size not in fitting:
        raise BadInput(
            f"patch_size={patch_size} does not divide both sides of {height}x{width} images. "
            f"These do: {', '.join(map(str, fitting))}."
        )


def _is_count(value, least=1):
    return is_number(value, whole=True) and value >= least


def _count(name, value, least=1):
    if not _is_count(value, least):
        raise BadInput(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def _counts(name, values, least_length=1):
    if not isinstance(values, (tuple, list)) or len(values) < least_length or not all(map(_is_count, values)):
        one = values if _is_count(values) else 64
        raise BadInput(
            f"{name} must be a tuple of positive whole numbers, not {values!r}. "
            f"Write a single one as {name}=({one},) in Python, and as --set {name}={one}, in a shell."
        )
    return tuple(map(int, values))


def _image_shape(name, shape):
    if not isinstance(shape, (tuple, list)) or len(shape) != 3 or not all(map(_is_count, shape)):
        raise BadInput(f"{name} must be (height, width, channels), such as (28, 28, 1) for grey images, not {shape!r}.")
    return tuple(map(int, shape))


def _rate(name, value):
    if not (is_number(value) and 0 <= value < 1):
        raise BadInput(f"{name} must be a share from 0 to below 1, not {value!r}.")
    return float(value)


def _switch(name, value):
    if not isinstance(value, bool):
        raise BadInput(f"{name} must be True or False, not {value!r}.")
    return value


def _one_of(*choices):
    return lambda name, value: check_choice(name, value, choices)


COUNTS = (
    *("patch_size", "kernel_size", "strides", "pool_size", "pool_stride"),
    *("width", "hidden_dim", "tokens_mlp_dim", "channels_mlp_dim", "units"),
    *("depth", "num_blocks", "layers", "convs_per_stage"),
)
RULES = {
    "input_shape": _image_shape,
    "num_classes": functools.partial(_count, least=2),
    **dict.fromkeys(COUNTS, _count),
    **dict.fromkeys(("filters", "blocks"), _counts),
    "hidden_units": functools.partial(_counts, least_length=0),
    "dropout_rate": _rate,
    **dict.fromkeys(("batch_norm", "residual", "bidirectional", "early_pooling", "whitening"), _switch),
    "activation": _one_of(*ACTIVATIONS),
    "convolution": _one_of(*CONVOLUTIONS),
    "padding": _one_of("same", "valid"),
    "pooling": _one_of(*POOLINGS, None),
    "head": _one_of(*HEADS),
}
