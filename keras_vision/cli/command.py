"""What all command lines share: one way of turning a front door into a command, exit codes, interrupts."""

import _thread
import contextlib
import errno
import json
import os
import select
import shlex
import signal
import sys
import threading

from keras_vision.cli.options import read_command
from keras_vision.errors import BadInput, KerasVisionError, is_out_of_memory
from keras_vision.reporting.progress import installed, is_interactive, make_progress
from keras_vision.system.streams import open_missing, tell, usable

# signal -> exit code. Windows has no SIGHUP, and a SIGBREAK where a terminal is closed.
_CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGBREAK": 129}
INTERRUPTED = {getattr(signal, name): code for name, code in _CODES.items() if hasattr(signal, name)}
# What a person mends in the words of the command.
_WRONG_NAMES = {errno.ENAMETOOLONG: ". A name in it is too long for this system: choose a shorter one."}
_FULL = ". Free some space there, and give the same command again."
SOON = 0.05  # seconds until an interrupt that was lost comes once more
_MENDS = _WRONG_NAMES | dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FULL)


class Terminated(KeyboardInterrupt):
    """SIGTERM or a closed terminal, taken like a Ctrl-C: the next start goes on from the last finished epoch."""

    def __init__(self, signum):
        self.signum = signum


def _form(as_json, as_csv):
    if as_json and as_csv:
        raise BadInput("Give either --json or --csv, not both.")
    return "json" if as_json else "csv" if as_csv else "table"


def _raise_terminated(signum, frame):
    raise Terminated(signum)


def _signal_of(stop):
    """Returns the signal that an interrupt came from."""
    return stop.signum if isinstance(stop, Terminated) else signal.SIGINT


@contextlib.contextmanager
def _no_stop_lost():
    """Lets an interrupt come once more that came where Python raises nothing: in a callback of the garbage collector.

    There an exception is told to `sys.unraisablehook` and forgotten, and the program would go on.
    """
    before = sys.unraisablehook

    def heard(lost):
        if isinstance(lost.exc_value, KeyboardInterrupt):
            threading.Timer(SOON, _thread.interrupt_main, (_signal_of(lost.exc_value),)).start()
        else:
            before(lost)

    sys.unraisablehook = heard
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def _stops_raised():
    """Makes SIGTERM and a closed terminal raise `Terminated` in the block, unless they are ignored, as under nohup.

    Only the main thread may say what a signal does. In another one, signals stay what they are.
    """
    before = {}
    try:
        with contextlib.suppress(ValueError):
            for stop in INTERRUPTED.keys() - {signal.SIGINT}:
                if signal.getsignal(stop) not in (signal.SIG_IGN, None):
                    before[stop] = signal.signal(stop, _raise_terminated)
        yield
    finally:
        for stop, handler in before.items():
            signal.signal(stop, handler)


def main(door, name, *, show=None, resumable=False, arguments=None):
    """Runs a front door as a command and returns its exit code.

    Args:
        door: The front door, made by `front_door`. It is called plainly with the parsed options (and `progress`), and
            returns a dict that JSON can hold; its key `exit_code`, where present, is the exit code. Or it yields such
            dicts: `show` is then called with (them, "table" or "json" or "csv", where to print) while they come, and
            returns the exit code.
        name: The command's name, as in `python -m keras_vision.NAME`.
        show: Called with (result, progress) to print the result for a person.
        resumable: Whether the same command, given again, goes on where this one was interrupted.
        arguments: The words of the command line; those of this process by default.

    Returns:
        0 done, 1 failure, 2 bad input, 3 target not reached, 129, 130 or 143 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    open_missing()
    if not is_interactive():
        os.environ["MPLBACKEND"] = "agg"  # figures are files; what else is set may be no backend of this machine
    with _stops_raised(), _no_stop_lost():
        try:
            return _run(door, *read_command(door, f"python -m keras_vision.{name}", arguments), show)
        except KerasVisionError as error:
            tell(f"keras_vision.{name}: {error}")
            return error.exit_code
        except KeyboardInterrupt as stop:
            code = INTERRUPTED[_signal_of(stop)]
            words = shlex.join([installed("python"), "-m", f"keras_vision.{name}", *arguments])
            tell(f"\nInterrupted. To continue: {words}" if resumable else "\nInterrupted.")
            return code
        except OSError as error:
            if not (_is_broken_pipe(error) and _nobody_reads()):
                mend = _MENDS.get(error.errno, "") if error.filename else ""
                tell(f"keras_vision.{name}: {error}{mend}")
            _print_no_more()
            return 2 if error.errno in _WRONG_NAMES else 1
        except ImportError as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            tell(
                f"keras_vision.{name}: A library cannot be loaded ({reason}). "
                "python -m keras_vision.doctor shows what is missing."
            )
            return 1
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            tell(f"keras_vision.{name}: There is not enough memory. Use smaller images, batches or networks.")
            return 1


def _run(door, keywords, common, show):
    """Calls a front door with what a command line asks for, prints what it returns, and returns the exit code."""
    quiet, as_json = common.get("quiet", False), common.get("json", False)
    form = _form(as_json, common.get("csv", False))
    out = usable(sys.stdout)  # which a live display replaces
    progress = make_progress(quiet=quiet, stream=sys.stderr if as_json or door.is_stream else out)
    with progress:
        result = door.plainly(**keywords, progress=progress)
        if door.is_stream:
            code = show(result, form, out)
            out.flush()
            return code
    if as_json:
        print(json.dumps(result, allow_nan=False, default=str), file=out, flush=True)
    elif show:
        show(result, make_progress(stream=out, must_be_read=True))
    return result.get("exit_code", 0)


def _is_broken_pipe(error):
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def _nobody_reads():
    """Returns whether standard output is a pipe that its reader has closed, as `head` does.

    Where the system cannot tell whose pipe is broken, as Windows, it is that one: no other is written to.
    """
    if not hasattr(select, "poll"):
        return True
    with contextlib.suppress(AttributeError, OSError, ValueError):
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)  # errors are told without being asked for
        return any(events & select.POLLERR for _, events in poll.poll(0))
    return False


def _print_no_more():
    """Turns standard output to nothing where it cannot be written: Python would try again as it ends, and complain."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(AttributeError, OSError, ValueError), open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), sys.stdout.fileno())
    except AttributeError:  # there is none
        return
