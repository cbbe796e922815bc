"""Hyperband: successive halving over complete, short training cycles (Li et al. 2018)."""

from keras_tuner.oracles import HyperbandOracle

from keras_vision.search.tuning import DefaultsFirst, oracle_arguments, tuned


class Hyperband(DefaultsFirst, HyperbandOracle):
    """Keras Tuner's Hyperband oracle."""

    def end_trial(self, trial):
        """Closes a trial. Settings that gave no score leave their bracket, and others take their place.

        Keras Tuner counts them on, and no later round begins before as many as it expects have a score.
        """
        super().end_trial(trial)
        if self.trials[trial.trial_id].status == "FAILED":
            self._drop(trial.trial_id)

    def _drop(self, trial_id):
        """Removes a trial from its round, and the shorter ones that led to it from theirs."""
        for bracket in self._brackets:
            for entries in reversed(bracket["rounds"]):
                for entry in [entry for entry in entries if entry["id"] == trial_id]:
                    entries.remove(entry)
                    trial_id = entry["past_id"]


def make_oracle(hyperparameters, seed, max_epochs=None):
    """Returns the oracle; `max_epochs` are those of a full training."""
    arguments = oracle_arguments(hyperparameters, seed)
    return Hyperband(max_epochs=max_epochs, hyperband_iterations=None, **arguments)


make = tuned(make_oracle)
