"""How a folder of images is laid out: which folders are splits, which are classes, and what was decided about it.

Read as they are: a folder for each class; train/, validation/ and test/ folders of them, in any spelling; either of
these some folders down; a class's images at any depth below its folder; train/ and test/ below each class; a flat
folder whose files are named after their classes. What could be two things, and would ruin the result if taken wrongly,
is refused.
"""

import collections
import dataclasses
import re
import unicodedata
from pathlib import Path

from keras_vision.data.flat import classes_among, classes_from_names, find_table
from keras_vision.data.images import printable
from keras_vision.data.roles import TEST, TRAIN, VALIDATION, is_generic, role_of, split_folders
from keras_vision.data.splits import some
from keras_vision.data.tree import Folder
from keras_vision.errors import BadInput

_ASIDE = re.compile(r"(masks?|labels?|annotations?|trimaps?|segmentations?|ground.?truths?|gt|bboxes)", re.IGNORECASE)
_PURPOSE = {TRAIN: "training", VALIDATION: "validation", TEST: "testing"}


@dataclasses.dataclass
class Listing:
    """The images of a split.

    Args:
        path: Its folder.
        files: Image files.
        classes: The class of each.
        unreadable: (file, kind, class) of pictures of kinds that cannot be read.
        empty: Folders without images.
        others: Files that are not read.
        loose: Images outside the folders of classes, which are not read either.
        error: Why a folder of it could not be listed; None where all were.
    """

    path: Path
    files: list = dataclasses.field(default_factory=list)
    classes: list = dataclasses.field(default_factory=list)
    unreadable: list = dataclasses.field(default_factory=list)
    empty: list = dataclasses.field(default_factory=list)
    others: list = dataclasses.field(default_factory=list)
    loose: list = dataclasses.field(default_factory=list)
    error: str | None = None

    def __len__(self):
        return len(self.files)

    def names(self):
        """Returns the names of its classes: as numbers where all are whole numbers, else as text."""
        return sorted_names({*self.classes, *(name for *_, name in self.unreadable)})

    def add(self, name, folder):
        """Takes all that is below a folder as the images of a class; masks beside images are left out."""
        self.error = self.error or folder.error
        self.files += folder.images
        self.classes += [name] * len(folder.images)
        self.unreadable += [(path, kind, name) for path, kind in folder.unreadable]
        self.others += folder.others
        inside = without_asides(folder.folders)
        self.others += [one.path for one in folder.folders if one not in inside]
        for one in inside:
            self.add(name, one)


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


def sorted_names(names):
    """Returns names of classes in their order: whole numbers as numbers, all others as text.

    Example:

    >>> sorted_names({"10", "2", "1"}), sorted_names({"10", "2", "b"})
    (['1', '2', '10'], ['10', '2', 'b'])
    """
    if all(re.fullmatch("[0-9]+", name) for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def without_asides(folders):
    """Returns folders without those of masks, labels and the like, where there is one of images beside them."""
    if not any(is_generic(one.name) for one in folders):
        return folders
    kept = [one for one in folders if not _ASIDE.fullmatch(one.name)]
    return kept if any(one.count() for one in kept) else folders


def find_layout(root):
    """Says how a folder that was listed is laid out.

    Args:
        root: A `Folder`.

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
        if found := split_folders(folder, unwrapped):
            return _of_splits(folder, found, passed)
        inside = folder.with_images()
        if len(inside) != 1 or folder.images or not _is_wrapper(inside[0]):
            break
        if role_of(inside[0].name)[0] in (VALIDATION, TEST):
            raise BadInput(
                f"The folder {printable(root.path)} holds {inside[0].name}/ and no folder of training images. "
                f"To train on these images, give folder:{printable(inside[0].path)}."
            )
        folder = inside[0]
        passed.append(folder)
    if found := _splits_below_classes(folder):
        return found
    listing, decisions, warnings = _of_classes(folder, passed)
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
    inside = folder.with_images()
    names = {one.name for one in inside}
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


def _of_splits(folder, found, passed):
    listings, decisions, warnings = {}, [_splits_sentence(found)], []
    listings[TRAIN], more, said = _of_classes(unwrapped(found[TRAIN]), [*passed, folder, found[TRAIN]])
    decisions += more
    warnings += said
    known = listings[TRAIN].names()
    for role in (VALIDATION, TEST):
        listing = _of_other_split(found[role], known) if role in found else None
        if listing is not None:
            listings[role] = listing
            decisions += _match_names(listing, known)
        elif role in found:
            decisions.append(_unlabelled(found[role], role))
    others = [one.name for one in folder.folders if one not in found.values()]
    others += [printable(path.name) for path in (*folder.others, *folder.images)]
    if others:
        warnings.append(f"Beside {_and(f'{one.name}/' for one in found.values())}, these are not read: {some(others)}.")
    return Layout(listings, tuple(decisions), tuple(warnings))


def _of_other_split(split, known):
    """The listing of a validation or test split; None where its images have no classes."""
    folder = unwrapped(split, known)
    if not folder.with_images() and not folder.error:
        files = [*folder.images, *(path for path, _ in folder.unreadable)]
        classes = classes_among(files, known) or classes_from_names(files)
        return _of_files(folder, classes) if classes and {*map(_plain, classes)} <= {*map(_plain, known)} else None
    return _class_folders(folder)


def _match_names(listing, known):
    """Gives classes the spelling that they have in the training split; returns what was decided."""
    plain = {_plain(name): name for name in known}
    change = {name: plain[_plain(name)] for name in listing.names() if name not in known and _plain(name) in plain}
    if not change:
        return []
    listing.classes = [change.get(name, name) for name in listing.classes]
    listing.unreadable = [(path, kind, change.get(name, name)) for path, kind, name in listing.unreadable]
    pairs = [f"{old} is {new}" for old, new in change.items()]
    return [f"Classes of {printable(listing.path.name)}/ are spelled as in training: {some(pairs)}."]


def _plain(name):
    return re.sub(r"[\W_]+", "", name).casefold() or name


def _splits_sentence(found):
    return f"{_and(f'{one.name}/ is for {_PURPOSE[role]}' for role, one in found.items())}."


def _and(parts):
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _unlabelled(folder, role):
    count = folder.count()
    return (
        f"{folder.name}/ holds {count:,} images without folders of classes. They are not used; "
        f"training images are set aside for {_PURPOSE[role]} in their place."
    )


def _of_classes(folder, passed):
    """The listing of a folder of classes, or of images that are named after theirs; decisions; warnings."""
    if folder.with_images():
        listing = _class_folders(folder)
        return listing, _check_levels(folder), []
    files = [*folder.images, *(path for path, _ in folder.unreadable)]
    tables = [path for one in (*reversed(passed), folder) for path in one.others if path.suffix.lower() == ".csv"]
    if table := find_table(tables, files):
        raise BadInput(
            f"The folder {printable(folder.path)} holds {len(files):,} images and no folders of classes, but "
            f"{printable(table.name)} names them. Give --dataset csv:{printable(table)}."
        )
    if not (classes := classes_from_names(files)):
        raise BadInput(_flat(folder, files))
    names = sorted_names(set(classes))
    said = f"The classes are the beginnings of the files' names: {some(names)} ({len(names)} classes)."
    return _of_files(folder, classes), [said], []


def _of_files(folder, classes):
    """The listing of a folder whose images, and then its unreadable pictures, have these classes."""
    count = len(folder.images)
    unreadable = [(*one, name) for one, name in zip(folder.unreadable, classes[count:], strict=True)]
    return Listing(folder.path, folder.images, classes[:count], unreadable, others=folder.others)


def _class_folders(folder):
    listing = Listing(folder.path, others=list(folder.others), loose=list(folder.images), error=folder.error)
    present = folder.with_images()
    for one in folder.folders:
        if one in present:
            # Names typed on one system and copied to another may spell an accent as one sign or as two.
            listing.add(unicodedata.normalize("NFC", one.name), one)
        else:
            listing.empty.append(one.name)
            listing.others += [path for below in one.walk() for path in below.others]
    return listing


def _check_levels(folder):
    """Says which of two levels of folders are the classes; refuses where both could be."""
    tops = folder.with_images()
    below = [[one.name for one in without_asides(top.folders) if one.count()] for top in tops]
    below = [names for names in below if len(names) > 1]
    if not below:
        return []
    shared = collections.Counter(name for names in below for name in set(names))
    shared = sorted(name for name, count in shared.items() if count > len(tops) / 2)
    plain = [name for name in shared if not is_generic(name)]
    if len(plain) > 1 or (len(shared) > 1 and len(tops) > 10 * len(shared)):
        raise BadInput(
            f"The folders in {printable(folder.path)} ({some([top.name for top in tops], 3)}) and the folders in them "
            f"({some(shared, 3)}) could both be the classes. For the former, put the images of each directly into its "
            f"folder. For the latter, give one folder, as in folder:{printable(tops[0].path)}, or put the images of "
            "each class into one folder."
        )
    names = sorted_names({name for names in below for name in names})
    return [
        f"The {len(tops)} folders of the upper level are the classes; images of the folders in them ({some(names, 3)}) "
        "belong to them."
    ]


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
    names = _and(f"{one.name}/ is for {_PURPOSE.get(role, 'validation')}" for role, one in found[tops[0].name].items())
    return Layout(listings, (f"In the folder of each class, {names}.",))


def _nothing(root):
    suffixes = collections.Counter(path.suffix.lower() for one in root.walk() for path in one.others)
    if not suffixes:
        seen = "is empty" if not root.folders else "has folders, but no files in them"
    else:
        counts = [f"{count:,} {suffix or 'without a suffix'}" for suffix, count in suffixes.most_common()]
        seen = f"holds no images, only other files ({some(counts)})"
    mend = "Unpack the archive first." if {".zip", ".tar", ".gz", ".tgz", ".rar", ".7z"} & set(suffixes) else ""
    return f"The folder {printable(root.path)} {seen}. {mend or 'Give one with a folder of images for each class.'}"


def _flat(folder, files):
    kinds = {path.suffix.lower() for path in folder.others}
    boxes = " There are annotation files beside them; those are not read." if kinds & {".xml", ".json", ".txt"} else ""
    return (
        f"The folder {printable(folder.path)} holds {len(files):,} images and says nowhere which class each is of: "
        f"there are no folders of classes, and the names ({some([printable(file.name) for file in files], 2)}) do "
        f"not begin with them.{boxes} Put the images of each class into a folder named after it."
    )


__all__ = ["Folder", "Layout", "Listing", "find_layout", "sorted_names", "unwrapped"]
