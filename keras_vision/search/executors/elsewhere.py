"""A job in another process: the context that is sent there, and what comes back, both as plain data."""

import dataclasses
import importlib
import traceback

from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.runs import WorkdirRefused
from keras_vision.search.executors import Failure

_REFUSALS = {kind.__name__: kind for kind in (WorkdirRefused, BadInput, KerasVisionError)}  # the narrowest first


def recorded(context):
    """Returns a context as plain data, for `opened`; its images are shared apart from it."""
    return {"place": context.place, "record": context.record()}


def opened(sent, dataset, progress):
    """Returns the context that `recorded` describes. Keras is there by then.

    Args:
        sent: What `recorded` returned.
        dataset: Its `Dataset`; None where it has none to share.
        progress: A `Progress`.
    """
    return importlib.import_module(sent["place"]).opened(sent["record"], dataset, progress)


def answer(context, job, note):
    """Runs a job; returns what came of it, or what it raised, as plain data for `answered`."""
    try:
        came = context.run(job, note)
    except KerasVisionError as error:
        name = next(name for name, kind in _REFUSALS.items() if isinstance(error, kind))
        return {"refused": [name, str(error)]}
    except OSError as error:
        return {"system_error": [error.errno, error.strerror or str(error), error.filename and str(error.filename)]}
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        came = Failure("error", reason, traceback.format_exc())
    return {"failure": dataclasses.asdict(came)} if isinstance(came, Failure) else {"result": came}


def answered(message):
    """Returns or raises what came of a job in another process, by what `answer` returned there."""
    match message:
        case {"refused": [name, words]}:
            raise _REFUSALS[name](words)
        case {"system_error": arguments}:
            raise OSError(*arguments)
        case {"failure": fields}:
            return Failure(**fields)
        case {"result": result}:
            return result
