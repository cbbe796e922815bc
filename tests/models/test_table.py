"""A family is complete: whichever of its parts is there, one test names all that are not."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from keras_vision import models
from keras_vision.models import MODELS
from keras_vision.models.checks import RULES
from keras_vision.training.recipe import RECIPES
from tests.functions import functions_of
from tests.models.test_counts import COUNTS

ROOM = Path(models.__file__).parent
BUILDERS = {path.stem: functions_of(path).get(path.stem) for path in ROOM.glob("*.py")}  # name -> its arguments
BUILT = {name for name, arguments in BUILDERS.items() if arguments}  # what families share has no function of its name
SPACES = {path.stem for path in (ROOM.parents[1] / "tuner_configs").glob("*.py")} - {"__init__", "common"}
COUNTED = {name for name, *_ in COUNTS}


def parts(name):
    """What a family consists of -> whether it is there."""
    rules = {f"a rule for {setting} in checks.RULES": setting in RULES for setting in BUILDERS.get(name) or ()}
    return rules | {
        f"keras_vision/models/{name}.py with a function {name}": name in BUILT,
        "a row in keras_vision.models.MODELS": name in MODELS,
        f"tuner_configs/{name}.py": name in SPACES,
        "a row in keras_vision.training.recipe.RECIPES": name in RECIPES,
        "a row in tests/models/test_counts.py": name in COUNTED,
    }


@pytest.mark.parametrize("name", sorted(BUILT | MODELS.keys() | SPACES | RECIPES.keys() | COUNTED))
def test_a_family_has_all_its_parts(name):
    lacking = [part for part, is_there in parts(name).items() if not is_there]
    assert not lacking, f"the family {name} lacks {'; '.join(lacking)}"


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


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.name)
def test_no_file_imports_tensorflow_at_its_top(path):
    top = ast.parse(path.read_text(encoding="utf-8")).body
    imported = [alias.name for node in top if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module for node in top if isinstance(node, ast.ImportFrom)]
    assert not [module for module in imported if module.startswith("tensorflow")]
