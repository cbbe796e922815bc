"""Settings from a file in place of options: YAML, JSON, or the `config.json` of a run, which is repeated so."""

import json
from pathlib import Path

from keras_vision.cli.reading import NUMBERS, literal, read_number
from keras_vision.errors import BadInput, check_name
from keras_vision.runs import latest_start

MERGE = "tag:yaml.org,2002:merge"  # which takes settings from elsewhere, and may stand beside the same ones
_KINDS = {str: "text", bool: "true or false", dict: "names with their values", list: "a list", **NUMBERS}


def read_config(path, options, command):
    """Returns the keywords of a front door that a file of settings stands for.

    A setting is called as its option is, or as its keyword from Python: `target-acc`, `target_acc`. One that is null
    or missing keeps its default. Relative paths count from the present folder, as those of options do.

    Args:
        path: The file. Of the `config.json` of a run, what the run was asked for counts.
        options: Dict: name -> dataclass field, of the settings that may stand in it.
        command: The command's name.

    Raises:
        BadInput: The file cannot be read, has a setting that the command does not have, or a value of another type.

    Example:

    >>> read_config("run.yaml", options_of(TuneSettings), "tune")  # doctest: +SKIP
    {'model': 'vgg', 'target_acc': 0.9}
    """
    record = _load(Path(path))
    if not isinstance(record, dict):
        raise BadInput(f"{path} holds no settings. Write one on each line, such as model: vgg.")
    if {"settings", "versions", "machine"} <= record.keys():
        record = _asked_of(record, path)
    names = {field.metadata["setting"].option: name for name, field in options.items()}
    found = {}
    for key, value in record.items():
        word = str(key).replace("-", "_")
        name = check_name("setting", names.get(word, word), options, f"of {command} (see {path})")
        if name in found:
            raise BadInput(f"{path} has the setting {key} twice. Leave one out.")
        if value is not None:
            found[name] = _typed(name, value, options[name].type, path)
    return found


def _asked_of(record, path):
    """Returns what a run was asked for, by what it recorded at its latest start."""
    arguments = latest_start(record).get("arguments")
    if not isinstance(arguments, dict):
        raise BadInput(f"{path} does not say with which settings the run was started. Write them into a file.")
    return arguments


def _load(path):
    readers = {".json": _read_json, ".yaml": _read_yaml, ".yml": _read_yaml}
    if path.suffix.lower() not in readers:
        raise BadInput(f"The config file {path} must end in .yaml, .yml or .json.")
    try:
        return readers[path.suffix.lower()](path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"The config file {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"The config file {path} cannot be understood: {reason}. Mend it there.") from error


def _read_json(text):
    return json.loads(text, object_pairs_hook=_each_once)


def _each_once(pairs):
    """Returns pairs of names and values as a dict; of a name that comes twice, one value would be lost."""
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"it has the setting {twice[0]} twice")
    return dict(pairs)


def _read_yaml(text):
    import yaml  # which `--help` and commands without such a file can spare

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != MERGE]
            _each_once([(str(key), None) for key in keys])
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _typed(name, value, kind, path):
    """Returns a value as the front door takes it; several numbers, such as a height and a width, as a tuple."""
    if kind in NUMBERS and isinstance(value, list):
        return tuple(_typed(name, one, kind, path) for one in value)
    if kind in NUMBERS and isinstance(value, str):  # as YAML reads 1e-3
        return read_number(name, value, kind)
    if kind is float and type(value) is int:
        return float(value)
    if kind is str and type(value) in (int, float):  # the class 7, say
        return str(value)
    if kind is list and isinstance(value, str):
        return [value]
    if kind is object:
        return value
    if type(value) is not kind:
        raise BadInput(f"{name} must be {_KINDS[kind]}, not {value!r} (see {path}).")
    if kind is list:
        return [str(one) for one in value]
    return {str(key): _setting(one) for key, one in value.items()} if kind is dict else value


def _setting(value):
    """Returns a setting of the model as `--set` gives it."""
    if isinstance(value, list):
        return tuple(map(_setting, value))
    return literal(value) if isinstance(value, str) else value
