"""The table of data sets, where each is looked for, and one function per kind of source that is plain arrays.

`folders.py` opens folders of image files, `prepared.py` what TFDS prepares; both are imported only when needed.
"""

import dataclasses
import gzip
import math
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keras_vision.errors import BadInput, check_choice

_ONLY_TFDS = "a prepared TFDS directory, then a TFDS download"


@dataclasses.dataclass(frozen=True)
class Row:
    """What a named data set is, where it is looked for, where a system package puts its IDX files, their classes."""

    description: str
    looked_for: str
    system_dir: str | None = None
    idx_class_names: tuple[str, ...] = ()


DATASETS = {
    "fashion_mnist": Row(
        "70,000 grey 28x28 photographs of 10 kinds of clothes (Xiao et al. 2017)",
        "a prepared TFDS directory, then Debian's dataset-fashion-mnist, then a TFDS download",
        system_dir="/usr/share/datasets/fashion-mnist",
        idx_class_names=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
    ),
    "mnist": Row(
        "70,000 grey 28x28 handwritten digits (LeCun et al. 1998)", _ONLY_TFDS, idx_class_names=tuple("0123456789")
    ),
    "cifar10": Row("60,000 colour 32x32 photographs of 10 classes (Krizhevsky 2009)", _ONLY_TFDS),
    "cifar100": Row("60,000 colour 32x32 photographs of 100 classes (Krizhevsky 2009)", _ONLY_TFDS),
    "digits": Row("1,797 grey 8x8 handwritten digits (Alpaydin and Kaynak 1998)", "scikit-learn, which includes it"),
}
_IDX_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels.

    Args:
        images: uint8 array [n, h, w, c].
        labels: int64 array [n].
        warnings: Sentences about this split that a person should read.
    """

    images: np.ndarray
    labels: np.ndarray
    warnings: tuple[str, ...] = ()

    def __len__(self):
        return len(self.labels)


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """A source that was opened: its training images, and how to read its test images (None where it has none)."""

    train: Split
    test: Callable[[], Split] | None
    class_names: tuple[str, ...]
    origin: str


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a data set would come from: "embedded", or "folder", "npz", "prepared", "idx", "download" at a path."""

    kind: str
    path: Path | None = None


def open_source(spec, *, data_dir, image_size, on_bad_image, announce):
    """Opens what a specification names.

    Args:
        spec, data_dir, on_bad_image: As in `load_dataset`.
        image_size: (height, width) or None. Only sources without a size of their own heed it.
        announce: Called with a line of text before anything slow.

    Returns:
        A `Source`.

    Raises:
        BadInput: Unknown name, nothing found, or anything wrong with what was found.

    Example:

    >>> open_source("digits", data_dir=None, image_size=None, on_bad_image="error", announce=print).origin
    "scikit-learn's digits"
    """
    place = locate(spec, data_dir)
    if on_bad_image == "skip" and place.kind != "folder":
        raise BadInput(f"on_bad_image='skip' with {spec}", "a folder:PATH", "Other sources have no image files.")
    if place.kind == "embedded":
        return open_digits()
    if place.kind == "npz":
        return open_npz(place.path)
    if place.kind == "idx":
        return open_idx(place.path, DATASETS[spec].idx_class_names)
    if place.kind == "folder":
        from keras_vision.data.folders import open_folder

        return open_folder(place.path, image_size=image_size, on_bad_image=on_bad_image, announce=announce)
    from keras_vision.data.prepared import download, open_prepared

    directory = download(spec, place.path, announce) if place.kind == "download" else place.path
    return open_prepared(directory, image_size)


def tfds_name(spec):
    """Returns what TFDS calls a data set.

    Example:

    >>> tfds_name("tfds:beans"), tfds_name("cifar10")
    ('beans', 'cifar10')
    """
    return spec.removeprefix("tfds:")


def locate(spec, data_dir=None):
    """Says where a data set would come from, reading nothing.

    Args:
        spec: A name in `DATASETS`, `"folder:PATH"`, `"npz:PATH"` or `"tfds:NAME"`.
        data_dir: The only directory to look in, where given.

    Returns:
        A `Place`; of kind "download" where the data set is nowhere on this machine.

    Raises:
        BadInput: Unknown name, or a data_dir that does not hold the data set or has nothing to do with it.

    Example:

    >>> locate("digits")
    Place(kind='embedded', path=None)
    """
    kind, _, rest = str(spec).partition(":")
    if kind in ("folder", "npz", "tfds") and not rest:
        raise BadInput(f"dataset {spec!r}", f"{kind}: and a {'name' if kind == 'tfds' else 'path'}")
    if kind not in ("folder", "npz", "tfds"):
        check_choice("dataset", spec, (*DATASETS, "folder:PATH", "npz:PATH", "tfds:NAME"))
    if kind in ("folder", "npz", "digits"):
        if data_dir is not None:
            raise BadInput(f"data_dir={data_dir} with {spec}", "no data_dir", f"{spec} says itself where it is.")
        return Place(kind, Path(rest).expanduser()) if rest else Place("embedded")
    row, name = DATASETS.get(spec, Row("", _ONLY_TFDS)), tfds_name(spec)
    if data_dir is not None:
        return _locate_in(Path(data_dir).expanduser(), name, row)
    places = (os.environ.get("TFDS_DATA_DIR"), "~/tensorflow_datasets")
    roots = [Path(place).expanduser() for place in places if place]
    for root in roots:
        if prepared := find_prepared(root, name):
            return Place("prepared", prepared)
    if row.system_dir and _has_idx(Path(row.system_dir)):
        return Place("idx", Path(row.system_dir))
    return Place("download", roots[0])


def find_prepared(root, name):
    """Returns the directory of the newest prepared version of a data set below a TFDS directory, or None.

    Example:

    >>> find_prepared(Path("~/tensorflow_datasets").expanduser(), "cifar10").name
    '3.0.2'
    """

    def version(path):
        return [int(part) for part in path.name.split(".")]

    prepared = [info.parent for info in (root / name).glob("[0-9]*.[0-9]*.[0-9]*/dataset_info.json")]
    return max(prepared, key=version, default=None)


def _has_idx(directory):
    return all((directory / name).is_file() for names in _IDX_FILES.values() for name in names)


def _locate_in(directory, name, row):
    expected = f"a TFDS directory, holding {name}/VERSION/dataset_info.json"
    if row.idx_class_names:
        expected += f", or a directory with {', '.join(sum(_IDX_FILES.values(), ()))}"
    mend = "Leave --data-dir out to look in the usual places."
    try:
        if not any(directory.iterdir()):
            raise BadInput(f"data_dir={directory} (empty)", expected, mend)
        if prepared := find_prepared(directory, name):
            return Place("prepared", prepared)
        if row.idx_class_names and _has_idx(directory):
            return Place("idx", directory)
    except OSError as error:
        raise BadInput(f"data_dir={directory} ({error.strerror})", expected, mend) from error
    raise BadInput(f"data_dir={directory} (no {name} in it)", expected, mend)


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
        images, labels = (_read_idx(directory / name) for name in _IDX_FILES[split])
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


def check_memory(what, num_bytes):
    """Refuses to read what would not leave half of this machine's memory free.

    Args:
        what: Name for the message.
        num_bytes: Size in memory.

    Raises:
        BadInput: Too large.

    Example:

    >>> check_memory("photos", 60_000 * 28 * 28)
    """
    limit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    if num_bytes > limit:
        raise BadInput(
            f"{what} ({num_bytes / 1e9:.1f} GB in memory)", f"at most {limit / 1e9:.1f} GB", "Smaller images take less."
        )


def unreadable(path, error):
    """Returns the `BadInput` for a file or directory whose reader raised `error`.

    Example:

    >>> str(unreadable("a.npz", EOFError("no data left")))
    'a.npz (no data left): expected data that can be read to the end. Copy or prepare it again.'
    """
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return BadInput(f"{path} ({reason})", "data that can be read to the end", "Copy or prepare it again.")
