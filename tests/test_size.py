"""What can be read in one sitting: how long a file and a function may be, and how many arguments a call may have."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "keras_vision"
FILES = sorted(PACKAGE.rglob("*.py"))
LINES_OF_A_FILE, LINES_OF_A_FUNCTION, ARGUMENTS = 320, 60, 12


def too_large(source):
    """Yields what is too large in a file, in words."""
    if (lines := len(source.splitlines())) > LINES_OF_A_FILE:
        yield f"the file has {lines} lines"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = node.end_lineno - node.lineno + 1  # with its docstring, without its decorators
            if lines > LINES_OF_A_FUNCTION:
                yield f"{node.name} has {lines} lines"
        elif isinstance(node, ast.Call) and (arguments := len(node.args) + len(node.keywords)) > ARGUMENTS:
            yield f"line {node.lineno}: {ast.unparse(node.func)} is called with {arguments} arguments"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_functions_and_calls_are_of_a_size_to_be_read(path):
    assert not list(too_large(path.read_text(encoding="utf-8")))


def test_what_is_too_large_would_be_found():
    function = "def long():\n" + "    pass\n" * LINES_OF_A_FUNCTION
    call = f"wide({', '.join(map(str, range(ARGUMENTS)))}, last=0)\n"
    blank = "\n" * LINES_OF_A_FILE
    found = [*too_large(function), *too_large(call), *too_large(blank + "pass")]
    assert found == [
        "long has 61 lines",
        "line 1: wide is called with 13 arguments",
        "the file has 321 lines",
    ]
    assert not list(too_large("\n".join([function.replace("    pass\n", "", 1), call.replace(", last=0", "")])))
