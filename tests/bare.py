"""Runs without what takes longer than a small training, and is looked at in tests of its own."""

from keras_vision.commands import evaluate, run_pictures, train_and_tune
from keras_vision.search import board
from keras_vision.search.executors import runner


def make_bare(patch, drawn=False):
    """Leaves out latencies, which are 1.5 ms, the quick audit and, unless they are to be drawn, pictures.

    Args:
        patch: A `pytest.MonkeyPatch`.
        drawn: Whether pictures are drawn.
    """
    patch.setattr(runner, "latency_ms", lambda model: 1.5)
    patch.setattr(train_and_tune, "quick_audit", lambda data: None)
    if not drawn:
        patch.setattr(board.Board, "draw", lambda self, trials, target_acc: None)
        patch.setattr(run_pictures, "draw_pictures", lambda run, model, dataset: None)
        patch.setattr(evaluate, "error_figures", lambda *arguments: {})
