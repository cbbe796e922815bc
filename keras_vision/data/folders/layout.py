"""How a folder of images is laid out: which folders are splits, which are classes, and what was decided about it.

Read as they are: a folder for each class; train/, validation/ and test/ folders of them, in any spelling; either of
these some folders down; a class's images at any depth below its folder; train/ and test/ below each class; a flat
folder whose files are named after their classes. What could be two things, and would ruin the result if taken wrongly,
is refused.
"""

import collections
import dataclasses
import unicodedata

from keras_vision.data.folders.classes import (
    Listing,
    list_class_folders,
    list_classes,
    list_files,
    match_names,
    without_asides,
)
from keras_vision.data.folders.flat import classes_among, classes_from_names
from keras_vision.data.folders.split_roles import classes_in, is_generic, split_folders, told_as_classes
from keras_vision.data.places import ARCHIVES
from keras_vision.data.spelling import plain_name
from keras_vision.data.split_names import TEST, TRAIN, VALIDATION, role_of
from keras_vision.data.words import printable, some, spec_of
from keras_vision.errors import BadInput

_PURPOSE = {TRAIN: "training", VALIDATION: "validation", TEST: "testing"}


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a folder holds.

    Args:
        splits: From role, "train", "validation" and "test", to `Listing`.
        decisions: What was decided, a sentence each.
        warnings: What a person should know, a sentence each.
    """

    splits: dict[str, Listing]
    decisions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def find_layout(root, known=None):
    """Says how a folder that was listed is laid out.

    Args:
        root: A `Folder`.
        known: Names of the classes of a model that is to be measured: then no split has to be for training.

    Raises:
        BadInput: It holds no images, none of them is for training, or its structure can be read in two ways.

    Example:

    >>> find_layout(list_folder("photos")).splits["train"].names()  # doctest: +SKIP
    ['cat', 'dog']
    """
    if not root.count():
        raise BadInput(_nothing(root))
    folder, passed = root, [root]
    while True:
        folder = _without_copies(folder)
        if found := _splits_beside_classes(folder):
            return found
        if found := split_folders(folder, unwrapped, needs_training=known is None):
            return _of_splits(folder, found, passed, known or ())
        inside = folder.with_images()
        if len(inside) != 1 or folder.images or not _is_wrapper(inside[0]) or inside[0].name in (known or ()):
            break
        if known is None and role_of(inside[0].name)[0] in (VALIDATION, TEST):
            raise BadInput(
                f"The folder {printable(root.path)} holds {inside[0].name}/ and no folder of training images. "
                f"To train on these images, give --dataset {spec_of('folder', inside[0].path)}."
            )
        folder = inside[0]
        passed.append(folder)
    _check_datasets(folder)
    if found := _splits_below_classes(folder):
        return found
    listing, decisions = list_classes(folder, passed)
    warnings = told_as_classes([name for name in listing.names() if name not in (known or ())])
    return Layout({TRAIN: listing}, _where(root, folder) + tuple(decisions), tuple(warnings))


def unwrapped(folder, known=()):
    """Returns the folder that holds the classes: the folder itself, or the only one in it, however deep.

    Args:
        folder: A `Folder`.
        known: Names of classes, whose folders are no wrappers.
    """
    folder = _without_copies(folder)
    inside = folder.with_images()
    while len(inside) == 1 and not folder.images and inside[0].name not in known and _is_wrapper(inside[0], folder):
        folder = _without_copies(inside[0])
        inside = folder.with_images()
    return folder


def _is_wrapper(folder, parent=None):
    if folder.with_images():
        return True
    plain = is_generic(folder.name) or role_of(folder.name)[0] or (parent and folder.name == parent.name)
    return bool(plain or (parent is None and classes_from_names(folder.images)))


def _without_copies(folder):
    """A folder without one that holds its other folders once more, as some archives do, and without masks."""
    names = {one.name for one in folder.with_images()}
    inside = [one for one in folder.with_images() if role_of(one.name)[0] in (None, TRAIN)]
    copies = [one for one in inside if len(names) > 2 and {two.name for two in one.with_images()} == names - {one.name}]
    kept = without_asides([one for one in folder.folders if one not in copies])
    if len(kept) == len(folder.folders):
        return folder
    left = [one.path for one in folder.folders if one not in kept]
    return dataclasses.replace(folder, folders=kept, others=folder.others + left)


def _where(root, folder):
    if folder.path == root.path:
        return ()
    return (f"The classes are taken from {printable(folder.path.relative_to(root.path))}/.",)


def _of_splits(folder, found, passed, known):
    listings, decisions, warnings = {}, [], []
    if TRAIN in found:
        listings[TRAIN], decisions = list_classes(unwrapped(found[TRAIN]), [*passed, folder, found[TRAIN]])
        known = listings[TRAIN].names()
    for role in (VALIDATION, TEST):
        listing = _of_other_split(found[role], known) if role in found else None
        if listing is not None:
            listings[role] = listing
            decisions += match_names(listing, known, f"{printable(listing.path.name)}/")
        elif role in found:
            decisions.append(_unlabelled(found[role], role))
    if listings:
        decisions.insert(0, _purposes({role: found[role].name for role in listings}))
    others = [one.name for one in folder.folders if one not in found.values()]
    others += [printable(path.name) for path in (*folder.others, *folder.images)]
    if others:
        is_or_are = "is" if len(found) == 1 else "are"
        used = _and(f"{one.name}/" for one in found.values())
        warnings.append(f"Only {used} {is_or_are} used here, and not {some(others)}.")
    return Layout(listings, tuple(decisions), tuple(warnings))


def _of_other_split(split, known):
    """The listing of a validation or test split; None where its images have no classes."""
    folder = unwrapped(split, known)
    if not folder.with_images() and not folder.error:
        files = [*folder.images, *(path for path, _ in folder.unreadable)]
        classes = classes_among(files, known) or classes_from_names(files)
        fits = classes and (not known or {*map(plain_name, classes)} <= {*map(plain_name, known)})
        return list_files(folder, classes) if fits else None
    return list_class_folders(folder)


def _purposes(names):
    parts = [f"{names[role]}/ is for {purpose}" for role, purpose in _PURPOSE.items() if role in names]
    return f"{_and(parts)}."


def _and(parts):
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _unlabelled(folder, role):
    count = folder.count()
    return (
        f"{folder.name}/ holds {count:,} images without folders of classes. They are not used; "
        f"training images are set aside for {_PURPOSE[role]} instead."
    )


def _splits_beside_classes(folder):
    """The layout of folders such as train_cat, train_dog, test_cat and test_dog; None for any other."""
    tops = folder.with_images()
    found = [(*role_of(one.name), one) for one in tops]
    trained = {rest for role, rest, _ in found if role == TRAIN}
    is_whole = all(role in _PURPOSE and rest in trained and not one.with_images() for role, rest, one in found)
    if len(trained) < 2 or "" in trained or not is_whole:
        return None
    listings = {}
    for role, rest, one in found:
        listings.setdefault(role, Listing(folder.path)).add(rest, one)
    names = some([f"{one.name}/ is {rest} for {_PURPOSE[role]}" for role, rest, one in found], 4)
    return Layout(listings, (f"Splits and classes are taken from the folders' names: {names}.",))


def _check_datasets(folder):
    """Refuses a folder of which one folder is a data set of its own, with splits and classes in them."""
    tops = folder.with_images()
    for top in tops:
        for one in top.with_images():
            if role_of(one.name)[0] == TRAIN and len(classes_in(unwrapped(one))) > 1:
                raise BadInput(
                    f"The folder {printable(folder.path)} holds {some([f'{two.name}/' for two in tops])}, and "
                    f"{top.name}/ has training images of its own. Give --dataset {spec_of('folder', top.path)}."
                )


def _splits_below_classes(folder):
    """The layout of CLASS/train and CLASS/test; None for any other."""
    tops = folder.with_images()
    found = {top.name: {role_of(one.name)[0]: one for one in top.with_images()} for top in tops}
    if len(tops) < 2 or any(top.images for top in tops):
        return None
    if any(None in roles or TRAIN not in roles or len(roles) < 2 for roles in found.values()):
        return None
    listings = {}
    for name, roles in found.items():
        for role, one in roles.items():
            role = VALIDATION if role not in _PURPOSE else role
            listings.setdefault(role, Listing(folder.path)).add(unicodedata.normalize("NFC", name), one)
    purposes = _purposes({role: one.name for role, one in found[tops[0].name].items()})
    return Layout(listings, (f"In the folder of each class, {purposes}",))


def _nothing(root):
    suffixes = collections.Counter(path.suffix.lower() for one in root.walk() for path in one.others)
    if not suffixes:
        seen = "is empty" if not root.folders else "has folders, but no files in them"
    else:
        counts = [f"{count:,} {suffix or 'without a suffix'}" for suffix, count in suffixes.most_common()]
        seen = f"holds no images, only other files ({some(counts)})"
    mend = ""
    if ARCHIVES & set(suffixes):
        mend = "Unpack the archive first."
    elif {".npy", ".npz"} & set(suffixes):
        mend = "Arrays are read from one file: --dataset npz:FILE."
    return f"The folder {printable(root.path)} {seen}. {mend or 'Give one with a folder of images for each class.'}"
