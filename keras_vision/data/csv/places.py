"""Where the image files are that a table names."""

import collections
import contextlib
import os

from keras_vision.data.files.images import FORMATS
from keras_vision.data.split_names import split_named
from keras_vision.data.words import printable, some
from keras_vision.errors import BadInput


class Places:
    """Where a name may be: as it is written, beside the table, in a folder beside it; with or without a suffix.

    Args:
        folder: Of the table.
    """

    def __init__(self, folder):
        beside = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        self._folder, self._suffixes = folder, ("", *FORMATS)
        self._holders = collections.defaultdict(list)  # name -> the folders beside the table that hold it
        for one in beside:
            with contextlib.suppress(OSError):  # what is named, and lies in a folder that cannot be listed, is missing
                for name in os.listdir(one):
                    self._holders[name].append(one)

    def find(self, value, split=None):
        """Returns the files that a value may mean, a list: several where folders beside the table hold equal names.

        Args:
            value: As the table has it.
            split: Of its row: a folder beside the table that is called so comes first.
        """
        value = value.replace("\\", "/")
        head = value.partition("/")[0]
        found = {}
        for suffix in self._suffixes if value else ():
            for folder in self._holders.get(head if "/" in value else f"{head}{suffix}", ()):
                if os.path.isfile(folder / f"{value}{suffix}"):
                    found.setdefault(folder, folder / f"{value}{suffix}")
        if own := [file for folder, file in found.items() if split and split_named(folder.name) == split]:
            return own
        written = (self._folder / f"{value}{suffix}" for suffix in (self._suffixes if value else ()))
        return [file for file in written if os.path.isfile(file)][:1] or [*found.values()]


def find_files(table, names, places):
    """Returns the file of each name.

    Args:
        table: The `CsvFile` that holds them.
        names: Pairs of a name and the split of its row, or None.
        places: The `Places` beside it.

    Raises:
        BadInput: Files are missing, or a name fits files in several folders.
    """
    found = [places.find(value, split) for value, split in names]
    if missing := [value for (value, _), files in zip(names, found, strict=True) if not files]:
        raise BadInput(
            f"{len(missing)} of the {len(names)} images that {printable(table.path)} names are missing: "
            f"{some([*map(_shown, missing)])}. Paths are relative to the folder of the table or to one in it."
        )
    if unclear := [(value, files) for (value, _), files in zip(names, found, strict=True) if len(files) > 1]:
        value, files = unclear[0]
        folders = some([f"{printable(file.relative_to(table.path.parent).parts[0])}/" for file in files])
        raise BadInput(
            f"{len(unclear)} of the {len(names)} names in {printable(table.path)} fit files in several folders: "
            f"{_shown(value)} is in {folders}. Write the folder before each name."
        )
    return [files[0] for files in found]


def _shown(value, most=80):
    return printable(value if len(value) <= most else f"{value[:most]}...")
