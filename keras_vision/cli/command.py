"""What all command lines share: one table of options, one way of turning a function into a command, exit codes.

A front door is a function with keyword arguments; its command line is made from its signature. The options' names
and defaults are the function's own, so that the flag, the argument and the recorded setting cannot drift apart.
"""

import argparse
import contextlib
import errno
import inspect
import json
import os
import select
import shlex
import signal
import sys

from keras_vision.errors import BadInput, KerasVisionError, nearest
from keras_vision.formats import FORMATS
from keras_vision.models import MODELS
from keras_vision.reporting.progress import installed, is_interactive, make_progress
from keras_vision.system.streams import open_missing, tell, usable

# name -> (how its text is read, placeholder, what it means). A flag without a reader takes no value.
OPTIONS = {
    "model": (str, "NAME", f"the model family: {', '.join(MODELS)}"),
    "dataset": (str, "NAME", "a named data set, or folder:PATH, npz:PATH, csv:FILE, tfds:NAME"),
    "data_dir": (str, "DIR", "a prepared TFDS directory, or the folder of a data set's own files"),
    "image_size": (int, "PIXELS", "resize all images to this height and width"),
    "on_bad_image": (str, "error|skip", "a damaged training image: stop and name it, or skip and count it"),
    "target_acc": (float, "SHARE", "the accuracy to be reached, a share such as 0.9"),
    "metric": (str, "NAME", "what the target and the best epoch are about: accuracy or balanced_accuracy"),
    "strategy": (str, "NAME", "how settings are proposed: grow, random, grid, bayesian, hyperband"),
    "ending": (str, "NAME", "when a training is given up: hopeless, where its goal is out of reach, or never"),
    "polish": (str, "NAME", "how a growing search polishes the training: grid, random, bayesian"),
    "space": (str, "FILE.py", "a search space of your own in place of tuner_configs/MODEL.py"),
    "max_trials": (int, "N", "try at most this many settings"),
    "max_minutes": (float, "MINUTES", "start no new epoch after this long"),
    "max_params": (int, "N", "try no network with more trainable parameters"),
    "max_macs": (int, "N", "try no network with more multiply-accumulates for one image"),
    "max_latency_ms": (float, "MS", "try no network that takes longer for one image on this machine"),
    "keep": (int, "K", "keep the model files of the K best trials"),
    "confirm": (int, "N", "train what is found N times anew, on other validation images, to show what it reaches"),
    "report": (str, "WORKDIR", "print what an earlier search found, instead of searching"),
    "epochs": (int, "N", "passes over the training images"),
    "batch_size": (int, "N", "images per step"),
    "learning_rate": (float, "RATE", "the schedule's peak"),
    "weight_decay": (float, "RATE", "decay per step and unit of learning rate, for kernels only"),
    "optimizer": (str, "sgd|adamw", "sgd with Nesterov momentum, or adamw; rate and decay follow it"),
    "label_smoothing": (float, "SHARE", "share of each label spread over all classes"),
    "warmup_epochs": (float, "N", "epochs until the learning rate peaks"),
    "ema_momentum": (float, "SHARE", "average the weights with this momentum and evaluate the average; 0 is off"),
    "momentum": (float, "SHARE", "of sgd"),
    "schedule": (str, "NAME", "after the warm-up: one_cycle (linear to zero), cosine or constant"),
    "flip": (str, "NAME", "mirror training images: none, random or alternating"),
    "shift": (int, "PIXELS", "shift training images by up to so much"),
    "cutout": (int, "PIXELS", "blank a square of this side in training images"),
    "patience": (float, "SHARE", "end when in this share of the epochs nothing was left to learn; 0 is off"),
    "cutmix": (float, "SHARE", "probability that a batch of training images is mixed"),
    "class_weight": (str, "NAME", "balanced: in the loss, rare classes count as much as common ones; or none"),
    "precision": (str, "NAME", "auto, float32, mixed_bfloat16 or mixed_float16"),
    "seed": (int, "N", "everything random derives from it; 0 is a seed"),
    "workdir": (str, "DIR", "the run directory; the same command on the same directory goes on where it was"),
    "split": (str, "NAME", "test, validation or all (default: test; of new data without a test split, all)"),
    "views": (int, "1|2|6", "average over so many views: each image, with 2 also mirrored, with 6 also shifted"),
    "figures": (str, "DIR", "the folder for pictures; by default that of the run, and none for a model file"),
    "out": (str, "DIR", "where to write"),
    "format": (str, "NAME", f"one or several, with commas: {', '.join(FORMATS)} (default: saved_model)"),
    "quantize": (str, "int8", "compute in 8-bit integers, calibrated on training images"),
    "set": (str, "KEY=VALUE", "a setting of the model, such as filters=32,64; may be given several times"),
    "input_shape": (str, "HxWxC", "the images of a new model, such as 28x28x1"),
    "num_classes": (int, "N", "the classes of a new model"),
    "receptive_field": (None, None, "measure and draw what each layer sees"),
    "linearity": (None, None, "measure linearity and translation equivariance of each kind of layer"),
    "impulse": (str, "LAYER", "read a layer's kernel back from its response to a unit impulse"),
    "gradients": (None, None, "measure the gradient's norm in each layer, on noise or on images of --dataset"),
    "check": (None, None, "look for faults of wiring; exit 1 where there are any"),
    "kernels": (None, None, "draw what the first layers have learned"),
    "quiet": (None, None, "print the result only"),
    "top": (int, "N", "name the N most probable classes"),
    "csv": (None, None, "print the result as CSV; progress goes to standard error"),
    "list": (None, None, "print the names of all studies, with one line each"),
    "all": (None, None, "run all studies, one after the other"),
    "scale": (str, "smoke|quick|full", "seconds on tiny images, minutes on two cores, or the source's own settings"),
    "seeds": (int, "N", "repeat every training with the seeds 0 to N-1"),
    "json": (None, None, "print the result as one JSON object, of predict one a line; progress to standard error"),
}

# Options and words that may be given several times; they arrive as a list.
REPEATED = ("set", "format", "images")

# signal -> exit code. Windows has no SIGHUP, and a SIGBREAK where a terminal is closed.
_CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGBREAK": 129}
INTERRUPTED = {getattr(signal, name): code for name, code in _CODES.items() if hasattr(signal, name)}
# What a person mends in the words of the command.
_WRONG_NAMES = {errno.ENAMETOOLONG: ". A name in it is too long for this system: choose a shorter one."}


class Terminated(KeyboardInterrupt):
    """SIGTERM or a closed terminal, taken like a Ctrl-C: the next start goes on from the last finished epoch."""

    def __init__(self, signum):
        self.signum = signum


class _Parser(argparse.ArgumentParser):
    """argparse that names the nearest option, and reports as `BadInput` does."""

    def parse(self, arguments):
        parsed, unknown = self.parse_known_args(arguments)
        if unknown and not unknown[0].startswith("-"):
            raise BadInput(
                f"{unknown[0]!r}, one word too many",
                "options with their values",
                "Words stand side by side, and not between options.",
            )
        if unknown:
            known = [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]
            near = nearest(unknown[0].split("=")[0], known)
            hint = f"Did you mean {near}?" if near else "See --help."
            raise BadInput(f"option {unknown[0]!r}", f"one of {', '.join(known)}", hint)
        return parsed

    def error(self, message):
        raise BadInput(message, "the options that --help lists", f"Try: {self.prog} --help")


def _parser(function, prog, positional, flags, epilog=None):
    description = (inspect.getdoc(function) or "").split("\n\n")[0]  # python -OO leaves no docstrings
    parser = _Parser(prog=prog, description=description, epilog=epilog, allow_abbrev=False)
    parameters = inspect.signature(function).parameters
    for name, meaning in positional.items():
        optional = parameters[name].default is not inspect.Parameter.empty
        parser.add_argument(name, help=meaning, nargs="+" if name in REPEATED else "?" if optional else None)
    for name in flags:
        reader, placeholder, meaning = OPTIONS[name]
        flag = "--" + name.replace("_", "-")
        if reader is None:
            parser.add_argument(flag, action="store_true", help=meaning)
        elif name in REPEATED:
            parser.add_argument(flag, action="append", metavar=placeholder, default=[], help=meaning)
        else:
            default = parameters[name].default if name in parameters else None  # the others go to **recipe
            if default not in (None, inspect.Parameter.empty):
                meaning += f" (default: {default})"
            parser.add_argument(flag, dest=name, type=reader, metavar=placeholder, default=default, help=meaning)
    return parser


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
            raise BadInput(f"--set {pair}", "KEY=VALUE", "For example --set filters=32,64.")
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


def _form(as_json, as_csv):
    if as_json and as_csv:
        raise BadInput("--json with --csv", "one of the two")
    return "json" if as_json else "csv" if as_csv else "table"


def _raise_terminated(signum, frame):
    raise Terminated(signum)


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


def main(function, name, *, flags, positional=(), show=None, resumable=False, epilog=None, arguments=None):
    """Runs a front door as a command and returns its exit code.

    Args:
        function: The front door. It is called with the parsed options (and `progress`), and returns a dict that
            JSON can hold; its key `exit_code`, where present, is the exit code. Or it yields such dicts: `show` is then
            called with (them, "table" or "json" or "csv", where to print) while they come, and returns the exit code.
        name: The command's name, as in `python -m keras_vision.NAME`.
        flags: Names in `OPTIONS`, in the order of `--help`. `set` arrives as the argument `settings`.
        positional: Dict of positional argument names and meanings.
        show: Called with (result, progress) to print the result for a person.
        resumable: Whether the same command, given again, goes on where this one was interrupted.
        epilog: A line below the options of `--help`.
        arguments: The words of the command line; those of this process by default.

    Returns:
        0 done, 1 failure, 2 bad input, 3 target not reached, 129, 130 or 143 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    open_missing()
    if not is_interactive():
        os.environ["MPLBACKEND"] = "agg"  # figures are files; what else is set may be no backend of this machine
    with _stops_raised():
        try:
            flags = (*flags, "quiet", "json")
            parser = _parser(function, f"{installed('python')} -m keras_vision.{name}", dict(positional), flags, epilog)
            return _run(function, vars(parser.parse(arguments)), show)
        except KerasVisionError as error:
            tell(f"keras_vision.{name}: {error}")
            return error.exit_code
        except KeyboardInterrupt as stop:
            code = INTERRUPTED[stop.signum if isinstance(stop, Terminated) else signal.SIGINT]
            words = shlex.join([installed("python"), "-m", f"keras_vision.{name}", *arguments])
            tell(f"\nInterrupted. Go on with: {words}" if resumable else "\nInterrupted.")
            return code
        except OSError as error:
            if not (_is_broken_pipe(error) and _nobody_reads()):
                tell(f"keras_vision.{name}: {error}{_WRONG_NAMES.get(error.errno, '')}")
            _print_no_more()
            return 2 if error.errno in _WRONG_NAMES else 1
        except ImportError as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            tell(
                f"keras_vision.{name}: a library cannot be loaded ({reason}). keras_vision.doctor says what is lacking."
            )
            return 1
        except MemoryError:
            tell(f"keras_vision.{name}: the memory is full. Smaller images, batches or networks take less.")
            return 1


def _run(function, options, show):
    """Calls a front door with the options of a command line, prints what it returns, and returns the exit code."""
    quiet, as_json = options.pop("quiet"), options.pop("json")
    if "set" in options:
        options["settings"] = parse_settings(options.pop("set"))
    form = _form(as_json, options.pop("csv", False))
    is_stream, out = inspect.isgeneratorfunction(function), usable(sys.stdout)  # which a live display replaces
    progress = make_progress(quiet=quiet, stream=sys.stderr if as_json or is_stream else out)
    with progress:
        result = function(**options, progress=progress)
        if is_stream:
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
