"""How every kind of source is read, what it gives, how much of it is looked at at once, and how it is refused."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from keras_vision.data.places import ON_BAD_IMAGE
from keras_vision.errors import BadInput, check_choice
from keras_vision.system.machine import free_memory

# Reading and splitting takes up to 1.5 times the memory of the images, training 1.3 times; the rest is for the network.
PEAK_COPIES = 2.0
_BYTES_AT_ONCE = 2**17  # that are copied by way of another copy
ALIGNED = 64  # bytes: memory that begins at a multiple of them serves TensorFlow as it is


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels.

    Args:
        images: uint8 array [n, h, w, c].
        labels: int64 array [n].
        warnings: Sentences about this split that a person should read.
        files: Array [n] of the file that each image was read from; None where images have no files of their own. An
            audit calls these by their numbers, "train/17".
        left_out: Files that could not be read, each as the `BadImage` that says why.

    Example:

    >>> split = Split(np.zeros((3, 8, 8, 1), np.uint8), np.array([0, 1, 1]))
    >>> len(split), len(split.at([0, 2]))
    (3, 2)
    """

    images: np.ndarray
    labels: np.ndarray
    warnings: tuple[str, ...] = ()
    files: np.ndarray | None = None
    left_out: tuple = ()

    def __len__(self):
        return len(self.labels)

    def at(self, rows):
        """Returns the split of some of its images, by their numbers or by a mask, without its warnings."""
        images = self.images[rows] if isinstance(rows, slice) else _aligned_rows(self.images, rows)
        return Split(images, self.labels[rows], files=None if self.files is None else self.files[rows])

    def moved_together(self, rows):
        """Returns the split of some of its images, by ascending numbers, in the memory of all of them.

        This split is used up by that, and less memory needed than for a copy. Where the memory holds more than these
        images, they are copied, as `at` does.
        """
        images, n = self.images, len(rows)
        owner = images if images.base is None else images.base
        is_own = isinstance(owner, np.ndarray) and owner.flags.owndata and owner.nbytes == images.nbytes
        is_own = is_own and images.flags.writeable and images.flags.c_contiguous
        of_one, start = math.prod(images.shape[1:]), -images.ctypes.data % ALIGNED
        if not is_own or n == len(images) or of_one < ALIGNED:
            return self.at(rows)
        moved = images.reshape(-1)[start : start + n * of_one].reshape(n, *images.shape[1:])
        stays = n if rows[-1] == n - 1 else int(np.argmax(rows != np.arange(n)))
        moved[:stays] = images[:stays]  # by less than an image, and what comes then has left room for that
        at_once = max(1, _BYTES_AT_ONCE // of_one)
        for first in range(stays, n, at_once):  # each to a place of which the image was moved before, or left out
            moved[first : first + at_once] = images[rows[first : first + at_once]]
        return Split(moved, self.labels[rows], files=None if self.files is None else self.files[rows])


def _aligned_rows(images, rows):
    """Returns some images of an array, by their numbers or by a mask, as another array whose memory is aligned."""
    numbers = np.arange(len(images))[rows]
    of_one = math.prod(images.shape[1:])
    size, at_once = len(numbers) * of_one, max(1, _BYTES_AT_ONCE // of_one)
    memory = np.empty(size + ALIGNED, np.uint8)
    start = -memory.ctypes.data % ALIGNED
    found = memory[start : start + size].reshape(len(numbers), *images.shape[1:])
    for start in range(0, len(numbers), at_once):
        found[start : start + at_once] = images[numbers[start : start + at_once]]
    return found


@dataclasses.dataclass(frozen=True)
class Reading:
    """How a source is read.

    Args:
        image_size: (height, width) of what image files become; None to choose one from the images.
        on_bad_image: A name in `ON_BAD_IMAGE`; "skip" leaves out training images that cannot be decoded.
        tell: Called with a line of text before anything slow; None for silence.
        pixel_scale: As in `Dataset`, to read these images as those of a model; None to decide it from these.
        known: Names of the classes of a model that is to be measured: then no images have to be for training, and the
            classes are those of all splits. None of a source that is to be trained on.
        audits: Whether the images are only looked at: then what cannot be read is left out of every split and listed.

    Raises:
        BadInput: Unknown name.
    """

    image_size: tuple[int, int] | None = None
    on_bad_image: str = "error"
    tell: Callable[[str], object] | None = None
    pixel_scale: dict[str, float] | None = None
    known: tuple[str, ...] | None = None
    audits: bool = False

    def __post_init__(self):
        check_choice("on_bad_image", self.on_bad_image, ON_BAD_IMAGE)

    @property
    def skips(self):
        """Whether images that cannot be decoded are left out."""
        return self.on_bad_image == "skip" or self.audits

    def announce(self, line):
        """Says what is about to be done, where somebody listens."""
        if self.tell:
            self.tell(line)


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """A source that was opened.

    Args:
        train: Its training images; None where it has none, and can only serve to evaluate.
        test: Reads its test images; None where it has none.
        class_names: One name per label.
        origin: One line: where the images came from.
        validation: Its validation images; None where it has none of its own.
        decisions: What was decided for the person, a sentence each: how values were scaled, which split is which.
        pixel_scale: The white of each kind of image with more than eight bits, as `data/files/depths.py` decides it.
        test_shape: (height, width, channels) of the test images where that is known before they are read, else None.
    """

    train: Split | None
    test: Callable[[], Split] | None
    class_names: tuple[str, ...]
    origin: str
    validation: Split | None = None
    decisions: tuple[str, ...] = ()
    pixel_scale: dict[str, float] = dataclasses.field(default_factory=dict)
    test_shape: tuple[int, int, int] | None = None


def steps_per_epoch(split, batch_size):
    """Returns the number of training batches in an epoch; the images of an unfilled last batch wait for the next.

    Example:

    >>> steps_per_epoch(dataset.train, 512)
    105
    """
    return max(1, len(split) // batch_size)


def images_at_once(shape):
    """Returns how many images of a shape (height, width, channels) are evaluated at a time: fewer of large ones.

    Example:

    >>> images_at_once((32, 32, 3)), images_at_once((224, 224, 3))
    (512, 10)
    """
    return min(512, max(1, 512 * 32 * 32 // (shape[0] * shape[1])))


def pieces_of(images, rows=None):
    """Yields an array of images [n, h, w, c], or some of them by their numbers, in pieces of `images_at_once`.

    Example:

    >>> [len(piece) for piece in pieces_of(np.zeros((600, 32, 32, 3), np.uint8))]
    [512, 88]
    """
    size = images_at_once(images.shape[1:])
    for start in range(0, len(images) if rows is None else len(rows), size):
        wanted = slice(start, start + size)
        yield images[wanted if rows is None else rows[wanted]]


def check_memory(what, num_bytes):
    """Refuses to read images that would not fit into the memory that this process may still take.

    Args:
        what: Name for the message.
        num_bytes: Size of the images, one copy of each; the copies that are made of them are counted here.

    Raises:
        BadInput: Too large.

    Example:

    >>> check_memory("photos", 60_000 * 28 * 28)
    """
    needed, free = PEAK_COPIES * num_bytes, free_memory()
    if needed > free:
        raise BadInput(
            f"{what} would take {needed / 1e9:,.1f} GB of memory, but this process may use only {free / 1e9:,.1f} GB "
            "more. Make the images smaller (--image-size), or use fewer."
        )


def unreadable(path, error):
    """Returns the `BadInput` for a file or directory whose reader raised `error`.

    Example:

    >>> str(unreadable("a.npz", EOFError("no data left")))
    'a.npz cannot be read (no data left). Copy or prepare it again.'
    """
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return BadInput(f"{path} cannot be read ({reason}). Copy or prepare it again.")
