"""Shows what in images speaks for the answer: `python -m keras_vision.explain RUN|MODEL.keras|EXPORT IMAGE ...`."""

import csv
import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from keras_vision.analysis.explanation import METHODS, USUAL
from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import carry_out, front_door
from keras_vision.errors import BadInput
from keras_vision.formats.opening import export_card
from keras_vision.reporting.progress import Progress, make_progress
from keras_vision.results.answers import Answers
from keras_vision.runs import Run, claim_folder, read_card
from keras_vision.system.settings import REQUIRED, Settings, one_of, setting, whole


@dataclasses.dataclass(frozen=True)
class ExplainSettings(Settings):
    """What `explain` is asked for."""

    source: str = setting(REQUIRED, "a run directory, a .keras file or the folder of an export", is_word=True)
    images: list = setting(
        REQUIRED, "image files, folders of them, or - for one image on standard input", is_word=True, is_repeated=True
    )
    method: str = setting(
        USUAL, f"what the heat shows; {'; '.join(map(': '.join, METHODS.items()))}", "NAME", one_of(METHODS)
    )
    label: str = setting(None, "the class to explain; if not given, the most probable one of each image", "CLASS")
    layer: str = setting(None, "the layer that LayerCAM looks at; if not given, the last of each size", "LAYER")
    top: int = setting(5, "draw the N most probable classes", "N", whole(1))
    batch_size: int = setting(32, "images in memory at a time", "N", whole(1))
    out: str = setting(
        None, "the folder for pictures; if not given, figures/explanations in the run, or explanations here", "DIR"
    )


@front_door(ExplainSettings, Answers, words=2)
def explain(asked: ExplainSettings, progress: Progress) -> Iterator[dict[str, Any]]:
    """Show which parts of images speak for a network's answer, as heat over each image.

    Images are read as `predict` reads them. Occlusion works for every network and every export. Integrated gradients
    add up, over the pixels, to the difference between the logits of the image and of its mean colour; exports cannot
    have them. LayerCAM is the fastest, works for networks whose features have a place in the image, and shows nothing
    that speaks against a class.

    An export in the format saved_model can read and write files when it is run: give only what you trust.

    Yields:
        A dict for each image, in order: image, its path; predictions, as `predict` has them; explained, the class;
        method; figure, the path of the picture; with integrated gradients also steps, and deviation, how far the sum is
        from the difference, as a share of it. Or in their place error, why the image could not be read.

    Raises:
        BadInput: Before any image is read, where there is no such model, class, layer or folder to write to, where the
            model cannot have the method, or folders hold no images.
        KerasVisionError: The model answers with NaN or infinity.

    Example:

    >>> for answer in explain("runs/tune-vgg-fashion_mnist", "photos"):  # doctest: +SKIP
    ...     print(answer["explained"], answer["figure"])
    Coat runs/tune-vgg-fashion_mnist/figures/explanations/a.png
    """
    if asked.layer and asked.method != "layercam":
        raise BadInput(f"layer={asked.layer} works only with --method layercam. Add that, or leave it out.")
    card = export_card(asked.source)
    if card is None:
        read_card(asked.source)  # a file that is no model is refused before Keras is loaded
    run = Run(asked.source) if not asked.out and Run(asked.source).config_path.exists() else None
    folder = Path(asked.out or (run.figures / "explanations" if run else "explanations"))
    ours = folder.resolve()
    with claim_folder("out", folder):
        for image in asked.images:
            if image != "-" and ours in (path := Path(image).resolve(), *path.parents):
                raise BadInput(f"{image} lies in {folder}, where the pictures go. Give another folder with --out.")
        yield from carry_out("commands.explain", asked, card, folder, run, progress)


def show(answers: Iterable[dict[str, Any]], form: str, out: TextIO) -> int:
    """Prints answers as they come; returns the exit code, 1 where an image could not be read.

    Args:
        answers: What `explain` yields.
        form: "table" (a line for each image), "json" (an object on each line) or "csv".
        out: The stream to print to.
    """
    has_failed, writer = False, csv.writer(out, lineterminator="\n")
    progress = make_progress(stream=out, must_be_read=True)
    if form == "csv":
        writer.writerow(("image", "class", "probability", "explained", "method", "figure", "error"))
    for row in answers:
        has_failed |= "error" in row
        best = row.get("predictions", [{"class": "", "probability": ""}])[0]
        if form == "json":
            print(json.dumps(row, allow_nan=False), file=out, flush=True)
        elif form == "csv":
            last = [row.get(name, "") for name in ("explained", "method", "figure", "error")]
            writer.writerow((row["image"], best["class"], best["probability"], *last))
            out.flush()
        elif "error" in row:
            progress.say(f"{row['image']}  error: {row['error']}")
        else:
            progress.say(f"{row['image']}  {best['class']} {best['probability']:.4f}  {row['figure']}")
    return int(has_failed)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    return run_command(explain, "explain", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
