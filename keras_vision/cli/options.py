"""The options of a command line, made from the settings of its front door."""

import argparse
import inspect

from keras_vision import __version__
from keras_vision.cli.config_file import read_config
from keras_vision.cli.reading import NUMBERS, parse_settings, read_number
from keras_vision.errors import BadInput, nearest
from keras_vision.system.settings import REQUIRED, fields, options_of

# option -> what it means: of every command, and of those that give one result after the other
COMMON = {
    "quiet": "print only the result",
    "json": "print the result as a JSON object; progress goes to standard error",
}
OF_STREAMS = {
    "json": "print each result as a JSON object on a line of its own; progress goes to standard error",
    "csv": "print the results as CSV; progress goes to standard error",
}
VERSION = f"keras_vision {__version__}"


class Parser(argparse.ArgumentParser):
    """argparse that names the nearest option, and reports as `BadInput` does."""

    def parse(self, arguments):
        parsed, unknown = self.parse_known_args(arguments)
        if unknown and not unknown[0].startswith("-"):
            raise BadInput(
                f"{unknown[0]!r} belongs to no option. Write options as --NAME VALUE, and all other words together."
            )
        if unknown:
            known = [flag[2:] for action in self._actions for flag in action.option_strings if flag.startswith("--")]
            near = nearest(unknown[0].split("=")[0].lstrip("-"), known)
            hint = f" Did you mean '--{near}'?" if near else ""
            hint += " Settings of the network are given as --set NAME=VALUE." if "set" in known else ""
            raise BadInput(f"There is no option {unknown[0]!r}.{hint} {self.prog} --help lists the options.")
        return parsed

    def error(self, message):
        raise BadInput(f"{message}. {self.prog} --help lists the options.")


def read_command(door, prog, arguments):
    """Returns what the words of a command line ask for: (keywords of the front door, dict of the common options given).

    Options win over what `--config FILE` says. Of settings of the model, `--set`, those that are in both.
    """
    first = Parser(prog=prog, add_help=False, allow_abbrev=False)
    first.add_argument("--config")
    file = first.parse_known_args(arguments)[0].config
    known = {} if file is None else read_config(file, options_of(door.settings), prog.rpartition(".")[2])
    parsed = vars(make_parser(door, prog, known).parse(arguments))
    common = {name: parsed.pop(name) for name in ("config", *COMMON, *OF_STREAMS) if name in parsed}
    given = read_options(door, parsed)
    both = {name: known[name] | given[name] for name in known.keys() & given.keys() if isinstance(given[name], dict)}
    return known | given | both, common


def make_parser(door, prog, known=()):
    """Returns the parser of a front door's command line; it finds what is given, and no defaults.

    Args:
        door: The front door.
        prog: What the command is called.
        known: Names of settings that need not be given, since a file has them.
    """
    description = (inspect.getdoc(door) or "").split("\n\n")[0]  # python -OO leaves no docstrings
    parser = Parser(prog=prog, description=description, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    add_options(parser, door, known)
    return parser


def add_options(parser, door, known=()):
    """Adds the options of a front door to a parser, as `make_parser` has them."""
    asked = options_of(door.settings)
    for name, field in sorted(asked.items(), key=lambda pair: not pair[1].metadata["setting"].is_word):
        _add(parser, name, field, field.metadata["setting"], name in known)
    for name, meaning in (COMMON | (OF_STREAMS if door.is_stream else {})).items():
        parser.add_argument(f"--{name}", action="store_true", help=meaning)
    meaning = "take the settings from a YAML or JSON file, or from the config.json of a run; options given here win"
    parser.add_argument("--config", metavar="FILE", help=meaning)
    parser.add_argument("--version", action="version", version=VERSION, help="print the version")


def _add(parser, name, field, own, is_known):
    flag = "--" + (own.option or name).replace("_", "-")
    if own.is_word:
        needs_none = is_known or field.default is None
        several = ("*" if needs_none else "+") if own.is_repeated else "?" if needs_none else None
        parser.add_argument(name, help=own.meaning, nargs=several)
    elif field.type is bool:
        parser.add_argument(flag, dest=name, action=argparse.BooleanOptionalAction, help=own.meaning)
    elif own.is_repeated:
        parser.add_argument(flag, dest=name, action="append", metavar=own.placeholder, help=own.meaning)
    else:
        usual = "" if field.default in (None, REQUIRED) else f" (default: {field.default})"
        parser.add_argument(flag, dest=name, metavar=own.placeholder, help=f"{own.meaning}{usual}")


def read_options(door, parsed):
    """Returns the keywords of a front door that a dict of parsed options stands for."""
    types = {name: field.type for name, field in fields(door.settings).items()}
    return {name: _read(name, value, types[name]) for name, value in parsed.items()}


def _read(name, value, kind):
    if kind is dict:
        return parse_settings(value)
    return read_number(name, value, kind) if kind in NUMBERS else value
