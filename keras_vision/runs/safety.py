"""What a model file may hold: checked before anything of it is unpacked, looked up or built.

A `.keras` file is a zip archive of a JSON description and an HDF5 file of weights. The description names classes and
functions, which loading looks up and calls, so that a model file is a program. Only the names below are let through;
Keras' own safe mode then stands behind these checks.
"""

import concurrent.futures
import io
import math
import zipfile

import h5py
import keras

from keras_vision.models.graph import item_bytes
from keras_vision.runs.archive import (
    CONFIG,
    MAX_RATIO,
    MEMBERS,
    TEXT_BYTES,
    WEIGHTS,
    damaged,
    read_json,
    refused,
    whole,
)
from keras_vision.runs.version_0_1 import in_stock_classes

# module -> its classes that a model may be made of: arithmetic on arrays, no code, no files.
CLASSES = {
    "keras": "Sequential DTypePolicy",
    "keras.src.models.functional": "Functional",
    "keras.src.ops.numpy": "Add Subtract Multiply Divide TrueDivide",
    "keras.layers": """
        InputLayer Identity Dense EinsumDense Embedding Activation ReLU LeakyReLU PReLU ELU Softmax
        Conv1D Conv2D Conv1DTranspose Conv2DTranspose DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D
        MaxPooling1D MaxPooling2D AveragePooling1D AveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D
        GlobalAveragePooling1D GlobalAveragePooling2D AdaptiveAveragePooling2D AdaptiveMaxPooling2D
        BatchNormalization LayerNormalization GroupNormalization RMSNormalization UnitNormalization
        SpectralNormalization Normalization Rescaling Resizing CenterCrop
        Dropout SpatialDropout1D SpatialDropout2D AlphaDropout GaussianDropout GaussianNoise ActivityRegularization
        RandomFlip RandomRotation RandomTranslation RandomZoom RandomCrop RandomContrast RandomBrightness
        Flatten Reshape Permute RepeatVector ZeroPadding1D ZeroPadding2D Cropping1D Cropping2D
        UpSampling1D UpSampling2D Add Subtract Multiply Average Maximum Minimum Concatenate Dot
        LSTM GRU SimpleRNN Bidirectional TimeDistributed Attention AdditiveAttention MultiHeadAttention
        """,
    "keras.initializers": """
        Zeros Ones Constant Identity Orthogonal VarianceScaling RandomNormal RandomUniform TruncatedNormal
        GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform
        """,
    "keras.random": "SeedGenerator",
    "keras.regularizers": "L1 L2 L1L2 OrthogonalRegularizer",
    "keras.constraints": "MaxNorm MinMaxNorm NonNeg UnitNorm",
}
_ALLOWED = {f"{module}.{name}" for module, names in CLASSES.items() for name in names.split()}
_MODELS = {"keras.Sequential", "keras.src.models.functional.Functional"}
# What is wrong with the best known ways in.
_WAYS_IN = {
    "__lambda__": "holds Python code",
    "Lambda": "holds Python code",
    "TFSMLayer": "runs a TensorFlow program from another file",
    "TorchModuleWrapper": "holds a pickle, which is code",
}


def _read_description(path):
    """Returns the description of a model; of one of version 0.1, in the stock classes by which it is loaded."""
    config = read_json(path, CONFIG)
    with whole(path):
        return in_stock_classes(config)


def check_classes(path):
    """Refuses a model made of anything but the classes above, at whatever depth.

    Args:
        path: A local `.keras` file that passed `check_members`.

    Raises:
        BadInput: The description is damaged or names something else: a Lambda, a function, a class of another library.

    Example:

    >>> check_classes("runs/tune-vgg-fashion_mnist/model.keras")  # doctest: +SKIP
    """
    check_description(path, _read_description(path))


def check_description(path, config):
    """Refuses what `check_classes` refuses, of a description as Keras writes it.

    Args:
        path: What the message calls the model.
        config: The description, of which the part on its training is taken away.

    Raises:
        BadInput: As `check_classes` does.

    Example:

    >>> import json
    >>> check_description("mine", json.loads(build_model("mlp", (8, 8, 1), 10).to_json()))
    """
    if not isinstance(config, dict) or _full_name(config) not in _MODELS:
        raise refused(path, "it is not a functional or sequential model")
    config.pop("compile_config", None)  # how it was trained, which is not looked at when a model is used
    for node in _objects(config):
        if not _is_allowed(node):
            reason = _WAYS_IN.get(str(node["class_name"]), "is not known to be harmless")
            raise refused(path, f"its {_description(node)} {reason}")


def _objects(config):
    """Yields every part of a description that names a class, however deep."""
    rest = [config]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            if "class_name" in node:
                yield node
            rest += node.values()
        elif isinstance(node, list):
            rest += node


def _full_name(node):
    return f"{node.get('module')}.{node.get('class_name')}"


def _description(node):
    """Returns what a part is and is called, quoted and cut short: the words are the file's own."""
    config = node.get("config")
    called = config.get("name") if isinstance(config, dict) else config
    words = {"": _full_name(node), "named ": called, "registered as ": node.get("registered_name")}
    return " ".join(f"{word}{text[:80]!r}" for word, text in words.items() if isinstance(text, str))


def _is_allowed(node):
    """Whether Keras, given this part of a description, would find one of the allowed classes.

    Activations by Keras' own functions are plain strings, so that no function is let through.

    It asks for the registered name first, then for `module.class_name` among its own public names, and imports what is
    not among these from its own private modules.
    """
    name = node["class_name"]
    if name == "__keras_tensor__":
        return True
    return _full_name(node) in _ALLOWED and node.get("registered_name") in (name, None)


def check_weights(path):
    """Refuses weights that would fill the memory: an HDF5 file of kilobytes can declare arrays of any size.

    Args:
        path: A local `.keras` file that passed `check_members`.

    Returns:
        The bytes that the arrays in the file take.

    Raises:
        BadInput: The weights are damaged, or would take more than `MEMBERS` allows, or than `MAX_RATIO` times the file.

    Example:

    >>> check_weights("runs/tune-vgg-fashion_mnist/model.keras")  # doctest: +SKIP
    1254920
    """
    sizes = []
    with whole(path), zipfile.ZipFile(path) as archive:
        content = archive.read(WEIGHTS)  # all of it, so that its checksum is compared
    try:
        with h5py.File(io.BytesIO(content)) as file:
            file.visititems(lambda name, item: sizes.append(getattr(item, "nbytes", 0)))
    except Exception as error:  # over damaged bytes h5py raises half a dozen kinds
        raise damaged(path, error) from error
    declared = sum(sizes)
    if declared > min(MEMBERS[WEIGHTS], max(TEXT_BYTES, MAX_RATIO * len(content))):
        raise refused(path, f"its weights would take {declared / 2**30:,.1f} GiB of memory")
    return declared


def check_size(path, declared):
    """Refuses a model with more weights than its file holds: Keras would allocate them all before it misses the first.

    Args:
        path: A local `.keras` file that passed `check_classes`.
        declared: The bytes that its weights take, from `check_weights`.

    Raises:
        BadInput: It has more. What Keras raises over a description that it cannot follow is passed on.

    Example:

    >>> check_size("runs/tune-vgg-fashion_mnist/model.keras", 1254920)  # doctest: +SKIP
    """
    config = _read_description(path)
    config.pop("compile_config", None)
    # Keras keeps, for each thread, a list of the variables that have no values yet; this one ends with its thread.
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        needed = thread.submit(_bytes_of_weights, config).result()
    if needed > declared:
        raise refused(path, f"it describes {needed:,} bytes of weights but holds {declared:,}")


def _bytes_of_weights(config):
    """Returns the size of all weights of a model, of its description alone: nothing is allocated, nothing computed."""
    outcome = concurrent.futures.Future()  # Keras would wrap an error in words of its own

    class Rehearsal(keras.layers.Layer):
        def call(self, anything):
            try:
                model = keras.saving.deserialize_keras_object(config, safe_mode=True)
                outcome.set_result(sum(math.prod(one.shape) * item_bytes(one.dtype) for one in model.weights))
            except Exception as error:
                outcome.set_exception(error)
            return anything

    # Variables made in this scope get no values. A layer that reads them while it is made (Normalization) gets symbols.
    with keras.StatelessScope(initialize_variables=False):
        Rehearsal().compute_output_spec(keras.KerasTensor((1,)))
    return outcome.result()
