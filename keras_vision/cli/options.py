"""The options of a command line, made from the settings of its front door."""

import argparse
import inspect

from keras_vision.errors import BadInput, did_you_mean
from keras_vision.system.settings import REQUIRED, fields

# option -> what it means: of every command, and of those that give one result after the other
COMMON = {
    "quiet": "print only the result",
    "json": "print the result as a JSON object; progress goes to standard error",
}
OF_STREAMS = {
    "json": "print each result as a JSON object on a line of its own; progress goes to standard error",
    "csv": "print the results as CSV; progress goes to standard error",
}
# type of a number -> what it is called
NUMBERS = {int: "a whole number", float: "a number"}


class Parser(argparse.ArgumentParser):
    """argparse that names the nearest option, and reports as `BadInput` does."""

    def parse(self, arguments):
        parsed, unknown = self.parse_known_args(arguments)
        if unknown and not unknown[0].startswith("-"):
            raise BadInput(
                f"{unknown[0]!r} belongs to no option. Write options as --NAME VALUE, and all other words together."
            )
        if unknown:
            known = [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]
            hint = did_you_mean(unknown[0].split("=")[0], known)
            raise BadInput(f"There is no option {unknown[0]!r}.{hint} {self.prog} --help lists the options.")
        return parsed

    def error(self, message):
        raise BadInput(f"{message}. {self.prog} --help lists the options.")


def make_parser(door, prog):
    """Returns the parser of a front door's command line; `read_options` makes keywords of what it has parsed."""
    description = (inspect.getdoc(door) or "").split("\n\n")[0]  # python -OO leaves no docstrings
    parser = Parser(prog=prog, description=description, allow_abbrev=False)
    asked = {name: field for name, field in fields(door.settings).items() if field.metadata["setting"].is_option}
    for name, field in sorted(asked.items(), key=lambda pair: not pair[1].metadata["setting"].is_word):
        _add(parser, name, field, field.metadata["setting"])
    for name, meaning in (COMMON | (OF_STREAMS if door.is_stream else {})).items():
        parser.add_argument(f"--{name}", action="store_true", help=meaning)
    return parser


def _add(parser, name, field, own):
    flag = "--" + (own.option or name).replace("_", "-")
    if own.is_word:
        several = "+" if own.is_repeated else None if field.default is REQUIRED else "?"
        parser.add_argument(name, help=own.meaning, nargs=several)
    elif field.type is bool:
        parser.add_argument(flag, dest=name, action="store_true", help=own.meaning)
    elif own.is_repeated:
        parser.add_argument(flag, dest=name, action="append", metavar=own.placeholder, default=[], help=own.meaning)
    else:
        usual = "" if field.default in (None, REQUIRED) else f" (default: {field.default})"
        how = {"metavar": own.placeholder, "default": field.default}
        parser.add_argument(flag, dest=name, help=f"{own.meaning}{usual}", **how)


def read_options(door, parsed):
    """Returns the keywords of a front door that a dict of parsed options stands for."""
    types = {name: field.type for name, field in fields(door.settings).items()}
    return {name: _read(name, value, types[name]) for name, value in parsed.items()}


def _read(name, value, kind):
    if kind is dict:
        return parse_settings(value)
    if kind not in NUMBERS or not isinstance(value, str):
        return value
    try:
        return kind(value)
    except ValueError:
        raise BadInput(f"{name} must be {NUMBERS[kind]}, not {value!r}.") from None


def parse_settings(pairs):
    """Reads `--set` pairs: numbers, true/false/none, and comma-separated tuples of them.

    Example:

    >>> parse_settings(["filters=32,64", "head=gap", "batch_norm=false"])
    {'filters': (32, 64), 'head': 'gap', 'batch_norm': False}
    """
    settings = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise BadInput(f"--set takes KEY=VALUE, such as filters=32,64, not {pair!r}.")
        parts = [_literal(part.strip()) for part in text.split(",") if part.strip()]
        settings[name.strip().replace("-", "_")] = tuple(parts) if "," in text else (parts[0] if parts else "")
    return settings


def setting_text(value):
    """Returns a value as `--set` reads it.

    Example:

    >>> setting_text((32, 64)), setting_text((2,)), setting_text(False)
    ('32,64', '2,', 'false')
    """
    if isinstance(value, (list, tuple)):
        return ",".join(map(setting_text, value)) + "," * (len(value) == 1)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _literal(text):
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for reader in (int, float):
        try:
            return reader(text)
        except ValueError:
            continue
    return text
