"""What a look of seconds shows of the images that a training is about to use, in one line."""

import numpy as np

from keras_vision.data.audit.copies import near_pairs
from keras_vision.data.audit.file_facts import telling_facts
from keras_vision.data.audit.fingerprints import Describer
from keras_vision.data.audit.outliers import blank_images
from keras_vision.data.audit.series import are_alike, series_by_name
from keras_vision.data.seen import digests
from keras_vision.data.words import spec_of

ASKED = 1_000  # validation images that are looked for among the training images


def quick_audit(data, seed=0):
    """Looks at the training and validation images of a `Dataset`; the test images stay unopened.

    Exact copies are not told of again: the data set's own warnings do that.

    Returns:
        A sentence; None where nothing was found.

    Example:

    >>> quick_audit(load_dataset("digits")) is None
    True
    """
    found = [*_near_copies(data, seed), *_blanks(data), *_by_files(data)]
    if not found:
        return None
    kind, colon, path = data.name.partition(":")
    given = spec_of(kind, path) if colon else kind
    return f"A quick audit saw {'; '.join(found)}. More shows: python -m keras_vision.audit {given}"


def _near_copies(data, seed):
    """Validation images of which nearly the same picture is trained on; of many, so many are asked."""
    chosen = np.random.default_rng(seed).permutation(len(data.validation))[:ASKED]
    asked = data.validation.images[np.sort(chosen)]
    known, different = {*digests(data.train.images)}, []
    for number, digest in enumerate(digests(asked)):
        if digest not in known:
            known.add(digest)
            different.append(number)
    pairs = near_pairs(data.train.images, asked[different], seed)
    if count := len(np.unique(pairs[:, 0])):
        part = "" if len(asked) == len(data.validation) else f", {len(asked):,} of which were looked at"
        all_of = f"the {len(data.validation):,} validation images{part}"
        yield f"training images that are nearly the same as {count:,} of {all_of}"


def _blanks(data):
    if count := len(blank_images(data.train.images)) + len(blank_images(data.validation.images)):
        yield f"{count:,} blank image{'s' * (count > 1)}"


def _by_files(data):
    """What the names of files tell; their headers are not read."""
    if data.train.files is None or data.validation.files is None:
        return
    files = np.concatenate([data.train.files, data.validation.files])
    labels = np.concatenate([data.train.labels, data.validation.labels])
    suffixes = {"suffix": np.array([file.suffix for file in files], object)}
    if told := telling_facts(suffixes, labels, data.class_names):
        yield f"classes that can be told by the suffix of the file ({'; '.join(told[0].examples)})"
    series = series_by_name(files, labels)
    leaking = np.isin(series[len(data.train) :], series[: len(data.train)]).sum()
    if leaking:
        images = np.concatenate([data.train.images, data.validation.images])
        if are_alike(series, labels, Describer(images).describe(images)):
            yield f"{leaking:,} validation images of a series that also has training images"
