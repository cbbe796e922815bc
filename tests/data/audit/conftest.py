"""Made-up pictures of which no two are alike, in a `Collection` or as files."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from keras_vision.data.audit.collection import Collection


def make_pictures(count, *, side=24, channels=1, seed=0):
    """Returns uint8 [count, side, side, channels]: blurred noise over its whole range, each its own."""
    noise = np.random.default_rng(seed).normal(size=(count, side, side, channels))
    smooth = gaussian_filter(noise, (0, 1.5, 1.5, 0))
    low, high = smooth.min(axis=(1, 2, 3), keepdims=True), smooth.max(axis=(1, 2, 3), keepdims=True)
    return np.rint(25 + 200 * (smooth - low) / (high - low)).astype(np.uint8)


@pytest.fixture
def pictures():
    """The function that makes pictures."""
    return make_pictures


@pytest.fixture
def collect_made():
    """Returns a function that makes a `Collection` of images; by default two classes, all for training."""

    def make(images, labels=None, splits=None, own_splits=("train",), files=None):
        count = len(images)
        return Collection(
            images=images,
            labels=np.arange(count) % 2 if labels is None else np.asarray(labels),
            splits=np.array(["train"] * count if splits is None else splits),
            class_names=("cat", "dog"),
            names=np.array([f"train/{number}" for number in range(count)], object),
            files=files,
            own_splits=own_splits,
        )

    return make


@pytest.fixture
def write_pictures(tmp_path):
    """Returns a function that writes images as PNG files below the test's folder, by their paths."""

    def write(paths, images):
        for path, image in zip(paths, images, strict=True):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file)
        return tmp_path

    return write
