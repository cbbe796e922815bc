"""Values of more than eight bits: one white for all images of a data set, by pixel value."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_vision.data import load_dataset
from keras_vision.data.files.depths import white_of
from keras_vision.data.files.images import read_image
from keras_vision.errors import BadInput

COLOUR_TYPES = {1: 0, 3: 2, 4: 6}


def png(values):
    """The bytes of a 16-bit PNG: [h, w] or [h, w, channels]."""
    values = np.asarray(values)
    height, width, channels = (*values.shape, 1)[:3]

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPES[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(values):
    file = io.BytesIO()
    Image.fromarray(values).save(file, "TIFF")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Returns a function that writes four files a class; all values are `fill` but the first of cats, `brightest`."""

    def write(fill, brightest, encode=png, channels=None, kind=np.uint16, name="png"):
        shape = (4, 4, channels) if channels else (4, 4)
        for one in ("cat", "dog"):
            (tmp_path / one).mkdir(exist_ok=True)
            for number in range(4):
                values = np.full(shape, fill, kind)
                if one == "cat":
                    values[0, 0] = brightest
                (tmp_path / one / f"{number}.{name}").write_bytes(encode(values))
        return tmp_path

    return write


def load(path, **arguments):
    return load_dataset(f"folder:{path}", **arguments)


@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize(
    ("fill", "brightest", "white", "pixel"),
    [
        (100, 200, 255, 100),
        (512, 1000, 1023, 128),
        (2048, 4000, 4095, 128),
        (8192, 16000, 16383, 128),
        (32768, 65000, 65535, 128),
    ],
)
def test_sixteen_bit_files_are_scaled_by_the_depth_of_all(folder, channels, fill, brightest, white, pixel):
    dataset = load(folder(fill, brightest, channels=channels))
    assert dataset.pixel_scale == {"16-bit": white}
    assert dataset.shape == (4, 4, channels or 1)
    for split in (dataset.train, dataset.validation, dataset.test()):
        assert (split.images[split.labels == 1] == pixel).all()
        assert (split.images[split.labels == 0][:, 0, 0] == round(brightest * 255 / white)).all()
    said, *_ = dataset.decisions
    assert said.startswith(f"The 16-bit images hold values from {fill} to {brightest}, so they are read as ")


def test_test_images_have_the_scale_of_training(folder, tmp_path):
    root = folder(2048, 4000)
    for one in ("cat", "dog"):
        for part in ("train", "test"):
            (root / part / one).mkdir(parents=True)
        (root / "test" / one / "dark.png").write_bytes(png(np.full((4, 4), 200)))
        for file in (root / one).iterdir():
            file.rename(root / "train" / one / file.name)
        (root / one).rmdir()
    test = load(root).test()
    assert (test.images == round(200 * 255 / 4095)).all()


def test_a_given_scale_is_kept(folder):
    dataset = load(folder(100, 200), pixel_scale={"16-bit": 4095})
    assert (dataset.train.images[dataset.train.labels == 1] == 6).all()
    assert dataset.decisions[:1] == ("The 16-bit images are scaled as the model's own were: 4095 becomes 255.",)
    assert dataset.pixel_scale == {"16-bit": 4095}


@pytest.mark.parametrize(
    ("kind", "fill", "brightest", "white", "pixel"),
    [
        (np.float32, 0.5, 1.0, 1, 128),
        (np.float32, 100.0, 254.0, 255, 100),
        (np.float32, 32768.0, 65000.0, 65535, 128),
        (np.int32, 100, 255, 255, 100),
        (np.int32, 2048, 4000, 4095, 128),
    ],
)
def test_floats_and_long_integers_are_scaled_by_their_range(folder, kind, fill, brightest, white, pixel):
    dataset = load(folder(fill, brightest, tiff, kind=kind, name="tif"))
    assert dataset.pixel_scale == {"float" if kind is np.float32 else "32-bit": white}
    assert (dataset.train.images[dataset.train.labels == 1] == pixel).all()


@pytest.mark.parametrize(
    ("kind", "fill", "brightest", "seen"),
    [(np.float32, -1.0, 1.0, "values from -1 to 1"), (np.int32, 0, 70_000, "values from 0 to 70000")],
)
def test_a_range_without_a_rule_is_refused_with_it(folder, kind, fill, brightest, seen):
    with pytest.raises(BadInput, match=f"hold {seen}, for which there is no rule"):
        load(folder(fill, brightest, tiff, kind=kind, name="tif"))


def test_floats_that_are_not_finite_are_refused(folder):
    with pytest.raises(BadInput, match="not finite"):
        load(folder(0.5, np.nan, tiff, kind=np.float32, name="tif"))


def test_transparency_of_sixteen_bits_is_not_taken_for_a_value(tmp_path):
    values = np.full((4, 4, 4), 2048)
    values[..., 3] = 65535
    path = tmp_path / "a.png"
    path.write_bytes(png(values))
    assert (read_image(path, (4, 4, 3), {"16-bit": 4095}) == 128).all()
    values[..., 3] = 0
    path.write_bytes(png(values))
    assert (read_image(path, (4, 4, 3), {"16-bit": 4095}) == 255).all()


def test_pixel_maps_of_sixteen_bits_are_scaled_alike(folder):
    def ppm(values):
        return b"P6\n4 4\n65535\n" + values.astype(">u2").tobytes()

    dataset = load(folder(2048, 4000, ppm, channels=3, name="ppm"))
    assert dataset.pixel_scale == {"16-bit": 4095}
    assert (dataset.train.images[dataset.train.labels == 1] == 128).all()


def colour_tiff(values, order="<", compressed=False):
    """The bytes of a 16-bit RGB TIFF, which Pillow cannot write."""
    height, width, _ = values.shape
    data = values.astype(f"{order}u2").tobytes()
    data = zlib.compress(data) if compressed else data
    at = 8 + len(data)  # of the three depths, behind which the directory begins
    entries = [
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, at), (259, 3, 1, 8 if compressed else 1)),
        *((262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(data))),
    ]
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        value = struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else struct.pack(f"{order}I", value)
        directory += struct.pack(f"{order}HHI", tag, kind, count) + value
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", at + 6)
    return start + data + struct.pack(f"{order}HHH", 16, 16, 16) + directory + bytes(4)


@pytest.mark.parametrize("how", [("<", False), (">", False), ("<", True), (">", True)])
def test_colour_tiffs_of_sixteen_bits_are_scaled_alike(folder, how):
    dataset = load(folder(2048, 4000, lambda values: colour_tiff(values, *how), channels=3, name="tif"))
    assert dataset.pixel_scale == {"16-bit": 4095}
    assert (dataset.train.images[dataset.train.labels == 1] == 128).all()
    assert (dataset.train.images[dataset.train.labels == 0][:, 0, 0] == 249).all()


def test_images_that_are_nearly_black_are_told(photos):
    for file in photos.rglob("*.png"):
        Image.new("L", (8, 8), 1).save(file)
    assert any("nearly black: no value is above 1 of 255" in line for line in load(photos).warnings)


def test_images_of_eight_bits_have_no_scale(photos):
    assert load(photos).pixel_scale == {}


def test_a_kind_in_the_test_split_alone_is_scaled_by_what_is_in_it(photos):
    root = photos.parent / "both"
    root.mkdir()
    photos.rename(root / "train")
    for one in ("cat", "dog"):
        (root / "test" / one).mkdir(parents=True)
        (root / "test" / one / "1.png").write_bytes(png(np.full((8, 8, 3), 2048)))
    dataset = load(root)
    test = dataset.test()
    assert (test.images == 128).all()
    assert any("read as 12 bits" in line for line in test.warnings)
    assert dataset.pixel_scale == {}


def test_black_images_are_eight_bits():
    assert white_of("16-bit", 0, 0) == 255
