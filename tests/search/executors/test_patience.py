import pytest

from keras_vision.search.executors import patience
from keras_vision.search.executors.patience import Patience


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])
    return now


def test_a_job_may_take_five_times_as_long_as_its_epochs_do(clock):
    waiting = Patience()
    waiting.renew([{"seconds": 60.0}, {"seconds": 100.0}, {"seconds": 500.0}])
    clock[0] = 500.0
    assert not waiting.is_over
    clock[0] = 501.0
    assert waiting.is_over
    waiting.renew([{"seconds": 100.0}])
    assert not waiting.is_over


def test_short_epochs_and_the_first_one_may_take_longer(clock):
    waiting = Patience()
    clock[0] = patience.FIRST_SECONDS
    assert not waiting.is_over
    waiting.renew([{"seconds": 0.1}])
    clock[0] += patience.LEAST_SECONDS
    assert not waiting.is_over
    clock[0] += 1
    assert waiting.is_over


def test_what_follows_the_last_epoch_has_the_time_of_what_comes_before_the_first(clock):
    waiting = Patience()
    waiting.renew([{"seconds": 100.0}])
    waiting.renew([])
    clock[0] += patience.FIRST_SECONDS
    assert not waiting.is_over
    clock[0] += 1
    assert waiting.is_over
