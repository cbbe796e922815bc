"""From a specification to an opened source: `places.py` says where it lies, one file for each kind reads it.

`npz.py` and `idx.py` open plain arrays, `csv_file.py` CSV files, `folders.py` folders of image files, `prepared.py`
what TFDS prepares; the last three load heavy libraries and are imported only when needed.
"""

from keras_vision.data.arrays import open_digits
from keras_vision.data.idx import open_idx
from keras_vision.data.npz import open_npz
from keras_vision.data.places import DATASETS, locate
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
    if reading.skips and place.kind not in ("folder", "csv"):
        raise BadInput(
            f"on_bad_image='skip' works only with folder:PATH and csv:FILE, because {spec} has no image files. "
            "Leave it out."
        )
    if place.kind == "embedded":
        return open_digits()
    if place.kind == "npz":
        return open_npz(place.path, reading.known)
    if place.kind == "idx":
        return open_idx(place.path, DATASETS[spec].idx_class_names)
    if place.kind == "csv":
        from keras_vision.data.csv_file import open_csv

        return open_csv(place.path, reading)
    if place.kind == "folder":
        from keras_vision.data.folders import open_folder

        return open_folder(place.path, reading)
    from keras_vision.data.prepared import download, open_prepared

    directory = download(spec, place.path, reading.announce) if place.kind == "download" else place.path
    return open_prepared(directory, reading.image_size, reading.known)
