"""What runs at the moment, kept in step with the ledger, whatever becomes of the processes."""

import pytest

from keras_vision.runs import Run, write_json
from keras_vision.search.executors import Failure
from keras_vision.search.ledger import Ledger
from keras_vision.search.trainings import Trainings
from keras_vision.search.whereabouts import by_worker, death_line, deaths
from tests.search.searches import COMPLETED, refuse_to_warn

DONE = COMPLETED | {"stopped": "epochs"}
DIED = Failure("died", "its process was ended by SIGKILL")


class Scripted:
    """An executor of three slots, whose jobs end as the test says."""

    slots = 3

    def __init__(self):
        self.submitted, self.paused, self.next, self.places = [], [], [], {}

    def submit(self, job):
        self.places.pop(job.path, None)
        self.submitted.append(job)

    def wait(self, note):
        came = self.next.pop(0)
        if isinstance(came, BaseException):
            raise came
        job, rows, came = came
        if rows:
            note(job, rows)
        return [(job, came)]

    def pause(self, job):
        self.paused.append(job)


@pytest.fixture
def trainings(tmp_path):
    ledger = Ledger(tmp_path / "trials.jsonl", warn=refuse_to_warn)
    for number in range(3):
        ledger.record("asked", number, values={"width": number})
    return Trainings(Run(tmp_path), ledger, Scripted())


def start(trainings, *numbers):
    for number in numbers:
        assert trainings.start(trainings.ledger.trials[number]) is None
    return trainings.executor.submitted


def test_trainings_end_in_any_order_and_their_epochs_are_recorded(trainings):
    jobs = start(trainings, 0, 1, 2)
    assert not trainings.has_room
    trainings.executor.next = [(jobs[1], [{"val_accuracy": 0.5}], DONE)]
    assert trainings.wait() == [(jobs[1], DONE)]
    assert [trial.last_epoch for trial in trainings.ledger.trials] == [0, 1, 0]
    assert trainings.has_room and [trial.number for trial in trainings.trials] == [0, 2]


def test_where_it_is_late_trials_end_after_their_epoch_and_confirmations_go_on(trainings):
    trainings.is_late = lambda: True
    (job,) = start(trainings, 0)
    trainings.start(trainings.ledger.trials[1], confirmation=1)
    confirmation = trainings.executor.submitted[-1]
    trainings.executor.next = [(one, [{"val_accuracy": 0.5}], DONE) for one in (job, confirmation)]
    trainings.wait()
    trainings.wait()
    assert trainings.executor.paused == [job]


def test_a_training_whose_process_died_is_started_once_more_and_then_given_up(trainings):
    (job,) = start(trainings, 0)
    trainings.executor.next = [(job, [], DIED), (job, [], DIED)]
    assert trainings.wait() == []
    assert trainings.executor.submitted == [job, job] and trainings.running == [job]
    ((ended, failure),) = trainings.wait()
    assert (ended, failure.kind, failure.reason) == (job, "died", "gave up after 2 crashes")
    assert not trainings.running


@pytest.mark.parametrize("confirmation", [None, 1])
def test_a_training_that_is_finished_and_whose_process_dies_again_and_again_is_given_up(trainings, confirmation):
    executor, trial = trainings.executor, trainings.ledger.trials[0]
    trainings.start(trial, confirmation)
    (job,) = executor.submitted
    executor.next = [(job, [], DIED)] * 10
    assert trainings.wait() == []  # without progress
    write_json(Run(job.path).result_path, DONE | {"epochs_run": 2})
    while not (ended := trainings.wait()):
        assert len(executor.submitted) < 9
    assert [failure.reason for _, failure in ended] == ["gave up after 2 crashes"]
    assert len(executor.submitted) == 4  # two before its end, and two after it


def test_a_finished_training_whose_process_was_killed_is_collected(trainings):
    (job,) = start(trainings, 0)
    trainings.executor.next = [(job, [], DIED), (job, [], DIED), (job, [], DONE)]
    trainings.wait()
    write_json(Run(job.path).result_path, DONE | {"epochs_run": 2})
    assert trainings.wait() == []
    assert trainings.wait() == [(job, DONE)]


def test_a_finished_confirmation_is_fetched_by_each_start_of_the_search(trainings):
    trial = trainings.ledger.trials[0]
    for _ in range(4):  # killed while others run, each time
        trainings.running.clear()
        assert trainings.start(trial, confirmation=1) is None
        write_json(Run(trainings.executor.submitted[-1].path).result_path, DONE | {"epochs_run": 2})


def test_where_a_training_ran_and_how_its_process_died_is_recorded(trainings):
    (job,) = start(trainings, 0)
    trainings.start(trainings.ledger.trials[1], confirmation=2)
    confirmation = trainings.executor.submitted[-1]
    for other, where, ended in ((job, "process 1", DIED), (job, "process 3", DONE), (confirmation, "process 2", DIED)):
        trainings.executor.places[other.path] = where
        trainings.executor.next = [(other, [{"val_accuracy": 0.5}], ended)]
        trainings.wait()
    history = Ledger(trainings.ledger.path, warn=refuse_to_warn).history
    assert history == trainings.ledger.history
    assert by_worker(history) == [
        {"where": "process 1", "trainings": 1, "died": 1},
        {"where": "process 2", "trainings": 1, "died": 1},
        {"where": "process 3", "trainings": 1, "died": 0},
    ]
    assert [(one["training"], one["where"], one["then"]) for one in deaths(history)] == [
        ("0000", "process 1", "process 3"),
        ("0001-2", "process 2", None),
    ]
    assert death_line(deaths(history)[0]) == "0000 on process 1: its process was ended by SIGKILL; then on process 3"
    assert trainings.ledger.trials[0].places == ["process 1", "process 3"] and not trainings.ledger.trials[1].places


def test_an_open_trial_that_was_asked_to_end_is_called_paused_until_it_goes_on(trainings):
    (job,) = start(trainings, 0)
    trial = trainings.ledger.trials[0]
    assert trial.state == "OPEN"
    trainings.executor.next = [(job, [], DONE | {"stopped": "paused"})]
    trainings.wait()
    trainings.start(trainings.ledger.trials[1], confirmation=1)
    assert (trial.status, trial.state) == ("OPEN", "PAUSED")
    start(trainings, 0)
    assert trial.state == "OPEN"


def test_one_that_was_paused_is_no_death_and_goes_on(trainings):
    (job,) = start(trainings, 0)
    for _ in range(3):
        trainings.pause()
        trainings.executor.next = [(job, [], DONE | {"stopped": "paused"})]
        ((_, came),) = trainings.wait()
        assert came["stopped"] == "paused" and not trainings.running
        start(trainings, 0)
    assert trainings.executor.paused == [job] * 3


def test_only_what_is_useless_is_paused(trainings):
    jobs = start(trainings, 0, 1, 2)
    trainings.pause(lambda trial: trial.number == 1)
    assert trainings.executor.paused == [jobs[1]]


@pytest.mark.parametrize("confirmation", [None, 1])
def test_what_could_not_be_started_was_not_started(trainings, confirmation, monkeypatch):
    def refuse(job):
        raise OSError(28, "No space left on device")

    trial = trainings.ledger.trials[0]
    with monkeypatch.context() as patch:
        patch.setattr(trainings.executor, "submit", refuse)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                trainings.start(trial, confirmation)
    assert not trainings.running and trial.attempts_at(confirmation).count == 0
    assert trainings.start(trial, confirmation) is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_ends_the_search_is_no_death_of_what_runs(trainings, error):
    start(trainings, 0, 1)
    trainings.start(trainings.ledger.trials[2], confirmation=1)
    trainings.executor.next = [error]
    with pytest.raises(type(error)):
        trainings.wait()
    first, second, third = trainings.ledger.trials
    for attempts in (first.attempts, second.attempts, third.attempts_at(1)):
        assert attempts.count == 1 and not attempts.are_used_up(epochs_done=0)
        attempts.start(epochs_done=0)
        assert attempts.deaths == 0
