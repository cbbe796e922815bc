"""The size that images get where none is asked for, from their headers; and what reading takes."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from keras_vision.data import load_dataset
from keras_vision.data.files import images
from keras_vision.data.files.sizes import choose_size


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(28, 28)] * 9, (28, 28)),
        ([(70, 70)] * 95 + [(20, 30)] * 5, (70, 70)),
        ([(20, 90)] * 9, (20, 90)),
        ([(224, 224)] * 9, (64, 64)),
        ([(480, 640), (3000, 4000), (640, 480)], (64, 64)),
        ([(25 + n, 30 + n) for n in range(40)], (32, 32)),
        ([(50, 60), (52, 60), (54, 50)], (48, 48)),
        ([(5, 9), (6, 7), (7, 6)], (6, 6)),
    ],
)
def test_sizes(sizes, chosen):
    assert choose_size(sizes)[0] == chosen


def test_nothing_is_said_of_images_that_keep_their_size():
    assert choose_size([(28, 28)] * 9)[1] is None


def test_photos_become_squares_and_the_person_is_told(photos, write_image):
    for number, file in enumerate(sorted(photos.rglob("*.png"))):
        write_image(file, size=(100 + number, 120))
    dataset = load_dataset(f"folder:{photos}")
    assert dataset.shape == (64, 64, 3)
    said = "The images have 20 sizes, with sides from 100 to 120 pixels; they are resized to 64x64. --image-size "
    assert f"{said}changes that." in dataset.decisions


def test_the_size_is_known_before_a_pixel_is_decoded(photos, monkeypatch):
    monkeypatch.setattr(images.Image.Image, "load", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(
        "keras_vision.data.files.reading.check_memory", lambda *_: (_ for _ in ()).throw(InterruptedError)
    )
    with pytest.raises(InterruptedError):
        load_dataset(f"folder:{photos}")


def test_large_jpegs_are_decoded_small(tmp_path, monkeypatch):
    ramp = np.tile(np.linspace(0, 255, 1600, dtype=np.uint8)[None, :, None], (1200, 1, 3))
    Image.fromarray(ramp).save(tmp_path / "a.jpg", quality=95)
    whole = np.asarray(Image.fromarray(ramp).resize((16, 16), Image.Resampling.BILINEAR))
    sizes, resized = [], images._resized
    monkeypatch.setattr(images, "_resized", lambda image, *how: sizes.append(image.size) or resized(image, *how))
    np.testing.assert_allclose(images.read_image(tmp_path / "a.jpg", (16, 16, 3)).astype(int), whole, atol=2)
    assert sizes == [(200, 150)]


def test_a_turned_jpeg_that_is_decoded_small_stays_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    half = np.zeros((400, 800, 3), np.uint8)
    half[:, :400] = 255
    Image.fromarray(half).save(tmp_path / "a.jpg", exif=exif)
    pixels = images.read_image(tmp_path / "a.jpg", (8, 4, 3))
    assert (pixels[:3] > 250).all() and (pixels[5:] < 5).all()


def test_a_folder_is_read_in_little_more_than_the_memory_of_its_images(tmp_path):
    for one in ("cat", "dog"):
        (tmp_path / one).mkdir()
        for number in range(150):
            Image.new("RGB", (64, 64), (number, 7, 100 * (one == "cat"))).save(tmp_path / one / f"{number}.bmp")
    load_dataset(f"folder:{tmp_path}", image_size=8)  # what is imported on the way does not count
    tracemalloc.start()
    try:
        dataset = load_dataset(f"folder:{tmp_path}")
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert dataset.shape == (64, 64, 3)
    assert peak < 1.5 * 300 * 64 * 64 * 3
    assert kept < 1.3 * 300 * 64 * 64 * 3  # the images, and a copy of those that are set aside
