"""Folders of image files: a folder per class, or train/ and test/ with a folder per class in each.

Files directly inside a class's folder are its images. Nothing is read from deeper folders, so that a link that leads
back up cannot loop. Names that start with a dot are left alone; whatever else is no image is listed as a warning.
"""

import collections
import dataclasses
import math
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_vision.data.images import FORMATS, THREADS, printable, probe_image, read_image
from keras_vision.data.splits import Source, Split, check_memory
from keras_vision.errors import BadInput

_NAMED = 5


@dataclasses.dataclass(frozen=True)
class _Listing:
    """Image files and the class of each; folders without images; what else lay about."""

    files: list[Path]
    classes: list[str]
    empty: list[str]
    stray: list[str]


def open_folder(path, *, image_size, on_bad_image, announce):
    """Opens a folder of images.

    All images get one size: `image_size` where given, else the most common one. They are grey if all files are, else
    RGB. `images.py` says how each is converted.

    Args:
        path: The folder.
        image_size: (height, width) or None.
        on_bad_image: "error", or "skip" to leave out training images that cannot be decoded.
        announce: Called with a line of text before the reading starts.

    Returns:
        A `Source`. Of a test/ folder only names are read before its `test` is called.

    Raises:
        BadInput: No folder, no images, a class only in test/, too much for the memory, or images that cannot be
            decoded: all of them are named.
    """
    train_dir, test_dir = _split_dirs(path)
    listing = _list(train_dir)
    if not listing.files:
        raise BadInput(f"folder:{printable(path)} (no images)", "a folder per class, each with image files in it")
    class_names = tuple(sorted(set(listing.classes)))
    warnings = _listing_warnings(listing)
    if train_dir != path:
        warnings += _beside_the_splits(path)
    if test_dir:
        warnings += _check_test_classes(test_dir, class_names)

    announce(f"Reading {len(listing.files)} images in {printable(train_dir)}")
    train, reading_warnings = _read_train(listing, train_dir, class_names, image_size, on_bad_image)
    shape = train.images.shape[1:]

    def test():
        return _read_test(test_dir, shape, class_names)

    return Source(
        train=dataclasses.replace(train, warnings=tuple(warnings + reading_warnings)),
        test=test if test_dir else None,
        class_names=class_names,
        origin=f"image files in {printable(path)}",
    )


def _split_dirs(path):
    if not path.is_dir():
        raise BadInput(f"folder:{printable(path)} (no such folder)", "a folder per class, each with image files in it")
    train_dir, test_dir = path / "train", path / "test"
    if train_dir.is_dir():
        return train_dir, test_dir if test_dir.is_dir() else None
    return path, None


def _list(directory):
    try:
        return _listing(directory)
    except OSError as error:
        raise BadInput(f"{printable(directory)} ({error.strerror})", "a folder that can be read") from error


def _listing(directory):
    files, classes, empty, stray = [], [], [], []
    for folder in _visible(directory):
        if not folder.is_dir():
            stray.append(printable(folder.relative_to(directory)))
            continue
        # Names typed on one system and copied to another may spell an accent as one sign or as two.
        name = unicodedata.normalize("NFC", printable(folder.name))
        images = 0
        for entry in _visible(folder):
            if entry.suffix.lower() in FORMATS and not entry.is_dir():
                images += 1
                files.append(entry)
                classes.append(name)
            else:
                stray.append(printable(entry.relative_to(directory)))
        if not images:
            empty.append(name)
    return _Listing(files, classes, empty, stray)


def _visible(directory):
    return sorted(entry for entry in directory.iterdir() if not entry.name.startswith("."))


def _listing_warnings(listing):
    warnings = []
    if listing.empty:
        warnings.append(f"Folders without images are not classes: {_some(listing.empty)}.")
    if listing.stray:
        warnings.append(f"{len(listing.stray)} files or folders are no images of a class: {_some(listing.stray)}.")
    return warnings


def _beside_the_splits(path):
    others = [printable(entry.name) for entry in _visible(path) if entry.name not in ("train", "test")]
    return [f"Beside train/ and test/, these are not read: {_some(others)}."] if others else []


def _check_test_classes(test_dir, class_names):
    """Names only: a class that training lacks is known before work starts, and an unreadable test/ stops nothing."""
    try:
        unknown = sorted(set(_list(test_dir).classes) - set(class_names))
    except BadInput as error:
        return [f"The test split cannot be read now: {error}"]
    if unknown:
        raise BadInput(
            f"{printable(test_dir)} with classes that train/ lacks: {_some(unknown)}",
            f"some of the {len(class_names)} classes of train/",
            "Add training images of them, or take them out of test/.",
        )
    return []


def _attempt(function, listing):
    """Applies a function to all files; returns what is left of the listing, the results, and the failures' names."""

    def attempt(file):
        try:
            return function(file)
        except BadInput as error:
            return error

    with ThreadPoolExecutor(THREADS) as threads:  # decoding and resizing release the interpreter's lock
        results = list(threads.map(attempt, listing.files))
    worked = [index for index, result in enumerate(results) if not isinstance(result, BadInput)]
    kept = dataclasses.replace(
        listing, files=[listing.files[i] for i in worked], classes=[listing.classes[i] for i in worked]
    )
    return kept, [results[i] for i in worked], [result.given for result in results if isinstance(result, BadInput)]


def _bad_images(bad, found, directory):
    return BadInput(
        f"{len(bad)} of {found} images in {printable(directory)}: {', '.join(bad)}",
        "images that can be decoded",
        "Replace or remove them; training without those of its images: --on-bad-image skip.",
    )


def _common_shape(headers, image_size):
    """The wanted or the most common size (of equally common ones the smallest), and 1 channel if all files are grey."""
    sizes = collections.Counter((height, width) for height, width, _ in headers)
    height, width = image_size or min(sizes, key=lambda size: (-sizes[size], size))
    return height, width, max(channels for _, _, channels in headers)


def _read_train(listing, directory, class_names, image_size, on_bad_image):
    found, warnings = len(listing.files), []
    listing, headers, bad = _attempt(probe_image, listing)
    if headers:
        shape = _common_shape(headers, image_size)
        check_memory(printable(directory), len(headers) * math.prod(shape))
        listing, images, undecodable = _attempt(lambda file: read_image(file, shape), listing)
        bad += undecodable
    if bad and (on_bad_image == "error" or not listing.files):
        raise _bad_images(bad, found, directory)
    if bad:
        warnings.append(f"{len(bad)} training images cannot be decoded and are left out: {', '.join(bad)}.")
    resized = sum((height, width) != shape[:2] for height, width, _ in headers)
    if resized and not image_size:
        warnings.append(f"{resized} of {found} training images were resized to {shape[0]}x{shape[1]}.")
    return Split(np.stack(images), _labels(listing, class_names)), warnings


def _read_test(test_dir, shape, class_names):
    listing = _list(test_dir)
    if not listing.files:
        raise BadInput(f"{printable(test_dir)} (no images)", "a folder per class, each with image files in it")
    check_memory(printable(test_dir), len(listing.files) * math.prod(shape))
    _, images, bad = _attempt(lambda file: read_image(file, shape), listing)
    if bad:
        raise _bad_images(bad, len(listing.files), test_dir)
    warnings = _listing_warnings(listing)
    if missing := sorted(set(class_names) - set(listing.classes)):
        warnings.append(f"No test images of these classes: {_some(missing)}.")
    return Split(np.stack(images), _labels(listing, class_names), tuple(warnings))


def _labels(listing, class_names):
    return np.array([class_names.index(name) for name in listing.classes], np.int64)


def _some(names):
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
