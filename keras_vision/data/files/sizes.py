"""Which size all images of a data set get where none is asked for: decided from headers, before a pixel is decoded."""

import collections
import statistics

_LARGEST_KEPT = 96
_NEARLY_ALL = 0.9
_STEPS = (64, 48, 32, 24, 16, 8)


def choose_size(sizes):
    """Returns the size that images of these sizes get, and the sentence that says so; None where nothing is changed.

    Where nine in ten have one size of at most 96 pixels, it is this one. Else all become squares, of the largest of
    64, 48, 32, 24, 16 and 8 pixels that is no larger than the median of their shorter sides.

    Args:
        sizes: (height, width) of each image.

    Example:

    >>> choose_size([(28, 28)] * 20)
    ((28, 28), None)
    >>> choose_size([(480, 640), (640, 480), (3000, 4000)])[0]
    (64, 64)
    """
    counts = collections.Counter(sizes)
    size, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    if max(size) <= _LARGEST_KEPT and count >= _NEARLY_ALL * len(sizes):
        return size, _of_few(len(sizes) - count, len(sizes), size)
    median = int(statistics.median_low([min(size) for size in sizes]))
    side = next((step for step in _STEPS if step <= median), median)
    return (side, side), f"{_seen(counts)}; they are resized to {side}x{side}. --image-size changes that."


def _of_few(changed, total, size):
    if not changed:
        return None
    return f"{changed:,} of {total:,} training images were resized to {size[0]}x{size[1]}, the size of the others."


def _seen(counts):
    if len(counts) == 1:
        ((height, width),) = counts
        return f"The images are {width} pixels wide and {height} high"
    sides = [side for size in counts for side in size]
    return f"The images have {len(counts):,} sizes, with sides from {min(sides):,} to {max(sides):,} pixels"
