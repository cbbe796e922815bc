"""What a model file may hold: checked before anything of it is unpacked, looked up or built.

A `.keras` file is a zip archive of a JSON description and an HDF5 file of weights. The description names classes and
functions, which loading looks up and calls, so that a model file is a program. Only the names below are let through;
Keras' own safe mode then stands behind these checks.
"""

import concurrent.futures
import contextlib
import io
import json
import math
import re
import stat
import zipfile
import zlib

from keras_vision.errors import BadInput
from keras_vision.runs.version_0_1 import in_stock_classes

# The member of a .keras file that holds what Keras does not keep: class names, data set, how it was made.
CARD = "keras_vision.json"
CONFIG, WEIGHTS = "config.json", "model.weights.h5"
# member -> the most bytes that it may unpack to. A ResNet18 describes itself in 60 kB, and weighs 130 MB with AdamW.
_TEXT_BYTES, _WEIGHTS_BYTES = 8 * 2**20, 2 * 2**30
MEMBERS = {CONFIG: _TEXT_BYTES, "metadata.json": _TEXT_BYTES, CARD: _TEXT_BYTES, WEIGHTS: _WEIGHTS_BYTES}
# Deflate reaches 1,000 on zeros; trained weights compress to nine tenths, and Keras stores them as they are.
MAX_RATIO = 100
# Those that zipfile unpacks no further than the declared size, whatever the data hold.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

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
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # signs that a terminal obeys or cannot print
_MODELS = {"keras.Sequential", "keras.src.models.functional.Functional"}
_SEEDS = range(2**31)
# What is wrong with the best known ways in.
_WAYS_IN = {
    "__lambda__": "holds Python code",
    "Lambda": "holds Python code",
    "TFSMLayer": "runs a TensorFlow program from another file",
    "TorchModuleWrapper": "holds a pickle, which is code",
}


@contextlib.contextmanager
def whole(path):
    """Turns what zipfile, zlib, h5py and Keras raise over a damaged model file into one `BadInput`."""
    damage = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, OSError, RecursionError)
    try:
        yield
    except damage as error:
        raise _damaged(path, error) from error


def _damaged(path, error):
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return BadInput(f"The model {path} is damaged or cannot be read ({reason}). Copy it or make it again.")


def reason_of(error):
    """Returns what Keras says went wrong, in one line that steers no terminal.

    It wraps the cause, once for each object around it, in general advice and the description of the object; of a layer
    that is called it comes in a line of its own, in bold.
    """
    text = re.sub(r"\x1b\[\d*m", "", str(error)).rpartition("Exception encountered")[2]
    lines = [line for line in text.removeprefix(":").splitlines() if line.strip()] or [type(error).__name__]
    cause = lines[lines[0].startswith(" when calling") and len(lines) > 1]
    return _STEERING.sub("?", cause.strip())[:300]


def _refused(path, reason):
    return BadInput(f"The model {path} is refused: {reason}. Only plain layers are allowed. Nothing in it was run.")


def check_members(path):
    """Refuses an archive with members that no model has, or that are too large, from its directory alone.

    Args:
        path: A local `.keras` file.

    Raises:
        BadInput: The archive is damaged, or holds a member that is unknown, double, a link, encrypted, larger than
            `MEMBERS` allows or compressed more than weights can be.

    Example:

    >>> check_members("runs/tune-vgg-fashion_mnist/model.keras")  # doctest: +SKIP
    """
    with whole(path), zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    names = [member.filename for member in members]
    for member in members:
        problem = "is there twice" if names.count(member.filename) > 1 else _problem(member)
        if problem:
            raise _refused(path, f"the file {member.filename!r} in it {problem}")


def _problem(member):
    """Returns what is wrong with one member of an archive, or None."""
    cap = MEMBERS.get(member.filename)
    if cap is None:
        parts = re.split(r"[/\\]", member.filename)
        return "leads out of the archive" if ".." in parts or not parts[0] else "is not part of a model"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & 1:
        return "is encrypted"
    if member.compress_type not in COMPRESSIONS:
        return "is compressed in a way that does not limit its size"
    if member.file_size > cap:
        return f"would unpack to {member.file_size / 2**20:,.0f} MiB, and at most {cap / 2**20:,.0f} MiB are allowed"
    if member.file_size > max(_TEXT_BYTES, MAX_RATIO * member.compress_size):
        return f"would unpack to more than {MAX_RATIO} times its size"
    return None


def card_in(path):
    """Returns the card of a model file; empty where it has none.

    Args:
        path: A local `.keras` file that passed `check_members`.

    Raises:
        BadInput: The card is damaged: no JSON, or a part of it is not what `CARD_PARTS` says, or text in it would steer
            a terminal.
    """
    with whole(path), zipfile.ZipFile(path) as archive:
        if CARD not in archive.namelist():
            return {}
    card = _read_json(path, CARD)
    _check_parts(path, CARD, card, CARD_PARTS)
    if "data_source" in card:
        _check_parts(path, "its data_source", {"spec": None} | card["data_source"], SOURCE_PARTS)
    return card


def _check_parts(path, what, parts, table):
    """Refuses what is no object, or one with a part that its row in a table does not let through."""
    if not isinstance(parts, dict):
        raise _damaged(path, f"{what} is not an object")
    for name, (is_right, meaning) in table.items():
        if name in parts and not is_right(parts[name]):
            raise _damaged(path, f"{name} in {what} is not {meaning}")


def is_text(value):
    """Returns whether a value is a text that can stand in a card: nothing in it steers a terminal.

    Example:

    >>> is_text("ankle boot"), is_text("ankle boot\\n")
    (True, False)
    """
    return isinstance(value, str) and not _STEERING.search(value)


def _is_text_or_none(value):
    return value is None or is_text(value)


def _is_list_of_texts_or_none(value):
    return value is None or (isinstance(value, list) and all(map(is_text, value)))


def _is_scale(value):
    numbers = value.values() if isinstance(value, dict) else [None]
    return all(type(number) in (int, float) and 0 < number < math.inf for number in numbers)


# Part of a card -> (whether a value is let through, what it is to be). All else in a card is shown at most.
CARD_PARTS = {
    "class_names": (_is_list_of_texts_or_none, "a list of texts"),
    "dataset": (_is_text_or_none, "a text"),
    "pixel_scale": (_is_scale, "made of numbers"),
    "data_source": (lambda source: isinstance(source, dict), "an object"),
}
# `image_size` and `on_bad_image` are checked where data sets are loaded, whoever gives them.
SOURCE_PARTS = {
    "spec": (is_text, "a text"),
    "data_dir": (_is_text_or_none, "a text"),
    "seed": (lambda seed: type(seed) is int and seed in _SEEDS, "a random seed"),
}


def _read_json(path, name):
    with whole(path), zipfile.ZipFile(path) as archive:
        content = archive.read(name)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error) from error


def _read_description(path):
    """Returns the description of a model; of one of version 0.1, in the stock classes by which it is loaded."""
    config = _read_json(path, CONFIG)
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

    >>> check_description("mine", json.loads(build_model("mlp", (8, 8, 1), 10).to_json()))
    """
    if not isinstance(config, dict) or _full_name(config) not in _MODELS:
        raise _refused(path, "it is not a functional or sequential model")
    config.pop("compile_config", None)  # how it was trained, which is not looked at when a model is used
    for node in _objects(config):
        if not _is_allowed(node):
            reason = _WAYS_IN.get(str(node["class_name"]), "is not known to be harmless")
            raise _refused(path, f"its {_description(node)} {reason}")


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
    import h5py

    sizes = []
    with whole(path), zipfile.ZipFile(path) as archive:
        content = archive.read(WEIGHTS)  # all of it, so that its checksum is compared
    try:
        with h5py.File(io.BytesIO(content)) as file:
            file.visititems(lambda name, item: sizes.append(getattr(item, "nbytes", 0)))
    except Exception as error:  # over damaged bytes h5py raises half a dozen kinds
        raise _damaged(path, error) from error
    declared = sum(sizes)
    if declared > min(MEMBERS[WEIGHTS], max(_TEXT_BYTES, MAX_RATIO * len(content))):
        raise _refused(path, f"its weights would take {declared / 2**30:,.1f} GiB of memory")
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
        raise _refused(path, f"it describes {needed:,} bytes of weights but holds {declared:,}")


def _bytes_of_weights(config):
    """Returns the size of all weights of a model, of its description alone: nothing is allocated, nothing computed."""
    import keras

    from keras_vision.models.graph import item_bytes

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
