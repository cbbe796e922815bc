"""All that a look at the images shows without any training: findings about images, and sentences about them all."""

import collections
import dataclasses

import numpy as np

from keras_vision.data.audit.copies import groups_of, joined
from keras_vision.data.audit.copy_findings import classes_alike, copy_findings, find_copies
from keras_vision.data.audit.file_facts import file_facts, odd_files, telling_facts
from keras_vision.data.audit.findings import Finding, finding
from keras_vision.data.audit.fingerprints import Describer
from keras_vision.data.audit.outliers import blank_images, outlying_images
from keras_vision.data.audit.series import are_alike, series_by_name, series_name
from keras_vision.data.split_names import TRAIN
from keras_vision.data.words import printable, some

_FEWER = 10  # times as many images as in the smallest class, which is told


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """What a look at a `Collection` showed.

    Args:
        findings: A list of `Finding`.
        sentences: What concerns not one image but all of them.
        groups: Int array [n]: images of one group are copies, or of one series, and belong into one split.
        sizes, modes: Dict from the size or mode of files to how many have it; empty where there are no files.
    """

    findings: list
    sentences: list
    groups: np.ndarray
    sizes: dict
    modes: dict


def look(collection, say=lambda line: None):
    """Looks at all images of a `Collection`; `say` is called with a line before what may take a while.

    Returns:
        A `Look`.

    Example:

    >>> look(collect(DataSource("digits"))).sentences
    []
    """
    findings = [
        Finding("unreadable", None, printable(bad.name), split, "", bad.reason, True)
        for bad, split in collection.left_out
    ]
    say(f"looking for copies among {len(collection):,} images")
    copies = find_copies(collection)
    blank = blank_images(collection.images)
    findings += [finding("blank", collection, number, "one colour all over") for number in blank]
    findings += copy_findings(collection, copies)
    sentences = [*_balance(collection), *_alike(collection, copies)]
    groups, facts = copies.near, {}
    if collection.files is not None:
        say(f"reading the headers of {len(collection):,} files")
        facts = file_facts(collection.files)
        odd = odd_files(facts)
        findings += [finding("odd_file", collection, number, reason) for number, reason in sorted(odd.items())]
        sentences += _telling(collection, facts)
        series = series_by_name(collection.files, collection.labels)
        if are_alike(series, collection.labels, Describer(collection.images).describe(collection.images)):
            across = list(_series_across(collection, series))
            findings += across
            sentences.append(_series_sentence(collection, series, len(across)))
            groups = joined(np.concatenate([_links(groups), _links(series)]), len(collection))
    unlike, by = outlying_images(collection.images)
    findings += [
        finding(
            "outlier", collection, number, f"unlike the other images, {above:.1f} standard deviations more than usual"
        )
        for number, above in zip(unlike, by, strict=True)
        if number not in blank
    ]
    counts = {name: dict(collections.Counter(facts.get(name, np.array([])).tolist()).most_common()) for name in facts}
    return Look(findings, sentences, groups, counts.get("size", {}), counts.get("mode", {}))


def _links(numbers):
    """Returns pairs that join what has the same number."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return np.stack([np.arange(len(numbers)), first[inverse]], axis=1)


def _balance(collection):
    counts = np.bincount(collection.labels, minlength=len(collection.class_names))
    least, most = counts.argmin(), counts.argmax()
    if counts[most] < _FEWER * counts[least]:
        return []
    names = collection.class_names
    return [
        f"The classes are of very different size: {names[most]} has {counts[most]:,} images, {names[least]} has "
        f"{counts[least]:,}. --metric balanced_accuracy counts all classes alike."
    ]


def _alike(collection, copies):
    return [
        f"The classes {one} and {other} hold the same pictures: {count:,} of the {size:,} images of the smaller class "
        "are in the other, too. If both mean the same, merge them; else the pictures of one belong elsewhere."
        for one, other, count, size in classes_alike(collection, copies)
    ]


def _telling(collection, facts):
    for told in telling_facts(facts, collection.labels, collection.class_names):
        yield (
            f"The {told.fact} of a file gives away {told.share:.0%} of what there is to know about its class "
            f"({'; '.join(told.examples)}). Images from different sources differ in more than what they show, and a "
            "network may learn that instead."
        )


def _series_across(collection, series):
    for group in groups_of(series):
        trained = group[collection.splits[group] == TRAIN]
        for number in group[collection.splits[group] != TRAIN] if len(trained) else ():
            reason = (
                f"one of the series {series_name(collection.files[number])}, which has {len(trained):,} training images"
            )
            yield finding("series", collection, number, reason, group=int(group[0]), others=trained[:8])


def _series_sentence(collection, series, across):
    groups = groups_of(series)
    names = some([f"{series_name(collection.files[group[0]])}*" for group in groups], 3)
    leaking = f"{across:,} validation and test images belong to a series that also has training images"
    return (
        f"By their names, {sum(map(len, groups)):,} images form {len(groups):,} series ({names}), and those of a "
        f"series look alike: {leaking if across else 'each series lies in one split, as it should'}."
    )
