"""What ends a training, and in which order of precedence."""

import pytest

from keras_vision.training.aim import Aim
from keras_vision.training.recipe import Recipe

RECIPE = Recipe(epochs=10, patience=0.5)
LEARNED = [{"accuracy": 1.0, "val_accuracy": 0.9}]


def hopeless(history):
    """A judge that gives every training up."""
    return "hopeless"


@pytest.mark.parametrize(
    ("aim", "epochs", "is_late", "reason"),
    [
        (Aim(target_acc=0.9, judge=hopeless), 6, True, "target"),
        (Aim(target_acc=0.9), 10, True, "target"),
        (Aim(target_acc=0.91, judge=hopeless), 6, True, "hopeless"),
        (Aim(), 6, True, "settled"),
        (Aim(), 5, True, "time"),
        (Aim(), 5, False, None),
        (Aim(judge=hopeless), 10, True, None),
        (Aim(judge=hopeless), 0, True, "time"),
    ],
)
def test_the_target_comes_first_and_time_last_and_nothing_ends_what_is_through(aim, epochs, is_late, reason):
    assert aim.stop_reason(LEARNED * epochs, RECIPE, is_late) == reason


@pytest.mark.parametrize("change", [{"accuracy": 0.9}, {"val_accuracy": 0.95}])
def test_a_training_that_still_learns_has_not_settled(change):
    assert Aim().stop_reason([*LEARNED * 5, LEARNED[0] | change], RECIPE) is None


def test_without_patience_a_training_runs_through():
    assert Aim().stop_reason(LEARNED * 9, RECIPE.replace(patience=0)) is None
