"""Answers for images, which come while images are read, and stay."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from keras_vision.results.pictures import Pictures
from keras_vision.results.result import frame

if TYPE_CHECKING:
    import pandas


class Answers(Iterable[dict[str, Any]]):
    """A dict for each image, in order, read when it is asked for, and kept.

    The first image is read at once, so that a mistake is told at once. A loop sees each answer as it comes; a second
    loop sees the same.

    Args:
        answers: Yields them.

    Example:

    >>> answers = Answers({"image": name, "error": "It is no image."} for name in ("a.txt", "b.txt"))
    >>> answers.rows[1]["image"], [one["image"] for one in answers]
    ('b.txt', ['a.txt', 'b.txt'])
    """

    def __init__(self, answers: Iterable[dict[str, Any]]) -> None:
        self._coming = iter(answers)
        self._kept = list(itertools.islice(self._coming, 1))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for place in itertools.count():
            if place == len(self._kept):
                self._kept += itertools.islice(self._coming, 1)
            if place == len(self._kept):
                return
            yield self._kept[place]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each image: its path, the most probable class and its probability; reads all images."""
        return [_row(one) for one in self]

    @property
    def table(self) -> pandas.DataFrame:
        """The same as a pandas DataFrame.

        Raises:
            KerasVisionError: pandas is not installed.
        """
        return frame(self.rows)

    @property
    def figures(self) -> Pictures:
        """The pictures that were drawn, by name; reads all images."""
        return Pictures.at(one["figure"] for one in self if "figure" in one)

    def __repr__(self) -> str:
        shown = ", ".join(f"{one['image']}: {_row(one).get('class', 'no answer')}" for one in self._kept[:3])
        return f"Answers({shown}, ...)"

    def _repr_html_(self) -> str:
        from keras_vision.results.html import page  # with jinja2 and pillow, which commands do not need for it

        return page("Answers", {}, self.rows, self.figures)


def _row(answer: dict[str, Any]) -> dict[str, Any]:
    """Returns an answer as one row: its most probable class beside all that is one value."""
    best = (answer.get("predictions") or [{}])[0]
    rest = {name: value for name, value in answer.items() if name not in ("image", "predictions")}
    return {"image": answer["image"], **best, **rest}
