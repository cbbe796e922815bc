"""The numbers that `evaluate` prints, against numbers worked out by hand."""

import numpy as np
import pytest

from keras_vision.errors import KerasVisionError
from keras_vision.reporting.score_lines import balance_line, score_line
from keras_vision.training.evaluation import answer, predict_logits, views_of
from keras_vision.training.measures import VIEWS
from keras_vision.training.metrics import (
    balance,
    calibration_error,
    class_areas,
    class_rows,
    details,
    majority_warning,
    share,
)


def logits_for(*probabilities):
    return np.log(np.array(probabilities))


def test_confidence_that_keeps_its_word_has_no_calibration_error():
    probabilities = np.array([[0.75, 0.25]] * 4 + [[0.0, 1.0]] * 2)
    assert calibration_error(probabilities, np.array([0, 0, 0, 1, 1, 1])) == pytest.approx(0)


def test_the_calibration_error_weighs_each_range_by_its_images():
    probabilities = np.array([[0.9, 0.1]] * 3 + [[0.4, 0.6]])  # right: 1 of 3 at 0.9, and 1 of 1 at 0.6
    found = calibration_error(probabilities, np.array([0, 1, 1, 1]))
    assert found == pytest.approx(3 / 4 * (0.9 - 1 / 3) + 1 / 4 * (1 - 0.6))


def test_a_confidence_on_the_border_of_two_ranges_belongs_to_the_lower_one():
    probabilities = np.array([[0.5, 0.5, 0.0], [0.45, 0.3, 0.25]])  # with two ranges: (0, 0.5] and (0.5, 1]
    assert calibration_error(probabilities, np.array([0, 1]), bins=2) == pytest.approx(abs(0.5 - 0.45) / 2)


def test_precision_recall_and_f1_of_each_class():
    cat, dog = class_rows(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), ("cat", "dog"))
    assert (cat["precision"], cat["recall"], cat["f1"]) == pytest.approx((2 / 3, 1, 4 / 5))
    assert (dog["precision"], dog["recall"], dog["f1"]) == pytest.approx((1, 1 / 2, 2 / 3))
    assert (cat["name"], cat["n"], dog["n"]) == ("cat", 2, 2)
    assert dog["interval"] == share(1, 2)["interval"]


def test_what_is_not_defined_is_none_and_not_zero():
    cat, dog, bird = class_rows(np.array([0, 0]), np.array([0, 1]), ("cat", "dog", "bird"))
    assert cat["precision"] == 0.5
    assert (dog["precision"], dog["recall"], dog["f1"]) == (None, 0, 0)
    assert (bird["n"], bird["recall"], bird["interval"]) == (0, None, None)


def test_specificity_is_the_share_of_other_images_that_are_not_taken_for_a_class():
    rows = class_rows(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0]), ("cat", "dog", "bird"))
    assert [row["specificity"] for row in rows] == pytest.approx([2 / 3, 1, 3 / 4])
    (only,) = class_rows(np.array([0]), np.array([0]), ("cat",))
    assert only["specificity"] is None


def test_the_area_is_the_chance_that_an_image_of_a_class_looks_more_like_it():
    random = np.random.default_rng(0)
    probabilities, labels = random.dirichlet(np.ones(3), 60), random.integers(0, 2, 60)
    for number, area in enumerate(class_areas(probabilities, labels)[:2]):
        own, others = (probabilities[(labels == number) == is_own, number] for is_own in (True, False))
        assert area == pytest.approx((own[:, None] > others).mean())
    assert class_areas(probabilities, labels)[2] is None
    areas = class_areas(probabilities, labels)
    found = details(np.log(probabilities), labels, ("cat", "dog", "bird"))
    assert found["auc"] == pytest.approx(np.mean(areas[:2]))
    assert [row["auc"] for row in found["classes"]] == pytest.approx(areas)


def test_the_fifth_of_six_classes_counts_and_the_sixth_does_not():
    logits = np.tile(np.arange(6.0), (4, 1))
    found = details(logits, np.array([5, 1, 0, 0]), tuple("abcdef"))["top5"]
    assert (found["accuracy"], found["n"]) == (0.5, 4)
    assert found["interval"] == share(2, 4)["interval"]


def test_there_is_no_top_5_of_five_classes():
    assert "top5" not in details(np.eye(5), np.arange(5), tuple("abcde"))


def test_details_keep_to_plain_numbers():
    found = details(logits_for([0.9, 0.1], [0.2, 0.8]), np.array([0, 0]), ("cat", "dog"))
    assert {type(value) for row in found["classes"] for value in row.values()} <= {str, int, float, list, type(None)}
    assert type(found["calibration_error"]) is float


class Corner:
    """Answers with the pixel in the upper left corner."""

    name = "corner"

    def predict_on_batch(self, images):
        return images[:, 0, 0].astype("float32")


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        (1, 0),
        (2, (0 + 2) / 2),  # itself and mirrored
        # The image counts a half. Down and right by one pixel, 4 is reflected into the corner, mirrored as well; up and
        # left the corner is 4, too, and mirrored it is the 4 that is reflected in from the left of the border.
        (6, (0 + 2) / 4 + (4 + 4 + 4 + 4) / 8),
    ],
)
def test_views_are_averaged(views, expected):
    images = np.arange(9, dtype="uint8").reshape(1, 3, 3, 1)
    np.testing.assert_allclose(predict_logits(Corner(), images, views=views), [[expected]])


@pytest.mark.parametrize("views", VIEWS)
def test_there_are_as_many_views_as_asked_for_and_their_weights_are_one(views):
    weights, shown = zip(*views_of(np.arange(3 * 6 * 6, dtype="uint8").reshape(3, 6, 6, 1), views), strict=True)
    assert sum(weights) == pytest.approx(1)
    assert len({view.tobytes() for view in shown}) == len(shown) == views
    assert {view.shape for view in shown} == {(3, 6, 6, 1)}


def test_the_line_says_how_many_views_were_averaged():
    result = {"split": "test", "accuracy": 0.5, "n": 2, "dataset": "digits", "interval": [0.1, 0.9], "crossentropy": 1}
    assert "of digits (" in score_line(result | {"views": 1})
    assert "of digits in 6 views (" in score_line(result | {"views": 6})


def test_answers_that_are_not_finite_are_an_error():
    from tests.models.small import small_model
    from tests.synthetic import make_dataset

    data = make_dataset()
    model = small_model("mlp", data.shape, 3)
    model.set_weights([w * np.nan if w.dtype.kind == "f" else w for w in model.get_weights()])
    with pytest.raises(KerasVisionError, match="mlp answers with NaN or infinity"):
        answer(model, data, "validation")


def balance_of(*classes):
    """`balance` of classes "a", "b" ..., each given as (right answers, images)."""
    labels = np.repeat(np.arange(len(classes)), [n for _, n in classes])
    predictions = np.concatenate([np.where(np.arange(n) < right, i, -1) for i, (right, n) in enumerate(classes)])
    return balance(predictions, labels, "abcdef"[: len(classes)])


def test_the_worst_class_is_named_and_classes_without_images_do_not_count():
    found = balance_of((90, 100), (5, 10), (0, 0))
    assert found["balanced_accuracy"] == pytest.approx((0.9 + 0.5) / 2)
    assert found["worst_class"] == {"name": "b", "recall": 0.5, "n": 10}
    assert found["class_sizes"] == [10, 100]


def test_of_equally_bad_classes_the_larger_is_the_worst():
    assert balance_of((1, 2), (4, 8), (9, 9))["worst_class"] == {"name": "b", "recall": 0.5, "n": 8}


def test_the_interval_of_balanced_accuracy_is_price_and_bonetts():
    first, second = (90 + 1) / (100 + 2), (5 + 1) / (10 + 2)
    half = 1.96 / 2 * (first * (1 - first) / 102 + second * (1 - second) / 12) ** 0.5
    middle = (first + second) / 2
    assert balance_of((90, 100), (5, 10))["balanced_interval"] == pytest.approx(
        [middle - half, middle + half], abs=1e-4
    )


def test_the_interval_of_balanced_accuracy_covers_it_19_times_in_20():
    random, recalls, n = np.random.default_rng(0), np.array([0.95, 0.7, 0.5]), (200, 40, 15)
    drawn = (balance_of(*zip(random.binomial(n, recalls), n, strict=True))["balanced_interval"] for _ in range(500))
    assert 0.92 < np.mean([low <= recalls.mean() <= high for low, high in drawn]) < 0.98


@pytest.mark.parametrize(
    ("classes", "is_said"),
    [([(9, 10), (8, 10)], False), ([(9, 10), (14, 16)], True), ([(10, 10), (10, 10), (4, 10)], True)],
)
def test_balanced_accuracy_is_said_where_classes_are_unequal_or_one_is_far_worse(classes, is_said):
    right, n = (sum(column) for column in zip(*classes, strict=True))
    line = balance_line(balance_of(*classes) | {"accuracy": right / n})
    assert bool(line) == is_said
    if len(classes) == 3:
        assert line.endswith("the worst class is 'c', with a recall of 0.40 (n = 10)")


@pytest.mark.parametrize(
    ("target", "metric", "is_warned"),
    [(0.85, "accuracy", True), (0.87, "accuracy", True), (0.9, "accuracy", False), (None, "accuracy", False),
     (0.85, "balanced_accuracy", False)],
)  # fmt: skip
def test_a_target_that_the_largest_class_alone_reaches_is_warned_of(target, metric, is_warned):
    warning = majority_warning(np.array([1] * 87 + [0] * 13), ("ill", "healthy"), target, metric)
    expected = (
        "87% of the validation images are 'healthy': a model that always says so has an accuracy of 0.87. "
        "--metric balanced_accuracy asks for more."
    )
    assert warning == (expected if is_warned else None)


def test_the_line_of_a_whole_data_set_names_no_split():
    result = {"split": "all", "accuracy": 0.5, "n": 2, "dataset": "x", "interval": [0.1, 0.9], "crossentropy": 1}
    assert score_line(result).startswith("accuracy 0.5000 on 2 images, all of x (95% interval")
