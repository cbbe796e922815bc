"""How well a network does on corrupted images: 15 kinds of corruption at 5 strengths."""

import numpy as np

from keras_vision.analysis.robustness import plot_corruptions
from keras_vision.data.corruptions import KINDS, STRENGTHS, corrupt
from keras_vision.errors import BadInput
from keras_vision.training.evaluation import predict_logits


def measure_corruptions(model, images, views, progress):
    """Returns the accuracy of a model for each kind and strength of corruption.

    Args:
        model: The model, ending in logits.
        images: A `Split` of grey or RGB images.
        views: As in `predict_logits`.
        progress: A `Progress`.

    Returns:
        A dict: mean_accuracy, over all kinds and strengths; and kinds, a list of dicts of name, accuracies (by
        strength) and mean_accuracy.

    Raises:
        BadInput: The images have other channels.
    """
    if images.images.shape[3] not in (1, 3):
        raise BadInput(f"Only grey and RGB images can be corrupted, not those with {images.images.shape[3]} channels.")
    rows = []
    for number, kind in enumerate(KINDS, start=1):
        progress.say(f"corruptions: {kind}, {number} of {len(KINDS)}")
        accuracies = []
        for strength in range(1, STRENGTHS + 1):
            logits = predict_logits(model, corrupt(images.images, kind, strength), views)
            accuracies.append(float((logits.argmax(axis=1) == images.labels).mean()))
        rows.append({"name": kind, "accuracies": accuracies, "mean_accuracy": float(np.mean(accuracies))})
    return {"mean_accuracy": float(np.mean([row["mean_accuracy"] for row in rows])), "kinds": rows}


def corruption_figure(images, shown, found, accuracy):
    """Draws one image in all its corruptions, with what the network makes of all images so corrupted.

    Args:
        images: The `Split`.
        shown: The number of the image.
        found: What `measure_corruptions` returned.
        accuracy: Of the images as they are.
    """
    whole = images.images[shown : shown + 1]
    pictures = [
        [whole[0], *(corrupt(whole, row["name"], strength)[0] for strength in range(1, STRENGTHS + 1))]
        for row in found["kinds"]
    ]
    rows = {row["name"]: [accuracy, *row["accuracies"]] for row in found["kinds"]}
    return plot_corruptions(pictures, rows)
