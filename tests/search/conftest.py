import pytest

from keras_vision.search.executors import here
from keras_vision.search.space import Space
from tests.search.searches import RECIPE, SPACE, pretend_to_train


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.py").write_text(SPACE)
    return Space("mlp", RECIPE, file=tmp_path / "space.py")


@pytest.fixture
def trained():
    """A test that uses this looks at trainings, which `pretended` then leaves as they are."""


@pytest.fixture
def pretended(request, monkeypatch):
    """Trainings are made up: of tests that look at what a search makes of them."""
    if "trained" not in request.fixturenames:
        monkeypatch.setattr(here, "fit", pretend_to_train)
