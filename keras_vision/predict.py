"""Says what images show: `python -m keras_vision.predict RUN|MODEL.keras IMAGE|FOLDER|- ...`."""

import csv
import dataclasses
import itertools
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from keras_vision.cli.command import main as run_command
from keras_vision.cli.front_door import front_door
from keras_vision.errors import BadInput
from keras_vision.system.quiet import import_keras
from keras_vision.system.settings import REQUIRED, Settings, setting, whole

STDIN = "-"
_SECONDS_BETWEEN_LINES = 5
_ROWS_OF_A_TABLE = 100


@dataclasses.dataclass(frozen=True)
class PredictSettings(Settings):
    """What `predict` is asked for."""

    source: str = setting(REQUIRED, "a run directory or a .keras file", is_word=True)
    images: list = setting(
        REQUIRED, "image files, folders of them, or - for one image on standard input", is_word=True, is_repeated=True
    )
    top: int = setting(1, "name the N most probable classes", "N", whole(1))
    batch_size: int = setting(256, "images in memory at a time", "N", whole(1))


@front_door(PredictSettings, words=2)
def predict(asked, progress):
    """Name the most probable classes of images: of files of any common kind, or of whole folders.

    `images` is a path, or several: image files; folders, whose images are taken at any depth and in the order of their
    names, those that start with a dot left out; or "-", one image on standard input.

    An image is converted as `keras_vision.data.images` describes and stretched to the size of the model's input. All
    else that is needed travels in the model file. Where the images look inverted, or nearly blank, beside those that
    the model was trained on, a line says so. Images are read batch by batch, so that any number of them fits.

    Yields:
        A dict for each image, in order: image, its path; and predictions, a list of dicts of class (its name, or its
        number where the model has no names) and probability; or in their place error, why it could not be read. A
        folder that cannot be listed or holds no images is one of them, with its error.

    Raises:
        BadInput: Before any image is read, where there is no such model, it takes no images, or folders hold none.
        KerasVisionError: The model answers with NaN or infinity.

    Example:

    >>> for answer in predict("runs/tune-vgg-fashion_mnist", "photos"):  # doctest: +SKIP
    ...     print(answer)
    {'image': 'photos/a.jpg', 'predictions': [{'class': 'Coat', 'probability': 0.93}]}
    """
    from keras_vision.data.images import THREADS, BadImage, printable, without_pillow_warnings

    images = [asked.images] if isinstance(asked.images, (str, os.PathLike)) else list(asked.images)
    total = count_images(images)
    classifier = open_classifier(asked.source)
    paths, done, failed, spoken, is_compared = image_files(images), 0, 0, time.monotonic(), False
    with ThreadPoolExecutor(THREADS) as threads:  # decoding and resizing release the interpreter's lock
        while batch := list(itertools.islice(paths, asked.batch_size)):
            with without_pillow_warnings():
                read = list(threads.map(lambda path: _read(path, classifier.shape, classifier.pixel_scale), batch))
            readable = [one for one in read if not isinstance(one, BadImage)]
            if readable and not is_compared:  # the first batch tells: one line for a run
                is_compared = True
                if warning := classifier.unlike_training(readable):
                    progress.say(f"warning: {warning}")
            probabilities = iter(classifier.probabilities(readable))
            for path, one in zip(batch, read, strict=True):
                is_bad = isinstance(one, BadImage)
                best = {} if is_bad else {"predictions": classifier.best(next(probabilities), asked.top)}
                answer = {"error": one.reason} if is_bad else best
                yield {"image": path.name if isinstance(path, BadImage) else printable(path)} | answer
                failed += is_bad
            done += len(batch)
            if time.monotonic() > spoken + _SECONDS_BETWEEN_LINES:
                progress.say(f"{done:,} of {total:,} images")
                spoken = time.monotonic()
    if failed:
        progress.say(f"{failed:,} of {total:,} images could not be read")


def count_images(images):
    """Returns how many answers a list of paths will get.

    Raises:
        BadInput: It is all folders that cannot be listed or hold no images.
    """
    from keras_vision.data.images import BadImage

    total, bad = 0, []
    for path in image_files(images):
        total += 1
        bad += [path] if isinstance(path, BadImage) else []
    if bad and len(bad) == total:
        raise BadInput(f"The folder {bad[0].name} cannot be answered: {bad[0].reason}. Give images or folders of them.")
    return total


def image_files(images):
    """Yields the files that a list of paths stands for, one after the other, so that no list of them is kept.

    A folder that cannot be listed, or holds no images, is among them as the `BadImage` that says why.
    """
    from keras_vision.data.images import BadImage, printable

    for image in map(os.fspath, images):
        if image != STDIN and os.path.isdir(image):
            files = _files_below(image)
            yield next(files, BadImage(printable(image), "no images"))
            yield from files
        else:
            yield image


def _files_below(folder):
    from keras_vision.data.images import BadImage, printable
    from keras_vision.data.kinds import kind_of_file

    unread = []
    walk = os.walk(folder, onerror=unread.append)  # links to folders, which may lead back, are not taken
    for parent, folders, files in itertools.chain(walk, [(folder, [], [])]):  # one turn more, for what failed last
        while unread:
            error = unread.pop(0)
            yield BadImage(printable(error.filename), error.strerror)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            # Pictures of kinds that cannot be read are among them: each gets an answer that says so.
            if not name.startswith(".") and kind_of_file(path := os.path.join(parent, name)):
                yield path


@dataclasses.dataclass(frozen=True)
class Classifier:
    """A model of one image in and one number per class out.

    Args:
        model: The model, in float32.
        class_names: Names of its classes, or their numbers.
        ends_in_softmax: Whether its outputs are probabilities rather than logits.
        pixel_scale: How images of more than eight bits were scaled when it was trained, as in `Dataset`.
        pixel_statistics: Of its training images; None where the model file does not say.
    """

    model: object
    class_names: Sequence
    ends_in_softmax: bool
    pixel_scale: dict = dataclasses.field(default_factory=dict)
    pixel_statistics: dict | None = None

    @property
    def shape(self):
        """(height, width, channels) of the images that it takes."""
        return self.model.input_shape[1:]

    def probabilities(self, images):
        """Returns float64 probabilities [n, classes] of a list of n uint8 images."""
        import numpy as np
        from scipy.special import softmax

        from keras_vision.training.measure import predict_logits

        if not images:
            return []
        outputs = predict_logits(self.model, np.stack(images)).astype("float64")
        return outputs if self.ends_in_softmax else softmax(outputs, axis=1)

    def unlike_training(self, images):
        """Returns in a sentence how a list of uint8 images differs from the training images, or None."""
        import numpy as np

        from keras_vision.data.brightness import unlike_training

        return unlike_training(np.stack(images), self.pixel_statistics)

    def best(self, probabilities, top):
        """Returns the `top` most probable classes, equally probable ones in their order, as dicts."""
        best = (-probabilities).argsort(kind="stable")[:top].tolist()
        return [{"class": self.class_names[i], "probability": round(float(probabilities[i]), 6)} for i in best]


def open_classifier(source):
    """Loads a `Classifier`.

    Raises:
        BadInput: The model is something else, or its names are not as many as its classes.
    """
    from keras_vision.runs import load_model, read_card

    card = read_card(source)
    names = card.get("class_names")
    import_keras()
    from keras_vision.models.graph import ending_of, last_layers
    from keras_vision.training.precision import set_precision

    set_precision("float32")
    model = load_model(source, float32=True)
    taken, given = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    if not (_is_shape(taken, 4) and taken[3] in (1, 3) and _is_shape(given, 2) and given[1] > 1):
        raise BadInput(f"model {source} from {taken} to {given}", "grey or RGB images in, one number per class out")
    names = range(given[1]) if names is None else names
    if len(names) != given[1]:
        raise BadInput(f"model {source} with {given[1]} classes and {len(names)} names", "a name for each class")
    (last,) = last_layers(model)
    ending = ending_of(last)
    if ending == "sigmoid":
        raise BadInput(f"model {source}, which ends in a sigmoid", "one that ends in logits or a softmax")
    return Classifier(
        model,
        names,
        ends_in_softmax=ending == "softmax",
        pixel_scale=card.get("pixel_scale") or {},
        pixel_statistics=card.get("pixel_statistics"),
    )


def _is_shape(shape, length):
    """Whether a model's shape has so many axes, all but the first of a fixed size."""
    return isinstance(shape, tuple) and len(shape) == length and all(isinstance(side, int) for side in shape[1:])


def _read(path, shape, pixel_scale):
    """Returns an image as an array, or the `BadImage` that says why it is none."""
    from keras_vision.data.images import BadImage, read_image

    if isinstance(path, BadImage):
        return path
    try:
        return read_image(_from_standard_input() if path == STDIN else path, shape, pixel_scale)
    except BadImage as error:
        return error


def _from_standard_input():
    from keras_vision.data.images import MAX_PIXELS, BadImage

    largest = 8 * MAX_PIXELS  # bytes of an image that has four channels of 16 bits and is not compressed
    if sys.stdin is None:  # closed, or of a program without a console
        raise BadImage(STDIN, "standard input is closed")
    content = sys.stdin.buffer.read(largest + 1)
    if len(content) > largest:
        raise BadImage(STDIN, f"more than {largest // 1_000_000} MB")
    return content


def show(answers, form, out):
    """Prints answers as they come; returns the exit code, 1 where an image could not be read.

    Args:
        answers: What `predict` yields.
        form: "table", "json" (an object on each line) or "csv" (a line for each class that is named).
        out: The stream to print to.
    """
    has_failed = False
    if form == "csv":
        _csv_writer(out).writerow(("image", "rank", "class", "probability", "error"))
    while rows := list(itertools.islice(answers, _ROWS_OF_A_TABLE if form == "table" else 1)):
        _PRINTERS[form](rows, out)
        has_failed |= any("error" in row for row in rows)
    return int(has_failed)


def _print_table(rows, out):
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from keras_vision.reporting.progress import make_progress

    answered = [row for row in rows if "predictions" in row]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("image", overflow="fold")
    for rank in range(max((len(row["predictions"]) for row in answered), default=0)):
        table.add_column("then" if rank else "class")
        table.add_column("" if rank else "probability", justify="right", no_wrap=True)
    for row in answered:
        cells = [row["image"]]
        for one in row["predictions"]:
            cells += [str(one["class"]), f"{one['probability']:.4f}"]
        table.add_row(*map(Text, cells))  # plain text: names may hold what rich takes for markup
    progress = make_progress(stream=out, must_be_read=True)
    if answered:
        progress.print(table)
    for row in rows:
        if "error" in row:
            progress.say(f"{row['image']}  error: {row['error']}")


def _print_json(rows, out):
    for row in rows:
        print(json.dumps(row, allow_nan=False), file=out, flush=True)


def _csv_writer(out):
    return csv.writer(out, lineterminator="\n")


def _print_csv(rows, out):
    writer = _csv_writer(out)
    for row in rows:
        for rank, one in enumerate(row.get("predictions", ()), start=1):
            writer.writerow((row["image"], rank, one["class"], f"{one['probability']:.6f}", ""))
        if "error" in row:
            writer.writerow((row["image"], "", "", "", row["error"]))
    out.flush()


_PRINTERS = {"table": _print_table, "json": _print_json, "csv": _print_csv}


def main(arguments=None):
    """Runs the command line."""
    return run_command(predict, "predict", show=show, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
