"""What `train` and `tune` share: what a metric asks for, and the lines that end a run."""

import pytest

from keras_vision.commands.summary_lines import training_lines
from keras_vision.training.recipe import recipe_for_metric

RESULT = {
    "workdir": "runs/x",
    "metric": "balanced_accuracy",
    "val_score": 0.91,
    "val_accuracy": 0.95,
    "val_balanced_accuracy": 0.91,
    "parameters": 1234,
    "seconds": 5.0,
    "stopped": "target",
    "exit_code": 0,
}


@pytest.mark.parametrize(
    ("metric", "changes", "expected"),
    [
        ("balanced_accuracy", {}, {"class_weight": "balanced"}),
        ("balanced_accuracy", {"class_weight": None}, {"class_weight": "balanced"}),
        ("balanced_accuracy", {"class_weight": "none"}, {"class_weight": "none"}),
        ("accuracy", {"epochs": 3}, {"epochs": 3}),
    ],
)
def test_balanced_accuracy_asks_for_balanced_classes_unless_a_person_set_them(metric, changes, expected):
    assert recipe_for_metric(metric, changes) == expected


@pytest.mark.parametrize(("target", "verdict"), [(0.9, "reached"), (0.92, "not reached")])
def test_the_closing_line_says_what_the_target_is_about(target, verdict):
    first = training_lines(RESULT | {"target_acc": target})[0]
    assert first == (
        f"target balanced accuracy {target:g} {verdict}: validation balanced accuracy 0.9100 (accuracy 0.9500) "
        "with 1,234 parameters, in 5 s of training"
    )


def test_the_line_of_an_earlier_run_without_a_choice_of_metric_is_about_accuracy():
    old = {
        name: value for name, value in RESULT.items() if name not in ("metric", "val_score", "val_balanced_accuracy")
    }
    assert training_lines(old | {"target_acc": 0.9})[0].startswith(
        "target 0.9 reached: validation accuracy 0.9500 with"
    )


def test_a_training_that_ended_before_its_last_epoch_says_why():
    lines = training_lines(RESULT | {"target_acc": None, "stopped": "settled", "epochs_run": 7})
    assert any("ended after 7 epochs, because nothing was left to learn. With --patience 0" in line for line in lines)
