"""Image files answered batch by batch: what `predict` and `explain` have in common."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

from keras_vision.data.files.images import THREADS, BadImage, without_pillow_warnings
from keras_vision.data.files.listing import count_images, image_files, read
from keras_vision.data.words import printable

_SECONDS_BETWEEN_LINES = 5


def answer_files(asked, classifier, answer, progress):
    """Yields an answer for each image of a person's list of files and folders, in their order.

    Args:
        asked: Settings with `images` and `batch_size`.
        classifier: A `Classifier`.
        answer: Function of (names, list of uint8 images) that yields a dict for each.
        progress: A `Progress`.

    Yields:
        A dict for each image: image, its path; and what `answer` says, or error, why it could not be read.
    """
    total = count_images(asked.images)
    paths, done, failed, spoken, is_compared = image_files(asked.images), 0, 0, time.monotonic(), False
    with ThreadPoolExecutor(THREADS) as threads:  # decoding and resizing release the interpreter's lock
        while batch := list(itertools.islice(paths, asked.batch_size)):
            with without_pillow_warnings():
                found = list(threads.map(lambda path: read(path, classifier.shape, classifier.pixel_scale), batch))
            names = [path.name if isinstance(path, BadImage) else printable(path) for path in batch]
            pairs = [(name, one) for name, one in zip(names, found, strict=True) if not isinstance(one, BadImage)]
            readable = [one for _, one in pairs]
            if readable and not is_compared:  # the first batch tells: one line for a run
                is_compared = True
                if warning := classifier.unlike_training(readable):
                    progress.say(f"warning: {warning}")
            answers = iter(answer([name for name, _ in pairs], readable))
            for name, one in zip(names, found, strict=True):
                is_bad = isinstance(one, BadImage)
                yield {"image": name} | ({"error": one.reason} if is_bad else next(answers))
                failed += is_bad
            done += len(batch)
            if time.monotonic() > spoken + _SECONDS_BETWEEN_LINES:
                progress.say(f"{done:,} of {total:,} images")
                spoken = time.monotonic()
    if failed:
        progress.say(f"{failed:,} of {total:,} images could not be read")
