"""How claims are judged: by means and intervals, and by what an experiment is allowed to decide."""

import dataclasses
import json
from pathlib import Path

import pytest

from keras_vision.reporting.progress import Progress
from keras_vision.studies.claims import Claim, Judgement, above, below, counts, either, falls, judged, overall, reaches
from keras_vision.studies.job import StudyJob
from keras_vision.studies.plan import Scale, Study
from keras_vision.studies.table import Table


def table_of(columns=None, **accuracies):
    """A table of cases and the accuracies of their seeds, each on 5,000 images; None of a run that diverged."""
    return Table(
        [
            {"case": case, "seed": seed, "val_accuracy": accuracy, "val_n": 5000} | (columns or {}).get(case, {})
            for case, values in accuracies.items()
            for seed, accuracy in enumerate(values)
        ]
    )


def test_a_difference_is_told_with_its_interval():
    found = above("a", "b")(table_of(a=[0.9], b=[0.8]))
    assert (found.held, found.because) == (True, "")
    assert found.numbers == "a: +10.0 points (8.6 to 11.4) against b"


def test_below_is_told_from_its_own_side():
    found = below("b", "a")(table_of(a=[0.9], b=[0.8]))
    assert (found.held, found.numbers) == (True, "b: -10.0 points (-11.4 to -8.6) against a")


def test_an_interval_that_holds_the_border_decides_nothing():
    found = above("a", "b", by=0.1)(table_of(a=[0.9], b=[0.8]))
    assert (found.held, found.because) == (None, "the 95% interval against b holds 10.0 points")


def test_several_intervals_are_named_together():
    found = above("a", "b", "c")(table_of(a=[0.8], b=[0.801], c=[0.799]))
    assert found.because == "the 95% intervals against b and c hold 0"


def test_one_clear_refutation_is_enough_and_says_what_is_lacking():
    found = above("a", "b", "c")(table_of(a=[0.8], b=[0.801], c=[0.9]))
    assert found.held is False
    assert found.lacks == ({"a": pytest.approx(0.1)},)


def test_a_case_that_is_not_there_leaves_a_claim_undecided():
    found = above("a", "b", "c")(table_of(a=[0.9], b=[0.8]))
    assert (found.held, found.because) == (None, "there is no number of c")
    assert above("c", "a")(table_of(a=[0.9])).numbers == ""


def test_a_case_that_diverged_is_below_the_others_and_lacks_infinitely_much():
    table = table_of(a=[None], b=[0.8])
    assert below("a", "b")(table).held is True
    found = above("a", "b")(table)
    assert (found.held, found.lacks) == (False, ({"a": float("inf")},))
    assert found.numbers == "a: against b nothing to compare, since every run of a diverged"


def test_two_cases_that_diverged_are_not_compared():
    assert above("a", "b")(table_of(a=[None], b=[None])).because == "no run of a and b came to its end"


def test_of_a_loss_one_run_decides_nothing():
    table = table_of({"a": {"loss": 1.0}, "b": {"loss": 2.0}}, a=[0.5], b=[0.5])
    assert above("b", "a", column="loss")(table).because == "one run each of b and a does not show how much they vary"


INTERVAL = {"test_low": 0.87, "test_high": 0.89}


@pytest.mark.parametrize(
    ("reached", "held", "because"),
    [
        ({"test_accuracy": 0.91}, True, ""),
        ({"test_accuracy": 0.88, **INTERVAL}, False, ""),
        ({"test_accuracy": 0.899, "test_low": 0.89, "test_high": 0.905}, None, "the 95% interval holds 90.00%"),
        ({}, None, "there is no number of a"),
    ],
)
def test_a_goal_is_missed_only_where_the_interval_is_below_it(reached, held, because):
    found = reaches("a", 0.9)(table_of({"a": reached}, a=[0.9]))
    assert (found.held, found.because) == (held, because)


def test_a_goal_is_told_with_the_interval_of_one_run_or_the_spread_of_several():
    one = reaches("a", 0.8)(table_of({"a": {"test_accuracy": 0.88, **INTERVAL}}, a=[0.9]))
    assert one.numbers == "88.00% (87.00% to 89.00%) with a; claimed: 80.00%"
    assert (
        reaches("a", 0.8, "val_accuracy")(table_of(a=[0.9, 0.92])).numbers == "91.00% ± 1.41% with a; claimed: 80.00%"
    )


def test_of_several_one_that_holds_is_enough_and_all_are_needed_to_refute():
    table = table_of(a=[0.9], b=[0.8])
    high, low, missing = (reaches(case, goal, "val_accuracy") for case, goal in (("a", 0.85), ("b", 0.85), ("c", 0.1)))
    assert either(low, high)(table).held is True
    refuted = either(low, reaches("a", 0.95, "val_accuracy"))(table)
    assert (refuted.held, refuted.lacks) == (False, ({"b": pytest.approx(0.05)}, {"a": pytest.approx(0.05)}))
    assert (either(low, missing)(table).held, either(low, missing)(table).because) == (None, "there is no number of c")


def test_a_loss_is_to_be_lower():
    table = table_of({"a": {"loss": 0.5}}, a=[0.9])
    assert reaches("a", 0.67, "loss", lowest=True)(table).held is True
    assert reaches("a", 0.4, "loss", lowest=True)(table).held is False


def test_numbers_that_fall_do_so_from_each_case_to_the_next():
    table = table_of({"a": {"time": 3}, "b": {"time": 2}, "c": {"time": 2}}, a=[0.9], b=[0.9], c=[0.9])
    assert falls("time", ("a", "b"), "seconds:")(table) == Judgement(True, "seconds: 3 with a, 2 with b")
    assert falls("time", ("a", "b", "c"), "seconds:")(table).held is False


def test_counts_are_as_reported_but_for_what_was_rounded():
    table = table_of({"a": {"parameters": 618}}, a=[0.9])
    assert counts({"a": 600}, about=0.05)(table) == Judgement(True, "618 for the claimed 600")
    assert counts({"a": 600})(table).held is False


def study_of(*claims, dataset="cifar10"):
    return Study(
        question="Which?",
        reported="a.",
        varied="it",
        held_fixed="the rest",
        scales=dict.fromkeys(("smoke", "quick", "full"), Scale()),
        answer=lambda table: "So.",
        claims=claims,
        dataset=dataset,
    )


def verdict(claim, scale="full", dataset=None, of="cifar10", lost=()):
    """(held, because) of a claim in a study at a scale, on its own images or on others."""
    job = StudyJob("tiny", study_of(claim, dataset=of), scale, 1, dataset, None, Path(), "float32", Progress(), "")
    (found,) = judged(job, table_of(a=[0.9]), lost)
    return found["held"], found["because"]


def saying(held):
    return Claim("So it is", lambda table: Judgement(held, "1"))


SMALLER, OTHERS = "the experiment is smaller than the source's", "the images are not those of the source"


@pytest.mark.parametrize("held", [True, False])
def test_what_an_experiment_may_decide_depends_on_its_size_and_its_images(held):
    assert verdict(saying(held)) == (held, "")
    assert verdict(saying(held), "quick") == ((True, "") if held else (None, SMALLER))
    assert verdict(saying(held), dataset="digits") == (None, OTHERS)
    assert verdict(saying(held), "quick", of=None) == (held, "")  # without images nothing is smaller


def test_a_claim_about_size_is_not_confirmed_by_a_smaller_experiment():
    assert verdict(dataclasses.replace(saying(True), is_of_networks=True), "quick") == (None, SMALLER)


def test_what_algebra_decides_holds_at_any_size_and_on_any_images():
    assert verdict(dataclasses.replace(saying(False), reason="By algebra."), "quick", "digits") == (False, "")


def test_nothing_is_decided_where_a_case_has_diverged():
    assert verdict(saying(True), lost=["a"]) == (None, "every run of a diverged")


def test_the_verdict_on_a_source_is_that_of_its_own_claims():
    theirs, ours = {"held": True, "ours": False}, {"held": False, "ours": True}
    assert overall([theirs, ours]) is True
    assert overall([ours]) is False
    assert overall([theirs, theirs | {"held": None}]) is None


def after_fewer_epochs(folder, accuracies, judge, **claim):
    """(held, because, numbers) of a claim about a and b, where the source has three times as many epochs."""
    for case, epochs in accuracies.items():
        path = folder / "runs" / case / "metrics.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps({"val_accuracy": accuracy}) + "\n" for accuracy in epochs))
    rows = [
        {"case": case, "seed": 0, "run": case, "val_accuracy": max(epochs), "val_n": 5000}
        for case, epochs in accuracies.items()
    ]
    study = study_of(Claim("So it is", judge, **claim))
    study = dataclasses.replace(study, scales={"source": Scale(shortened=3), "full": Scale()})
    job = StudyJob("tiny", study, "source", 1, None, None, folder, "float32", Progress(), "")
    (found,) = judged(job, Table(rows, "source", folder))
    return found["held"], found["because"], found["numbers"]


ENDED, RISING = [0.5, 0.6, 0.61], [0.3, 0.4, 0.61]


def test_fewer_epochs_refute_where_the_end_of_the_curve_says_that_more_would_not_help(tmp_path):
    held, because, numbers = after_fewer_epochs(tmp_path, {"a": ENDED, "b": [0.8]}, above("a", "b"))
    assert (held, because) == (False, "")
    assert numbers.endswith("; a gained 1.0 points in the last third of its epochs")


def test_fewer_epochs_do_not_refute_what_still_rises(tmp_path):
    held, because, _ = after_fewer_epochs(tmp_path, {"a": RISING, "b": [0.8]}, above("a", "b"))
    assert (held, because) == (None, "the source has 3 times as many epochs")


def test_fewer_epochs_do_not_refute_where_one_of_several_still_rises(tmp_path):
    judge = either(*(reaches(case, 0.8, "val_accuracy") for case in ("a", "b")))
    assert after_fewer_epochs(tmp_path / "1", {"a": ENDED, "b": RISING}, judge)[0] is None
    assert after_fewer_epochs(tmp_path / "2", {"a": ENDED, "b": ENDED}, judge)[0] is False


def test_fewer_epochs_confirm(tmp_path):
    assert after_fewer_epochs(tmp_path, {"a": RISING, "b": [0.8]}, above("b", "a"))[0] is True


def test_fewer_epochs_decide_what_is_about_the_networks_alone(tmp_path):
    rows = {"a": ENDED}
    assert after_fewer_epochs(tmp_path / "1", rows, lambda table: Judgement(False, "1"))[0] is None
    assert (
        after_fewer_epochs(tmp_path / "2", rows, lambda table: Judgement(False, "1"), is_of_networks=True)[0] is False
    )
