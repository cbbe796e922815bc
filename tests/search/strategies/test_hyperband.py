import pytest

from keras_vision.search.space import Space
from keras_vision.search.strategies.hyperband import make_oracle
from keras_vision.search.tuning import Tuning
from keras_vision.training.recipe import recipe_for


def test_hyperband_proposes_shorter_trainings_first():
    space = Space("vgg", recipe_for("vgg", epochs=4))
    assert Tuning(make_oracle(space.hyperparameters, 0, max_epochs=4)).ask()["tuner/epochs"] < 4


@pytest.mark.parametrize(
    ("failing", "rounds"),
    [
        ((), [0] * 9 + [1] * 3 + [2]),
        ((0, 4), [0] * 11 + [1] * 3 + [2]),  # the shortest trainings: others are drawn in their place
        ((9,), [0] * 9 + [1] + [0] + [1] * 3 + [2]),  # a longer one: its settings leave with it
        ((12,), [0] * 9 + [1] * 3 + [2] + [0] + [1] + [2]),  # the longest
    ],
)
def test_hyperband_goes_on_to_longer_trainings_after_failures(failing, rounds):
    space = Space("vgg", recipe_for("vgg", epochs=9))
    strategy = Tuning(make_oracle(space.hyperparameters, 0, max_epochs=9))
    asked = []
    for number in range(len(rounds)):
        asked.append(strategy.ask())
        strategy.tell(asked[-1], None if number in failing else 0.5 + 0.01 * number)
    assert [values["tuner/round"] for values in asked] == rounds
    assert asked[-1]["tuner/epochs"] == 9
    assert strategy.ask()["tuner/bracket"] == 1  # the first bracket is done
