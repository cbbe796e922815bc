"""The archive that a model file is: its members, and what is refused before any of them is unpacked."""

import contextlib
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
TEXT_BYTES, WEIGHTS_BYTES = 8 * 2**20, 2 * 2**30
MEMBERS = {CONFIG: TEXT_BYTES, "metadata.json": TEXT_BYTES, CARD: TEXT_BYTES, WEIGHTS: WEIGHTS_BYTES}
# Deflate reaches 1,000 on zeros; trained weights compress to nine tenths, and Keras stores them as they are.
MAX_RATIO = 100
MAX_SIDE = 1024  # pixels of an image that a network takes
# Those that zipfile unpacks no further than the declared size, whatever the data hold.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # signs that a terminal obeys or cannot print


@contextlib.contextmanager
def whole(path):
    """Turns what zipfile, zlib, h5py and Keras raise over a damaged model file into one `BadInput`."""
    damage = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, OSError, RecursionError)
    try:
        yield
    except damage as error:
        raise damaged(path, error) from error


def damaged(path, error):
    """Returns the error that says of a model file that it is damaged, and what its reader said of it."""
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
    return STEERING.sub("?", cause.strip())[:300]


def refused(path, reason):
    """Returns the error that says of a model file that it is not loaded, and why."""
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
            raise refused(path, f"the file {member.filename!r} in it {problem}")


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
    if member.file_size > max(TEXT_BYTES, MAX_RATIO * member.compress_size):
        return f"would unpack to more than {MAX_RATIO} times its size"
    return None


def read_json(path, name):
    """Returns what a member of a model file holds, read as JSON; raises `BadInput` where it is damaged."""
    with whole(path), zipfile.ZipFile(path) as archive:
        content = archive.read(name)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise damaged(path, error) from error
