"""What a table says of differences: means, intervals, goals."""

import pytest
from scipy.stats import ttest_ind

from keras_vision.reporting.progress import cell
from keras_vision.studies.plan import all_of
from keras_vision.studies.table import Table, listed, number, percent


def table_of(**accuracies):
    """A table of cases and the accuracies of their seeds, each on 5,000 images."""
    return Table(
        [
            {"case": case, "seed": seed, "val_accuracy": accuracy, "val_n": 5000}
            for case, values in accuracies.items()
            for seed, accuracy in enumerate(values)
        ]
    )


def test_means_and_deviations_are_over_seeds():
    table = table_of(a=[0.8, 0.9], b=[0.7])
    assert table.mean("a", "val_accuracy") == pytest.approx(0.85)
    assert table.deviation("a", "val_accuracy") == pytest.approx(0.0707, abs=1e-4)
    assert table.deviation("b", "val_accuracy") is None
    assert (table.cases, table.seeds, table.best()) == (["a", "b"], [0, 1], "a")


def test_a_clear_difference_is_one_and_a_small_one_is_not():
    table = table_of(a=[0.90, 0.91, 0.92], b=[0.80, 0.81, 0.79], c=[0.905, 0.912, 0.911])
    assert table.above("a", "b") is True
    assert table.above("b", "a") is False
    assert table.above("a", "c") is None
    assert table.above("a", "b", by=0.2) is False


def test_the_interval_is_welchs():
    values = {"a": [1.0, 2.0, 3.0], "b": [1.5, 1.6, 1.7]}
    rows = [{"case": case, "seed": s, "loss": loss} for case, losses in values.items() for s, loss in enumerate(losses)]
    found = Table(rows).difference("a", "b", "loss")
    expected = ttest_ind(values["a"], values["b"], equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_one_seed_is_judged_by_the_number_of_images():
    table = table_of(a=[0.9], b=[0.89], c=[0.8])
    assert table.above("a", "c") is True
    assert table.above("a", "b") is None


def test_equal_runs_still_vary_as_draws_do():
    found = table_of(a=[0.9, 0.9], b=[0.9, 0.9]).difference("a", "b")
    assert found.low < -0.005 < 0.005 < found.high


def test_of_a_loss_one_seed_says_nothing():
    table = Table([{"case": case, "seed": 0, "loss": loss} for case, loss in {"a": 1.0, "b": 2.0}.items()])
    assert table.above("b", "a", "loss") is None


def test_a_case_that_diverged_is_below_all_others():
    table = Table([{"case": "a", "seed": 0, "val_accuracy": 0.1, "val_n": 100}, {"case": "b", "seed": 0}])
    assert table.above("a", "b") is True
    assert table.above("b", "a") is False
    assert table.above("b", "b") is None


def test_a_goal_is_reached_by_the_mean():
    assert table_of(a=[0.8, 1.0]).reaches("a", 0.9) is True
    assert table_of(a=[0.8]).reaches("a", 0.9) is False
    assert table_of(a=[0.8]).reaches("a", 0.9, lowest=True) is True


def test_the_csv_has_one_row_for_each_case_and_seed_and_no_lists():
    rows = [{"case": "a", "seed": 0, "x": 1, "gradients": [1, 2]}, {"case": "a", "seed": 1, "x": 2, "late": 3}]
    assert Table(rows).as_csv().splitlines() == ["case,seed,x,late", "a,0,1,", "a,1,2,3"]


@pytest.mark.parametrize(
    ("verdicts", "together"), [([True, True], True), ([True, None], None), ([None, False], False), ([], True)]
)
def test_verdicts_are_taken_together(verdicts, together):
    assert all_of(verdicts) is together


def test_words():
    assert (percent(0.9123), percent(None), number(2_188_298.0), number(0.0123)) == (
        "91.2%",
        "no number",
        "2,188,298",
        "0.0123",
    )
    assert (listed(["a"]), listed(["a", "b", "c"]), cell((16, 32))) == ("a", "a, b and c", "16-32")
