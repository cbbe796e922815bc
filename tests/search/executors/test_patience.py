import pytest

from keras_vision.search.executors import patience
from keras_vision.search.executors.patience import Patience


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])
    return now


def is_over(waiting, clock, seconds):
    """Returns whether it is over after so many seconds, in each of which it was asked."""
    for _ in range(int(seconds)):
        clock[0] += 1
        over = waiting.is_over()
    return over


def test_a_job_may_take_five_times_as_long_as_its_epochs_do(clock):
    waiting = Patience()
    waiting.renew([{"seconds": 60.0}, {"seconds": 100.0}, {"seconds": 500.0}])
    assert not is_over(waiting, clock, 500)
    assert is_over(waiting, clock, 1)
    waiting.renew([{"seconds": 100.0}])
    assert not waiting.is_over()


def test_short_epochs_and_the_first_one_may_take_longer(clock):
    waiting = Patience()
    assert not is_over(waiting, clock, patience.FIRST_SECONDS)
    waiting.renew([{"seconds": 0.1}])
    assert not is_over(waiting, clock, patience.LEAST_SECONDS)
    assert is_over(waiting, clock, 1)


@pytest.mark.parametrize(("rows", "limit"), [(None, patience.FIRST_SECONDS), ([{"seconds": 100.0}], 500)])
def test_while_steps_are_taken_an_epoch_takes_as_long_as_it_likes(clock, rows, limit):
    waiting = Patience()
    if rows:
        waiting.renew(rows)
    for _ in range(3):
        assert not is_over(waiting, clock, limit)
        waiting.go_on()
    assert not is_over(waiting, clock, limit)
    assert is_over(waiting, clock, 1)  # it hangs


def test_what_follows_the_last_epoch_has_the_time_of_what_comes_before_the_first(clock):
    waiting = Patience()
    waiting.renew([{"seconds": 100.0}])
    waiting.renew([])
    assert not is_over(waiting, clock, patience.FIRST_SECONDS)
    assert is_over(waiting, clock, 1)


def test_who_was_stopped_meanwhile_has_not_waited(clock):
    waiting = Patience()
    waiting.renew([{"seconds": 1.0}])
    clock[0] += 10_000
    assert not waiting.is_over()
    assert not is_over(waiting, clock, patience.LEAST_SECONDS - patience.MOST_AT_ONCE)
    assert is_over(waiting, clock, 1)
