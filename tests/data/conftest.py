"""Small folders of images for the tests of this folder."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write_image():
    """Returns a function that writes random pixels, or one colour, as an image file."""

    def write(path, size=(8, 8), mode="RGB", seed=None, colour=None, **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        if colour is not None:
            image = Image.new(mode, size, colour)
        else:
            shape = size[::-1] if mode == "L" else (*size[::-1], len(mode))
            pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
            image = Image.fromarray(pixels, mode if mode != "L" else None)
        image.save(path, **options)
        return path

    return write


@pytest.fixture
def photos(tmp_path, write_image):
    """A folder of two classes with ten different 8x8 images each."""
    root = tmp_path / "photos"
    for label, name in enumerate(("cat", "dog")):
        for number in range(10):
            write_image(root / name / f"{number}.png", seed=100 * label + number)
    return root
