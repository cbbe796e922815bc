"""Words that a person writes for values, on a command line or in a file, and values as such words."""

from keras_vision.errors import BadInput

# type of a number -> what it is called
NUMBERS = {int: "a whole number", float: "a number"}


def read_number(name, text, kind):
    """Returns the number of type `kind` that a text stands for.

    Raises:
        BadInput: It is none.

    Example:

    >>> read_number("target_acc", "1e-3", float)
    0.001
    """
    try:
        return kind(text)
    except ValueError:
        raise BadInput(f"{name} must be {NUMBERS[kind]}, not {text!r}.") from None


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
        if text[:1] in ("[", "("):
            raise BadInput(f"--set takes several values without brackets, such as filters=32,64, not {pair!r}.")
        parts = [literal(part.strip()) for part in text.split(",") if part.strip()]
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


def literal(text):
    """Returns the number, the truth or None that a text stands for; else the text."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for reader in (int, float):
        try:
            return reader(text)
        except ValueError:
            continue
    return text
