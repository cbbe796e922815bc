"""Claims: what a source says, sentence by sentence, and the judges that decide each by the numbers of a table."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable

from keras_vision.studies.plan import all_of
from keras_vision.studies.table import CONFIDENCE, is_share, listed, number, percent, points


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What numbers say of a claim.

    Args:
        held: True, False, or None where they do not decide it.
        numbers: Those that say so, in words.
        because: Why they do not decide it, as the end of a sentence; "" where they do.
        lacks: Where it did not hold, dicts of case -> how much accuracy it lacks; the claim would hold if the cases of
            one of them lacked nothing.
    """

    held: bool | None
    numbers: str
    because: str = ""
    lacks: tuple = ()


@dataclasses.dataclass(frozen=True)
class Claim:
    """One sentence of a source, and what decides it.

    Args:
        sentence: What is claimed, without a full stop.
        judge: Function of a `Table` -> `Judgement`.
        reason: Why algebra or counting decides it, on any images and of any size of the experiment, as a sentence; ""
            where the numbers alone do.
        is_of_networks: Whether it is about the networks and not about what they learn: smaller ones decide nothing, and
            how long they are trained does not matter.
        is_ours: Whether the source does not make it: its verdict is not on the source.
    """

    sentence: str
    judge: Callable
    reason: str = ""
    is_of_networks: bool = False
    is_ours: bool = False


def above(case, *others, by=0.0, column="val_accuracy"):
    """Returns the judge of: a case is more than `by` above each of the others, by their means."""
    return functools.partial(_compared, case=case, others=others, by=by, column=column)


def below(case, *others, by=0.0, column="val_accuracy"):
    """Returns the judge of: a case is more than `by` below each of the others, by their means."""
    return functools.partial(_compared, case=case, others=others, by=by, column=column, is_below=True)


def _compared(table, case, others, by, column, is_below=False):
    missing = [one for one in (case, *others) if one not in table.cases]
    there = [] if case in missing else [other for other in others if other not in missing]
    pairs = {other: (other, case) if is_below else (case, other) for other in there}
    verdicts = {other: table.above(*pair, column, by) for other, pair in pairs.items()}
    held = all_of([*verdicts.values(), *(None for _ in missing)])
    doubtful = [other for other in there if verdicts[other] is None]
    doubts = [*_doubts(table, case, doubtful, column, by), *map(no_number_of, missing)]
    return Judgement(
        held,
        f"{case}: {'; '.join(_against(table, case, other, column) for other in there)}" if there else "",
        "" if held is not None else " and ".join(doubts),
        _lacking(table, [pairs[other] for other in there if verdicts[other] is False], column, by),
    )


def apart(table, a, b, column="val_accuracy"):
    """Returns in words by how much case a differs from case b, with the interval."""
    return f"{a}: {_against(table, a, b, column)}"


def _against(table, a, b, column):
    lost = [case for case in (a, b) if not table.values(case, column)]
    if lost:
        return f"against {b} nothing to compare, since every run of {listed(lost)} diverged"
    return f"{with_interval(table.difference(a, b, column), is_share(column))} against {b}"


def with_interval(found, in_points=True):
    """Returns a `Difference` as words: in points, where it is one of shares."""
    words = points if in_points else number
    if found.low is None:
        return words(found.mean)
    borders = [f"{100 * border:.1f}" if in_points else number(border) for border in (found.low, found.high)]
    return f"{words(found.mean)} ({' to '.join(borders)})"


def _doubts(table, case, others, column, by):
    """Yields why it is not decided whether a case is above or below others."""
    if lost := [other for other in others if not table.values(other, column)]:
        yield f"no run of {listed([case, *lost])} came to its end"
    compared = [other for other in others if other not in lost]
    if unknown := [other for other in compared if table.difference(case, other, column).low is None]:
        yield f"one run each of {listed([case, *unknown])} does not show how much they vary"
    if close := [other for other in compared if other not in unknown]:
        border = points(by).removeprefix("+") if by and is_share(column) else number(by)
        several = len(close) > 1
        yield f"the {CONFIDENCE:.0%} interval{'s' * several} against {listed(close)} hold{'s' * (not several)} {border}"


def _lacking(table, pairs, column, by):
    """Returns how much accuracy the first case of each pair lacks at most: infinitely much where it has no number."""
    lacks = {}
    for a, b in pairs if is_share(column) else ():
        short = by - table.difference(a, b, column).mean if table.values(a, column) else math.inf
        lacks[a] = max(short, lacks.get(a, short))
    return (lacks,) if lacks else ()


def no_number_of(case):
    """Returns why a claim about a case is not decided that a table has no number of."""
    return f"there is no number of {case}"


def reaches(case, goal, column="test_accuracy", lowest=False):
    """Returns the judge of: the mean of a case is at least a goal, or with `lowest` at most.

    A goal that is missed, but lies within the 95% interval of a run on test images, is not decided.
    """

    def judge(table):
        mean = table.mean(case, column)
        if mean is None:
            return Judgement(None, "", no_number_of(case))
        words, place = (percent, (2,)) if is_share(column) else (number, ())
        numbers = f"{words(mean, *place)}{_spread(table, case, column)} with {case}; claimed: {words(goal, *place)}"
        if table.reaches(case, goal, column, lowest):
            return Judgement(True, numbers)
        if column == "test_accuracy" and (table.mean(case, "test_high") or 0.0) >= goal:
            return Judgement(None, numbers, f"the {CONFIDENCE:.0%} interval holds {percent(goal, 2)}")
        return Judgement(False, numbers, lacks=({case: goal - mean},) if is_share(column) else ())

    return judge


def either(*judges):
    """Returns the judge of: what one of several judges asks holds."""

    def judge(table):
        found = [one(table) for one in judges]
        verdicts = {one.held for one in found}
        held = True if True in verdicts else None if None in verdicts else False
        return Judgement(
            held,
            "; ".join(one.numbers for one in found if one.numbers),
            "" if held is not None else " and ".join(one.because for one in found if one.because),
            tuple(lacks for one in found for lacks in one.lacks),
        )

    return judge


def _spread(table, case, column):
    """Returns how sure a mean is, in words: over seeds, or of one run on test images."""
    deviation = table.deviation(case, column)
    if deviation is not None:
        return f" ± {percent(deviation, 2) if is_share(column) else number(deviation)}"
    low, high = table.mean(case, "test_low"), table.mean(case, "test_high")
    return f" ({percent(low, 2)} to {percent(high, 2)})" if column == "test_accuracy" and low is not None else ""


def falls(column, cases, words):
    """Returns the judge of: from each case to the next the mean of a column falls.

    Args:
        column: Of the table.
        cases: Names, in their order.
        words: What the column is, in words.
    """

    def judge(table):
        means = {case: table.mean(case, column) for case in cases}
        numbers = ", ".join(f"{number(mean)} with {case}" for case, mean in means.items() if mean is not None)
        missing = [case for case, mean in means.items() if mean is None]
        if missing:
            return Judgement(None, numbers, no_number_of(listed(missing)))
        return Judgement(all(a > b for a, b in itertools.pairwise(means.values())), f"{words} {numbers}")

    return judge


def counts(reported, about=0.0):
    """Returns the judge of: cases have as many parameters as reported, case -> number, but for a share of `about`."""

    def judge(table):
        counted = {case: table.mean(case, "parameters") for case in reported}
        missing = [case for case, found in counted.items() if found is None]
        if missing:
            return Judgement(None, "", no_number_of(listed(missing)))
        numbers = listed(f"{number(counted[case])} for the claimed {number(count)}" for case, count in reported.items())
        return Judgement(all(abs(counted[case] - n) <= about * n for case, n in reported.items()), numbers)

    return judge


def judged(job, table, lost=()):
    """Returns what becomes of each claim of a study, as a list of dicts: claim, held, numbers, because, reason, ours.

    Trainings on other images than the source's decide nothing, and smaller ones do not refute a claim: their size may
    be why it does not show. With fewer epochs alone they do, where what is lacking is more than the missing epochs can
    give. What algebra or counting decides does not depend on any of this.

    Args:
        job: The study's `StudyJob`.
        table: Its `Table`.
        lost: Cases without a number that the study cannot do without: then nothing is decided.
    """
    return [_row(claim, _at_scale(job, table, claim, lost)) for claim in job.study.claims]


def _row(claim, found):
    return {
        "claim": claim.sentence,
        "held": found.held,
        "numbers": found.numbers,
        "because": found.because,
        "reason": claim.reason,
        "ours": claim.is_ours,
    }


def _at_scale(job, table, claim, lost):
    if lost:
        return Judgement(None, "", f"every run of {listed(lost)} diverged")
    found = claim.judge(table)
    if claim.reason or not job.study.dataset:
        return found
    if (job.dataset or job.size.dataset or job.study.dataset) != job.study.dataset:
        return _undecided(found, "the images are not those of the source")
    if job.scale == "full" or (found.held and not claim.is_of_networks):
        return found
    if job.size.shortened == 1:
        return _undecided(found, "the experiment is smaller than the source's")
    return found if claim.is_of_networks else _after_fewer_epochs(table, job.size.shortened, found)


def _after_fewer_epochs(table, factor, found):
    """Returns a refutation, if it stands: if a case would still lack accuracy after all epochs of the source.

    An accuracy that grows as the logarithm of the epochs gains, until there are `factor` times as many of them,
    log(factor) / log(3 / 2) times what it gained in their last third, which is less than `factor` times that.
    """
    gains = {case: table.late_gain(case) for lacks in found.lacks for case in lacks}
    told = "".join(
        f"; {case} gained {100 * gain:.1f} points in the last third of its epochs" for case, gain in gains.items()
    )
    found = dataclasses.replace(found, numbers=found.numbers + told)
    stands = [any(short > factor * gains[case] for case, short in lacks.items()) for lacks in found.lacks]
    if found.held is False and stands and all(stands):
        return found
    return _undecided(found, f"the source has {factor} times as many epochs")


def _undecided(found, because):
    reasons = [reason for reason in (found.because, because) if reason]
    return dataclasses.replace(found, held=None, because=" and ".join(reasons))


def overall(claims):
    """Returns the verdict on a source: that of all its claims together, or of ours where it makes none.

    Args:
        claims: As `judged` returns them.
    """
    return all_of(claim["held"] for claim in [one for one in claims if not one["ours"]] or claims)
