"""Grid search: every combination of the space, in order, from the defaults on."""

from keras_tuner.oracles import GridSearchOracle

from keras_vision.search.tuning import Quiet, oracle_arguments, tuned


class Grid(Quiet, GridSearchOracle):
    """Keras Tuner's grid oracle. It need not wait for the end of a trial: none adds to the space."""

    def populate_space(self, trial_id):
        """Returns what to try next, as Keras Tuner's does, and has the combination after it follow at once."""
        response = super().populate_space(trial_id)
        if response["status"] == "RUNNING":
            self._populate_next.append(trial_id)
        return response


def make_oracle(hyperparameters, seed, max_epochs=None):
    """Returns the oracle; `max_epochs` means nothing to it."""
    return Grid(max_trials=None, **oracle_arguments(hyperparameters, seed))


make = tuned(make_oracle)
