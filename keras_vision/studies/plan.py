"""What a study is: a question and where it comes from, the networks that answer it, and how large it is run."""

import dataclasses
from collections.abc import Callable

SCALES = ("smoke", "quick", "full")

# As the reports trained: a constant rate, and nothing done to the images or the labels. Where a report says Adam with
# decay, this is AdamW: the decay acts on the weights directly (Loshchilov & Hutter 2019).
PLAIN = {
    "optimizer": "adamw",
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "batch_size": 128,
    "label_smoothing": 0.0,
    "warmup_epochs": 0.0,
    "schedule": "constant",
    "flip": "none",
    "shift": 0,
}
PLAIN_WORDS = "AdamW at a constant rate of 0.001, batches of 128, no decay, no augmentation, no label smoothing"


@dataclasses.dataclass(frozen=True)
class Case:
    """One network and how it is trained; it is trained once for each seed.

    Args:
        name: What tables and figures call it.
        model: A name in `MODELS`, whose recipe is the default.
        settings: The builder's keywords, over those of the scale.
        recipe: Fields of `Recipe`, over those of the scale.
        builder: As in `train`: builds a network that `MODELS` does not have.
        dataset: In the place of the study's.
        views: Of each test image, as in `train`.
        group: Cases of one group share a figure of curves.
    """

    name: str
    model: str
    settings: dict = dataclasses.field(default_factory=dict)
    recipe: dict = dataclasses.field(default_factory=dict)
    builder: Callable | None = None
    dataset: str | None = None
    views: int = 1
    group: str = ""


@dataclasses.dataclass(frozen=True)
class Scale:
    """How large a study is run.

    Args:
        recipe: Fields of `Recipe` that all cases share.
        settings: The builder's keywords that all cases share.
        dataset: In the place of the study's and of the cases'.
        seeds: The most seeds that are worth it; None for as many as were asked for.
        note: What is smaller than in the source, as a sentence of the report.
    """

    recipe: dict = dataclasses.field(default_factory=dict)
    settings: dict = dataclasses.field(default_factory=dict)
    dataset: str | None = None
    seeds: int | None = None
    note: str = ""


SMOKE = "Tiny networks, for one epoch: this only shows that the study runs."


def smoke(settings=None, **recipe):
    """Returns the scale of the tests: seconds, on images that need no download.

    Args:
        settings: The builder's keywords that all cases share.
        **recipe: Fields of `Recipe`, over `PLAIN` for one epoch.
    """
    return Scale(PLAIN | {"epochs": 1} | recipe, settings or {}, dataset="digits", seeds=1, note=SMOKE)


@dataclasses.dataclass(frozen=True)
class Study:
    """One experiment of a report, to be run again; its name and its source stand in `STUDIES`.

    Args:
        question: In one sentence.
        reported: What the source reported, with its numbers.
        varied: What differs from case to case.
        held_fixed: What does not.
        scales: Scale name -> `Scale`.
        cases: Function of a scale's name -> list of `Case`; unused with `conduct`.
        answer: Function of a `Table` -> (two sentences made from its numbers, whether the source's claim held: True,
            False, or None where these numbers do not decide it).
        dataset: The data set by default; None for a study that trains nothing.
        measure: Function (run, model, data) -> dict of more columns, for each finished run: its `Run`, its best model
            in float32 and its `Dataset`. Numbers go into table.csv, lists only to the figures.
        columns: More columns of the report: name -> heading.
        figures: Functions of a `Table` -> dict of figures, beside the curves.
        conduct: Function of a `Job` -> list of rows; for a study that is no comparison of trainings.
        by_case: Whether a report is worth having after each case, and not only after each seed: of long trainings.
        may_diverge: Whether `answer` knows what to say of a case of which no run came to its end.
        is_tested: Whether the report shows the test split, which each run opens once, at its end.
        background: A paragraph of the report, where numbers need an explanation.
    """

    question: str
    reported: str
    varied: str
    held_fixed: str
    scales: dict
    answer: Callable
    cases: Callable | None = None
    dataset: str | None = "cifar10"
    measure: Callable | None = None
    columns: dict = dataclasses.field(default_factory=dict)
    figures: tuple = ()
    conduct: Callable | None = None
    by_case: bool = False
    may_diverge: bool = False
    is_tested: bool = False
    background: str = ""

    def takes_dataset(self, scale):
        """Returns whether another data set can take the place of the study's own: not where its cases name theirs."""
        cases = self.cases(scale) if self.cases else []
        return self.dataset is not None and not any(case.dataset for case in cases)


def all_of(verdicts):
    """Returns True if all verdicts are, False if any is False, else None.

    Example:

    >>> all_of([True, None]), all_of([None, False])
    (None, False)
    """
    verdicts = list(verdicts)
    return False if False in verdicts else None if None in verdicts else True
