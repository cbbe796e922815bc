"""The reference pages of the documentation, made from the code: commands from their settings, rooms from their files.

Nothing here needs the program that builds the site, Keras or TensorFlow.
"""

import ast
import importlib
import inspect
import re
from pathlib import Path

from keras_vision import COMMANDS
from keras_vision.cli.options import make_parser
from keras_vision.system.settings import aliases, fields

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "keras_vision"
EXIT_CODES = """
## Exit codes

| code | meaning |
|---|---|
| 0 | done, and the target, if there was one, is reached |
| 1 | something failed after work had started |
| 2 | bad input: nothing was started, and the message says how to mend it |
| 3 | the target was not reached |
| 129, 130, 143 | interrupted; the command that continues is printed |
"""


def front_door(name):
    """Returns the function behind a command: `keras_vision.NAME.NAME`."""
    return getattr(importlib.import_module(f"keras_vision.{name}"), name)


def command_page(name):
    """Returns the page of one command as Markdown: what it does, its options, and how to call it from Python.

    Example:

    >>> "--target-acc SHARE" in command_page("tune")
    True
    """
    door = front_door(name)
    parser = make_parser(door, f"python -m keras_vision.{name}")
    lines = [f"# {name}", "", parser.description, "", "```text", parser.format_usage().strip(), "```", ""]
    lines += ["| option | meaning |", "|---|---|"]
    lines += [
        f"| `{_flag(action)}` | {in_a_table(action.help)} |" for action in parser._actions if action.dest != "help"
    ]
    lines += ["", *_docstring(door), "## From Python", "", "```python", _call(name, door), "```", ""]
    options = {action.dest for action in parser._actions}
    alone = {name: field for name, field in fields(door.settings).items() if name not in options}
    lines += [
        f"- `{name}`, from Python alone: {in_a_table(field.metadata['setting'].meaning)}."
        for name, field in alone.items()
    ]
    lines += [
        f"- `{other}`, from Python alone: {alias.meaning}." for other, (_, alias) in aliases(door.settings).items()
    ]
    return "\n".join(lines) + "\n"


def _flag(action):
    if not action.option_strings:
        return action.dest
    value = f" {action.metavar}" if action.metavar else ""
    return f"{', '.join(action.option_strings)}{value}".replace("|", "\\|")


def in_a_table(text):
    """Returns words as they may stand in a table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _call(name, door):
    shown = []
    for parameter in inspect.signature(door).parameters.values():
        is_required = parameter.default is inspect.Parameter.empty
        shown.append(parameter.name if is_required else f"{parameter.name}={parameter.default!r}")
    return f"import keras_vision as kv\n\nkv.{name}(\n    " + ",\n    ".join(shown) + ",\n)"


def _docstring(door):
    """Yields a docstring as Markdown: paragraphs as they are, each section under its name."""
    body = inspect.getdoc(door).split("\n\n", 1)[1] if "\n\n" in inspect.getdoc(door) else ""
    for block in re.split(r"\n(?=[A-Z][a-z]+:\n)", f"\n{body}"):
        title, _, text = block.strip("\n").partition(":\n")
        if not re.fullmatch("[A-Z][a-z]+", title):
            yield block.strip("\n") + "\n"
        elif title == "Example":
            yield f"### Example\n\n```python\n{inspect.cleandoc(text).replace('  # doctest: +SKIP', '')}\n```\n"
        elif title != "Args":  # the options say the same
            yield f"### {title}\n\n{inspect.cleandoc(text)}\n"


def commands_page():
    """Returns the page that lists all commands."""
    rows = [f"| [{name}]({name}.md) | {meaning} |" for name, meaning in COMMANDS.items()]
    text = (
        "# Commands\n\nEach command is a function with keyword arguments, `keras_vision.NAME(...)`, and can be "
        "run from a shell: `python -m keras_vision.NAME`, or `keras-vision NAME`. These pages are made from the "
        "settings in the code, as `--help` is.\n\n| command | what it does |\n|---|---|\n"
    )
    return text + "\n".join(rows) + f"\n{EXIT_CODES}"


def rooms():
    """Returns a dict: room -> its files, in the order of their names."""
    folders = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))
    return {folder.name: sorted(folder.rglob("*.py")) for folder in folders}


def summary(path):
    """Returns the first sentence of a file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def has_public_names(path):
    """Whether a file defines a function or class without an underscore in front."""
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(one, (ast.FunctionDef, ast.ClassDef)) and one.name[0] != "_" for one in nodes)


def module_name(path):
    """Returns the name by which a file is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_page(name, paths):
    """Returns the page of one room, in which mkdocstrings fills in the functions and classes of each file."""
    lines = [f"# keras_vision.{name}", "", summary(PACKAGE / name / "__init__.py"), ""]
    for path in filter(has_public_names, paths):
        lines += [f"## `{module_name(path)}`", "", f"::: {module_name(path)}", ""]
        lines += ["    options: {show_root_heading: false, show_root_toc_entry: false, heading_level: 3}", ""]
    return "\n".join(lines)


def _page_of(name, place):
    """Returns where the reference of a public name is, from the page of all of them."""
    return f"../commands/{name}.md" if name in COMMANDS else f"{place.split('.')[1]}.md#{place.replace('.', '')}"


def api_page():
    """Returns the page that lists the public names and the rooms."""
    rows = [f"| [{name}]({name}.md) | {in_a_table(summary(PACKAGE / name / '__init__.py'))} |" for name in rooms()]
    public = importlib.import_module("keras_vision")._PUBLIC
    own = [f"| [`keras_vision.{name}`]({_page_of(name, place)}) | `{place}` |" for name, place in public.items()]
    return (
        "# Python\n\nThe [commands](../commands/index.md) are also functions; each of their pages says how to call "
        "them. These names can be had from the package itself:\n\n| name | where it lives |\n|---|---|\n"
        + "\n".join(own)
        + "\n\nThe rooms of the house, with all their functions and classes:\n\n| room | what is in it |\n|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )
