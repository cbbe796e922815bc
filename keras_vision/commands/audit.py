"""What `audit` does: reads all images, looks at them, judges their labels, and writes what was found."""

import numpy as np

from keras_vision.analysis.label_errors import label_suspects
from keras_vision.commands.audit_files import draw_sheets, write_list
from keras_vision.data.audit.clean import write_clean
from keras_vision.data.audit.collection import collect
from keras_vision.data.audit.findings import KINDS, finding
from keras_vision.data.audit.looking import look
from keras_vision.data.evaluation import match_classes
from keras_vision.data.images import resize_images
from keras_vision.data.source import DataSource
from keras_vision.data.split_names import SPLITS, TRAIN
from keras_vision.data.splits import Split
from keras_vision.errors import BadInput
from keras_vision.runs import read_card
from keras_vision.training.classifier import open_classifier
from keras_vision.training.evaluation import pieces_of
from keras_vision.training.out_of_fold import FOLDS, out_of_fold_probabilities

# A label that a network gives less than this is left out of a cleaned table: where it errs by chance it is less sure.
SURELY_WRONG = 0.01
_EXAMPLES = 3


def carry_out(asked, progress):
    """Returns what `audit` does; `asked` is an `AuditSettings`."""
    source = DataSource(asked.dataset, asked.data_dir, asked.image_size, seed=asked.seed)
    collection = collect(source, progress.say)
    looked = look(collection, progress.say)
    findings, told = list(looked.findings), "Labels were not judged."
    if not asked.no_labels:
        probabilities, told = judge(asked, collection, looked.groups, progress)
        findings += label_findings(collection, probabilities)
    order = list(KINDS)
    findings.sort(key=lambda one: order.index(one.kind))  # of one kind, the gravest stay first
    counts = counts_by_kind(findings)
    return {
        "dataset": asked.dataset,
        "images": len(collection),
        "splits": {split: int((collection.splits == split).sum()) for split in SPLITS},
        "classes": _classes(collection),
        "sizes": looked.sizes,
        "modes": looked.modes,
        "findings": counts,
        "sentences": [*collection.sentences, *looked.sentences],
        "labels": told,
        "list": str(write_list(collection, findings, asked.out)),
        "sheets": [str(path) for path in draw_sheets(collection, findings, asked.out)],
        "clean": write_clean(collection, findings, looked.groups, asked.clean) if asked.clean else None,
    }


def counts_by_kind(findings):
    """Returns a dict from each kind that was found to a dict of images, left_out and examples."""
    counts = {}
    for kind in KINDS:
        if those := [one for one in findings if one.kind == kind]:
            examples = [f"{one.name}: {one.reason}" for one in those[:_EXAMPLES]]
            left_out = sum(one.leaves_out for one in those)
            counts[kind] = {"images": len(those), "left_out": left_out, "examples": examples}
    return counts


def _classes(collection):
    return [
        {"name": name}
        | {split: int(((collection.labels == label) & (collection.splits == split)).sum()) for split in SPLITS}
        for label, name in enumerate(collection.class_names)
    ]


def judge(asked, collection, groups, progress):
    """Returns float64 probabilities [n, classes] of networks that were not trained on the images, and whose they are.

    Args:
        asked: An `AuditSettings`.
        collection: A `Collection`.
        groups: Images of one group come into one fold.
        progress: A `Progress`.
    """
    probabilities = np.empty((len(collection), len(collection.class_names)))
    answered, told = np.zeros(len(collection), bool), []
    if asked.model:
        card = read_card(asked.model)
        is_own = card.get("fingerprint") == collection.fingerprint
        answered = collection.splits != TRAIN if is_own else np.ones(len(collection), bool)
        if (
            is_own
            and card.get("data_source", {}).get("seed") != asked.seed
            and "validation" not in collection.own_splits
        ):
            raise BadInput(
                f"The model was trained with seed={card['data_source']['seed']}, which set other validation images "
                f"aside. Give --seed {card['data_source']['seed']}."
            )
        probabilities[answered] = _answers(asked.model, card, collection, answered)
        which = "validation and test images, which it was not trained on," if is_own else "all images"
        caution = "" if is_own else " If it was trained on some of them, it overlooks their wrong labels."
        told.append(f"The labels of {which} were judged by {asked.model}.{caution}")
    if not answered.all():
        rest = np.flatnonzero(~answered)
        split = Split(collection.images[rest], collection.labels[rest])
        probabilities[rest] = out_of_fold_probabilities(
            split, collection.class_names, groups[rest], seed=asked.seed, progress=progress
        )
        right = (probabilities[rest].argmax(axis=1) == split.labels).mean()
        told.append(
            f"The labels of {len(rest):,} images were judged by {FOLDS} small networks, each for images on which it "
            f"was not trained; they agree with {right:.1%} of the labels."
        )
    return probabilities, " ".join(told)


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
    """Yields a `Finding` for each label that is probably wrong, the worst first."""
    for one in label_suspects(probabilities, collection.labels):
        reason = (
            f"labelled {collection.class_names[one.label]} ({one.label_probability:.1%}), looks like "
            f"{collection.class_names[one.guess]} ({one.guess_probability:.1%})"
        )
        yield finding("label", collection, one.position, reason, leaves_out=one.label_probability < SURELY_WRONG)
