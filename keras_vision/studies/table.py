"""Table: what a study measured, one row for each case and seed, and what can be said of differences in it."""

import csv
import dataclasses
import io
import json
import math
import statistics
from pathlib import Path

from scipy.stats import t

from keras_vision.runs import Run

CONFIDENCE = 0.95
# Columns that are shares of `val_n` images: chance alone makes them vary.
SHARES = ("val_accuracy",)


@dataclasses.dataclass(frozen=True)
class Difference:
    """A difference of means with its 95% interval; None for bounds that the table cannot give."""

    mean: float
    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True)
class Table:
    """What was measured.

    Args:
        rows: Dicts: case, seed, and what was measured; a run that diverged lacks that.
        scale: The scale's name.
        folder: Where the study is; its runs are where `run_folder` says. None where there are only numbers.

    Example:

    >>> table = Table([{"case": "a", "seed": 0, "val_accuracy": 0.9}, {"case": "a", "seed": 1, "val_accuracy": 0.8}])
    >>> round(table.mean("a", "val_accuracy"), 2)
    0.85
    """

    rows: list
    scale: str = "full"
    folder: Path | None = None

    @property
    def cases(self):
        """Names of the cases, in their order."""
        return list(dict.fromkeys(row["case"] for row in self.rows))

    @property
    def seeds(self):
        """The seeds, in their order."""
        return list(dict.fromkeys(row["seed"] for row in self.rows))

    def of(self, case):
        """Returns the rows of a case."""
        return [row for row in self.rows if row["case"] == case]

    def values(self, case, column):
        """Returns what the runs of a case have in a column."""
        return [row[column] for row in self.of(case) if row.get(column) is not None]

    def mean(self, case, column):
        """Returns the mean over seeds, None where no run has a number."""
        values = self.values(case, column)
        return statistics.fmean(values) if values else None

    def deviation(self, case, column):
        """Returns the standard deviation over seeds (of the sample), None for fewer than two."""
        values = self.values(case, column)
        return statistics.stdev(values) if len(values) > 1 else None

    def percent(self, case, column="val_accuracy", digits=1):
        """Returns a mean share as words."""
        return percent(self.mean(case, column), digits)

    def number(self, case, column):
        """Returns a mean as words."""
        return number(self.mean(case, column))

    def best(self, column="val_accuracy", cases=None, lowest=False):
        """Returns the case with the highest (or lowest) mean."""
        sign = -1 if lowest else 1
        known = [case for case in cases or self.cases if self.values(case, column)]
        return max(known, key=lambda case: sign * self.mean(case, column))

    def difference(self, a, b, column="val_accuracy"):
        """Returns by how much the mean of case a is above that of case b: a `Difference`.

        The interval is Welch's (1947). A share of n images is taken to vary at least as much as n draws do, which is
        all that is known of a single seed.
        """
        spreads = [self._squared_error(case, column) for case in (a, b)]
        mean = self.mean(a, column) - self.mean(b, column)
        if None in spreads:
            return Difference(mean, None, None)
        total = sum(error for error, _ in spreads)
        uncertain = sum(error**2 / freedom for error, freedom in spreads)
        freedom = total**2 / uncertain if uncertain else math.inf
        reach = t.ppf(0.5 + CONFIDENCE / 2, freedom) * math.sqrt(total)
        return Difference(mean, float(mean - reach), float(mean + reach))

    def _squared_error(self, case, column):
        """Returns the squared standard error of a case's mean and its degrees of freedom.

        They are infinite where it is that of draws, which is known. None where one run says nothing of it.
        """
        values = self.values(case, column)
        found = (statistics.variance(values), len(values) - 1) if len(values) > 1 else None
        n = next(iter(self.values(case, "val_n")), None)
        if column in SHARES and n:
            share = statistics.fmean(values)
            found = max(found or (0.0, 0), (share * (1 - share) / n, math.inf))
        return found and (found[0] / len(values), found[1])

    def above(self, a, b, column="val_accuracy", by=0.0):
        """Returns whether case a has a mean more than `by` above that of case b; None where the interval holds `by`.

        A case of which no run came to an end is below all others.
        """
        is_known = [bool(self.values(case, column)) for case in (a, b)]
        if not all(is_known):
            return None if is_known == [False, False] else is_known[0]
        found = self.difference(a, b, column)
        if found.low is None:
            return None
        return True if found.low > by else False if found.high < by else None

    def reaches(self, case, goal, column="val_accuracy", lowest=False):
        """Returns whether a case's mean reaches a goal."""
        mean = self.mean(case, column)
        return mean is not None and (mean <= goal if lowest else mean >= goal)

    def run_folder(self, row):
        """Returns where the run of a row is."""
        return self.folder / "runs" / row["run"]

    def first_model(self, case):
        """Returns where the first run of a case is that has its model file; None if none has, as in a record."""
        folders = [self.run_folder(row) for row in self.of(case) if "diverged" not in row]
        return next((folder for folder in folders if Run(folder).model_path.exists()), None)

    def history(self, row):
        """Returns the epochs of a row's run, as metrics.jsonl has them; none of a run that diverged at once."""
        path = self.run_folder(row) / "metrics.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def late_gain(self, case):
        """Returns how much validation accuracy a case gained in the last third of its epochs, on average over seeds."""
        gains = []
        for row in self.of(case):
            accuracies = [epoch["val_accuracy"] for epoch in self.history(row)]
            if accuracies:
                gains.append(max(accuracies) - max(accuracies[: max(1, 2 * len(accuracies) // 3)]))
        return statistics.fmean(gains) if gains else 0.0

    def as_csv(self):
        """Returns the table as CSV: numbers and words; lists are left out."""
        columns = list(dict.fromkeys(name for row in self.rows for name, value in row.items() if is_plain(value)))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue()


def is_share(column):
    """Whether a column holds shares of images or of activations."""
    return column.endswith(("accuracy", "share"))


def is_plain(value):
    """Whether a value fits a cell."""
    return not isinstance(value, (list, tuple, dict))


def percent(share, digits=1):
    """Returns a share as words.

    Example:

    >>> percent(0.9123)
    '91.2%'
    """
    return "no number" if share is None else f"{100 * share:.{digits}f}%"


def points(share):
    """Returns a change of a share as words, with its sign.

    Example:

    >>> points(0.0521), points(-0.0004)
    ('+5.2 points', '+0.0 points')
    """
    return f"{round(100 * share, 1) + 0.0:+.1f} points"  # + 0.0 makes -0.0 positive


def number(value):
    """Returns a number with three digits, and commas in large ones.

    Example:

    >>> number(1234567.0), number(999.7), number(1.0045), number(3.0)
    ('1,234,567', '1,000', '1.00', '3')
    """
    if value is None:
        return "no number"
    if abs(value) >= 999.5 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:#.3g}".removesuffix(".")


def listed(words):
    """Returns words as people list them.

    Example:

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    words = list(words)
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def markdown(columns, rows):
    """Returns rows of cells as a Markdown table.

    Example:

    >>> print(markdown(["a", "b"], [(1, 2)]), end="")
    | a | b |
    | --- | --- |
    | 1 | 2 |
    """
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in lines)


# scale -> how a network was trained that a source reports
AGAINST = {
    "full": "By the source's recipe, with its decay on the weights,",
    "source": "By the source's recipe, with its decay on the weights and for fewer epochs,",
}


def against(case, reported):
    """Returns the `answer` of a study that trains one network as its source did, for the reported test accuracy."""

    def answer(table):
        """The reported test accuracy, by the reported recipe."""
        how = AGAINST.get(table.scale, "With a smaller network and fewer epochs")
        average = "on average " if len(table.of(case)) > 1 else ""
        return (
            f"{how} the test accuracy is {table.percent(case, 'test_accuracy')}, where the source reported "
            f"{percent(reported)}. During the best epoch by validation ({average}number "
            f"{table.number(case, 'best_epoch')} of {table.number(case, 'epochs')}) "
            f"{table.percent(case, 'train_accuracy')} of the training images were right, and after it "
            f"{table.percent(case)} of the validation images."
        )

    return answer
