"""What TFDS prepares: reading it, and having TFDS download it first.

Only `builder_from_directory` and a child process touch TFDS' loader: `tfds.load` without a network hangs for minutes.
"""

import contextlib
import itertools
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import numpy as np
import tensorflow_datasets as tfds

from keras_vision.data.arrays.labels import Classes, find_classes
from keras_vision.data.arrays.values import check_fourth_channel, over_white, to_uint8
from keras_vision.data.files.images import read_header, read_image
from keras_vision.data.files.sizes import choose_size
from keras_vision.data.places import DATASETS, FORMS, PATH_KINDS, find_prepared, tfds_name
from keras_vision.data.split_names import SPLITS, split_named
from keras_vision.data.splits import Source, Split, check_memory, unreadable
from keras_vision.data.words import some
from keras_vision.errors import BadInput, check_name, did_you_mean
from keras_vision.system.keras_import import import_keras

CONNECTION_SECONDS = 5
DOWNLOAD_SECONDS = 30 * 60
_LOOKED_AT = 2000

_PREPARE = """
import sys
from keras_vision.system.keras_import import import_keras
import_keras()
import tensorflow_datasets as tfds
tfds.builder(sys.argv[1], data_dir=sys.argv[2]).download_and_prepare()
"""


def open_prepared(directory, image_size, known=None):
    """Opens the directory of one version of a data set that TFDS has prepared.

    Args:
        directory: `.../NAME/VERSION` or `.../NAME/CONFIG/VERSION`.
        image_size: (height, width) for images that differ in size; None to choose one, as `sizes.py` says, from the
            headers of the first 2,000 training images.
        known: As in `open_arrays`.

    Returns:
        A `Source`, without training images where there is no split of them. The files of the test split stay unopened
        until its `test` is called.

    Raises:
        BadInput: No images with one label each, or damaged files.
    """
    try:
        builder = tfds.builder_from_directory(directory)
        image_key, label_key = _keys(builder.info)
        is_jpeg = '"jpeg"' in json.dumps(json.loads((directory / "features.json").read_text()))
    except Exception as error:  # damaged metadata fails in whichever library reads it
        raise unreadable(directory, error) from error
    if label_key is None:
        known = some(list(builder.info.features))
        raise BadInput(f"{directory} has no images with one class label each. Its features are {known}.")
    splits, decisions = _splits(builder.info, known is None)
    reader = _Reader(builder, image_key, label_key, image_size, splits.values() if known is not None else ())
    opened = {split: reader.read(splits[split]) for split in ("train", "validation") if split in splits}
    tested = None if opened else reader.read(splits["test"])
    return Source(
        train=opened.get("train"),
        test=(lambda: tested or reader.read(splits["test"])) if "test" in splits else None,
        class_names=reader.class_names,
        origin=f"TFDS files in {directory}{', images stored as JPEG' if is_jpeg else ''}",
        validation=opened.get("validation"),
        decisions=(*decisions, *reader.decisions),
    )


def _keys(info):
    """The keys of the image and of its label: those that the data set names, else the only ones there are."""
    named = info.supervised_keys or ()
    if len(named) == 2 and all(isinstance(key, str) for key in named):
        image, label = (info.features[key] for key in named)
        if isinstance(image, tfds.features.Image) and _is_label(label):
            return named
    features = dict(info.features)
    images = [key for key, feature in features.items() if isinstance(feature, tfds.features.Image)]
    labels = [key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    labels = labels or [key for key, feature in features.items() if is_label_name(key) and _is_label(feature)]
    return (images[0], labels[0]) if len(images) == len(labels) == 1 else (None, None)


def is_label_name(key):
    """Whether a feature's name says that it is a label.

    Example:

    >>> is_label_name("label"), is_label_name("id")
    (True, False)
    """
    return key.lower() in ("label", "labels", "class", "target", "category", "y")


def _is_label(feature):
    if isinstance(feature, tfds.features.ClassLabel):
        return True
    is_scalar = isinstance(feature, tfds.features.Tensor) and tuple(feature.shape) == ()
    return is_scalar and np.issubdtype(np.dtype(feature.np_dtype), np.integer)


def _splits(info, needs_training):
    """Dict from "train", "validation" and "test" to the data set's own name of each, and sentences about them."""
    names = [name for name, split in info.splits.items() if split.num_examples]
    found = {}
    for name in sorted(names, key=lambda name: name not in SPLITS):
        if split := split_named(name):
            found.setdefault(split, name)
    if not found and len(names) == 1:
        return {"train": names[0]}, [f"{info.name} has one split, {names[0]}, which is used for training."]
    if not found:
        raise BadInput(f"{info.name} has no split of images for training or testing. It has {some(names) or 'none'}.")
    if needs_training and "train" not in found:
        raise BadInput(
            f"{info.name} has no training images that could be told by the name of their split. It has {some(names)}."
        )
    if "train" in found and "validation" in found:
        return found, [f"The validation images are those of {info.name}'s own split, {found['validation']}."]
    return found, []


class _Reader:
    """Reads the splits of a data set alike, as the first that is read; its classes are also those of `labelled`."""

    def __init__(self, builder, image_key, label_key, image_size, labelled=()):
        self.builder, self.keys, self.decisions = builder, (image_key, label_key), []
        self.shape, self.is_of_one_size = _shape(builder.info, image_key)
        self.image_size, self.labelled, self.scale, self.classes = image_size, labelled, None, None

    @property
    def class_names(self):
        """A tuple."""
        return self.classes.names

    def read(self, split):
        """Returns a `Split`."""
        info, what = self.builder.info, f"{self.builder.info.name}, {split} images"
        try:
            if None in self.shape[:2]:
                self.shape = (*(self.image_size or self._choose_size(split)), self.shape[2])
            check_memory(info.name, info.splits[split].num_examples * int(np.prod(self.shape)))
            images, labels = (self._read_equal if self.is_of_one_size else self._read_unequal)(split)
        except BadInput:
            raise
        except Exception as error:  # TensorFlow, TFDS and the file system each have their own
            raise unreadable(f"{self.builder.data_dir}, {split} split", error) from error
        is_first = self.scale is None
        images, self.scale, warnings = to_uint8(images, what, self.scale)
        if is_first:
            self.classes = self._find_classes(labels, what)
            said = (self.scale.sentence, self.classes.sentence, *check_fourth_channel(images, what))
            self.decisions += filter(None, said)
        return Split(over_white(images), self.classes.encode(labels, what), tuple(warnings))

    def _find_classes(self, labels, what):
        feature = self.builder.info.features[self.keys[1]]
        if isinstance(feature, tfds.features.ClassLabel) and feature.num_classes:
            names = tuple(feature.names or map(str, range(feature.num_classes)))
            return Classes(names, {number: number for number in range(len(names))})
        key = self.keys[1]
        for split in self.labelled:
            with contextlib.suppress(Exception):  # what cannot be read is told when the split is read itself
                labels = np.concatenate([labels, self._data(split, keys=[key], batch_size=-1)[key].numpy()])
        return find_classes(labels, None, what)

    def _choose_size(self, split):
        headers = itertools.islice((read_header(image) for image, _ in self._examples(split)), _LOOKED_AT)
        size, said = choose_size([header.shape[:2] for header in headers])
        self.decisions += [said] if said else []
        return size

    def _data(self, split, decoders=None, keys=None, **options):
        # Other features are not decoded, whatever they are.
        wanted = tfds.decode.PartialDecoding(dict.fromkeys(keys or self.keys, True), decoders=decoders)
        return self.builder.as_dataset(split=split, decoders=wanted, **options)

    def _read_equal(self, split):
        # One batch of everything: TFDS decodes in parallel, and nothing is copied twice.
        examples = self._data(split, batch_size=-1)
        return tuple(examples[key].numpy() for key in self.keys)

    def _read_unequal(self, split):
        count = self.builder.info.splits[split].num_examples
        images, labels = np.empty((count, *self.shape), np.uint8), np.empty(count, np.int64)
        for number, (image, label) in enumerate(self._examples(split)):
            images[number], labels[number] = read_image(image, self.shape), label
        return images, labels

    def _examples(self, split):
        """Yields (content of an image file, label)."""
        image_key, label_key = self.keys
        for example in tfds.as_numpy(self._data(split, {image_key: tfds.decode.SkipDecoding()})):
            yield example[image_key], example[label_key]


def _shape(info, image_key):
    """(height, width, channels), None for sides that differ; and whether they do not."""
    height, width, channels = info.features[image_key].shape
    if height is None or width is None:
        return (None, None, 1 if channels == 1 else 3), False
    return (height, width, channels or 3), True


def download(spec, root, announce):
    """Has TFDS download and prepare a data set, in a process of its own that can be ended when time is up.

    Args:
        spec: A name in `DATASETS`, `"tfds:NAME"` or `"tfds:NAME/CONFIG"`.
        root: TFDS directory to prepare it in.
        announce: Called with a line of text before each step.

    Returns:
        The directory of the prepared version.

    Raises:
        BadInput: No connection within seconds, no success, or no end in time; the message names the other ways.
    """
    name = tfds_name(spec)
    announce(f"{name} is not on this machine; checking whether it can be downloaded")
    if can_download(name):
        announce(f"Downloading {name} through TFDS into {root}, for at most {DOWNLOAD_SECONDS // 60} minutes")
        problem = _prepare(name, root)
        if prepared := find_prepared(root, name):
            return prepared
    else:
        problem = "its site does not answer"
    row = DATASETS.get(spec)
    tried = row.looked_for if row else "a prepared TFDS directory, then a TFDS download"
    package = "install Debian's package dataset-fashion-mnist, " if row and row.system_dir else ""
    raise BadInput(
        f"The data set {spec!r} is not on this machine, and {problem}. Tried: {tried}. "
        f"Give --data-dir with a TFDS directory that holds it, {package}connect to the network, "
        f"or choose what needs no download: --dataset digits, {', '.join(FORMS[kind] for kind in PATH_KINDS)}."
    )


def _prepare(name, root):
    """Runs TFDS in its own process; returns why nothing would be found afterwards."""
    # Standard output belongs to the caller's results; TFDS draws its progress on standard error.
    command = [sys.executable, "-c", _PREPARE, name, str(root)]
    try:
        subprocess.run(command, check=True, timeout=DOWNLOAD_SECONDS, stdout=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"its download took longer than {DOWNLOAD_SECONDS // 60} minutes"
    except subprocess.CalledProcessError:
        return "TFDS could not prepare it, for the reason above"
    return f"TFDS downloaded it, but left no version of it in {root}"


def can_download(name):
    """Asks, within seconds, whether the site that TFDS downloads a data set from answers.

    Args:
        name: `"NAME"` or `"NAME/CONFIG"`, as TFDS spells them.

    Returns:
        True where it answers, or where TFDS does not record the site.

    Raises:
        BadInput: TFDS does not know the name, or the data set has no such config.
    """
    import_keras()  # the next line loads TensorFlow, which is not quiet by itself
    known = tfds.list_builders(with_community_datasets=False)
    name, _, config = name.partition("/")
    if name not in known:
        raise BadInput(f"TFDS has no data set {name!r}.{did_you_mean(name, known)}")
    builder = tfds.builder_cls(name)
    configs = [one.name for one in builder.BUILDER_CONFIGS]
    if config and not configs:
        raise BadInput(f"The data set {name} has no configs. Write tfds:{name}, without /{config}.")
    if config:
        check_name("config", config, configs, f"of {name}")
    urls = builder.url_infos
    return not urls or _answers(next(iter(urls)))


def _answers(url):
    """True where an address answers in time; in a thread, since looking up a host's name heeds no time-out."""
    answers = []

    def ask():
        try:
            with urllib.request.urlopen(url, timeout=CONNECTION_SECONDS):
                answers.append(url)
        except urllib.error.HTTPError:  # it answers, and may give TFDS what it does not give us
            answers.append(url)
        except OSError:
            return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONNECTION_SECONDS)
    return bool(answers)
