"""What `predict` does: reads images batch by batch, and answers for each."""

from keras_vision.commands.image_batches import answer_files
from keras_vision.training.classifier import open_classifier


def carry_out(asked, progress):
    """Yields what `predict` does; `asked` is a `PredictSettings`."""
    classifier = open_classifier(asked.source)

    def answer(names, images):
        for probabilities in classifier.probabilities(images):
            yield {"predictions": classifier.best(probabilities, asked.top)}

    yield from answer_files(asked, classifier, answer, progress)
