"""Which trial is the best."""

from keras_vision.search.ledger import Ledger
from keras_vision.search.ranking import ranked
from keras_vision.search.sizes import SIZES
from tests.search.searches import COMPLETED, refuse_to_warn


def places(ledger, target_acc=None):
    return [trial.number for trial in ranked(ledger.completed, target_acc)]


def test_the_best_of_equals_has_fewer_parameters(ledger):
    assert places(ledger) == [2, 1, 0]


def test_who_reached_the_target_is_ranked_by_size_and_the_others_by_accuracy(ledger):
    ledger.record("asked", 3, values={})
    ledger.record("completed", 3, result=COMPLETED | {"val_accuracy": 0.95, "parameters": 500})
    assert places(ledger) == [3, 2, 1, 0]
    assert places(ledger, 0.9) == [2, 1, 3, 0]
    assert places(ledger, 0.99) == [3, 2, 1, 0]


def test_small_is_what_a_person_asked_for(ledger):
    results = [{"parameters": 50, "macs": 90, "latency_ms": 3.0}, {"parameters": 60, "macs": 80, "latency_ms": 4.0}]
    for result, size in zip(results, (7000, 6000), strict=True):
        result["int8_bytes"] = size
    for number, result in enumerate(results, start=3):
        ledger.record("asked", number, values={})
        ledger.record("completed", number, result=COMPLETED | result)
    trials = ledger.completed[-2:]
    first = {name: ranked(trials, 0.9, size)[0].number for name, size in SIZES.items()}
    assert first == {"parameters": 3, "macs": 4, "latency": 3, "bytes": 4}


def test_what_reached_stands_before_what_did_not_and_so_was_not_measured(ledger):
    ledger.record("asked", 3, values={})
    ledger.record("completed", 3, result=COMPLETED | {"val_accuracy": 0.8, "parameters": 5})
    ledger.record("asked", 4, values={})
    ledger.record("completed", 4, result=COMPLETED | {"parameters": 900, "int8_bytes": 10})
    assert [trial.number for trial in ranked(ledger.completed[-2:], 0.9, SIZES["bytes"])] == [4, 3]


def test_who_reached_the_target_by_luck_stands_behind_who_did_not(ledger):
    ledger.record("confirmed", 2, mean=0.89, deviation=None, accuracies=[0.89])
    assert places(ledger, 0.9) == [1, 2, 0]
    assert places(ledger) == [2, 1, 0]
    ledger.record("confirmed", 2, mean=0.9, deviation=0.01, accuracies=[0.89, 0.91])
    assert places(ledger, 0.9) == [2, 1, 0]
    again = Ledger(ledger.path, warn=refuse_to_warn)
    assert again.trials[2].confirmed["accuracies"] == [0.89, 0.91]
    told = [(trial.number, one["mean"]) for event, trial, one in again.turns if event == "confirmed"]
    assert told == [(2, 0.89), (2, 0.9)]


def test_a_failed_trial_is_never_the_best(ledger):
    ledger.record("asked", 3, values={})
    ledger.record("failed", 3, reason="ValueError")
    assert places(ledger) == [2, 1, 0]
