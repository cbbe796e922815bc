"""Keras Tuner's oracles, with their traps closed: any seed is honoured, nothing is written, defaults come first."""

import warnings

import keras_tuner
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from keras_vision.search.networks import key_of

OBJECTIVE = keras_tuner.Objective("val_accuracy", "max")


class Quiet:
    """An oracle whose state is what the ledger replays: it writes no files and prints nothing.

    Keras Tuner's own files are written in place and cannot always be read back after a kill.
    """

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.verbose = 0

    def save(self):
        """Writes nothing."""

    def _save_trial(self, trial):
        """Writes nothing."""

    def _check_consecutive_failures(self):
        """Looks through no trials, which takes longer the more there were: the search decides when failures end it."""

    def get_space(self):
        """Returns the space at its defaults, so that settings under a condition count where it holds."""
        space = super().get_space()
        for hp in space.space:
            if space.is_active(hp):
                space.values[hp.name] = hp.default
        return space


class DefaultsFirst(Quiet):
    """An oracle whose first proposal is the space's defaults, which are the best settings known beforehand."""

    def _random_values(self):
        if self.start_order:
            return super()._random_values()
        return self.get_space().values


def oracle_arguments(hyperparameters, seed):
    """Returns what all oracles are made with. How many trials there may be is the search's to say, so that it can grow.

    Args:
        hyperparameters: The `keras_tuner.HyperParameters` to draw from.
        seed: Any whole number from 0.
    """
    return {
        "objective": OBJECTIVE,
        "hyperparameters": hyperparameters.copy(),
        "seed": seed + 1,  # Keras Tuner takes 0 for "no seed"
    }


class Tuning:
    """A strategy that asks one of Keras Tuner's oracles; see `keras_vision.search.strategies` for its methods.

    Args:
        oracle: As `make_oracle` of a strategy's file returns it.
    """

    def __init__(self, oracle):
        self._oracle = oracle
        self._ongoing = {}  # the oracle's trials of which nothing was told yet, by their values
        self._asked = 0

    def ask(self):
        """Returns the next trial's values as a dict, or None where the oracle has no more, or none for now."""
        with warnings.catch_warnings():
            # The Gaussian process says at each proposal where its fit could be finer; its proposals do as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            proposal = self._oracle.create_trial(f"question {self._asked}")  # whoever asks twice gets the same trial
        if proposal.status != "RUNNING":
            return None
        self._asked += 1
        drawn = proposal.hyperparameters.values
        values = {name: value.item() if isinstance(value, np.generic) else value for name, value in drawn.items()}
        self._ongoing.setdefault(key_of(values), []).append(proposal)
        return values

    def tell(self, values, score, reason=""):
        """Closes values that were asked for: with their score, or with why they have none."""
        ongoing = self._ongoing[key_of(values)].pop(0)
        if score is not None:
            self._oracle.update_trial(ongoing.trial_id, {OBJECTIVE.name: score})
        ongoing.status = "FAILED" if score is None else "COMPLETED"
        ongoing.message = reason
        self._oracle.end_trial(ongoing)

    def wants(self, values):
        """Returns True: whatever an oracle has asked for it can learn from."""
        return True

    def confirm(self, values, mean):
        """Takes no note of what a trial came to on average over other seeds: an oracle learns from single trainings."""


def tuned(make_oracle):
    """Returns the `make` of a strategy that only asks an oracle; see `keras_vision.search.strategies`.

    Args:
        make_oracle: Function of (hyperparameters, seed, max_epochs), the last of which are those of a full training.
    """

    def make(plan, space, networks):
        return Tuning(make_oracle(space.hyperparameters, plan.seed, max_epochs=space.recipe.epochs))

    return make
