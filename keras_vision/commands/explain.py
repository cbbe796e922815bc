"""What `explain` does: answers for images, and draws over each what speaks for the answer."""

import contextlib
import itertools

import numpy as np

from keras_vision.analysis.confusion import confident_mistakes
from keras_vision.analysis.explanation import USUAL, check_method, explainer
from keras_vision.analysis.explanation_figures import plot_explained_mistakes, plot_explanation
from keras_vision.analysis.integrated_gradients import TOLERANCE
from keras_vision.analysis.subject import subject_of_model, subject_of_probabilities
from keras_vision.commands.image_batches import answer_files
from keras_vision.data.splits import images_at_once
from keras_vision.errors import BadInput, check_name
from keras_vision.formats.exported import ExportedModel
from keras_vision.reporting.events import EventLog
from keras_vision.reporting.style import save_figures
from keras_vision.runs import file_name
from keras_vision.training.classifier import Classifier, open_classifier
from keras_vision.training.precision import computing_in

IN_TENSORBOARD = 100  # pictures of a call, at most: TensorBoard keeps in memory what it shows
MISTAKES = 12


def carry_out(asked, card, folder, run, progress):
    """Yields what `explain` does.

    Args:
        asked: An `ExplainSettings`.
        card: The model card of an export; None for a model.
        folder: Where the pictures go.
        run: The `Run` whose TensorBoard shows them, too; None for none.
        progress: A `Progress`.
    """
    classifier = open_export(asked.source, card) if card else open_classifier(asked.source)
    names = [str(name) for name in classifier.class_names]
    if asked.label is not None:
        check_name("class", str(asked.label), names)
    label = None if asked.label is None else names.index(str(asked.label))
    with computing_in("float32"):
        subject = subject_of(classifier.model, classifier.ends_in_softmax and card)
        check_method(asked.method, subject)
        explained = explainer(subject, asked.method, asked.layer)

    @computing_in("float32")
    def heat(images, probabilities):
        classes = probabilities.argmax(axis=1) if label is None else np.full(len(images), label)
        return zip(classes, *explained(np.stack(images).astype("float32"), classes), strict=True)

    def answer(paths, images):
        probabilities = classifier.probabilities(images)
        heats = heat(images, probabilities) if images else ()
        for path, image, shares, (number, one, facts) in zip(paths, images, probabilities, heats, strict=True):
            best, name = classifier.best(shares, asked.top), classifier.class_names[number]
            if facts.get("deviation", 0) > TOLERANCE:
                progress.say(f"warning: {path}: The heat of the pixels misses the score by {facts['deviation']:.1%}.")
            figure = save(path, plot_explanation(image, one, name, best))
            yield {"predictions": best, "explained": name, "method": asked.method, **facts, "figure": figure}

    with saving(folder, run) as save:
        yield from answer_files(asked, classifier, answer, progress)


def open_export(source, card):
    """Returns the `Classifier` of an export."""
    model, names = ExportedModel(source, card), card.get("class_names")
    names = range(model.output_shape[-1]) if names is None else names
    if len(names) != model.output_shape[-1]:
        raise BadInput(f"The export {source} has {model.output_shape[-1]} classes, but {len(names)} class names.")
    return Classifier(model, names, ends_in_softmax=True, pixel_scale=(card.get("data") or {}).get("pixel_scale") or {})


def subject_of(model, is_export=False):
    """Returns the `Subject` of a model or an export."""
    at_once = images_at_once(model.input_shape[1:])
    return subject_of_probabilities(model.predict_on_batch, at_once) if is_export else subject_of_model(model, at_once)


@contextlib.contextmanager
def saving(folder, run):
    """Gives a function of (path of an image, figure) that saves the figure under the image's name and returns where.

    Args:
        folder: Where figures go.
        run: A `Run` whose TensorBoard gets the first `IN_TENSORBOARD`, too; or None.
    """
    taken = set()
    with EventLog(run.tensorboard) if run else contextlib.nullcontext() as log:

        def save(image, figure):
            stem = file_name(image.rpartition("/")[2].rpartition(".")[0]) or "image"
            tries = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
            name = next(one for one in tries if one not in taken)
            taken.add(name)
            (path,) = save_figures({name: figure}, folder)
            if log and len(taken) <= IN_TENSORBOARD:
                log.picture(f"explanations/{name}", path.read_bytes())
            return str(path)

        yield save


def mistakes_figure(model, images, logits, class_names):
    """Draws what speaks for the most confident mistakes, and for the true classes in their place.

    Args:
        model: The model.
        images: A `Split`.
        logits: Its logits for them.
        class_names: One name per class.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    subject = subject_of(model)
    explained = explainer(subject, USUAL)
    mistakes = confident_mistakes(images.labels, logits, MISTAKES)
    shown = images.images[[one.position for one in mistakes]].astype("float32")
    sides = [np.array([one.prediction for one in mistakes]), np.array([one.label for one in mistakes])]
    heats = [explained(shown, classes)[0] for classes in sides]
    return plot_explained_mistakes(images.images, mistakes, heats, class_names)
