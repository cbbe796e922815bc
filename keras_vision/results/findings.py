"""Results of what looks at models and data: measurements, audits, descriptions, exports, the machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from keras_vision.results.pictures import Pictures
from keras_vision.results.result import Result
from keras_vision.results.rows import plain, rows_in


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class EvaluateResult(Result):
    """What images gave when a model was measured on them. Its table has a row for each class.

    Args:
        dataset: Which images.
        split: Which of them: test, validation or all.
        n: How many.
        accuracy: The share that is classified correctly.
        interval: What the accuracy on all such images is, from and to, with 95% confidence.
        balanced_accuracy: The mean of the classes' shares.
        crossentropy: The mean negative logarithm of the true class's probability.
        calibration_error: How far the model's confidence is from how often it is right, on average.
        warnings: What to know of the images, as sentences.
    """

    dataset: str | None = None
    split: str | None = None
    n: int | None = None
    accuracy: float | None = None
    interval: list[float] | None = None
    balanced_accuracy: float | None = None
    crossentropy: float | None = None
    calibration_error: float | None = None
    warnings: list[str] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each class: its images, precision, recall and more."""
        return [plain(one) for one in self["classes"]]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class AuditResult(Result):
    """What is odd about images and labels. Its table has a row for each finding; its figures are contact sheets.

    Args:
        dataset: Which images.
        images: How many.
        findings: Kind of finding -> images, left_out, examples.
        sentences: What concerns all images.
        labels: How labels were judged.
        clean: The table of the images that are left: path, images, left_out, lost; None where none was asked for.
    """

    dataset: str | None = None
    images: int | None = None
    findings: dict[str, Any] | None = None
    sentences: list[str] | None = None
    labels: str | None = None
    clean: dict[str, Any] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each image with a finding."""
        return rows_in(Path(self["list"]))

    @property
    def figures(self) -> Pictures:
        """The contact sheets, by name."""
        return Pictures.at(self["sheets"])


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DescribeResult(Result):
    """What a network is. Its table has a row for each layer.

    Args:
        model: Its name.
        input_shape: (height, width, channels) of the images that it takes.
        totals: Parameters, MACs, FLOPs and memory of the whole.
        findings: What is odd about its wiring, with `check`.
        exit_code: 0, or with `check` 1 where there is a finding.
    """

    model: str | None = None
    input_shape: tuple[int, ...] | None = None
    totals: dict[str, Any] | None = None
    findings: list[dict[str, Any]] | None = None
    exit_code: int = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each layer: its shape, its costs, and what it sees of the image."""
        fields = [(one, one.get("receptive_field") or {}) for one in self["layers"]]
        return [
            {name: value for name, value in one.items() if name != "receptive_field"} | {"sees": field.get("text")}
            for one, field in fields
        ]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ExportResult(Result):
    """What was written for use elsewhere. Its table has a row for each format.

    Args:
        class_names: The names of the classes, in the order of the outputs.
        exports: For each format its path, its size, and how it compares with the model.
    """

    class_names: list[str] | None = None
    exports: list[dict[str, Any]] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each format."""
        return [plain(one) for one in self["exports"]]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DoctorResult(Result):
    """Whether this machine is ready. Its table has a row for each thing that was looked at.

    Args:
        command: The command that it should be ready for.
        findings: Dicts of status ("ok", "warning", "fault"), subject and text.
        exit_code: 0, or 1 where that command would fail.
    """

    command: str | None = None
    findings: list[dict[str, str]] | None = None
    exit_code: int = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each thing that was looked at."""
        return [dict(one) for one in self["findings"]]
