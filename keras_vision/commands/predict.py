"""What `predict` does: reads images batch by batch, and answers for each."""

from keras_vision.commands.image_batches import answer_files
from keras_vision.training.calibration import answering
from keras_vision.training.classifier import open_classifier


def carry_out(asked, progress):
    """Yields what `predict` does; `asked` is a `PredictSettings`."""
    classifier, count, answered = open_classifier(asked.source), 0, 0
    row = None if asked.at_least is None else answering(classifier.calibration, asked.at_least)
    if row:
        progress.say(_promise(row, classifier.calibration["images"], asked.at_least))

    def answer(names, images):
        for probabilities in classifier.probabilities(images):
            confidence = round(float(probabilities.max()), 6)
            if row and probabilities.max() < row["threshold"]:
                yield {"predictions": [], "confidence": confidence}
            else:
                more = {"confidence": confidence} if row else {}
                yield {"predictions": classifier.best(probabilities, asked.top)} | more

    for one in answer_files(asked, classifier, answer, progress):
        count += "predictions" in one
        answered += bool(one.get("predictions"))
        yield one
    if row and count:
        progress.say(f"answered {answered:,} of {count:,} images ({answered / count:.1%})")


def _promise(row, images, at_least):
    """Returns what a row of `answering` promises, as a line."""
    return (
        f"answers from a confidence of {row['threshold']:.4f} on: so it answered {row['answered'] / images:.0%} of "
        f"{images:,} validation images, {row['right'] / row['answered']:.2%} of them rightly; of the answers for new "
        f"images of the same kind at least {at_least:.1%} are right, with 95% confidence"
    )
