"""Judging labels: by a model where it was not trained on the images, by small networks trained in folds elsewhere."""

import numpy as np

from keras_vision.analysis.label_errors import label_suspects
from keras_vision.data.audit.findings import finding
from keras_vision.data.evaluation import match_classes
from keras_vision.data.files.images import resize_images
from keras_vision.data.folds import fold_numbers, same_pixels
from keras_vision.data.split_names import TEST, TRAIN, VALIDATION
from keras_vision.data.splits import Split, pieces_of
from keras_vision.data.words import some
from keras_vision.errors import BadInput
from keras_vision.runs import read_card
from keras_vision.training.classifier import open_classifier
from keras_vision.training.out_of_fold import out_of_fold_probabilities

# A label that a network gives less than this is left out of a cleaned table: where it errs by chance it is less sure.
SURELY_WRONG = 0.01


def judge(collection, groups, model, source, progress):
    """Has networks answer for images that they were not trained on.

    Args:
        collection: A `Collection`.
        groups: Int array [n]; images of one group come into one fold.
        model: A run directory or .keras file; None for small networks alone.
        source: The `DataSource` of the collection; its seed trains the small networks, too.
        progress: A `Progress`.

    Returns:
        Float64 probabilities [n, classes], NaN for images that nobody could judge; and sentences that say whose they
        are, and of which classes there are none.

    Raises:
        BadInput: The model does not fit the images, or cannot be told which of them it was trained on.
    """
    probabilities = np.empty((len(collection), len(collection.class_names)))
    rest, told = np.ones(len(collection), bool), []
    if model:
        card = read_card(model)
        rest = _seen_by(model, card, collection, source)
        probabilities[~rest] = _answers(model, card, collection, ~rest)
        if rest.any():
            told.append(f"{model} judged the labels of validation and test images, which it was not trained on.")
        else:
            told.append(
                f"All labels were judged by {model}. If it was trained on some of these images, it overlooks their "
                "wrong labels."
            )
    if rest.any():
        split = Split(collection.images[rest], collection.labels[rest])
        probabilities[rest] = out_of_fold_probabilities(
            split, collection.class_names, groups[rest], seed=source.seed, progress=progress
        )
        told += _told(probabilities[rest], split.labels, collection.class_names)
    return probabilities, " ".join(told)


def _told(probabilities, labels, class_names):
    """Yields what is to be said of small networks' answers: how far they agree, and what they could not judge."""
    is_judged = _are_judged(probabilities)
    if is_judged.any():
        right = (probabilities[is_judged].argmax(axis=1) == labels[is_judged]).mean()
        yield (
            f"The labels of {is_judged.sum():,} images were judged by small networks, each for images on which it was "
            f"not trained; they agree with {right:.1%} of the labels."
        )
    if not is_judged.all():
        names = some([class_names[label] for label in np.unique(labels[~is_judged])])
        yield (
            f"The labels of {(~is_judged).sum():,} images were not judged: all images of their class are copies or of "
            f"one series, so that no network could learn it without them ({names})."
        )


def _are_judged(probabilities):
    return ~np.isnan(probabilities).any(axis=1)


def _seen_by(model, card, collection, source):
    """Returns a bool array: which images a model was trained on, as far as its card says."""
    own = card.get("data_source", {})
    if card.get("fingerprint") != collection.fingerprint:
        if own.get("spec") == source.whole().dataset:
            raise BadInput(
                f"{model} was trained on {own['spec']}, but at another size or on other images than these, so which of "
                "them it has seen is unknown. Leave out --image-size; if the images have changed, leave out --model."
            )
        return np.zeros(len(collection), bool)
    trained = own.get("seed", source.seed)
    if trained != source.seed and VALIDATION not in collection.own_splits:
        raise BadInput(
            f"The model was trained with seed={trained}, which set other validation images aside. "
            f"Give --seed {trained}."
        )
    if "fold" not in card:
        return collection.splits == TRAIN
    number, count = card["fold"]
    is_seen = collection.splits != TEST
    groups = same_pixels(collection.images)[is_seen]  # the images themselves need not be copied
    is_seen[is_seen] = fold_numbers(collection.labels[is_seen], groups, count, trained) != number - 1
    return is_seen


def _answers(model, card, collection, which):
    """Returns a model's probabilities for some images, in the order of the collection's classes."""
    classifier = open_classifier(model)
    images = collection.images[which]
    if images.shape[1:] != tuple(classifier.shape):
        if images.shape[3] != classifier.shape[2]:
            raise BadInput(f"The model {model} takes images of {classifier.shape}, but these are {images.shape[1:]}.")
        images = resize_images(images, *classifier.shape[:2])
    answers = np.concatenate([classifier.probabilities(list(piece)) for piece in pieces_of(images)])
    names, used = list(map(str, classifier.class_names)), set(collection.labels.tolist())
    numbers, _ = match_classes(names, collection.class_names, used, card.get("dataset", model))
    return answers[:, numbers]


def label_findings(collection, probabilities):
    """Yields a `Finding` for each label that was judged and is probably wrong, the worst first."""
    judged = np.flatnonzero(_are_judged(probabilities))
    for one in label_suspects(probabilities[judged], collection.labels[judged]):
        leaves_out = one.label_probability < SURELY_WRONG
        reason = (
            f"labelled {collection.class_names[one.label]} ({one.label_probability:.1%}), looks like "
            f"{collection.class_names[one.guess]} ({one.guess_probability:.1%})"
        )
        yield finding("label", collection, judged[one.position], reason, leaves_out=leaves_out)
