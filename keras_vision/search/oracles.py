"""Keras Tuner's oracles, with their traps closed: any seed is honoured, nothing is written, defaults come first."""

import warnings

import keras_tuner
import numpy as np
from keras_tuner import oracles
from sklearn.exceptions import ConvergenceWarning

from keras_vision.errors import check_choice

# Random settings before the Gaussian process proposes. Keras Tuner's own number, three for each hyper-parameter, is
# more than most budgets hold.
INITIAL_POINTS = 5
OBJECTIVE = keras_tuner.Objective("val_accuracy", "max")


class _Quiet:
    """An oracle whose state is what the ledger replays: it writes no files and prints nothing.

    Keras Tuner's own files are written in place and cannot always be read back after a kill.
    """

    def save(self):
        """Writes nothing."""

    def _save_trial(self, trial):
        """Writes nothing."""

    def get_space(self):
        """Returns the space at its defaults, so that settings under a condition count where it holds."""
        space = super().get_space()
        for hp in space.space:
            if space.is_active(hp):
                space.values[hp.name] = hp.default
        return space


class _DefaultsFirst(_Quiet):
    """An oracle whose first proposal is the space's defaults, which are the best settings known beforehand."""

    def _random_values(self):
        if self.start_order:
            return super()._random_values()
        return self.get_space().values


class Random(_DefaultsFirst, oracles.RandomSearchOracle):
    """Random search (Bergstra & Bengio 2012)."""


class Grid(_Quiet, oracles.GridSearchOracle):
    """Every combination, in order, from the defaults on."""


class Bayesian(_DefaultsFirst, oracles.BayesianOptimizationOracle):
    """Gaussian-process search with an upper confidence bound (Snoek et al. 2012)."""


class Hyperband(_DefaultsFirst, oracles.HyperbandOracle):
    """Successive halving over complete, short training cycles (Li et al. 2018)."""

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


ORACLES = {"random": Random, "grid": Grid, "bayesian": Bayesian, "hyperband": Hyperband}


def make_oracle(name, hyperparameters, seed, max_epochs=None):
    """Returns a Keras Tuner oracle.

    Args:
        name: A key of `ORACLES`.
        hyperparameters: The `keras_tuner.HyperParameters` to draw from.
        seed: Any whole number from 0.
        max_epochs: Epochs of a full training, for Hyperband.
    """
    check_choice("strategy", name, ORACLES)
    arguments = {
        "objective": OBJECTIVE,
        "hyperparameters": hyperparameters.copy(),
        "seed": seed + 1,  # Keras Tuner takes 0 for "no seed"
        "max_consecutive_failed_trials": 1_000_000,  # the runner decides when failures end a search
    }
    # The budget is the runner's, so that it can grow.
    if name == "hyperband":
        arguments |= {"max_epochs": max_epochs, "hyperband_iterations": None}
    else:
        arguments["max_trials"] = None
    if name == "bayesian":
        arguments["num_initial_points"] = INITIAL_POINTS
    oracle = ORACLES[name](**arguments)
    oracle.verbose = 0
    return oracle


class Tuning:
    """A strategy that asks one of Keras Tuner's oracles: `ask` for values, `tell` what came of them, in turns.

    Args:
        oracle: From `make_oracle`.
    """

    def __init__(self, oracle):
        self._oracle = oracle

    def ask(self):
        """Returns the next trial's values as a dict, or None where the oracle has no more."""
        with warnings.catch_warnings():
            # The Gaussian process says at each proposal where its fit could be finer; its proposals do as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            proposal = self._oracle.create_trial("runner")
        if proposal.status != "RUNNING":
            return None
        values = proposal.hyperparameters.values
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}

    def tell(self, score, reason=""):
        """Closes the values asked for last: with their score, or with why they have none."""
        (ongoing,) = self._oracle.ongoing_trials.values()
        if score is not None:
            self._oracle.update_trial(ongoing.trial_id, {OBJECTIVE.name: score})
        ongoing.status = "FAILED" if score is None else "COMPLETED"
        ongoing.message = reason
        self._oracle.end_trial(ongoing)

    def confirm(self, values, mean):
        """Takes no note of what a trial came to on average over other seeds: an oracle learns from single trainings."""
