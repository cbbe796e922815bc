"""A page on this machine to try a model: `python -m keras_vision.serve RUN|MODEL.keras|EXPORT`."""

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.commands.local_server import LocalServer
from keras_vision.formats.opening import export_card
from keras_vision.reporting.progress import Progress
from keras_vision.runs import read_card
from keras_vision.system.settings import REQUIRED, Settings, between, setting, whole


@dataclasses.dataclass(frozen=True)
class ServeSettings(Settings):
    """What `serve` is asked for."""

    source: str = setting(REQUIRED, "a run directory, a .keras file or the folder of an export", is_word=True)
    port: int = setting(
        8000, "the port of the page; 0 takes one that is free", "N",
        between(0, 65535, "a whole number from 0 to 65535", whole=True),
    )  # fmt: skip
    top: int = setting(5, "show the N most probable classes", "N", whole(1))


@front_door(ServeSettings)
def serve(asked: ServeSettings, progress: Progress) -> dict[str, Any]:
    """Show a page on this machine on which a person tries a model: with image files, or by drawing.

    The page shows the most probable classes, and what in the image speaks for one of them: by LayerCAM where the
    network can have it, else by occlusion, as `explain` does. Images are read as `predict` reads them, and stay in
    memory. No other machine, and no other page in the browser, can reach it. Ctrl-C ends it.

    An export in the format saved_model can read and write files when it is run: give only what you trust.

    Returns:
        A dict: address, and answered, the number of images.

    Raises:
        BadInput: No such model, it takes no images, or the port is in use.

    Example:

    >>> serve("runs/tune-vgg-fashion_mnist")  # doctest: +SKIP
    """
    card = export_card(asked.source)
    if card is None:
        read_card(asked.source)  # a file that is no model is refused before Keras is loaded
    with LocalServer(asked.port) as server:
        return carry_out("commands.serve", asked, card, server, progress)


def show(result: Mapping[str, Any], progress: Progress) -> None:
    """Prints the line that ends it."""
    progress.say(f"Ended after {result['answered']:,} images.")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(serve, "serve", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
