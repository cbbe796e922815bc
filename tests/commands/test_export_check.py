"""How many answers an artifact may lose."""

import numpy as np
import pytest

from keras_vision.commands.export_check import accuracy, judge, latency, loss
from keras_vision.errors import KerasVisionError


def answers(right):
    """Probabilities of two classes that are right for label 0 where `right` says so."""
    return np.eye(2)[(~np.asarray(right, bool)).astype(int)]


def findings(lost, n=2000):
    """What a check finds where `lost` of n answers that were right are wrong."""
    labels = np.zeros(n, "int64")
    before, after = answers(np.ones(n)), answers(np.arange(n) >= lost)
    return {
        "images": n,
        "source": "images",
        "accuracy": accuracy(after, labels),
        "float32_accuracy": accuracy(before, labels),
        "lost": loss(before, after, labels),
    }


def test_a_loss_of_one_point_is_let_through_and_said_with_its_interval():
    assert judge("onnx", findings(20), "int8") == (
        "accuracy at most 1% of the images below that of float32 (1.00%, 95% interval 0.55% to 1.45%)"
    )


def test_a_loss_of_one_image_more_is_not():
    with pytest.raises(KerasVisionError, match=r"loses more than 1% of them \(1\.05%, 95% interval .*was not kept"):
        judge("onnx", findings(21), "int8")


def test_answers_that_change_from_wrong_to_right_count_against_the_loss_and_widen_its_interval():
    before, after = np.ones(100), np.ones(100)
    after[:10] = before[10:15] = 0
    found = loss(answers(before), answers(after), np.zeros(100, "int64"))
    middle, half = 5 / 102, 1.96 * np.sqrt((16 - 5**2 / 102) / 102**2)
    assert (found["accuracy"], found["n"]) == (0.05, 100)
    assert found["interval"] == [round(middle - half, 4), round(middle + half, 4)]


def test_answers_that_are_all_alike_still_leave_some_doubt():
    assert findings(0, n=160)["lost"]["interval"] == pytest.approx([-0.0121, 0.0121])


def test_latency_is_that_of_whole_batches_after_a_first_call():
    shapes = []
    assert latency(lambda pixels: shapes.append(pixels.shape), np.zeros((3, 8, 8, 1), "uint8"), batch=5, seconds=0) >= 0
    assert shapes == [(5, 8, 8, 1)] * 6
