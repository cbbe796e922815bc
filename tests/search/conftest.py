import pytest

from keras_vision.search import runner
from keras_vision.search.space import Space
from tests.search.searches import RECIPE, SPACE


@pytest.fixture
def known_latency(monkeypatch):
    """Measuring would take longer than the trainings of `searches`."""
    monkeypatch.setattr(runner, "latency_ms", lambda model: 1.5)


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.py").write_text(SPACE)
    return Space("mlp", RECIPE, file=tmp_path / "space.py")
