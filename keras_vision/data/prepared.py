"""What TFDS prepares: reading it, and having TFDS download it first.

Only `builder_from_directory` and a child process touch TFDS' loader: `tfds.load` without a network hangs for minutes.
"""

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import numpy as np
import tensorflow_datasets as tfds

from keras_vision.data.images import read_image
from keras_vision.data.places import DATASETS, find_prepared, tfds_name
from keras_vision.data.splits import Source, Split, check_memory, unreadable
from keras_vision.errors import BadInput, check_choice, nearest
from keras_vision.quiet import import_keras

CONNECTION_SECONDS = 5
DOWNLOAD_SECONDS = 30 * 60

_PREPARE = """
import sys
from keras_vision.quiet import import_keras
import_keras()
import tensorflow_datasets as tfds
tfds.builder(sys.argv[1], data_dir=sys.argv[2]).download_and_prepare()
"""


def open_prepared(directory, image_size):
    """Opens the directory of one version of a data set that TFDS has prepared.

    Args:
        directory: `.../NAME/VERSION` or `.../NAME/CONFIG/VERSION`.
        image_size: (height, width), needed where the images differ in size.

    Returns:
        A `Source`; the files of the test split stay unopened until its `test` is called.

    Raises:
        BadInput: No images with one label each, sizes that differ without `image_size`, or damaged files.
    """
    try:
        builder = tfds.builder_from_directory(directory)
        features = {key: builder.info.features[key] for key in builder.info.supervised_keys or ()}
        is_jpeg = '"jpeg"' in json.dumps(json.loads((directory / "features.json").read_text()))
    except Exception as error:  # damaged metadata fails in whichever library reads it
        raise unreadable(directory, error) from error
    if [type(feature) for feature in features.values()] != [tfds.features.Image, tfds.features.ClassLabel]:
        raise BadInput(f"{directory}", "a TFDS data set of images, each with one class label")
    if "train" not in builder.info.splits:
        raise BadInput(f"{directory} with splits {', '.join(builder.info.splits)}", "a split named train")
    has_test = "test" in builder.info.splits
    return Source(
        train=_read_split(builder, "train", image_size),
        test=(lambda: _read_split(builder, "test", image_size)) if has_test else None,
        class_names=tuple(features[builder.info.supervised_keys[1]].names),
        origin=f"TFDS files in {directory}{', images stored as JPEG' if is_jpeg else ''}",
    )


def _read_split(builder, split, image_size):
    shape = builder.info.features[builder.info.supervised_keys[0]].shape
    is_of_one_size = None not in shape[:2]
    if not is_of_one_size and image_size is None:
        raise BadInput(
            f"{builder.info.name} (its images differ in size)", "an image_size", "Give --image-size 64, say."
        )
    if not is_of_one_size:
        shape = (*image_size, shape[2] or 3)
    if shape[2] not in (1, 3):
        raise BadInput(f"{builder.info.name} with {shape[2]} channels", "1 (grey) or 3 (RGB)")
    check_memory(builder.info.name, builder.info.splits[split].num_examples * int(np.prod(shape)))
    try:
        read = _read_equal if is_of_one_size else _read_unequal
        images, labels = read(builder, split, shape)
    except BadInput:
        raise
    except Exception as error:  # TensorFlow, TFDS and the file system each have their own
        raise unreadable(f"{builder.data_dir}, {split} split", error) from error
    if images.dtype != np.uint8:
        raise BadInput(f"{builder.info.name} with {images.dtype} pixels", "uint8")
    return Split(images, labels.astype(np.int64))


def _read_equal(builder, split, shape):
    # One batch of everything: TFDS decodes in parallel, and nothing is copied twice.
    images, labels = builder.as_dataset(split=split, batch_size=-1, as_supervised=True)
    return images.numpy(), labels.numpy()


def _read_unequal(builder, split, shape):
    image_key, _ = builder.info.supervised_keys
    encoded = builder.as_dataset(split=split, as_supervised=True, decoders={image_key: tfds.decode.SkipDecoding()})
    images, labels = zip(*((read_image(image, shape), label) for image, label in tfds.as_numpy(encoded)), strict=True)
    return np.stack(images), np.array(labels)


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
    announce(f"{name} is not on this machine; asking whether it can be downloaded")
    if can_download(name):
        announce(f"Downloading {name} through TFDS into {root}, for at most {DOWNLOAD_SECONDS // 60} minutes")
        problem = _prepare(name, root)
        if prepared := find_prepared(root, name):
            return prepared
    else:
        problem = "its site does not answer"
    row = DATASETS.get(spec)
    package = "install Debian's package dataset-fashion-mnist, " if row and row.system_dir else ""
    raise BadInput(
        f"dataset {spec!r} (not on this machine, and {problem})",
        f"{row.looked_for if row else 'a prepared TFDS directory, then a TFDS download'}",
        f"Give --data-dir with a TFDS directory that holds it, {package}connect to the network, "
        "or choose what needs no download: --dataset digits, folder:PATH, npz:PATH, csv:FILE.",
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
        near = nearest(name, known)
        raise BadInput(f"tfds:{name}", "a data set that TFDS knows", f"Did you mean {near!r}?" if near else "")
    builder = tfds.builder_cls(name)
    configs = [one.name for one in builder.BUILDER_CONFIGS]
    if config and not configs:
        raise BadInput(f"tfds:{name}/{config}", f"tfds:{name}", "It has no configs.")
    if config:
        check_choice(f"config of {name}", config, configs)
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
