"""From a specification to an opened source: `places.py` says where it lies, one file for each kind reads it.

`arrays/reading.py` holds the digits, `arrays/idx.py` opens MNIST's files, `prepared.py` what TFDS prepares. What is
given by its path is opened by the file that `places.PATH_KINDS` names. What loads heavy libraries is imported only when
needed.

To add a kind that is given by its path, write its row in `places.PATH_KINDS`, and a file with a function
`open_KIND(path, reading)`; `pytest tests/data/test_opening.py` names the one that is missing.
"""

import importlib

from keras_vision.data.arrays.idx import open_idx
from keras_vision.data.arrays.reading import open_digits
from keras_vision.data.places import DATASETS, FORMS, PATH_KINDS, locate
from keras_vision.errors import BadInput


def open_source(spec, data_dir, reading):
    """Opens what a specification names.

    Args:
        spec, data_dir: As in `load_dataset`.
        reading: A `Reading`. Only sources without a size of their own heed its `image_size`.

    Returns:
        A `Source`.

    Raises:
        BadInput: Unknown name, nothing found, or anything wrong with what was found.

    Example:

    >>> open_source("digits", None, Reading()).origin
    "scikit-learn's digits"
    """
    place = locate(spec, data_dir)
    row = PATH_KINDS.get(place.kind)
    if reading.on_bad_image == "skip" and (row is None or row.image_files == "none"):
        able = " and ".join(FORMS[kind] for kind, one in PATH_KINDS.items() if one.image_files != "none")
        raise BadInput(f"on_bad_image='skip' works only with {able}, because {spec} has no image files. Leave it out.")
    if row is not None:
        file = importlib.import_module(f"keras_vision.data.{row.file}")
        return getattr(file, f"open_{place.kind}")(place.path, reading)
    if place.kind == "embedded":
        return open_digits()
    if place.kind == "idx":
        return open_idx(place.path, DATASETS[spec].idx_class_names)
    from keras_vision.data.prepared import download, open_prepared  # with TFDS and TensorFlow, which take seconds

    directory = download(spec, place.path, reading.announce) if place.kind == "download" else place.path
    return open_prepared(directory, reading.image_size, reading.known)
