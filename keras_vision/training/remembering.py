"""What was found out about this machine by timing, remembered from one process to the next in a file.

The file lies in the folder that the variable KERAS_VISION_CACHE names, else in `keras_vision` within XDG_CACHE_HOME or
~/.cache. What cannot be read or written there is found out again: it never ends a run.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

import filelock

from keras_vision.runs import write_json

_MOST = 2_000  # of all that is remembered; the oldest is forgotten first
_PATIENCE = 5  # seconds to wait for another process that writes


def recall(machine, question):
    """Returns the answer that was remembered for a question about a machine, or None.

    Args:
        machine: Dict of what answers depend on that is not in the question, as `timing.machine_facts` returns it.
        question: Plain data that says what was timed.
    """
    path = _path(machine)
    return _answers(path).get(_digest(question)) if path else None


def remember(machine, question, answer):
    """Remembers an answer, and returns what is remembered now: the first answer stays, whoever gave it.

    Args:
        machine, question: As `recall` takes them.
        answer: Plain data.
    """
    path = _path(machine)
    with contextlib.suppress(OSError, NotImplementedError, filelock.Timeout):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(path.with_suffix(".lock"), timeout=_PATIENCE):
                answers = _answers(path)
                answer = answers.setdefault(_digest(question), answer)
                kept = dict(list(answers.items())[-_MOST:])
                write_json(path, {"machine": machine, "answers": kept})
    return answer


def _path(machine):
    """Returns the file of a machine; None where there is no home for it."""
    given = os.environ.get("KERAS_VISION_CACHE")
    folder = os.path.expanduser(given or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "keras_vision"))
    return None if folder.startswith("~") else Path(folder, f"timed-{_digest(machine)}.json")


def _answers(path):
    """Returns a dict: digest of a question -> its answer."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # there is none, or it is damaged
        return dict(json.loads(path.read_text(encoding="utf-8"))["answers"])
    return {}


def _digest(facts):
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:20]
