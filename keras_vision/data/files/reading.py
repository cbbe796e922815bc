"""From listed image files to one array: what is passed over, how values are scaled, and what is refused.

Pixels are decoded straight into the array that the data set keeps: reading takes little more memory than the images.
"""

import collections
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keras_vision.data.files.depths import KINDS, sentence, white_of
from keras_vision.data.files.file_types import mend_for
from keras_vision.data.files.images import EMPTY, THREADS, BadImage, read_header, read_image, read_range
from keras_vision.data.files.images import without_pillow_warnings as quietly
from keras_vision.data.files.sizes import choose_size
from keras_vision.data.folders.classes import Listing
from keras_vision.data.splits import Split, check_memory
from keras_vision.data.words import printable, some
from keras_vision.errors import BadInput

_AT_ONCE = 64  # files for a thread: a task for each file would take more memory than a small image
_NAMED = 20


class Reader:
    """Reads the splits of one folder alike: in the shape and the scale that its training images decide.

    Args:
        class_names: In the order of labels.
        reading: A `Reading`. What it leaves open, the size or the scale of a kind, the training images decide.
    """

    def __init__(self, class_names, reading):
        self.class_names, self.reading = class_names, reading
        self.shape, self.pixel_scale, self.decisions = None, dict(reading.pixel_scale or {}), []

    def read(self, listing, *, skips=None):
        """Reads a split; the first that is read decides shape and scale.

        Args:
            listing: A `Listing`.
            skips: Whether damaged images are passed over; by default where the `Reading` says so.

        Returns:
            A `Split`, with warnings of what was passed over.

        Raises:
            BadInput: Images that cannot be read, too many for the memory, or values of no known range.
        """
        may_skip = skips is None and self.reading.known is None
        skips = self.reading.audits or (self.reading.skips if skips is None else skips)
        found, warnings = len(listing), []
        with quietly():
            results = _attempt(read_header, listing.files)
            bad = [one for one in results if isinstance(one, BadImage)]
            listing, headers = _kept(listing, results)
            if headers:
                self._decide(listing, headers)
                images, results = self._decoded(listing, headers)
                bad += [one for one in results if isinstance(one, BadImage)]
                listing, _ = _kept(listing, results)
        empty = [one for one in bad if one.reason == EMPTY]
        damaged = [one for one in bad if one.reason != EMPTY]
        if (damaged and not skips) or not headers or not len(listing):
            raise _refused(damaged or empty, found, listing.path, may_skip and not skips)
        for ones, what in ((empty, "are empty"), (damaged, "cannot be decoded")):
            if ones:
                names = some(_short([one.short if ones is damaged else one.name for one in ones], listing.path))
                warnings.append(f"{len(ones):,} of {found:,} image files {what} and are left out: {names}.")
        files = np.array(listing.files, object)
        return Split(images, self.labels(listing), tuple(warnings), files, tuple(bad))

    def labels(self, listing):
        """Returns the label of each image of a listing."""
        numbers = {name: number for number, name in enumerate(self.class_names)}
        return np.array([numbers[name] for name in listing.classes], np.int64)

    def _decide(self, listing, headers):
        self._decide_scale(listing, headers)
        if self.shape:
            return
        belied = [(file, header.belied) for file, header in zip(listing.files, headers, strict=True) if header.belied]
        if belied:
            named = some([f"{printable(file.name)} is {format}" for file, format in belied], 2)
            count = f"In {len(belied):,} files" if len(belied) > 1 else "In 1 file"
            self.decisions.append(f"{count} the suffix does not fit the content, so the content decides ({named}).")
        size, said = self.reading.image_size, None
        if not size:
            size, said = choose_size([header.shape[:2] for header in headers])
        self.decisions += [said] if said else []
        self.shape = (*size, max(header.shape[2] for header in headers))

    def _decide_scale(self, listing, headers):
        for kind in KINDS:
            files = [file for file, header in zip(listing.files, headers, strict=True) if header.kind == kind]
            if kind in self.pixel_scale:
                if files and not self.shape:
                    white = f"{self.pixel_scale[kind]:g}"
                    self.decisions.append(f"The {kind} images are scaled as the model's own were: {white} becomes 255.")
                continue
            ranges = [one for one in _attempt(read_range, files) if not isinstance(one, BadImage)]
            if not ranges:
                continue
            low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
            try:
                self.pixel_scale[kind] = white = white_of(kind, low, high)
            except ValueError as error:
                raise BadInput(
                    f"The {kind} images in {printable(listing.path)} hold {error}, for which there is no rule. "
                    "Save them with values from 0 to 1, 0 to 255 or 0 to 65535."
                ) from error
            self.decisions.append(sentence(kind, low, high, white))

    def _decoded(self, listing, headers):
        """The images of all files that can be decoded, and a result for each file."""
        # The images, and what is set aside of them before the first copy is gone.
        check_memory(printable(listing.path), len(headers) * math.prod(self.shape))
        images = np.empty((len(headers), *self.shape), np.uint8)

        def decode(numbered):
            number, file = numbered
            images[number] = read_image(file, self.shape, self.pixel_scale)

        results = _attempt(decode, list(enumerate(listing.files)))
        kept = [number for number, result in enumerate(results) if not isinstance(result, BadImage)]
        if len(kept) < len(images):
            for new, old in enumerate(kept):
                images[new] = images[old]
        return images[: len(kept)], results


def check_kinds(listing, reading):
    """Refuses pictures of kinds that cannot be read, or says that they are passed over; returns warnings.

    One that has a readable image of the same name beside it, as cameras save both, is not missed.

    Raises:
        BadInput: There are some, and they are not to be passed over.
    """
    stems = {file.with_suffix("") for file in listing.files}
    missed = [one for one in listing.unreadable if one[0].with_suffix("") not in stems]
    if not missed:
        return []
    total = len(missed) + len(listing)
    kinds = collections.Counter(kind for _, kind, _ in missed)
    parts = []
    for kind, count in kinds.most_common():
        classes = collections.Counter(name for _, its, name in missed if its == kind)
        parts.append(f"{count:,} {kind} ({some([f'{name}: {n:,}' for name, n in classes.most_common()])})")
    seen = f"{len(missed):,} of {total:,} pictures in {printable(listing.path)} have formats that cannot be read here"
    if reading.skips:
        return [f"{seen} and are left out: {', '.join(parts)}."]
    mend = " Or leave them out with --on-bad-image skip." if reading.known is None else ""
    raise BadInput(f"{seen}: {', '.join(parts)}. {mend_for(list(kinds))}{mend}")


def _attempt(function, values):
    """Applies a function to all values; returns the results, with the `BadImage` in place of one that failed."""

    def attempt(start):
        results = []
        for value in values[start : start + _AT_ONCE]:
            try:
                results.append(function(value))
            except BadImage as error:
                error.__cause__ = error.__traceback__ = None  # they would keep what was decoded
                results.append(error)
        return results

    with ThreadPoolExecutor(THREADS) as threads:  # decoding and resizing release the interpreter's lock
        return [result for part in threads.map(attempt, range(0, len(values), _AT_ONCE)) for result in part]


def _kept(listing, results):
    """The part of a listing whose results are no failures, and these results."""
    kept = [number for number, result in enumerate(results) if not isinstance(result, BadImage)]
    files, classes = [listing.files[i] for i in kept], [listing.classes[i] for i in kept]
    return Listing(listing.path, files, classes), [results[i] for i in kept]


def _short(names, path):
    """Names of files as they are called from a folder."""
    return [name.removeprefix(f"{printable(path)}/") for name in names]


def _refused(bad, found, path, may_skip):
    if not found:
        return BadInput(f"The folder {printable(path)} holds no images that can be read.")
    mend = " Or leave them out of training with --on-bad-image skip." if may_skip else ""
    return BadInput(
        f"{len(bad):,} of {found:,} images in {printable(path)} cannot be read: "
        f"{some(_short([one.short for one in bad], path), _NAMED)}. Replace or remove them.{mend}"
    )
