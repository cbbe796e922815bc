"""Which class each image of a split has: from the folder it lies in, from its name, or from a table beside it."""

import collections
import dataclasses
import re
import unicodedata
from pathlib import Path

from keras_vision.data.files.file_types import IMAGE, kind_of_file
from keras_vision.data.folders.flat import classes_from_names, find_table
from keras_vision.data.folders.split_roles import is_generic, is_part
from keras_vision.data.spelling import plain_name, sorted_names
from keras_vision.data.split_names import first_split
from keras_vision.data.words import printable, some, spec_of
from keras_vision.errors import BadInput

_ASIDE = re.compile(r"(masks?|labels?|annotations?|trimaps?|segmentations?|ground.?truths?|gt|bboxes)", re.IGNORECASE)
_MASK = re.compile(r"(.+)[ _-](mask|segmentation|seg|label|gt|groundtruth)s?[ _-]?\d*", re.IGNORECASE)


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
        masks = _masks(folder.images)
        images = [path for path in folder.images if path not in masks]
        self.files += images
        self.classes += [name] * len(images)
        self.others += sorted(masks)
        self.unreadable += [(path, kind, name) for path, kind in folder.unreadable]
        self.others += folder.others
        inside = without_asides(folder.folders)
        self.others += [one.path for one in folder.folders if one not in inside]
        for one in inside:
            self.add(name, one)


def class_names_of(listings, known=None):
    """Returns the names of a source's classes, a tuple.

    Args:
        listings: Dict from split to `Listing`.
        known: None where a model is trained: its classes are those of the training images. Where one is measured, by
            names that it knows, they are those of all splits.
    """
    taken = listings.values() if known is not None else [listings[first_split(listings)]]
    return tuple(sorted_names({name for listing in taken for name in listing.names()}))


def match_names(listing, known, what):
    """Gives classes the spelling that they have in the training split; returns what was decided, a list of sentences.

    Args:
        listing: The `Listing` of another split. It is changed.
        known: Names of the classes of the training split.
        what: Names the other split.
    """
    plain = {plain_name(name): name for name in known}
    if len(plain) < len(known):  # C and C++
        return []
    change = {
        name: plain[plain_name(name)] for name in listing.names() if name not in known and plain_name(name) in plain
    }
    if not change:
        return []
    listing.classes = [change.get(name, name) for name in listing.classes]
    listing.unreadable = [(path, kind, change.get(name, name)) for path, kind, name in listing.unreadable]
    pairs = [f"{old} is {new}" for old, new in change.items()]
    return [f"Classes of {what} are spelled as in training: {some(pairs)}."]


def without_asides(folders):
    """Returns folders without those of masks, labels and the like, where there is one of images beside them."""
    if not any(is_generic(one.name) for one in folders):
        return folders
    kept = [one for one in folders if not _ASIDE.fullmatch(one.name)]
    return kept if any(one.count() for one in kept) else folders


def list_classes(folder, passed):
    """Returns the `Listing` of a folder of classes, or of images that are named after theirs, and what was decided.

    Args:
        folder: A `Folder`.
        passed: The folders that lead to it, which may hold a table of its images.

    Raises:
        BadInput: Nothing says the classes, or two levels of folders could be them.
    """
    if sum(one.count() for one in folder.with_images()) > len(folder.images):
        if parts := _joined_parts(folder):
            return parts
        decisions = _check_levels(folder)
        listing = list_class_folders(folder)
        return listing, [*decisions, *_asides(listing)]
    files = [*folder.images, *(path for path, _ in folder.unreadable)]
    tables = [path for one in (*reversed(passed), folder) for path in one.others if path.suffix.lower() == ".csv"]
    if table := find_table(tables, files):
        raise BadInput(
            f"The folder {printable(folder.path)} holds {len(files):,} images and no folders of classes, but "
            f"{printable(table.name)} names them. Give --dataset {spec_of('csv', table)}."
        )
    if not (classes := classes_from_names(files)):
        raise BadInput(_flat(folder, files, passed))
    names = sorted_names(set(classes))
    said = f"The classes are taken from the beginnings of the file names: {some(names)} ({len(names)} classes)."
    return list_files(folder, classes), [said]


def list_files(folder, classes):
    """Returns the `Listing` of a folder whose images, and then its unreadable pictures, have these classes."""
    count = len(folder.images)
    unreadable = [(*one, name) for one, name in zip(folder.unreadable, classes[count:], strict=True)]
    return Listing(
        folder.path,
        list(folder.images),
        classes[:count],
        unreadable,
        others=[*folder.others, *(one.path for one in folder.with_images())],
    )


def list_class_folders(folder):
    """Returns the `Listing` of a folder that has one folder for each class."""
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


def _masks(files):
    """Those of these files that are named after another: cat_mask.png beside cat.png."""
    stems = {file.stem for file in files}
    return {file for file in files if (match := _MASK.fullmatch(file.stem)) and match[1] in stems}


def _asides(listing):
    """Moves masks from what is told with all other files to what is decided."""
    masks = [path for path in listing.others if _ASIDE.fullmatch(path.name) or _MASK.fullmatch(path.stem)]
    masks = [path for path in masks if path.is_dir() or kind_of_file(path) == IMAGE]
    if not masks:
        return []
    listing.others = sorted(set(listing.others) - set(masks))
    names = some([printable(path.relative_to(listing.path)) for path in masks], 3)
    return [f"Masks and similar files beside the images are not read: {names}."]


def _joined_parts(folder):
    """The listing and decision for folders such as fold1/ and fold2/ that hold the same classes; else None."""
    tops = folder.with_images()
    inside = [{one.name for one in top.with_images()} for top in tops]
    shared = set.intersection(*inside)
    if len(tops) < 2 or len(shared) < 2 or not all(is_part(top.name) and not top.images for top in tops):
        return None
    listing = Listing(folder.path)
    for name in sorted(set.union(*inside)):
        for top in tops:
            for one in top.with_images():
                if one.name == name:
                    listing.add(unicodedata.normalize("NFC", name), one)
    return listing, [f"{some([f'{top.name}/' for top in tops], 3)} hold the same classes and are read together."]


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
            f"({some(shared, 3)}) could both be the classes. If the outer ones are, put the images of each directly "
            f"into its folder. If the inner ones are, give one outer folder, as in --dataset "
            f"{spec_of('folder', tops[0].path)}, or put the images of each class into one folder."
        )
    names = sorted_names({name for names in below for name in names})
    return [
        f"The {len(tops)} outer folders are the classes; the images in their inner folders ({some(names, 3)}) "
        "belong to them."
    ]


def _flat(folder, files, passed):
    kinds = {path.suffix.lower() for one in (folder, *passed[-1:]) for two in one.walk() for path in two.others}
    boxes = " Annotation files, of boxes for example, are not read." if kinds & {".xml", ".json", ".txt"} else ""
    return (
        f"The folder {printable(folder.path)} holds {len(files):,} images, but nothing says which class each belongs "
        f"to: there are no folders of classes, and the names ({some([printable(file.name) for file in files], 2)}) do "
        f"not begin with a class.{boxes} Put the images of each class into a folder named after it."
    )
