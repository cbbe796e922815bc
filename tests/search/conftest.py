import pytest

from keras_vision.search.space import Space
from tests.search.searches import RECIPE, SPACE


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.py").write_text(SPACE)
    return Space("mlp", RECIPE, file=tmp_path / "space.py")
