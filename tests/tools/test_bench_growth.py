"""What tools/bench_growth.py measures and shows."""

import bench_growth
import numpy as np
import pytest
from bench_growth import Amounts, growth, make_images, measured, of_the_images, table

from keras_vision.data import load_dataset

UNITS = {"seconds": 2.0, "memory": 2**20, "most": 3 * 2**20}


def test_growth_is_one_where_time_grows_as_the_work_does():
    assert growth([1.0, 2.0, 8.0], [1, 2, 4]) == [1.0, 2.0]


def test_memory_is_compared_with_the_images_that_came_on_top():
    assert of_the_images([100, 130, 130], [10, 30, 10]) == [1.5, None]


def test_memory_that_was_needed_only_for_a_moment_is_measured():
    def job():
        np.ones(100 * 2**20, "uint8").sum()

    measured(job)
    assert 95 < measured(job)["memory"] / 2**20 < 150


@pytest.mark.parametrize("kind", ["npz", "folder"])
def test_what_is_made_has_the_amounts_asked_for(kind, tmp_path):
    made = load_dataset(make_images(Amounts(images=60, side=9, classes=3, kind=kind), tmp_path))
    assert made.shape == (9, 9, 3)
    assert len(made.class_names) == 3
    assert len(made.train) + len(made.validation) + len(made.test()) == 60


def test_a_table_shows_every_row_with_its_growth():
    rows = [
        {"bytes": n * 2**20, "flops": n}
        | {f"{phase}_{key}": n * unit for phase in ("read", "train") for key, unit in UNITS.items()}
        for n in (10, 20)
    ]
    lines = table("images", (10, 20), rows).splitlines()
    assert lines[3] == "| 20 | 20 | 40.0 | 1.00 | 20 | 60 | 1.00 | 40.0 | 1.00 | 20 | 60 | 1.00 |"
    alone = [{"seconds": 2.0 * n, "memory": 2**20, "most": 2**21} for n in (1, 10)]
    assert table("trials", (1, 10), alone).splitlines()[3] == "| 10 | 20.0 | 1.00 | 1 | 2 |"


@pytest.mark.slow
def test_a_row_is_measured_from_reading_to_the_end_of_a_training():
    found = bench_growth.train_on(Amounts(images=200, side=8, classes=2))
    assert found["bytes"] == 200 * 8 * 8 * 3
    assert 0 < found["read_seconds"] < found["train_seconds"]
    assert found["flops"] > 0
