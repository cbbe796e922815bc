"""What files tell without their pixels: sizes, formats, modes; odd ones, and facts that give the class away.

A network does not see a file's name. But files that differ in it come from different places, cameras or programs, and
that is in their pixels too: a network may learn the place and not the thing.
"""

import collections
import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.special import entr, rel_entr

from keras_vision.data.files.images import THREADS, read_header, without_pillow_warnings
from keras_vision.data.words import some

FACTS = ("suffix", "format", "mode", "size")
# An odd value is one of so few images while nearly all others have another one.
_FEW, _NEARLY_ALL = 0.002, 0.9
_ODD = ("format", "mode", "size")  # a suffix may be spelled in many ways
# A fact that gives the class away holds so much of the information of which class it is, and chance is ruled out by so
# many standard errors. Values of fewer images are counted as one.
_SHARE, _ERRORS, _SEEN = 0.05, 5, 5
_AT_ONCE = 64


@dataclasses.dataclass(frozen=True)
class Telling:
    """A fact that gives the class away.

    Args:
        fact: A name in `FACTS`.
        share: What it tells of the class, 0 for nothing to 1 for all: the share of the class's entropy.
        examples: What values go with, in words.
    """

    fact: str
    share: float
    examples: tuple[str, ...]


def file_facts(files):
    """Reads the headers of image files.

    Args:
        files: Array of paths of readable images.

    Returns:
        A dict from each of `FACTS` to an array [n] of texts.
    """

    def facts(start):
        return [_facts(file, read_header(file)) for file in files[start : start + _AT_ONCE]]

    with without_pillow_warnings(), ThreadPoolExecutor(THREADS) as threads:
        rows = [row for part in threads.map(facts, range(0, len(files), _AT_ONCE)) for row in part]
    return {name: np.array(column, object) for name, column in zip(FACTS, zip(*rows, strict=True), strict=True)}


def _facts(file, header):
    height, width, _ = header.shape
    return file.suffix, header.format, header.mode, f"{width}x{height}"


def odd_files(facts):
    """Finds files unlike nearly all others.

    Args:
        facts: As `file_facts` returns them.

    Returns:
        A dict from position to why, in words.

    Example:

    >>> odd_files({"format": np.array(["JPEG"] * 400 + ["GIF"], object)})
    {400: 'format GIF, where 400 of 401 have JPEG'}
    """
    found = {}
    for fact in (name for name in _ODD if name in facts):
        values = facts[fact]
        counts = collections.Counter(values.tolist())
        (usual, most), *others = counts.most_common()
        if most < _NEARLY_ALL * len(values):
            continue
        for value, count in others:
            if count <= max(1, _FEW * len(values)):
                for position in np.flatnonzero(values == value).tolist():
                    reason = f"{fact} {value or 'none'}, where {most:,} of {len(values):,} have {usual or 'none'}"
                    found.setdefault(position, reason)
    return found


def telling_facts(facts, labels, class_names):
    """Finds facts by which the class of an image can be told.

    Args:
        facts: As `file_facts` returns them.
        labels: Int array [n].
        class_names: One name per label.

    Returns:
        A list of `Telling`. Of facts that say the same, as suffix and format may, only the first.
    """
    found, seen = [], set()
    for fact, values in facts.items():
        names, numbers = np.unique(values.astype(str), return_inverse=True)
        partition = _in_order(numbers)
        if partition in seen:
            continue
        seen.add(partition)
        table = np.zeros((len(names), len(class_names)), np.int64)
        np.add.at(table, (numbers, labels), 1)
        if (share := _share_told(table)) >= _SHARE:
            found.append(Telling(fact, share, _examples(names, table, class_names)))
    return found


def _share_told(table):
    """Returns the share of the entropy of columns that rows tell, 0 where it may be chance.

    The G test: twice the information, in nats, times the number of images is distributed as chi square.
    """
    rare = table.sum(axis=1) < _SEEN
    table = np.concatenate([table[~rare], table[rare].sum(axis=0, keepdims=True)])
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    freedom = (len(table) - 1) * (table.shape[1] - 1)
    if not freedom:
        return 0.0
    count = table.sum()
    of_rows, of_columns = table.sum(axis=1) / count, table.sum(axis=0) / count
    told = rel_entr(table / count, np.outer(of_rows, of_columns)).sum()
    beyond_chance = told - freedom / (2 * count)
    is_sure = 2 * count * told > freedom + _ERRORS * np.sqrt(2 * freedom)
    return float(beyond_chance / entr(of_columns).sum()) if is_sure else 0.0


def _in_order(numbers):
    """Returns which images have equal values, as bytes that do not depend on what the values are."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].tobytes()


def _examples(names, table, class_names):
    """Says of the most frequent values which classes have them."""
    said = []
    for row in np.argsort(-table.sum(axis=1), kind="stable")[:3]:
        classes = [class_names[label] for label in np.argsort(-table[row], kind="stable") if table[row, label]]
        said.append(f"{names[row] or 'none'} only in {some(classes, 2)}")
    return tuple(said)
