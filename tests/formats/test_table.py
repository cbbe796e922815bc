"""A format is complete: whichever of its parts is there, one test names all that are not."""

import ast
import re
from pathlib import Path

import pytest

from keras_vision import formats
from keras_vision.formats import FORMATS
from tests.functions import functions_of

ROOM = Path(formats.__file__).parent
FILES = {path.stem: functions_of(path) for path in ROOM.glob("*.py")}
WRITTEN = {name for name, functions in FILES.items() if "write" in functions}


def extras():
    """Modules of the packages that setup.py installs for exports, read as text: running it would install."""
    for node in ast.parse((ROOM.parents[1] / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXPORTS":
            table = ast.literal_eval(node.value)
            return {name: [re.match(r"[\w-]+", one)[0].replace("-", "_") for one in row] for name, row in table.items()}


def parts(name):
    """What a format consists of -> whether it is there."""
    functions = FILES.get(name, {})
    packages = list(FORMATS[name].packages) if name in FORMATS else []
    return {
        f"keras_vision/formats/{name}.py with a function write": "write" in functions,
        f"keras_vision/formats/{name}.py with a function load": "load" in functions,
        "a row in keras_vision.formats.FORMATS": name in FORMATS,
        f"its packages, {packages}, in EXPORTS of setup.py": extras().get(name, []) == packages,
    }


@pytest.mark.parametrize("name", sorted(WRITTEN | FORMATS.keys() | extras().keys()))
def test_a_format_has_all_its_parts(name):
    lacking = [part for part, is_there in parts(name).items() if not is_there]
    assert not lacking, f"the format {name} lacks {'; '.join(lacking)}"
