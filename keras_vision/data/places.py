"""The table of data sets, and where on this machine each is looked for. Nothing here reads images."""

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

from keras_vision.data import words
from keras_vision.errors import BadInput, check_name, did_you_mean
from keras_vision.system.paths import at_home
from keras_vision.system.settings import Alias


@dataclasses.dataclass(frozen=True)
class PathKind:
    """A kind of source that is given by its path, as KIND:PATH.

    Args:
        path: What help calls the path.
        wanted: What must lie there, in words.
        file: The module in this room that opens it, by a function `open_KIND(path, reading)`.
        image_files: "all" where it consists of image files, which may differ in size and be damaged; "some" where that
            depends on the source; else "none".
        is_folder: Whether a folder must lie there, and not a file.
    """

    path: str
    wanted: str
    file: str
    image_files: str
    is_folder: bool = False


PATH_KINDS = {
    "folder": PathKind(
        "PATH",
        "a folder with one folder of images for each class",
        "folders.reading",
        image_files="all",
        is_folder=True,
    ),
    "npz": PathKind("PATH", "an .npz file", "arrays.npz", image_files="none"),
    "csv": PathKind(
        "FILE", "a CSV file of paths and labels, or of pixels and labels", "csv.reading", image_files="some"
    ),
}
ON_BAD_IMAGE = ("error", "skip")
# What stands before a colon -> how help writes the whole.
FORMS = {kind: f"{kind}:{row.path}" for kind, row in PATH_KINDS.items()} | {"tfds": "tfds:NAME"}
ANY_SOURCE = f"a named data set, or {', '.join(FORMS.values())}"
_ONLY_TFDS = "a prepared TFDS directory, then a TFDS download"
_TFDS_NAME = re.compile(r"[a-zA-Z]\w*(/\w[\w+.-]*)?")
_VERSION = re.compile(r"\d+\.\d+\.\d+")

# suffix of a file -> its kind of source
_SUFFIXES = {".npz": "npz", ".csv": "csv"}
ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".rar", ".7z"})  # which are not read


def spec_of(given: Any) -> str:
    """Returns what `locate` takes, for a path or for what it takes already.

    Raises:
        BadInput: There is no such folder or file, or it holds nothing that can be read.

    Example:

    >>> spec_of("digits"), spec_of("folder:photos")
    ('digits', 'folder:photos')
    >>> spec_of("keras_vision")  # a folder
    'folder:keras_vision'
    """
    if not isinstance(given, (str, os.PathLike)):
        raise BadInput(
            f"data must be the path of images, or a name, not of type {type(given).__name__}. Save arrays in one file, "
            "numpy.savez('images.npz', x_train=x, y_train=y), and give its path."
        )
    text = os.fspath(given)
    if isinstance(given, str) and (text in DATASETS or text.partition(":")[0] in FORMS):
        return text
    path = at_home(text)
    kind = _kind_at(path)
    if not kind:
        raise BadInput(
            f"data={text!r} is neither a folder of images, nor an .npz or .csv file, nor a data set that has a name."
            f"{did_you_mean(text, DATASETS)} Those with names are: {', '.join(DATASETS)}."
        )
    return f"{kind}:{text}"


def _kind_at(path: Path) -> str | None:
    """Returns which kind of source lies at a path, by its form; None where none does."""
    return "folder" if path.is_dir() else _SUFFIXES.get(path.suffix.lower()) if path.is_file() else None


DATA = Alias("data", "The same as `dataset`, or a path alone: a folder of images, an .npz or a .csv file", spec_of)


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
IDX_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a data set would come from: "embedded", or one of `PATH_KINDS`, "prepared", "idx", "download" at a path."""

    kind: str
    path: Path | None = None


def locate(spec, data_dir=None):
    """Says where a data set would come from, reading nothing.

    Args:
        spec: A name in `DATASETS`, one of `FORMS`, such as `"folder:PATH"`, or `"tfds:NAME/CONFIG"`.
        data_dir: The only directory to look in, where given.

    Returns:
        A `Place`; of kind "download" where the data set is nowhere on this machine.

    Raises:
        BadInput: Unknown name, a path where no such thing lies, or a data_dir that does not hold the data set or has
            nothing to do with it.

    Example:

    >>> locate("digits")
    Place(kind='embedded', path=None)
    """
    kind, _, rest = str(spec).partition(":")
    if kind in FORMS and not rest:
        what = FORMS[kind].partition(":")[2].lower()
        raise BadInput(f"The data set {spec!r} lacks its {what}. Write {FORMS[kind]}.")
    if kind == "tfds" and not _TFDS_NAME.fullmatch(rest):
        raise BadInput(
            f"{spec!r} is not a name in TFDS. Write tfds:NAME or tfds:NAME/CONFIG; the newest version is taken."
        )
    if kind not in FORMS:
        _check_named(spec)
    if kind in (*PATH_KINDS, "digits"):
        if data_dir is not None:
            raise BadInput(f"data_dir={data_dir} is not needed for {spec}, which is found without it. Leave it out.")
        return Place(kind, _existing(kind, at_home(rest))) if rest else Place("embedded")
    row, name = DATASETS.get(spec, Row("", _ONLY_TFDS)), tfds_name(spec)
    if data_dir is not None:
        return _locate_in(at_home(data_dir), name, row)
    roots = _usual_roots()
    for root in roots:
        if prepared := find_prepared(root, name):
            return Place("prepared", prepared)
    if row.system_dir and _has_idx(Path(row.system_dir)):
        return Place("idx", Path(row.system_dir))
    return Place("download", roots[0])


def _existing(kind, path):
    """Returns a path at which what is given by its path lies; refuses one where nothing lies, or something else."""
    row, shown = PATH_KINDS[kind], words.printable(path)
    if path.is_dir() if row.is_folder else path.is_file():
        return path
    if path.is_dir():
        raise BadInput(f"{shown} is a folder. To use the images in it, give {words.spec_of('folder', path)}.")
    if not row.is_folder:
        raise BadInput(f"There is no file {shown}. {kind}: takes {row.wanted}.")
    if not path.is_file():
        raise BadInput(f"The folder {shown} does not exist. Give {row.wanted}.")
    if other := _kind_at(path):
        raise BadInput(f"{shown} is a file, not a folder. To read it, give {words.spec_of(other, path)}.")
    unpack = "Unpack it, and give" if path.suffix.lower() in ARCHIVES else "Give"
    raise BadInput(f"{shown} is a file, not a folder. {unpack} {row.wanted}.")


def _check_named(spec):
    """Refuses what is no name in `DATASETS`; what lies there is told from a name that is misspelled."""
    if spec not in DATASETS and (kind := _kind_at(at_home(spec))):
        typed = words.spec_of(kind, spec)
        raise BadInput(f"There is no data set {spec!r}. To read what lies at that path, write {typed}.")
    check_name("data set", spec, (*DATASETS, *FORMS.values()))


def _usual_roots():
    """The TFDS directories to look in; a download goes to the first. Who has no home has one in the present folder."""
    places = (os.environ.get("TFDS_DATA_DIR"), "~/tensorflow_datasets")
    roots = [Path(os.path.expanduser(place)) for place in places if place]
    return [root for root in roots if root.parts[0] != "~"] or [Path("tensorflow_datasets")]


def _locate_in(directory, name, row):
    mend = f"Give a TFDS directory that holds {name}/VERSION/dataset_info.json"
    if row.idx_class_names:
        mend += f", or a directory with {', '.join(sum(IDX_FILES.values(), ()))}"
    mend += ". Or leave --data-dir out to look in the usual places."
    try:
        if not any(directory.iterdir()):
            raise BadInput(f"The directory {directory} is empty. {mend}")
        if prepared := find_prepared(directory, name):
            return Place("prepared", prepared)
        if row.idx_class_names and _has_idx(directory):
            return Place("idx", directory)
    except OSError as error:
        raise BadInput(f"The directory {directory} cannot be read ({error.strerror}). {mend}") from error
    raise BadInput(f"There is no {name} in {directory}. {mend}")


def _has_idx(directory):
    return all((directory / name).is_file() for names in IDX_FILES.values() for name in names)


def find_prepared(root, name):
    """Returns the directory of the newest prepared version of a data set below a TFDS directory, or None.

    Args:
        root: TFDS directory.
        name: `"NAME"` or `"NAME/CONFIG"`. Of a data set with configs, the name alone means the default one.

    Example:

    >>> find_prepared(Path("~/tensorflow_datasets").expanduser(), "cifar10").name  # doctest: +SKIP
    '3.0.2'
    """
    directory = root / name
    if newest := _newest_version(directory):
        return newest
    config = _default_config(directory)
    return _newest_version(directory / config) if config else None


def _newest_version(directory):
    def version(path):
        return [int(part) for part in path.name.split(".")]

    prepared = [info.parent for info in directory.glob("*/dataset_info.json")]
    return max((path for path in prepared if _VERSION.fullmatch(path.name)), key=version, default=None)


def _default_config(directory):
    """The config that TFDS noted as the default; where it noted none, the only one there is; else None."""
    try:
        return json.loads((directory / ".config" / "metadata.json").read_text("utf-8"))["default_config_name"]
    except (OSError, ValueError, KeyError):
        configs = [path.name for path in directory.glob("*") if _newest_version(path)]
        return configs[0] if len(configs) == 1 else None


def tfds_name(spec):
    """Returns what TFDS calls a data set.

    Example:

    >>> tfds_name("tfds:glue/cola"), tfds_name("cifar10")
    ('glue/cola', 'cifar10')
    """
    return spec.removeprefix("tfds:")
