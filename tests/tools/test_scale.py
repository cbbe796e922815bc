"""What tools/scale.py simulates: no more than the workers there are can do, and the same again for the same seed."""

import math

import pytest
import scale
import simulated
from recorded import Recorded
from simulated import simulate

from keras_vision.reporting import style

pytestmark = pytest.mark.usefixtures("bare_runs")


class Equal(Recorded):
    """Trainings that all take 10 seconds an epoch."""

    def training(self, settings, epochs, seed):
        return [{"accuracy": 0.9, "val_accuracy": 0.9, "seconds": 10.0}] * epochs


@pytest.fixture(scope="module")
def recorded():
    return Recorded()


@pytest.mark.parametrize("strategy", ["random", "hyperband"])
def test_one_worker_is_as_fast_as_one_worker_and_many_no_faster_than_they_are(recorded, strategy):
    one, three = (simulate(recorded, strategy, workers, 8, startup=5.0) for workers in (1, 3))
    assert one.speed_up == pytest.approx(1)
    assert 1 < three.speed_up <= 3
    assert one.trials == three.trials == 8


@pytest.mark.parametrize("workers", [1, 3, 7, 20])
def test_equal_trials_take_as_many_rounds_as_they_fill(recorded, workers):
    equal = Equal()
    equal.networks = recorded.networks  # which have counted most of them
    came = simulate(equal, "random", workers, 7, startup=5.0)
    assert came.clock == pytest.approx(5 + math.ceil(7 / workers) * 6 * 10)
    assert (came.finished, came.paused, came.full) == (pytest.approx(7 * 60), 0, 7)


@pytest.mark.slow
def test_the_same_seed_comes_to_the_same_and_another_does_not(recorded):
    again = [simulate(recorded, "grow", 4, 8, target=0.9, seed=seed, startup=5.0) for seed in (0, 0, 1)]
    known = [(came.clock, came.finished, came.reached, came.parameters) for came in again]
    assert known[0] == known[1] != known[2]


def test_what_is_paused_in_vain_is_counted_and_does_not_count_as_done(recorded):
    came = simulate(recorded, "random", 4, 8, target=0.9, startup=5.0)
    assert came.paused > 0 and came.lost > 0 and came.reached
    assert came.speed_up < 4 - came.lost / came.clock + 1e-9


def test_a_training_is_as_recorded_ones(recorded):
    small, large = ({"filters": (width, 2 * width), "blocks": (1, 1)} for width in (16, 64))
    one, other = (recorded.training(settings, 6, [0]) for settings in (small, large))
    assert len(one) == len(other) == 6
    assert sum(row["seconds"] for row in one) < sum(row["seconds"] for row in other)
    assert one[-1]["val_accuracy"] < other[-1]["val_accuracy"] < 1
    assert recorded.training(small, 6, [0]) == one != recorded.training(small, 6, [1])


def test_what_was_simulated_is_not_simulated_again(recorded, tmp_path, monkeypatch):
    simulations = scale.Simulations(recorded, 5.0, tmp_path)
    came = simulations("random", 2, 3)
    monkeypatch.setattr(simulated, "simulate", lambda *args, **options: pytest.fail("it is simulated again"))
    assert simulations("random", 2, 3).speed_up == came.speed_up


@pytest.mark.slow
def test_the_page_says_it_all_and_shows_it(recorded, tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "TRIALS", {"random": 4, "hyperband": 12})
    monkeypatch.setattr(scale, "TARGETS", {"random": (0.9, 4), "grow": (0.9, 40)})
    for name, value in {"WORKERS": (1, 2), "MANY": 2, "SERIES": (2, 4), "TARGET_WORKERS": (1, 2), "SEEDS": 1}.items():
        monkeypatch.setattr(scale, name, value)
    text, figure = scale.page(scale.Simulations(recorded, 5.0, tmp_path), recorded)
    assert "| random | 1 | 4 | 1.0 | 1.00 |" in text and "| grow | 2 | 1 of 1 |" in text
    (path,) = style.save_figures({"scale": figure}, tmp_path)
    assert path.stat().st_size > 10_000
