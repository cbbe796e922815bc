"""Random search: settings drawn from the whole space, independently of each other (Bergstra & Bengio 2012)."""

from keras_tuner.oracles import RandomSearchOracle

from keras_vision.search.tuning import DefaultsFirst, oracle_arguments, tuned


class Random(DefaultsFirst, RandomSearchOracle):
    """Keras Tuner's random oracle."""


def make_oracle(hyperparameters, seed, max_epochs=None):
    """Returns the oracle; `max_epochs` means nothing to it."""
    return Random(max_trials=None, **oracle_arguments(hyperparameters, seed))


make = tuned(make_oracle)
