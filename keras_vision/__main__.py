"""`keras-vision NAME ...` and `python -m keras_vision NAME ...`: the front doors under one name."""

import importlib
import sys

from keras_vision import COMMANDS, __version__
from keras_vision.cli.completion import check_shell, completion
from keras_vision.errors import BadInput, check_name
from keras_vision.system.streams import tell


def main(arguments=None):
    """Runs one front door by its name and returns its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: keras-vision NAME [OPTIONS]\n")
        print("\n".join(f"  {name:<10}{meaning}" for name, meaning in COMMANDS.items()))
        print("\nkeras-vision NAME --help lists a command's options; keras-vision --version prints the version;")
        print("keras-vision --print-completion bash|zsh|tcsh prints the script with which that shell completes words.")
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(f"keras_vision {__version__}")
        return 0
    try:
        if arguments[0] == "--print-completion":
            check_shell(*arguments[1:2])
            doors = {name: getattr(importlib.import_module(f"keras_vision.{name}"), name) for name in COMMANDS}
            print(completion(doors, COMMANDS, arguments[1]))
            return 0
        check_name("command", arguments[0], COMMANDS)
    except BadInput as error:
        tell(f"keras-vision: {error}")
        return error.exit_code
    return importlib.import_module(f"keras_vision.{arguments[0]}").main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main())
