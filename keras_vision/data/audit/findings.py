"""Findings: what an audit says of single images, and the table of their kinds."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of finding.

    Args:
        title: What a table calls it, for several images.
        leaves_out: Whether the cleaned table leaves these images out; of copies all that the reason says are too many.
    """

    title: str
    leaves_out: bool


KINDS = {
    "unreadable": Kind("files that cannot be read", True),
    "odd_file": Kind("files of another kind than all others", False),
    "blank": Kind("blank images", True),
    "same_other_class": Kind("the same picture in several classes", True),
    "near_other_class": Kind("nearly the same picture in several classes", False),
    "same_other_split": Kind("the same picture in several splits", True),
    "near_other_split": Kind("nearly the same picture in several splits", True),
    "same": Kind("the same picture again", True),
    "near": Kind("nearly the same picture again", False),
    "series": Kind("images of a series that also has training images", False),
    "outlier": Kind("images unlike all others", False),
    "label": Kind("labels that are probably wrong", True),
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was found about an image.

    Args:
        kind: A name in `KINDS`.
        number: Of the image in its `Collection`; None for a file that could not be read.
        name, split: Of the image.
        class_name: Of the image; "" where it could not be read.
        reason: Why, in words.
        leaves_out: Whether the cleaned table leaves it out.
        group: The same for images that belong together; None for one that stands alone.
        others: Numbers of images to be looked at beside it.
    """

    kind: str
    number: int | None
    name: str
    split: str
    class_name: str
    reason: str
    leaves_out: bool
    group: int | None = None
    others: tuple[int, ...] = ()


def finding(kind, collection, number, reason, *, leaves_out=None, group=None, others=()):
    """Returns a `Finding` about an image of a `Collection`; by default it is left out as its kind says."""
    return Finding(
        kind,
        int(number),
        str(collection.names[number]),
        str(collection.splits[number]),
        collection.class_of(number),
        reason,
        bool(KINDS[kind].leaves_out if leaves_out is None else leaves_out),
        group,
        tuple(int(other) for other in others),
    )
