"""What a study is: a question and where it comes from, the networks that answer it, and how large it is run."""

import dataclasses
from collections.abc import Callable

SCALES = ("smoke", "quick", "source", "full")
VERDICTS = {True: "held", False: "did not hold", None: "not decided"}

# As the reports trained: a constant rate, and nothing done to the images or the labels.
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
# of studies whose source names Adam with a decay, which may mean either
DECAYS = "how the decay acts: on the weights, as AdamW has it, or (at the scales source and full) through the gradient"


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
        shortened: How many times as many epochs the source has, where nothing else is smaller.
    """

    recipe: dict = dataclasses.field(default_factory=dict)
    settings: dict = dataclasses.field(default_factory=dict)
    dataset: str | None = None
    seeds: int | None = None
    note: str = ""
    shortened: int = 1


SMOKE = "Tiny networks, for one epoch: this only shows that the study runs."


def smoke(settings=None, **recipe):
    """Returns the scale of the tests: seconds, on images that need no download.

    Args:
        settings: The builder's keywords that all cases share.
        **recipe: Fields of `Recipe`, over `PLAIN` for one epoch.
    """
    return Scale(PLAIN | {"epochs": 1} | recipe, settings or {}, dataset="digits", seeds=1, note=SMOKE)


def shortened(full, by):
    """Returns the scale `source` of a study whose own epochs would take two cores very long.

    Args:
        full: Its scale `full`.
        by: How many times fewer epochs.
    """
    epochs = full.recipe["epochs"]
    recipe = full.recipe | {"epochs": epochs // by}
    note = f"{epochs // by} epochs, of {epochs}: fewer by a factor of {by}."
    return dataclasses.replace(full, recipe=recipe, shortened=by, note=note)


# of a study that trains nothing
ALL_ALIKE = dict.fromkeys(("smoke", "quick", "full"), Scale())


@dataclasses.dataclass(frozen=True)
class Study:
    """One experiment of a report, to be run again; its name and its source stand in `STUDIES`.

    Args:
        question: In one sentence.
        varied: What differs from case to case.
        held_fixed: What does not.
        scales: Scale name -> `Scale`. Without a row for "source", that is "full".
        reported: What the source reported, with its numbers; "" where the goals are our own.
        cases: Function of a scale's name -> list of `Case`; unused with `conduct`.
        answer: Function of a `Table` -> two sentences made from its numbers.
        claims: Of the source, and of ours, each a `Claim`.
        dataset: The data set by default; None for a study that trains nothing.
        measure: Function (run, model, data) -> dict of more columns, for each finished run: its `Run`, its best model
            in float32 and its `Dataset`. Numbers go into table.csv, lists only to the figures.
        columns: More columns of the report: name -> heading.
        figures: Functions of a `Table` -> dict of figures, beside the curves.
        conduct: Function of a `StudyJob` -> list of rows; for a study that is no comparison of trainings.
        by_case: Whether a report is worth having after each case, and not only after each seed: of long trainings.
        may_diverge: Whether `answer` and the claims know what to say of a case of which no run came to its end.
        is_tested: Whether the report shows the test split, which each run opens once, at its end.
        background: A paragraph of the report, where numbers need an explanation.
    """

    question: str
    varied: str
    held_fixed: str
    scales: dict
    answer: Callable
    claims: tuple
    reported: str = ""
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

    def resolved(self, scale):
        """Returns which scale is meant: "full" for "source", where the source's own epochs are not too many."""
        return scale if scale in self.scales else "full"

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


def tally(verdicts):
    """Returns in words how many verdicts there are of each kind.

    Example:

    >>> tally([True, None, True])
    '2 held, 1 not decided'
    """
    verdicts = list(verdicts)
    return ", ".join(f"{n} {word}" for verdict, word in VERDICTS.items() if (n := verdicts.count(verdict)))


def verdict_words(claim):
    """Returns the verdict on a claim in words, and why it is not decided.

    Args:
        claim: A dict as `keras_vision.studies.claims.judged` returns them.

    Example:

    >>> verdict_words({"held": None, "because": "one run says nothing of it"})
    'not decided, because one run says nothing of it'
    """
    return f"{VERDICTS[claim['held']]}{', because ' * bool(claim['because'])}{claim['because']}"
