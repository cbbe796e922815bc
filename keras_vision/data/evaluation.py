"""Images to measure a model on that it was not trained on: all of them, in the model's shape, by its names of classes.

Nothing here asks what training asks: that each class has images, that there are two of them, that some are set aside.
"""

import dataclasses

import numpy as np

from keras_vision.data.files.images import resize_images, turn_grey
from keras_vision.data.spelling import plain_name
from keras_vision.data.splits import Split
from keras_vision.data.words import some
from keras_vision.errors import BadInput, nearest


@dataclasses.dataclass(frozen=True, eq=False)
class EvaluationImages:
    """Images that a model is measured on.

    Args:
        name: What was asked for, `"folder:photos"`.
        split: What was taken of it, one of `TO_MEASURE`.
        images: The `Split`, with its warnings.
        class_names: One name per label.
        origin: One line: where the images came from.
        fingerprint: Of its training images, as in `Dataset`; None where it has none.
        decisions: What was decided for the person, a sentence each.
    """

    name: str
    split: str
    images: Split
    class_names: tuple[str, ...]
    origin: str
    fingerprint: str | None
    decisions: tuple[str, ...]


def evaluation_images(name, opened, shape, split=None, fingerprint=None):
    """Returns the images of an opened source that a model is measured on.

    Args:
        name: What was asked for.
        opened: A `Source`. It may lack training images.
        shape: (height, width, channels) of the model's input.
        split: One of `TO_MEASURE`; by default the source's test split, and all its images where it has none.
        fingerprint: As in `EvaluationImages`.

    Raises:
        BadInput: The source has no such split, no images, or labels without names; or the shape is not fixed.
    """
    if not all(isinstance(side, int) for side in shape) or shape[2] not in (1, 3):
        raise BadInput(f"The model takes images of shape {shape}. Give a model for grey or RGB images of a fixed size.")
    split, parts, decision = _chosen(name, opened, split)
    adapted, notes = [], {}
    for part in parts:
        images, said = _in_shape(part.images, shape)
        adapted.append(images)
        notes |= dict.fromkeys(said)
    files = [part.files for part in parts]
    images = Split(
        adapted[0] if len(adapted) == 1 else np.concatenate(adapted),
        np.concatenate([part.labels for part in parts]),
        tuple(warning for part in parts for warning in part.warnings),
        None if any(one is None for one in files) else np.concatenate(files),
    )
    lowest, highest = images.labels.min(), images.labels.max()
    if lowest < 0 or highest >= len(opened.class_names):
        raise BadInput(
            f"{name} has labels from {lowest} to {highest}, but names for {len(opened.class_names)} classes only."
        )
    decisions = (*opened.decisions, decision, *notes)
    return EvaluationImages(name, split, images, opened.class_names, opened.origin, fingerprint, decisions)


def _chosen(name, opened, split):
    """Returns the split that is measured, its parts, and the sentence that says so."""
    parts = {key: part for key in ("train", "validation") if (part := getattr(opened, key)) is not None and len(part)}
    names = [*parts, *(["test"] if opened.test else [])]
    if not names:
        raise BadInput(f"{name} has no images.")
    if split not in (None, "all", *names):
        raise BadInput(
            f"{name} has no {split} split of its own, only {' and '.join(names)}. --split all measures all images."
        )
    split = split or ("test" if opened.test else "all")
    if opened.test and split in ("test", "all"):
        parts["test"] = opened.test()
    taken = [*parts.values()] if split == "all" else [parts[split]]
    count = sum(map(len, taken))
    if not count:
        raise BadInput(f"{name} has no {split} images." if split != "all" else f"{name} has no images.")
    if split == "all":
        return split, taken, f"All {count:,} images of {name} are measured{_of(names)}."
    others = "; --split all measures all images" if len(names) > 1 else ""
    return split, taken, f"{name} has {' and '.join(names)}; its {count:,} {split} images are measured{others}."


def _of(names):
    return f" ({', '.join(names[:-1])} and {names[-1]})" if len(names) > 1 else ""


def _in_shape(images, shape):
    """Returns images in a model's size and channels, and what was done to them, a sentence each."""
    notes, (height, width, channels) = [], shape
    if images.shape[1:3] != (height, width):
        size = f"{images.shape[1]}x{images.shape[2]}"
        notes.append(f"Images of {size} pixels are resized to the model's {height}x{width}.")
        images = resize_images(images, height, width)
    if images.shape[3] == 3 and channels == 1:
        notes.append("Colour images are turned grey, as the model's images are (0.299 R + 0.587 G + 0.114 B).")
        images = turn_grey(images)
    elif images.shape[3] == 1 and channels == 3:
        notes.append("Grey images are given to the model as RGB.")
        images = np.repeat(images, 3, axis=3)
    return images, notes


def with_the_classes_of(found, of_model, num_classes):
    """Returns `EvaluationImages` whose labels and names are a model's.

    Args:
        found: The `EvaluationImages`.
        of_model: Names of the model's classes, in its order; None where it has none.
        num_classes: How many it has.

    Names match in spite of case, blanks and signs, as `plain_name` says. A class without images is said, and is no
    error.

    Raises:
        BadInput: There are images of a class that the model does not know.
    """
    if not of_model:
        if len(found.class_names) != num_classes:
            raise BadInput(
                f"The model has {num_classes} classes without names, but {found.name} has {len(found.class_names)}. "
                f"Give images of {num_classes} classes, in the model's order."
            )
        return found
    numbers, notes = match_classes(of_model, found.class_names, set(found.images.labels.tolist()), found.name)
    labels = np.array(numbers, np.int64)[found.images.labels]
    if missing := [name for number, name in enumerate(of_model) if number not in set(labels.tolist())]:
        notes.append(f"There are no images of {some(missing)}.")
    return dataclasses.replace(
        found,
        images=dataclasses.replace(found.images, labels=labels),
        class_names=tuple(of_model),
        decisions=(*found.decisions, *notes),
    )


def match_classes(of_model, of_data, used, name):
    """Returns the model's number of each class of a data set, -1 for an unknown one without images, and notes.

    Args:
        of_model, of_data: Names of classes.
        used: The numbers of the data set's classes that have images.
        name: Of the data set. Labels of an npz or csv file that are plain numbers may stand for the model's classes.

    Example:

    >>> match_classes(("ants", "bees"), ("Bees", "ants"), {0, 1}, "folder:x")
    ([1, 0], ["Classes are matched by name: 'Bees' is 'bees'."])
    """
    exact = {name: number for number, name in enumerate(of_model)}
    keys = [plain_name(name) for name in of_model]
    loose = {key: number for number, key in enumerate(keys) if keys.count(key) == 1}
    numbers = [exact.get(given, loose.get(plain_name(given), -1)) for given in of_data]
    unknown = [given for label, given in enumerate(of_data) if numbers[label] < 0 and label in used]
    if unknown and _are_numbers(of_data, of_model, name):
        order = some([f"{number} is {given!r}" for number, given in enumerate(of_model)])
        return [*range(len(of_model))], [f"The labels of {name} are read as the model's class numbers: {order}."]
    if unknown:
        named = some([_guess(one, of_model) for one in unknown])
        raise BadInput(
            f"{name} has images of classes that the model does not know: {named}. "
            f"The model's classes are {', '.join(of_model)}. Rename the classes, or take their images out."
        )
    renamed = [
        f"{given!r} is {of_model[number]!r}"
        for given, number in zip(of_data, numbers, strict=True)
        if number >= 0 and given != of_model[number]
    ]
    return numbers, [f"Classes are matched by name: {some(renamed)}."] if renamed else []


def _are_numbers(of_data, of_model, name):
    return name.partition(":")[0] in ("npz", "csv") and list(of_data) == [*map(str, range(len(of_model)))]


def _guess(name, of_model):
    near = nearest(name, of_model)
    return f"{name!r} (did you mean {near!r}?)" if near else repr(name)
