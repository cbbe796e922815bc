"""The script with which a shell completes commands, options and their choices; the library shtab writes it."""

from keras_vision.cli.options import VERSION, Parser, add_options
from keras_vision.errors import check_choice
from keras_vision.reporting.packages import check_installed
from keras_vision.system.settings import options_of

SHELLS = ("bash", "zsh", "tcsh")
_FOLDERS, _FILES = ("DIR",), ("FILE", "FILE.py")  # placeholders of values that are such


def check_shell(shell=None):
    """Refuses a shell that no script can be written for, or all where shtab is not installed.

    Raises:
        BadInput: With the command that installs it.
    """
    check_choice("--print-completion", shell or "", SHELLS)
    check_installed("Completion", ["shtab"], "completion")


def completion(doors, meanings, shell):
    """Returns the script for the command `keras-vision`.

    Args:
        doors: Dict: command -> front door.
        meanings: Dict: command -> what it does.
        shell: One of `SHELLS`.
    """
    import shtab  # which nothing else needs, and need not be installed

    parser = Parser(prog="keras-vision")
    parser.add_argument("--version", action="version", version=VERSION, help="print the version")
    commands = parser.add_subparsers(metavar="NAME")
    for name, door in doors.items():
        command = commands.add_parser(name, help=meanings[name], allow_abbrev=False)
        add_options(command, door)
        for action in command._actions:
            _complete(action, options_of(door.settings).get(action.dest), shtab)
    return shtab.complete(parser, shell)


def _complete(action, field, shtab):
    """Says what an option's value may be: one of its choices, a file or a folder."""
    own = field and field.metadata["setting"]
    choices = getattr(own and own.check, "choices", None)
    if choices and own.is_repeated is False:
        action.choices = [str(choice) for choice in choices]
    elif action.metavar in _FOLDERS:
        action.complete = shtab.DIRECTORY
    elif action.metavar in _FILES or (own and own.is_word):
        action.complete = shtab.FILE
