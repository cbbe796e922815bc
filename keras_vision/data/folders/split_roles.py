"""Which folders are splits: by their names, in any spelling, and by what is in them.

A name alone proves nothing: "test" may be a class beside "cat" and "dog". Splits hold the folders of classes.
"""

import collections
import re

from keras_vision.data.spelling import plain_name
from keras_vision.data.split_names import EVALUATION, SPLITS, TEST, TRAIN, VALIDATION, role_of, tokens_of
from keras_vision.data.words import printable, some, spec_of
from keras_vision.errors import BadInput

_GENERIC = re.compile(
    r"(images?|imgs?|pics?|pictures?|photos?|jpe?gs?|jpegimages|pngs?|files?|data|raw|originals?|crops?|cropped"
    r"|(sub|part|batch|set|group|session|folder|dir|fold|video|seq|sequence|clip|scene|series|run|take|day|new)[a-z]*"
    r"[\W_]*\d*|[a-z]?\d+)",
    re.IGNORECASE,
)


def is_generic(name):
    """Returns whether a folder's name tells nothing about what its images show.

    Example:

    >>> is_generic("images"), is_generic("sub1"), is_generic("cat")
    (True, True, False)
    """
    return bool(_GENERIC.fullmatch(name))


def is_part(name):
    """Returns whether a folder's name says that it is one part of several.

    Example:

    >>> is_part("fold_3"), is_part("3"), is_part("cat3")
    (True, False, False)
    """
    return bool(
        re.fullmatch(r"(sub|part|batch|set|group|session|fold|folder|split|shard|chunk)[a-z]*[\W_]*\d+", name, re.I)
    )


def split_folders(folder, unwrapped, needs_training=True):
    """Returns the folders in a folder that are splits, as a dict from role to `Folder`; empty where they are classes.

    Args:
        folder: A `Folder`.
        unwrapped: Returns the `Folder` that holds the classes of one that may be a split.
        needs_training: Whether splits without one for training are refused.

    Raises:
        BadInput: Two folders are equally good for training, or there are splits, none of which is for training.
    """
    present = folder.with_images()
    found = _by_role(present, lambda one: len(classes_in(unwrapped(one))) > 1)
    if not found:
        return {}
    inside = {role: classes_in(unwrapped(split)) for role, split in found.items()}
    beside = [one for one in present if one not in found.values() and not role_of(one.name)[0]]
    if TRAIN not in found:
        _refuse_beside(folder, inside, beside, found)
        if beside or not any(len(names) > 1 for names in inside.values()):
            return {}
        if not needs_training:
            return found
        raise BadInput(
            f"The folder {printable(folder.path)} holds {some([f'{one.name}/' for one in found.values()])} and no"
            f" folder of training images. Name the one to train on, as in --dataset {_first(found)}."
        )
    return found if _hold_classes(inside, beside) else {}


def _refuse_beside(folder, inside, beside, found):
    """Refuses validation or test images of classes whose folders lie beside them, and not in one for training."""
    classes = {plain_name(one.name) for one in beside}
    for role, names in inside.items():
        if len(classes & {*map(plain_name, names)}) > 1:
            raise BadInput(
                f"The folder {printable(folder.path)} holds {found[role].name}/ with folders of classes in it, and "
                f"beside it {some([f'{one.name}/' for one in beside], 3)}. If these are the training images, put them "
                "into a folder train/."
            )


def told_as_classes(names):
    """Returns a warning, in a list, about classes that may be meant as splits; a train may be one beside cars.

    Example:

    >>> told_as_classes(["cat", "dog"]), len(told_as_classes(["cat", "dog", "validation"]))
    ([], 1)
    """
    named = [(name, *role_of(name)) for name in names]
    odd = [name for name, role, rest in named if role not in (None, TRAIN) and not rest]
    others = [name for name in names if name not in odd]
    if not (odd and others):
        return []
    return [
        f"{some([f'{name}/' for name in odd])} became a class, like {some([f'{name}/' for name in others], 3)}. If it "
        f"is a split, put the folders of the classes into a folder train/, and sort the images in {odd[0]}/ into "
        "folders of the same names."
    ]


def _first(found):
    return spec_of("folder", next(iter(found.values())).path)


def classes_in(folder):
    """Returns the names of the folders in a folder that may be those of classes."""
    return {one.name for one in folder.with_images() if one.name.isdigit() or not is_generic(one.name)}


def _by_role(folders, holds_classes):
    """The folder of each role. Of several names the plainest; what else is in them has to be the same."""
    named = [(one, *role_of(one.name)) for one in folders]
    named = [(one, role, rest) for one, role, rest in named if role]
    if not named:
        return {}
    rests = collections.Counter(rest for _, role, rest in named)
    trained = sorted({rest for _, role, rest in named if role == TRAIN})
    if len(trained) > 1 and trained[0]:
        return _refuse_two([one for one, role, _ in named if role == TRAIN], holds_classes)
    usual = max(rests, key=lambda rest: (rests[rest], not rest))
    found = {}
    for role in (*SPLITS, EVALUATION):
        ranked = sorted((_rank(one), one.name) for one, its, rest in named if its == role and rest == usual)
        if len(ranked) > 1 and role == TRAIN and ranked[0][0] == ranked[1][0]:
            return _refuse_two([one for one in folders if one.name in (ranked[0][1], ranked[1][1])], holds_classes)
        if ranked:
            found[role] = next(one for one in folders if one.name == ranked[0][1])
    if EVALUATION in found:
        one = found.pop(EVALUATION)
        role = VALIDATION if VALIDATION not in found else TEST
        found.setdefault(role, one)
    return found


def _refuse_two(folders, holds_classes):
    """Refuses several folders for training; where none of them holds classes, they are classes: "train station"."""
    if any(map(holds_classes, folders)):
        raise BadInput(
            f"The folders {folders[0].name}/ and {folders[1].name}/ both look like training images. "
            "Put the images of both into one folder, or move one of them away."
        )
    return {}


def _rank(folder):
    """How far a name is from the plain word."""
    tokens = tokens_of(folder.name)
    return sum(token.isdigit() for token in tokens), len(tokens)


def _hold_classes(inside, beside):
    """Whether the folders named like splits are splits, from the names of the folders in them and what is beside."""
    classes = inside[TRAIN]
    if not beside:
        return True
    if not classes:
        return False
    if any(classes & names for role, names in inside.items() if role != TRAIN):
        return True
    others = [{one.name for one in folder.with_images()} for folder in beside]
    return len(classes) > 1 and all(not names or classes & names for names in others)
