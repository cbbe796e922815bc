"""Bayesian search: a Gaussian process with an upper confidence bound (Snoek et al. 2012)."""

from keras_tuner.oracles import BayesianOptimizationOracle

from keras_vision.search.tuning import DefaultsFirst, oracle_arguments, tuned

# Random settings before the Gaussian process proposes. Keras Tuner's own number, three for each hyper-parameter, is
# more than most budgets hold.
INITIAL_POINTS = 5


class Bayesian(DefaultsFirst, BayesianOptimizationOracle):
    """Keras Tuner's Bayesian oracle."""


def make_oracle(hyperparameters, seed, max_epochs=None):
    """Returns the oracle; `max_epochs` means nothing to it."""
    return Bayesian(max_trials=None, num_initial_points=INITIAL_POINTS, **oracle_arguments(hyperparameters, seed))


make = tuned(make_oracle)
