"""Results that belong to a run directory: of trainings, searches, reports and studies."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from keras_vision.results.pictures import Pictures
from keras_vision.results.result import Result
from keras_vision.results.rows import plain, rows_in
from keras_vision.runs import Run, load_model

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RunResult(Result):
    """What a run gave.

    Args:
        workdir: The run directory.
    """

    workdir: str = ""

    @property
    def run(self) -> Run:
        """The run directory, with the paths of what is in it."""
        return Run(self.workdir)

    @functools.cached_property
    def model(self) -> keras.Model:
        """The trained model, loaded when it is first asked for; it takes raw pixels, 0 to 255, and returns logits.

        Raises:
            BadInput: The run saved none.
        """
        return load_model(self.workdir)

    @property
    def figures(self) -> Pictures:
        """The pictures in the run directory, by name."""
        return Pictures.below(self.run.figures) if self.workdir else Pictures({})

    def facts(self) -> dict[str, Any]:
        """Returns the fields that are known, and the accuracy on the test images where these were opened."""
        test = self.get("test")
        return super().facts() | ({"test_accuracy": test["accuracy"]} if test else {})


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TrainResult(RunResult):
    """What a training gave. Its table has a row for each epoch, or for each fold of a cross-validation.

    Args:
        val_accuracy: The share of validation images that the model classifies correctly.
        parameters: How many numbers the exported model needs.
        test: What the test images gave: accuracy, n, interval (of 95%) and more; None where they were not opened.
        seconds: How long the training took.
        warnings: What is odd about the images, as sentences.
        page: The page of the run, an HTML file.
        exit_code: 0, 3 where a target was not reached, or 1 where the test images could not be read.
    """

    val_accuracy: float | None = None
    parameters: int | None = None
    test: dict[str, Any] | None = None
    seconds: float | None = None
    warnings: list[str] | None = None
    page: str | None = None
    exit_code: int = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each epoch, or for each fold of a cross-validation."""
        if "folds" in self:
            return [plain(one) for one in self["folds"]]
        return self.run.history


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TuneResult(RunResult):
    """What a search gave. Its table has a row for each trial.

    Args:
        reached: Whether the target was shown to be reached, with 95% confidence; True of a search without one. Where
            the data set brings its validation images, by which the model was also chosen, it was reached on these.
        target_acc: The target.
        val_accuracy: The share of validation images that the best model classifies correctly.
        at_least: The accuracy on new images that was shown, with 95% confidence; None on such a data set.
        parameters: How many numbers the best model needs once it is exported.
        best_values: The settings of the best model.
        trials: How many networks were tried.
        confirmed: What came of training the best network anew: mean, deviation, accuracies.
        test: What the test images gave: accuracy, n, interval (of 95%) and more; None where they were not opened.
        search_seconds: How long all its trainings took together, confirmations too.
        warnings: What is odd about the images, as sentences.
        page: The page of the run, an HTML file.
        exit_code: 0, 3 where the target was not reached, or 1 where the test images could not be read.
    """

    reached: bool | None = None
    target_acc: float | None = None
    val_accuracy: float | None = None
    at_least: float | None = None
    parameters: int | None = None
    best_values: dict[str, Any] | None = None
    trials: int | None = None
    confirmed: dict[str, Any] | None = None
    test: dict[str, Any] | None = None
    search_seconds: float | None = None
    warnings: list[str] | None = None
    page: str | None = None
    exit_code: int = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each trial: its settings, and what came of it."""
        return rows_in(self.run.path / "trials.csv")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ReportResult(RunResult):
    """What an earlier run gave. Its table has a row for each of the best trials, or for each epoch of a training.

    Args:
        dataset: The data set of a search.
        target_acc: The target; None where there is none.
        verdict: What came of the target, as a sentence.
        page: The page of the run, an HTML file.
    """

    dataset: str | None = None
    target_acc: float | None = None
    verdict: str | None = None
    page: str | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each of the best trials of a search, or for each epoch of a training."""
        return [plain(one) for one in self["leaders"]] if "leaders" in self else TrainResult.of(self.record).rows


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class StudyResult(RunResult):
    """What a study gave. Its table has a row for each training; with `all` or `list`, for each study.

    Args:
        study: Its name.
        scale: How large it was run: smoke, quick, source or full.
        answer: What the numbers say, as a sentence.
        held: Whether all of the source's claims held; None where the numbers do not decide it.
        claims: A dict for each claim: claim, held, numbers, because, reason, ours.
        report: The path of the report.
        seconds: How long the trainings took.
        exit_code: 0, or with `all` 1 where a study failed.
    """

    study: str | None = None
    scale: str | None = None
    answer: str | None = None
    held: bool | None = None
    claims: list[dict[str, Any]] | None = None
    report: str | None = None
    seconds: float | None = None
    exit_code: int = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each training of the study; with `all` or `list`, for each study."""
        for several in ("studies", "list"):
            if several in self:
                return [{"study": name} | plain(one) for name, one in self[several].items()]
        return rows_in(self.run.path / "table.csv")
