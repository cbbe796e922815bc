"""What a model file may hold: checked before anything of it is unpacked, looked up or built.

A `.keras` file is a zip archive of a JSON description and an HDF5 file of weights. The description names classes and
functions, which loading looks up and calls, so that a model file is a program. Only the names below are let through;
Keras' own safe mode then stands behind these checks.
"""

import contextlib
import io
import json
import re
import stat
import zipfile
import zlib

from keras_vision.errors import BadInput

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
# The package's own layers and functions are registered under this name.
_OWN = "keras_vision>"
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
    return BadInput(
        f"model {path} ({reason})", "a whole .keras file", "It is damaged or cannot be read: copy or make it again."
    )


def _refused(path, reason):
    return BadInput(f"model {path} ({reason})", "a .keras file of plain layers", "Nothing in it was run.")


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
            raise _refused(path, f"its member {member.filename!r} {problem}")


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
        return "is compressed in a way that has no bound"
    if member.file_size > cap:
        return f"would unpack to {member.file_size / 2**20:,.0f} MiB, more than {cap / 2**20:,.0f}"
    if member.file_size > max(_TEXT_BYTES, MAX_RATIO * member.compress_size):
        return f"would unpack to more than {MAX_RATIO} times its size"
    return None


def read_card(path):
    """Returns the card of a model file; empty where it has none.

    Args:
        path: A local `.keras` file that passed `check_members`.

    Raises:
        BadInput: The card is damaged: no JSON, or class names that are no text, or that would steer a terminal.
    """
    with whole(path), zipfile.ZipFile(path) as archive:
        if CARD not in archive.namelist():
            return {}
    card = _read_json(path, CARD)
    names = card.get("class_names") if isinstance(card, dict) else 0
    is_text = isinstance(names, list) and all(isinstance(name, str) and not _STEERING.search(name) for name in names)
    if names is not None and not is_text:
        raise _damaged(path, f"{CARD} has no list of class names")
    return card


def _read_json(path, name):
    with whole(path), zipfile.ZipFile(path) as archive:
        content = archive.read(name)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error) from error


def check_classes(path):
    """Refuses a model made of anything but the classes above and the package's own, at whatever depth.

    Args:
        path: A local `.keras` file that passed `check_members`.

    Raises:
        BadInput: The description is damaged or names something else: a Lambda, a function, a class of another library.

    Example:

    >>> check_classes("runs/tune-vgg-fashion_mnist/model.keras")  # doctest: +SKIP
    """
    config = _read_json(path, CONFIG)
    if not isinstance(config, dict) or _full_name(config) not in _MODELS:
        raise _refused(path, "its outermost object is no functional or sequential model")
    config.pop("compile_config", None)  # how it was trained, which is not looked at when a model is used
    for node in _objects(config):
        if not _is_allowed(node):
            reason = _WAYS_IN.get(str(node["class_name"]), "is not among the classes that are known to be harmless")
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
    """Whether Keras, given this part of a description, would find one of the allowed classes or functions.

    It asks for the registered name first, then for `module.class_name` among its own public names.
    """
    name, registered = node["class_name"], node.get("registered_name")
    if name == "__keras_tensor__":
        return True
    if name == "function":  # activations of Keras itself are plain strings
        return registered == "function" and str(node.get("config")).startswith(_OWN)
    if registered == f"{_OWN}{name}":
        return True
    return _full_name(node) in _ALLOWED and registered in (None, name)


def check_weights(path):
    """Refuses weights that would fill the memory: an HDF5 file of kilobytes can declare arrays of any size.

    Args:
        path: A local `.keras` file that passed `check_members`.

    Raises:
        BadInput: The weights are damaged, or would take more memory than `MEMBERS` allows.

    Example:

    >>> check_weights("runs/tune-vgg-fashion_mnist/model.keras")  # doctest: +SKIP
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
    if sum(sizes) > MEMBERS[WEIGHTS]:
        raise _refused(path, f"its weights would take {sum(sizes) / 2**30:,.1f} GiB of memory")
