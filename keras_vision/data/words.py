"""How names and places are said to a person."""

import shlex


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
