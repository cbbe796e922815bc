import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from keras_vision.search.space import Space
from keras_vision.search.strategies.random import make_oracle
from keras_vision.search.tuning import Tuning
from keras_vision.training.recipe import recipe_for


@pytest.fixture
def asked(monkeypatch):
    """A function that asks an oracle which calls another function on the way, and adds `numpy` to what it proposes."""

    def ask(on_the_way):
        oracle = make_oracle(Space("vgg", recipe_for("vgg")).hyperparameters, 0)
        create = oracle.create_trial

        def create_trial(tuner):
            on_the_way()
            proposal = create(tuner)
            proposal.hyperparameters.values["numpy"] = np.int64(3)
            return proposal

        monkeypatch.setattr(oracle, "create_trial", create_trial)
        return Tuning(oracle).ask()

    return ask


def test_a_fit_of_the_gaussian_process_that_could_be_finer_is_not_reported(asked):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        asked(lambda: warnings.warn("lbfgs failed to converge", ConvergenceWarning, stacklevel=2))
        warnings.warn("after the question", ConvergenceWarning, stacklevel=2)
    assert [str(one.message) for one in heard if one.category is ConvergenceWarning] == ["after the question"]


def test_other_warnings_of_an_oracle_are_reported(asked):
    with pytest.warns(UserWarning, match="something else"):
        asked(lambda: warnings.warn("something else", UserWarning, stacklevel=2))


def test_numpy_numbers_of_an_oracle_become_pythons_own(asked):
    assert type(asked(lambda: None)["numpy"]) is int
