"""Polishing: other ways to train a network whose size is settled, drawn by one of Keras Tuner's oracles."""

import itertools
import json

import keras_tuner

from keras_vision.search.strategies import strategy_file
from keras_vision.search.tuning import Tuning

# So many draws in a row that gave nothing new end the polishing of a network. A grid says itself when it is used up;
# the Bayesian oracle proposes the same again and again, and the random one never runs out of fractions.
FRUITLESS_DRAWS = 20


class Polisher:
    """Draws other ways to train one network.

    Args:
        ladder: A `Ladder`, which says what may be polished.
        base: The values of its trial.
        polish: The strategy that draws: "grid", "random" or "bayesian".
        seed: Seeds it.

    Attributes:
        is_used_up: Whether it has no more.
    """

    def __init__(self, ladder, base, polish, seed):
        self.ladder, self.base, self.is_used_up = ladder, base, False
        self._settings = ladder.split(base)[0]
        self._most = None if polish == "grid" else FRUITLESS_DRAWS
        hyperparameters = keras_tuner.HyperParameters()
        ladder.polish(hyperparameters, self._settings)
        self._tuning = Tuning(strategy_file(polish).make_oracle(hyperparameters, seed))
        self._drawn = {}  # what its oracle drew for values that were proposed, as JSON

    def ask(self, is_wanted, find):
        """Returns the next values that are wanted, or None, from then on, where none come.

        Args:
            is_wanted: Function from a trial's values to whether they are to be tried.
            find: Function from values to what was told of them, with `score`; or to None.
        """
        for _ in range(self._most) if self._most else itertools.count():
            drawn = self._tuning.ask()
            if drawn is None:
                break
            hyperparameters = keras_tuner.HyperParameters()
            hyperparameters.values = dict(drawn)
            values = self.base | self.ladder.polish(hyperparameters, self._settings)
            if is_wanted(values):
                self._drawn[json.dumps(values)] = drawn
                return values
            known = find(values)
            self._tuning.tell(drawn, known and known.score, "no smaller than the smallest so far")
        self.is_used_up = True
        return None

    def tell(self, values, score, reason=""):
        """Tells the oracle what came of values that were proposed; see `keras_vision.search.strategies`."""
        self._tuning.tell(self._drawn.pop(json.dumps(values)), score, reason)
