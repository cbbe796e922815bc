"""NumPy archives, and MATLAB's files: names say which array holds what, shapes where `numpy.savez` was given no names.

Names may be spelled x_train, train_images, X_train, trainX, images, data ... in any case and with any signs between.
"""

import dataclasses
import math
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

import numpy as np

from keras_vision.data.arrays.labels import count_labels, read_names
from keras_vision.data.arrays.reading import Part, open_arrays
from keras_vision.data.split_names import SPLIT_WORDS, SPLITS, sibling
from keras_vision.data.splits import PEAK_COPIES, check_memory, unreadable
from keras_vision.data.words import some
from keras_vision.errors import BadInput

_ROLES = {
    "images": ("x", "image", "images", "img", "imgs", "data", "feature", "features", "input", "inputs", "pixels"),
    "labels": ("y", "label", "labels", "lbl", "lbls", "target", "targets", "class", "output", "outputs"),
}
_CLASS_NAMES = ("classnames", "labelnames", "targetnames", "categories", "names", "classes", "labelsnames")
_WANTED = (
    "Save x_train and y_train, and where you have them x_val, y_val, x_test, y_test and class_names: "
    "numpy.savez(path, x_train=images, y_train=labels)."
)
_READ_ERRORS = (OSError, EOFError, ValueError, MemoryError, zipfile.BadZipFile, zlib.error)


def _spellings():
    """Dict from the letters of a name to (split or None, role); x_train is as good as train_x and train_set_x."""
    table = {}
    for role, words in _ROLES.items():
        for word in words:
            table[word] = (None, role)
            for split_word, split in SPLIT_WORDS.items():
                for part in (split_word, split_word + "set"):
                    table[word + part] = table[part + word] = (split, role)
    return table


_SPELLINGS = _spellings()


@dataclasses.dataclass(frozen=True)
class Archive:
    """A file whose arrays are not read yet.

    Args:
        path: The file.
        arrays: Dict from the name of each array to its (shape, dtype).
        load: Function of such a name that reads the array.
    """

    path: object
    arrays: dict
    load: Callable

    def read(self, key):
        """Returns an array.

        Raises:
            BadInput: It holds pickled objects, or the file is damaged.
        """
        if self.arrays[key][1].hasobject:
            raise BadInput(
                f"{self.path}: {key} holds Python objects, which are not loaded because they could run code. Save "
                "numbers, or strings with astype(str)."
            )
        try:
            return self.load(key)
        except _READ_ERRORS as error:
            raise unreadable(f"{self.path}: {key}", error) from error


def open_npz(path, reading):
    """Opens an .npz file of images and labels, in any usual form; `axes.py`, `values.py` and `labels.py` list them.

    Args:
        path: The file; or a MATLAB file, .mat, before version 7.3. A file beside it that is named like it with test in
            place of train is its test split, where it has none of its own.
        reading: A `Reading`, of which arrays heed `known` alone.

    Returns:
        A `Source`, without training images where the file has none.

    Raises:
        BadInput: Arrays whose role is not known, pickled objects, a damaged file, or too much for the memory.
    """
    archive = _open_archive(path)
    keys, class_names, decisions = find_keys(archive)
    check_memory(path, _bytes(archive, keys))
    if class_names is not None:
        class_names = read_names(archive.read(class_names), f"{path}: {class_names}")
    parts = {split: _part(archive, x, y) for split, (x, y) in keys.items()}
    if list(parts) == ["train"] and (other := sibling(path)):
        beside = _open_archive(other)
        x, y = next(iter(find_keys(beside)[0].values()))
        parts["test"] = _part(beside, x, y)
        decisions += (f"{other.name} is taken as the test split of {path.name}.",)
    return open_arrays(parts, str(path), class_names, decisions, reading.known)


def _part(archive, x, y):
    names = f"{archive.path.name}: {x}", f"{archive.path.name}: {y}"
    return Part(partial(archive.read, x), partial(archive.read, y), *names, header=archive.arrays[x])


def _open_archive(path):
    if path.suffix.lower() == ".npy":
        raise BadInput(f"{path} is a single array, but images and their labels are needed. {_WANTED}")
    if path.suffix.lower() == ".mat":
        return _open_mat(path)
    with path.open("rb") as file:
        if (beginning := file.read(2)) and beginning != b"PK":
            raise BadInput(f"{path} is not an .npz file, whatever its name says. {_WANTED}")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            arrays = {name.removesuffix(".npy"): _header(archive, name) for name in names if name.endswith(".npy")}
    except _READ_ERRORS as error:
        raise unreadable(path, error) from error
    if names and not arrays:
        raise BadInput(
            f"{path} is an archive of other files ({some(names, 3)}), not of arrays. If they are images, unpack it and "
            "give folder:PATH."
        )
    return Archive(path, arrays, partial(_load_npy, path))


def _load_npy(path, key):
    with np.load(path, allow_pickle=False) as archive:
        return archive[key]


def _open_mat(path):
    from scipy.io import loadmat, whosmat  # which take 0.2 s that no other file needs

    kinds = {"double": "float64", "single": "float32", "logical": "bool", "char": "U1"}
    try:
        found = whosmat(path)
    except NotImplementedError as error:  # it is an HDF5 file
        raise BadInput(f"{path} is a MATLAB file of version 7.3, which cannot be read. Save it with -v7.") from error
    except Exception as error:  # scipy's reader raises what its parts raise
        raise unreadable(path, error) from error
    try:
        arrays = {name: (shape, np.dtype(kinds.get(kind, kind))) for name, shape, kind in found}
    except TypeError:
        names = some([f"{name} ({kind})" for name, _, kind in found])
        raise BadInput(f"{path} holds more than arrays: {names}. Save only the arrays.") from None
    return Archive(path, arrays, lambda key: loadmat(path, variable_names=[key])[key])


def _header(archive, member):
    """(shape, dtype) of an array, from its first bytes."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        return shape, dtype


def _bytes(archive, keys):
    """What `check_memory` counts: all images as uint8, or more where the largest array is wider than its copies are."""
    sizes = [(math.prod(shape), dtype.itemsize) for shape, dtype in (archive.arrays[x] for x, _ in keys.values())]
    images, stored = sum(count for count, _ in sizes), max(count * size for count, size in sizes)
    return max(images, (images + stored) / PEAK_COPIES)


def find_keys(archive):
    """Says which arrays of an archive are which.

    Args:
        archive: An `Archive`.

    Returns:
        Dict from "train", "validation" and "test", as far as there are, to (name of the images, name of the labels);
        the name of the class names or None; and sentences about what was decided.

    Raises:
        BadInput: No images with labels, or more than one array for a role.

    Example:

    >>> from pathlib import Path
    >>> square, flat = ((9, 8, 8), np.dtype("uint8")), ((9,), np.dtype("int64"))
    >>> arrays = {"valX": square, "valY": flat, "trainX": square, "trainY": flat}
    >>> find_keys(Archive(Path("a.npz"), arrays, load=None))[0]  # nothing is read
    {'train': ('trainX', 'trainY'), 'validation': ('valX', 'valY')}
    """
    letters = {key: re.sub(r"[^a-z]", "", key.lower()) for key in archive.arrays}
    names = [key for key in archive.arrays if letters[key] in _CLASS_NAMES]
    numbered = sorted((key for key in archive.arrays if re.fullmatch(r"arr_\d+", key)), key=lambda key: int(key[4:]))
    if numbered and not any(word in _SPELLINGS for word in letters.values()):
        keys = _keys_by_shape(archive, numbered)
        told = [
            f"{archive.path.name}: {x} and {y} are read as {split} images and labels." for split, (x, y) in keys.items()
        ]
    else:
        keys, told = _keys_by_name(archive, letters), []
    used = {key for pair in keys.values() for key in pair} | set(names[:1])
    if unused := [key for key in archive.arrays if key not in used]:
        told.append(f"{archive.path.name} has arrays that are not used: {some(unused)}.")
    return keys, names[0] if names else None, tuple(told)


def _keys_by_name(archive, letters):
    found = {}
    for key, word in letters.items():
        if word in _SPELLINGS:
            found.setdefault(_SPELLINGS[word], []).append(key)
    for role in _ROLES:  # images beside test_images are those of training
        unsplit = found.pop((None, role), [])
        found.setdefault(("train", role), unsplit)
    for (split, role), keys in found.items():
        # x_train_val beside x_train holds the same images once more.
        found[split, role] = keys = [key for key in keys if "trainval" not in letters[key]] or keys
        if len(keys) > 1:
            raise BadInput(f"{archive.path} has several arrays of {split} {role}: {some(keys)}. Keep one of them.")
    pairs = {}
    for split in SPLITS:
        x, y = (found.get((split, role)) for role in _ROLES)
        if bool(x) != bool(y):
            has, lacks = ("images", "labels") if x else ("labels", "images")
            raise BadInput(
                f"{archive.path} has {split} {has}, {(x or y)[0]}, but no {lacks}. {_holds(archive)} {_WANTED}"
            )
        if x:
            pairs[split] = (x[0], y[0])
    if not pairs:
        raise BadInput(
            f"{archive.path} has no images with labels, such as x_train and y_train. {_holds(archive)} {_WANTED}"
        )
    return pairs


def _holds(archive):
    return f"It holds {', '.join(archive.arrays) or 'nothing'}."


def _keys_by_shape(archive, keys):
    """Of `savez(x_train, y_train, x_test, y_test)` and the like: labels are the smaller array of each length."""
    shapes = {key: archive.arrays[key][0] for key in keys}
    x, y = [], []
    for key, shape in shapes.items():
        count = count_labels(shape)
        alike = [math.prod(other) for other in shapes.values() if count and count in other]
        is_labels = 0 < len(shape) <= 2 and math.prod(shape) < max(alike, default=0)
        (y if is_labels else x).append(key)
    fits = len(x) == len(y) in (1, 2, 3) and all(
        count_labels(shapes[b]) in shapes[a] and len(shapes[a]) > 1 for a, b in zip(x, y, strict=True)
    )
    sizes = [count_labels(shapes[key]) for key in y]
    if not fits or sizes[0] != max(sizes):
        found = ", ".join(f"{key} {shape}" for key, shape in shapes.items())
        raise BadInput(f"{archive.path} does not say which array is which: {found}. {_WANTED}")
    splits = ("train", "test") if len(x) < 3 else SPLITS
    return dict(zip(splits, zip(x, y, strict=True), strict=False))
