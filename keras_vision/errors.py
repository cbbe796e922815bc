"""Errors that a person can do something about: what is wrong, and what to do."""

import difflib


class KerasVisionError(Exception):
    """Something that went wrong after work had started. Front doors exit with `exit_code`."""

    exit_code = 1


class BadInput(KerasVisionError, ValueError):
    """Input refused before any work started.

    Args:
        given: Without `expected` a sentence or two that say what is wrong and what to do: the usual form. With it the
            value that was given, as the person would recognise it: `"target_acc=90"`.
        expected: What would have been accepted: `"a share between 0 and 1"`.
        mend: What to do about it: `"For 90% write 0.9."`. Optional.

    Example:

    >>> str(BadInput("target_acc=90", "a share between 0 and 1", "For 90% write 0.9."))
    'target_acc=90: expected a share between 0 and 1. For 90% write 0.9.'
    """

    exit_code = 2

    def __init__(self, given, expected="", mend=""):
        self.given, self.expected, self.mend = str(given), str(expected), str(mend)
        wanted = f": expected {self.expected}." if expected else ""
        super().__init__(f"{self.given}{wanted}{' ' + self.mend if mend else ''}")


def nearest(word, choices):
    """Returns the choice spelled most like `word`, or None where none is close."""
    matches = difflib.get_close_matches(str(word).lower(), [str(c) for c in choices], n=1, cutoff=0.5)
    return matches[0] if matches else None


def check_choice(kind, given, choices):
    """Returns `given` if it is one of `choices`; raises `BadInput` with the choices and the nearest otherwise.

    Example:

    >>> check_choice("model", "vgg", ("cnn", "vgg"))
    'vgg'
    """
    if given in choices:
        return given
    near = nearest(given, choices)
    hint = f"Did you mean {near!r}?" if near else ""
    raise BadInput(f"{kind} {given!r}", f"one of {', '.join(map(str, choices))}", hint)
