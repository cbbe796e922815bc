"""The strategy and the ledger, kept in step: a later start asks and tells the one what the other recorded."""

import json

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.search.outcome import learned_score
from keras_vision.search.strategies import make_strategy

# A strategy that only proposes what the budgets forbid has nothing more to offer.
REJECTIONS_THAT_END_A_SEARCH = 100


class Proposals:
    """What a search tries next.

    Args:
        plan: The `SearchPlan`.
        space: A `Space` or a `Ladder`, as the strategy needs.
        networks: The search's `Networks`.
        ledger: Its `Ledger`, whose turns the strategy takes again.
        say: Called with lines for the person.

    Raises:
        KerasVisionError: The ledger is not that of this strategy.
    """

    def __init__(self, plan, space, networks, ledger, say):
        self.needed, self.space, self.networks, self.ledger, self.say = plan.goal.score, space, networks, ledger, say
        self.strategy = make_strategy(plan, space, networks)
        for event, trial, details in ledger.turns:
            self._replay(event, trial, details)

    def next(self, running):
        """Returns the `Trial` to be started now, or None where there is none, or none until others have ended.

        Trials that were begun or asked for come first.

        Args:
            running: The trials that run.
        """
        numbers = {trial.number for trial in running}
        trials = self.ledger.trials
        open_trials = (trial for trial in trials if trial.status == "OPEN" and trial.number not in numbers)
        wanted = (trial for trial in open_trials if self.wants(trial) and not self._is_over(trial))
        return next(wanted, None) or self._ask()

    def wants(self, trial):
        """Returns whether a trial that has not ended is still of use."""
        return self.strategy.wants(trial.values)

    def close(self, trial, event, **details):
        """Records that a trial is completed, failed or rejected, and tells the strategy."""
        self.ledger.record(event, trial.number, **details)
        self.strategy.tell(trial.values, trial.score, trial.reason)

    def confirm(self, trial, confirmed):
        """Records what a trial came to when it was trained anew, and tells the strategy."""
        self.ledger.record("confirmed", trial.number, **confirmed)
        self._tell_confirmed(trial, confirmed)

    def _ask(self):
        """Returns the next trial that is within the limits, or None."""
        while not self._all_rejected():
            values = self.strategy.ask()
            if values is None:
                return None
            self.ledger.record("asked", len(self.ledger.trials), values=values)
            trial = self.ledger.trials[-1]
            if not self._is_over(trial):
                return trial
        self.say(f"the last {REJECTIONS_THAT_END_A_SEARCH} networks proposed were all over a limit")
        return None

    def _all_rejected(self):
        last = self.ledger.trials[-REJECTIONS_THAT_END_A_SEARCH:]
        return len(last) == REJECTIONS_THAT_END_A_SEARCH and all(trial.status == "REJECTED" for trial in last)

    def _is_over(self, trial):
        """Rejects a trial that is over a limit, by count, before anything is allocated; returns whether it was."""
        try:
            reason = self.networks.broken_limit(self.space.resolve(trial.values)[0])
        except BadInput:  # values that do not go together: the trial fails as any other does
            return False
        if reason:
            self.close(trial, "rejected", reason=reason)
        return bool(reason)

    def _tell_confirmed(self, trial, confirmed):
        self.strategy.confirm(trial.values, learned_score(trial, confirmed, self.needed))

    def _replay(self, event, trial, details):
        """Asks or tells the strategy what it was asked or told then."""
        if event == "confirmed":
            self._tell_confirmed(trial, details)
        elif event != "asked":
            self.strategy.tell(trial.values, trial.score, trial.reason)
        elif json.loads(json.dumps(self.strategy.ask())) != trial.values:
            raise KerasVisionError(
                f"Trial {trial.name} in {self.ledger.path} has settings that this search would not have proposed. Was "
                "it made by another version? Nothing was changed. Give another --workdir."
            )
