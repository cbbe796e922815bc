"""Result: what a front door found, with its table and its figures, for a person at a prompt or in a notebook."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from keras_vision.errors import KerasVisionError
from keras_vision.results.pictures import Pictures

if TYPE_CHECKING:
    import pandas


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Result(Mapping[str, Any]):
    """What a front door found.

    The fields are what people ask for most. As a mapping it holds all that the command prints with `--json`.

    Args:
        record: The whole, as the command prints it.

    Example:

    >>> result = Result.of({"accuracy": 0.9})
    >>> result["accuracy"]
    0.9
    >>> result
    Result(accuracy=0.9)
    """

    record: dict[str, Any]

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """Returns the result that a record holds; what it lacks is None."""
        names = [field.name for field in dataclasses.fields(cls) if field.name != "record"]
        return cls(record, **{name: record[name] for name in names if name in record})

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table as a list of dicts, for which nothing need be installed."""
        return []

    @property
    def table(self) -> pandas.DataFrame:
        """The table as a pandas DataFrame.

        Raises:
            KerasVisionError: pandas is not installed.
        """
        return frame(self.rows)

    @property
    def figures(self) -> Pictures:
        """The pictures that were written, by name."""
        return Pictures.at(self.record.get("figures", ()))

    def __getitem__(self, name: str) -> Any:
        return self.record[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.record)

    def __len__(self) -> int:
        return len(self.record)

    def facts(self) -> dict[str, Any]:
        """Returns the fields that are known, by name, but for those that hold many values."""
        names = [field.name for field in dataclasses.fields(self) if field.name != "record"] or list(self.record)
        known = {name: value for name in names if (value := self.record.get(name)) is not None}
        return {name: value for name, value in known.items() if not isinstance(value, (dict, list))}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in self.facts().items())
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        from keras_vision.results.html import page  # with jinja2 and pillow, which commands do not need for it

        return page(type(self).__name__, self.facts(), self.rows, self.figures)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


def frame(rows: list[dict[str, Any]]) -> pandas.DataFrame:
    """Returns rows as a pandas DataFrame.

    Raises:
        KerasVisionError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise KerasVisionError(
            "A table is a pandas DataFrame, and pandas is not installed. Install it (pip install pandas), or use rows, "
            "the same as a list of dicts."
        ) from None
    return pandas.DataFrame(rows)


def path_of(value: Any) -> Any:
    """Returns what a front door takes in the place of a result: the run directory that it is of.

    Example:

    >>> path_of("runs/tune-vgg-digits")
    'runs/tune-vgg-digits'
    """
    return value["workdir"] if isinstance(value, Result) and "workdir" in value else value
