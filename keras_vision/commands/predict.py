"""What `predict` does: reads images batch by batch, and answers for each."""

import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor

from keras_vision.data.files import count_images, image_files, read
from keras_vision.data.images import THREADS, BadImage, printable, without_pillow_warnings
from keras_vision.training.classifier import open_classifier

_SECONDS_BETWEEN_LINES = 5


def carry_out(asked, progress):
    """Yields what `predict` does; `asked` is a `PredictSettings`."""
    images = [asked.images] if isinstance(asked.images, (str, os.PathLike)) else list(asked.images)
    total = count_images(images)
    classifier = open_classifier(asked.source)
    paths, done, failed, spoken, is_compared = image_files(images), 0, 0, time.monotonic(), False
    with ThreadPoolExecutor(THREADS) as threads:  # decoding and resizing release the interpreter's lock
        while batch := list(itertools.islice(paths, asked.batch_size)):
            with without_pillow_warnings():
                found = list(threads.map(lambda path: read(path, classifier.shape, classifier.pixel_scale), batch))
            readable = [one for one in found if not isinstance(one, BadImage)]
            if readable and not is_compared:  # the first batch tells: one line for a run
                is_compared = True
                if warning := classifier.unlike_training(readable):
                    progress.say(f"warning: {warning}")
            probabilities = iter(classifier.probabilities(readable))
            for path, one in zip(batch, found, strict=True):
                is_bad = isinstance(one, BadImage)
                best = {} if is_bad else {"predictions": classifier.best(next(probabilities), asked.top)}
                answer = {"error": one.reason} if is_bad else best
                yield {"image": path.name if isinstance(path, BadImage) else printable(path)} | answer
                failed += is_bad
            done += len(batch)
            if time.monotonic() > spoken + _SECONDS_BETWEEN_LINES:
                progress.say(f"{done:,} of {total:,} images")
                spoken = time.monotonic()
    if failed:
        progress.say(f"{failed:,} of {total:,} images could not be read")
