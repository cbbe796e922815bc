import pytest

from keras_vision.analysis.pareto_front import front, on_fronts, plot_front


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


def test_trials_that_were_given_up_are_hollow_marks_beside_the_front():
    axes = plot_front([*ROWS, row("d", 0.99, 1, 1, 0.1) | {"given_up": True}]).axes[-1]
    done, hollow = axes.collections
    assert len(done.get_offsets()) == 3 and len(hollow.get_offsets()) == 1 and not len(hollow.get_facecolors())
    assert max(axes.lines[0].get_ydata()) == 0.9
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["trial", "given up", "front"]


def test_where_all_were_given_up_there_is_no_front():
    axes = plot_front([one | {"given_up": True} for one in ROWS], target_acc=0.95).axes[-1]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["given up", "needed"]
