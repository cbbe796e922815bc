"""Image files to be answered: which ones a list of paths stands for, and each as an array or as why it is none."""

import itertools
import os
import sys

from keras_vision.data.files.file_types import kind_of_file
from keras_vision.data.files.images import MAX_PIXELS, BadImage, read_image
from keras_vision.data.words import printable
from keras_vision.errors import BadInput
from keras_vision.runs import is_own

STDIN = "-"


def count_images(images):
    """Returns how many answers a list of paths will get.

    Raises:
        BadInput: It is all folders that cannot be listed or hold no images.
    """
    total, bad = 0, []
    for path in image_files(images):
        total += 1
        bad += [path] if isinstance(path, BadImage) else []
    if bad and len(bad) == total:
        raise BadInput(
            f"The folder {bad[0].name} cannot be used: {bad[0].reason}. Give image files, or folders that hold some."
        )
    return total


def image_files(images):
    """Yields the files that a list of paths stands for, one after the other, so that no list of them is kept.

    A folder that cannot be listed, or holds no images, is among them as the `BadImage` that says why.
    """
    for image in map(os.fspath, images):
        if image != STDIN and os.path.isdir(image):
            files = _files_below(image)
            yield next(files, BadImage(printable(image), "it holds no images"))
            yield from files
        else:
            yield image


def _files_below(folder):
    unread = []
    walk = os.walk(folder, onerror=unread.append)  # links to folders, which may lead back, are not taken
    for parent, folders, files in itertools.chain(walk, [(folder, [], [])]):  # one turn more, for what failed last
        while unread:
            error = unread.pop(0)
            yield BadImage(printable(error.filename), error.strerror)
        folders[:] = sorted(name for name in folders if name[0] != "." and not is_own(os.path.join(parent, name)))
        for name in sorted(files):
            # Pictures of kinds that cannot be read are among them: each gets an answer that says so.
            if not name.startswith(".") and kind_of_file(path := os.path.join(parent, name)):
                yield path


def read(path, shape, pixel_scale):
    """Returns an image as an array, or the `BadImage` that says why it is none."""
    if isinstance(path, BadImage):
        return path
    try:
        return read_image(_from_standard_input() if path == STDIN else path, shape, pixel_scale)
    except BadImage as error:
        return error


def _from_standard_input():
    largest = 8 * MAX_PIXELS  # bytes of an image that has four channels of 16 bits and is not compressed
    if sys.stdin is None:  # closed, or of a program without a console
        raise BadImage(STDIN, "standard input is closed")
    content = sys.stdin.buffer.read(largest + 1)
    if len(content) > largest:
        raise BadImage(STDIN, f"more than {largest // 1_000_000} MB")
    return content
