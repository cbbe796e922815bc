import pytest

from keras_vision.analysis.front import front, on_fronts, plot_front


@pytest.mark.parametrize(
    ("points", "places"),
    [
        ([], []),
        ([(1, 0.5)], [0]),
        ([(10, 0.9), (20, 0.8), (5, 0.7)], [2, 0]),
        ([(10, 0.9), (10, 0.9)], [0]),  # of equals the first
        ([(10, 0.8), (10, 0.9)], [1]),
        ([(1, 0.9), (2, 0.9)], [0]),  # costlier and no better
    ],
)
def test_the_front_is_what_nothing_beats(points, places):
    assert front(points) == places


def row(trial, accuracy, parameters, macs, latency):
    return {"trial": trial, "val_accuracy": accuracy, "parameters": parameters, "macs": macs, "latency_ms": latency}


ROWS = [row("a", 0.9, 30, 100, 3.0), row("b", 0.8, 20, 200, 1.0), row("c", 0.7, 40, 300, 2.0)]


def test_each_cost_has_its_own_front():
    found = {line["trial"]: line["smallest_by"] for line in on_fronts(ROWS)}
    assert found == {"b": "parameters latency_ms", "a": "parameters macs latency_ms"}


def test_the_picture_shows_every_trial_in_each_panel_and_the_target():
    figure = plot_front(ROWS, target_acc=0.85)
    assert [axes.get_xlabel() for axes in figure.axes] == ["parameters", "MACs for one image", "ms for one image"]
    for axes in figure.axes:
        assert len(axes.collections[0].get_offsets()) == 3
        assert axes.lines[-1].get_ydata()[0] == 0.85
