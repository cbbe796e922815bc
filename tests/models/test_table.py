"""A family is complete: its row, its builder, its rules, its space, its count."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from keras_vision import models
from keras_vision.models import MODELS
from keras_vision.models.checks import RULES
from tests.models.test_counts import COUNTS

ROOM = Path(models.__file__).parent
SPACES = Path(__file__).parents[2] / "tuner_configs"
SHARED = {"__init__", "graph", "blocks", "checks", "float32", "identity", "normalization", "whitening"}


def test_every_file_of_a_family_has_its_row():
    families = {path.stem for path in ROOM.glob("*.py")} - SHARED
    assert families - MODELS.keys() == set(), "a builder without a row in MODELS"


@pytest.mark.parametrize("name", MODELS)
def test_every_row_has_its_builder(name):
    assert (ROOM / f"{name}.py").exists(), f"keras_vision/models/{name}.py is missing"
    assert callable(getattr(importlib.import_module(f"keras_vision.models.{name}"), name, None)), f"no function {name}"


@pytest.mark.parametrize("name", MODELS)
def test_every_row_has_its_space(name):
    assert (SPACES / f"{name}.py").exists(), f"tuner_configs/{name}.py is missing"


@pytest.mark.parametrize("name", MODELS)
def test_every_row_has_its_pinned_count(name):
    assert name in {row[0] for row in COUNTS}, f"no row for {name} in tests/models/test_counts.py"


@pytest.mark.parametrize("name", MODELS)
def test_every_row_names_its_source(name):
    assert MODELS[name].rstrip(")")[-4:].isdigit(), f"the row of {name} should end in (authors year)"


@pytest.mark.parametrize("name", MODELS)
def test_builders_have_the_same_shape(name):
    builder = getattr(importlib.import_module(f"keras_vision.models.{name}"), name)
    first, second, *settings = inspect.signature(builder).parameters.values()
    assert (first.name, second.name) == ("input_shape", "num_classes")
    assert {p.kind for p in settings} == {inspect.Parameter.KEYWORD_ONLY}
    assert all(p.default is not p.empty for p in settings), "a setting without a default"
    assert all(p.name in RULES for p in settings), "a setting without a rule in checks.RULES"


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.name)
def test_no_file_imports_tensorflow_at_its_top(path):
    top = ast.parse(path.read_text(encoding="utf-8")).body
    imported = [alias.name for node in top if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module for node in top if isinstance(node, ast.ImportFrom)]
    assert not [module for module in imported if module.startswith("tensorflow")]
