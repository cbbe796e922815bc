"""The sources that are plain arrays: scikit-learn's digits, IDX files and NumPy archives."""

import gzip
import math
import zipfile
import zlib

import numpy as np

from keras_vision.data.places import IDX_FILES
from keras_vision.data.splits import Source, Split, check_memory, unreadable
from keras_vision.errors import BadInput


def open_digits():
    """Opens scikit-learn's digits, whose 17 grey levels become 0, 16, 32 ... 255."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    return Source(
        train=Split(images, digits.target.astype(np.int64)),
        test=None,
        class_names=tuple(map(str, digits.target_names)),
        origin="scikit-learn's digits",
    )


def open_idx(directory, class_names):
    """Opens the four gzipped IDX files of MNIST and of data sets in its form.

    Args:
        directory: Where the files are.
        class_names: Names of the labels, which the files do not hold.

    Raises:
        BadInput: A file is damaged, or the two files of a split do not fit.
    """

    def read(split):
        images, labels = (_read_idx(directory / name) for name in IDX_FILES[split])
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise BadInput(
                f"{directory} with {split} arrays {images.shape} and {labels.shape}", "[n, height, width] and [n]"
            )
        return Split(images[..., None], labels.astype(np.int64))

    return Source(read("train"), lambda: read("test"), class_names, origin=f"IDX files in {directory}")


def _read_idx(path):
    """IDX: two zero bytes, 8 for unsigned bytes, the number of axes, each axis as a big-endian int32, the values."""
    try:
        with gzip.open(path) as file:
            axes = file.read(4)[3]
            shape = np.frombuffer(file.read(4 * axes), ">i4")
            check_memory(path, math.prod(shape.tolist()))
            return np.frombuffer(file.read(), np.uint8).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise unreadable(path, error) from error


def open_npz(path):
    """Opens `x_train` and `y_train`, and where present `x_test`, `y_test` and `class_names`, of a NumPy archive.

    Args:
        path: An .npz file. Images are uint8 [n, h, w] or [n, h, w, c]; labels integers [n] from 0.

    Raises:
        BadInput: A missing key, a wrong type or shape, pickled objects, or a damaged file.
    """
    names = _npz_keys(path)
    if missing := {"x_train", "y_train"} - names:
        raise BadInput(
            f"{path} without {', '.join(sorted(missing))}",
            "arrays x_train and y_train, optionally x_test, y_test and class_names",
            f"It holds {', '.join(sorted(names)) or 'nothing'}.",
        )
    if len(tests := {"x_test", "y_test"} & names) == 1:
        raise BadInput(f"{path} with only {tests.pop()}", "both x_test and y_test, or neither")
    train = _npz_split(path, "train")
    if "class_names" in names:
        class_names = _read_npz(path, "class_names")
        if class_names.dtype.kind != "U" or class_names.ndim != 1 or len(set(class_names.tolist())) != len(class_names):
            raise BadInput(f"{path}: class_names {class_names.dtype} {class_names.shape}", "different strings [k]")
        class_names = tuple(class_names.tolist())
    elif train.labels.max() >= len(train):
        raise BadInput(f"{path}: y_train up to {train.labels.max()}", "labels 0, 1, 2 ... each of them in use")
    else:
        class_names = tuple(str(label) for label in range(train.labels.max() + 1))
    test = (lambda: _npz_split(path, "test")) if tests else None
    return Source(train, test, class_names, origin=str(path))


def _npz_keys(path):
    if not path.is_file():
        raise BadInput(f"npz:{path} (no such file)", "an .npz file")
    try:
        with zipfile.ZipFile(path) as archive:
            check_memory(path, sum(member.file_size for member in archive.infolist()))
        with np.load(path, allow_pickle=False) as archive:
            return set(archive.files)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise unreadable(path, error) from error


def _read_npz(path, key):
    try:
        with np.load(path, allow_pickle=False) as archive:
            return archive[key]
    except (OSError, EOFError, ValueError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise unreadable(f"{path}: {key}", error) from error


def _npz_split(path, split):
    images, labels = _read_npz(path, f"x_{split}"), _read_npz(path, f"y_{split}")
    if images.dtype != np.uint8:
        raise BadInput(
            f"{path}: x_{split} of {images.dtype}", "uint8, 0 to 255", "For 0 to 1: (255 * x).round().astype('uint8')."
        )
    images = images[..., None] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape:
        raise BadInput(f"{path}: x_{split} {images.shape}", "images [n, h, w], or [n, h, w, c] with c 1 or 3")
    if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
        raise BadInput(
            f"{path}: y_{split} {labels.dtype} {labels.shape}", f"integers, one for each of {len(images)} images"
        )
    if labels.min() < 0:
        raise BadInput(f"{path}: y_{split} from {labels.min()}", "labels from 0")
    return Split(images, labels.astype(np.int64))
