"""How names and places are said to a person."""

import os
import re
import shlex

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a terminal obeys them


def some(names, most=5):
    """Returns a list of names as text that stays short, however many they are.

    Example:

    >>> some(["cat", "dog"]), some("abcdefg")
    ('cat, dog', 'a, b, c, d, e and 2 more')
    """
    rest = len(names) - most
    return ", ".join(map(str, names[:most])) + (f" and {rest:,} more" if rest > 0 else "")


def spec_of(kind, path):
    """Returns what to type for a data set at a path.

    Example:

    >>> spec_of("folder", "my photos")
    "'folder:my photos'"
    """
    return shlex.quote(f"{kind}:{path}")


def printable(path):
    """Returns a path as text that any stream can print on one line, whatever bytes its name holds.

    Example:

    >>> printable("cats/7\\n.png")
    'cats/7\\\\n.png'
    """
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda sign: ascii(sign[0])[1:-1], text)
