"""What lies in a folder, at any depth. Only files without a known suffix are opened, to see how they begin.

Links to folders are followed, but never back up to a folder that is being listed, and one link to each folder; so a
loop ends. Names that start with a dot, what systems leave about, and folders that this program writes are left alone.
"""

import collections
import dataclasses
import os
from pathlib import Path

from keras_vision.data.files.file_types import IMAGE, SILENT, kind_of_file
from keras_vision.data.words import printable
from keras_vision.errors import BadInput
from keras_vision.runs import is_own

_DEEPEST = 16
# A home folder or a disk, given by mistake, is not walked to its end.
_MOST_OTHERS = 200_000
_LEFT_BY_SYSTEMS = frozenset({"__macosx", "@eadir", "$recycle.bin", "__pycache__", "system volume information"})


@dataclasses.dataclass(eq=False)
class Folder:
    """A folder and what is in it, in the order of names.

    Args:
        path: Where it is.
        images: Files that are to be read as images.
        unreadable: Files of kinds that cannot be read, and the kind of each.
        others: Files that are no images, and links that lead nowhere or back.
        folders: The folders in it.
        error: Why it could not be listed; None where it was.
    """

    path: Path
    images: list[Path] = dataclasses.field(default_factory=list)
    unreadable: list[tuple[Path, str]] = dataclasses.field(default_factory=list)
    others: list[Path] = dataclasses.field(default_factory=list)
    folders: list["Folder"] = dataclasses.field(default_factory=list)
    error: str | None = None

    @property
    def name(self):
        """Its name, as text."""
        return printable(self.path.name)

    def walk(self):
        """Yields this folder and all below it."""
        yield self
        for folder in self.folders:
            yield from folder.walk()

    def count(self):
        """Returns how many pictures are in it at any depth, readable or not."""
        return sum(len(folder.images) + len(folder.unreadable) for folder in self.walk())

    def with_images(self):
        """Returns its folders that have pictures at any depth, or could not be listed."""
        return [folder for folder in self.folders if any(f.images or f.unreadable or f.error for f in folder.walk())]


def list_folder(path):
    """Lists a folder to any depth.

    Returns:
        A `Folder`. One below that cannot be listed says so in its `error`.

    Raises:
        BadInput: It cannot be listed itself.

    Example:

    >>> list_folder("photos").count()  # doctest: +SKIP
    20
    """
    path = Path(path)
    folder = _listed(path, (), set(), collections.Counter())
    if folder is None:
        raise BadInput(f"The folder {printable(path)} holds what this program wrote and no images. Give another one.")
    if folder.error:
        raise BadInput(f"The folder {printable(path)} cannot be read ({folder.error}). Check its permissions.")
    return folder


def _listed(path, above, linked, seen):
    """The `Folder` at a path; None where it holds what this program wrote alone, as `runs/` does."""
    folder, has_own = Folder(path), False
    try:
        status = os.stat(path)
        here = (status.st_dev, status.st_ino)
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        folder.error = error.strerror
        return folder
    for entry in entries:
        if entry.name.startswith(".") or entry.name.lower() in _LEFT_BY_SYSTEMS | SILENT:
            continue
        if not _is_folder(entry):
            _put_file(folder, path / entry.name)
            seen["files"] += 1
        elif is_own(path / entry.name):
            has_own = True
        elif _leads_on(entry, (*above, here), linked):
            if below := _listed(path / entry.name, (*above, here), linked, seen):
                folder.folders.append(below)
            else:
                has_own = True
        else:
            folder.others.append(path / entry.name)
    seen["others"] += len(folder.others)
    if seen["others"] > max(_MOST_OTHERS, seen["files"] / 2):
        raise BadInput(
            f"So far {seen['others']:,} of {seen['files']:,} files are not images, the last in {printable(path)}. "
            "Give a folder that holds the images and little else."
        )
    is_empty = not (folder.images or folder.unreadable or folder.others or folder.folders)
    return None if has_own and is_empty else folder


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _leads_on(entry, above, linked):
    """Whether a folder is to be listed: not a link that leads back up, nor the second link to one folder."""
    if len(above) > _DEEPEST:
        return False
    try:
        status = entry.stat()
    except OSError:
        return True  # listing it will say why
    there = (status.st_dev, status.st_ino)
    if there in above or (entry.is_symlink() and there in linked):
        return False
    if entry.is_symlink():
        linked.add(there)
    return True


def _put_file(folder, path):
    kind = kind_of_file(path)
    if kind == IMAGE:
        folder.images.append(path)
    elif kind:
        folder.unreadable.append((path, kind))
    else:
        folder.others.append(path)
