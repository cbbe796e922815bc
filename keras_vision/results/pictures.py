"""Pictures that were written, as files that a notebook shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture in a PNG file: a notebook shows it, and `open` and `Path` take it for its path.

    Args:
        path: Where it is.
    """

    path: Path

    def __fspath__(self) -> str:
        return str(self.path)

    def _repr_png_(self) -> bytes:
        return self.path.read_bytes()


class Pictures(Mapping[str, Picture]):
    """Pictures by name; a notebook shows all of them.

    Args:
        pictures: Dict of them.

    Example:

    >>> list(Pictures.at(["figures/reliability.png"]))
    ['reliability']
    """

    def __init__(self, pictures: dict[str, Picture]) -> None:
        self._pictures = pictures

    @classmethod
    def at(cls, paths: Iterable[str | Path]) -> Pictures:
        """Returns the pictures in these files, by the names of the files."""
        return cls({Path(path).stem: Picture(Path(path)) for path in paths})

    @classmethod
    def below(cls, folder: str | Path) -> Pictures:
        """Returns the pictures in a folder, in the order of their names; none where there is no such folder."""
        return cls.at(sorted(Path(folder).glob("*.png")))

    def __getitem__(self, name: str) -> Picture:
        return self._pictures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pictures)

    def __len__(self) -> int:
        return len(self._pictures)

    def __repr__(self) -> str:
        return f"Pictures({', '.join(self)})"

    def _repr_html_(self) -> str:
        from keras_vision.results.html import page  # with jinja2 and pillow, which commands do not need for it

        return page("", {}, [], self)
