"""From a specification to an opened source: `places.py` says where it lies, one file for each kind reads it.

`npz.py` and `idx.py` open plain arrays, `csv_file.py` CSV files, `folders.py` folders of image files, `prepared.py`
what TFDS prepares.
"""

from keras_vision.data.arrays import open_digits
from keras_vision.data.csv_file import open_csv
from keras_vision.data.folders import open_folder
from keras_vision.data.idx import open_idx
from keras_vision.data.npz import open_npz
from keras_vision.data.places import DATASETS, locate
from keras_vision.errors import BadInput


def open_source(spec, *, data_dir, image_size, on_bad_image, announce, pixel_scale=None, known=None):
    """Opens what a specification names.

    Args:
        spec, data_dir, on_bad_image, pixel_scale: As in `load_dataset`.
        known: As in `open_folder`.
        image_size: (height, width) or None. Only sources without a size of their own heed it.
        announce: Called with a line of text before anything slow.

    Returns:
        A `Source`.

    Raises:
        BadInput: Unknown name, nothing found, or anything wrong with what was found.

    Example:

    >>> open_source("digits", data_dir=None, image_size=None, on_bad_image="error", announce=print).origin
    "scikit-learn's digits"
    """
    place = locate(spec, data_dir)
    if on_bad_image == "skip" and place.kind not in ("folder", "csv"):
        raise BadInput(
            f"on_bad_image='skip' works only with folder:PATH and csv:FILE, because {spec} has no image files. "
            "Leave it out."
        )
    if place.kind == "embedded":
        return open_digits()
    if place.kind == "npz":
        return open_npz(place.path, known)
    if place.kind == "idx":
        return open_idx(place.path, DATASETS[spec].idx_class_names)
    reading = {"image_size": image_size, "on_bad_image": on_bad_image, "announce": announce, "pixel_scale": pixel_scale}
    reading["known"] = known
    if place.kind == "csv":
        return open_csv(place.path, **reading)
    if place.kind == "folder":
        return open_folder(place.path, **reading)
    from keras_vision.data.prepared import download, open_prepared  # with TFDS and TensorFlow, which take seconds

    directory = download(spec, place.path, announce) if place.kind == "download" else place.path
    return open_prepared(directory, image_size, known)
