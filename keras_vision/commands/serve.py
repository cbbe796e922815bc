"""What `serve` does: answers for the images of its page, one at a time."""

import base64
import io
import threading

import numpy as np

from keras_vision.analysis.explanation import USUAL, check_method, explainer
from keras_vision.analysis.explanation_figures import heat_over
from keras_vision.commands.explain import open_export, subject_of
from keras_vision.data.files.images import BadImage, read_image, without_pillow_warnings
from keras_vision.errors import BadInput
from keras_vision.system.pictures import as_picture
from keras_vision.training.classifier import open_classifier
from keras_vision.training.precision import computing_in

FASTEST = "layercam"  # a person waits for it
_DARK = 128  # grey level of the border of training images, below which a person draws in white on black


def carry_out(asked, card, server, progress):
    """Returns what `serve` does, once a person has ended it.

    Args:
        asked: A `ServeSettings`.
        card: The model card of an export; None for a model.
        server: A `LocalServer`.
        progress: A `Progress`.
    """
    classifier = open_export(asked.source, card) if card else open_classifier(asked.source)
    tryout = Tryout(classifier, asked.top, subject_of(classifier.model, classifier.ends_in_softmax and card))
    server.answer_with(tryout.facts() | {"source": str(asked.source)}, tryout.answer)
    progress.say(f"The page is at {server.address} on this machine alone. Ctrl-C ends it.")
    try:
        server.serve_forever()
    except KeyboardInterrupt as stop:
        if type(stop) is not KeyboardInterrupt:  # the system ends it, and not a person
            raise
        progress.say()
    return {"address": server.address, "answered": tryout.answered}


class Tryout:
    """A classifier that answers for single images, with what speaks for the answer.

    Args:
        classifier: A `Classifier`.
        top: How many classes it names.
        subject: Its `Subject`.

    Attributes:
        answered: How many images so far.
    """

    @computing_in("float32")
    def __init__(self, classifier, top, subject):
        self.classifier, self.top, self.answered = classifier, top, 0
        self.method = _method(subject)
        self._explain = explainer(subject, self.method)
        self._lock = threading.Lock()  # of the model: requests come in threads of their own
        self._answer(np.zeros(classifier.shape, "uint8"), None)  # what is compiled now, no person waits for

    def facts(self):
        """Returns what the page is told of the model."""
        height, width, channels = self.classifier.shape
        border = (self.classifier.pixel_statistics or {}).get("border")
        return {
            "model": self.classifier.model.name,
            "classes": [str(name) for name in self.classifier.class_names],
            "height": height,
            "width": width,
            "channels": channels,
            "method": self.method,
            "white_on_black": bool(border) and border["mean"] < _DARK,
            "calibrated": "temperature" in self.classifier.calibration,
        }

    def answer(self, content, words):
        """Returns what there is to say of an image, as plain data.

        Args:
            content: Bytes of an image file.
            words: Dict with the number of the class to explain as `class`, or without it for the most probable.

        Raises:
            BadInput: It is no image that can be read, or there is no such class.
        """
        label = words.get("class")
        if label is not None and label not in map(str, range(len(self.classifier.class_names))):
            raise BadInput("There is no such class.")
        with self._lock, without_pillow_warnings():
            try:
                image = read_image(content, self.classifier.shape, self.classifier.pixel_scale)
            except BadImage as error:
                raise BadInput(f"This cannot be used as an image: {error.reason}.") from error
            found = self._answer(image, label and int(label))
            self.answered += 1
        return found

    @computing_in("float32")
    def _answer(self, image, label):
        (probabilities,) = self.classifier.probabilities([image])
        label = int(probabilities.argmax()) if label is None else label
        (heat,), _ = self._explain(image[None].astype("float32"), np.array([label]))
        best = (-probabilities).argsort(kind="stable")[: self.top].tolist()
        return {
            "predictions": [
                {"class": number, "probability": round(float(probabilities[number]), 6)} for number in best
            ],
            "explained": label,
            "speaks": bool(heat.any()),
            "image": _uri(image),
            "heat": _uri(np.round(255 * heat_over(image, heat)).astype("uint8")),
            "warning": self.classifier.unlike_training([image]),
        }


def _method(subject):
    """Returns the fastest method that a subject can have."""
    try:
        check_method(FASTEST, subject)
    except BadInput:
        return USUAL
    return FASTEST


def _uri(image):
    """Returns an image [h, w, 1 or 3] as a URI that holds it as PNG."""
    file = io.BytesIO()
    as_picture(image).save(file, "png")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
