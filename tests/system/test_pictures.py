"""Arrays become pictures in one place."""

from pathlib import Path

import numpy as np
import pytest

import keras_vision
from keras_vision.system.pictures import as_picture, through_jpeg

PACKAGE = Path(keras_vision.__file__).parent
# Of files and arrays of four channels or of more than eight bits, which are read and not shown.
READING = {"data/files/images.py", "data/arrays/values.py"}


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_has_the_pixels_of_its_array(channels):
    image = np.random.default_rng(0).integers(0, 256, (3, 5, channels), dtype=np.uint8)
    assert (np.asarray(as_picture(image)).reshape(image.shape) == image).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_file_is_nearly_what_it_was_made_of(channels):
    image = np.random.default_rng(0).integers(100, 120, (16, 16, channels), dtype=np.uint8)
    lost = [abs(through_jpeg(image, quality).astype(int) - image).mean() for quality in (95, 5)]
    assert 0 < lost[0] < lost[1] < 20


def test_no_other_file_makes_pictures_of_arrays():
    makers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "fromarray(" in path.read_text("utf-8")
    }
    assert makers == {"system/pictures.py", *READING}
