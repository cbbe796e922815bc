"""Conversions, by pixel value, and what is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_vision.data.files import images
from keras_vision.data.files.images import (
    BadImage,
    Header,
    printable,
    read_header,
    read_image,
    resize_images,
)
from keras_vision.errors import BadInput

RED, WHITE = (255, 0, 0), (255, 255, 255)


def _saved(image, path, **options):
    image.save(path, **options)
    return path


def _png_header(width, height):
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    data = b"IDAT" + zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


def test_rgb_keeps_its_pixels(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", size=(5, 3), seed=0)
    expected = np.random.default_rng(0).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(path, (3, 5, 3)), expected)


def test_bytes_read_like_the_file(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", seed=0)
    np.testing.assert_array_equal(read_image(path.read_bytes(), (8, 8, 3)), read_image(path, (8, 8, 3)))


def test_transparent_rgba_shows_white(tmp_path):
    path = _saved(Image.new("RGBA", (2, 2), (255, 0, 0, 0)), tmp_path / "a.png")
    assert read_image(path, (2, 2, 3))[0, 0].tolist() == list(WHITE)


def test_half_transparent_rgba_mixes_with_white(tmp_path):
    path = _saved(Image.new("RGBA", (2, 2), (255, 0, 0, 128)), tmp_path / "a.png")
    assert read_image(path, (2, 2, 3))[0, 0].tolist() == [255, 127, 127]


def test_transparent_la_shows_white(tmp_path):
    path = _saved(Image.new("LA", (2, 2), (10, 0)), tmp_path / "a.png")
    assert read_image(path, (2, 2, 1)).ravel().tolist() == [255] * 4


def test_opaque_la_keeps_its_grey(tmp_path):
    path = _saved(Image.new("LA", (2, 2), (10, 255)), tmp_path / "a.png")
    assert read_image(path, (2, 2, 1)).ravel().tolist() == [10] * 4


def test_palette_becomes_its_colours(tmp_path):
    path = _saved(Image.new("RGB", (2, 2), RED).convert("P"), tmp_path / "a.png")
    assert read_image(path, (2, 2, 3))[1, 1].tolist() == list(RED)


def test_transparent_palette_entry_shows_white(tmp_path):
    image = Image.new("P", (2, 2), 0)
    image.putpalette([255, 0, 0])
    path = _saved(image, tmp_path / "a.png", transparency=0)
    assert read_image(path, (2, 2, 3))[0, 0].tolist() == list(WHITE)


def test_cmyk_becomes_rgb(tmp_path):
    path = _saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(read_image(path, (8, 8, 3))[4, 4], RED, atol=2)


def test_sixteen_bits_are_scaled_and_rounded(tmp_path):
    values = np.array([[0, 128], [129, 65535]], np.uint16)
    path = _saved(Image.fromarray(values), tmp_path / "a.png")
    assert read_image(path, (2, 2, 1)).ravel().tolist() == [0, 0, 1, 255]


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_sixteen_bits_of_either_byte_order_are_scaled(tmp_path, mode):
    path = _saved(Image.new(mode, (2, 2), 0xABCD), tmp_path / "a.tif")
    assert read_image(path, (2, 2, 1)).ravel().tolist() == [0xAB] * 4


def test_grey_maps_of_any_depth_are_scaled_to_eight_bits(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P5 3 1 1000\n" + np.array([0, 500, 1000], ">u2").tobytes())
    assert read_image(tmp_path / "a.pgm", (1, 3, 1)).ravel().tolist() == [0, 128, 255]
    assert read_header(tmp_path / "a.pgm").shape == (1, 3, 1)


def test_one_bit_becomes_black_and_white(tmp_path):
    image = Image.new("1", (2, 1), 0)
    image.putpixel((1, 0), 1)
    assert read_image(_saved(image, tmp_path / "a.png"), (1, 2, 1)).ravel().tolist() == [0, 255]


def test_colour_becomes_luma(tmp_path):
    path = _saved(Image.new("RGB", (2, 2), RED), tmp_path / "a.png")
    assert read_image(path, (2, 2, 1))[0, 0, 0] == 76  # 0.299 * 255


def test_gif_shows_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (2, 2), colour) for colour in (RED, (0, 0, 255))]
    path = _saved(frames[0], tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_image(path, (2, 2, 3))[0, 0].tolist() == list(RED)


def _rotated(tmp_path):
    image = Image.new("RGB", (4, 2), WHITE)
    image.putpixel((0, 0), (0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise
    return _saved(image, tmp_path / "a.png", exif=exif)


def test_exif_rotation_is_applied(tmp_path):
    pixels = read_image(_rotated(tmp_path), (4, 2, 3))
    assert np.argwhere(pixels[..., 0] == 0).tolist() == [[0, 1]]


def test_exif_rotation_exchanges_the_probed_sides(tmp_path):
    assert read_header(_rotated(tmp_path)).shape == (4, 2, 3)


def test_one_pixel_fills_the_image(tmp_path):
    path = _saved(Image.new("RGB", (1, 1), RED), tmp_path / "a.png")
    assert (read_image(path, (4, 4, 3)) == RED).all()


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 1), ("I;16", 1), ("RGB", 3), ("RGBA", 3), ("P", 3)]
)
def test_probe_tells_grey_from_colour(tmp_path, mode, channels):
    assert read_header(_saved(Image.new(mode, (3, 2)), tmp_path / "a.png")).shape == (2, 3, channels)


def test_arrays_resize_as_files_do(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", size=(9, 7), seed=0)
    whole = read_image(path, (7, 9, 3))
    np.testing.assert_array_equal(resize_images(whole[None], 4, 5)[0], read_image(path, (4, 5, 3)))


def test_grey_arrays_keep_their_channel_when_resized():
    assert resize_images(np.zeros((2, 8, 8, 1), np.uint8), 4, 6).shape == (2, 4, 6, 1)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.png", b"", r"empty\.png cannot be used as an image: empty file"),
        ("text.jpg", b"not an image", r"text\.jpg .*the content is not an image"),
        ("missing.png", None, r"missing\.png .*no such file"),
    ],
)
def test_no_image_is_refused_by_name(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        read_image(tmp_path / name, (8, 8, 3))


def test_truncated_image_is_refused_by_name(tmp_path, write_image):
    path = write_image(tmp_path / "cut.png", size=(64, 64), seed=0)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(BadInput, match=r"cut\.png .*truncated"):
        read_image(path, (8, 8, 3))


def test_a_suffix_that_belies_the_content_is_noted_and_the_content_read(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", seed=0).rename(tmp_path / "a.jpg")
    assert read_header(path) == Header((8, 8, 3), belied="PNG", format="PNG", mode="RGB")
    expected = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(path, (8, 8, 3)), expected)


def test_without_an_extension_nothing_is_belied(tmp_path, write_image):
    path = write_image(tmp_path / "a.png").rename(tmp_path / "a")
    assert read_header(path).shape == (8, 8, 3)


def test_a_bad_image_keeps_its_name_and_its_reason_apart(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(BadImage) as caught:
        read_image(tmp_path / "a.png", (8, 8, 3))
    assert (caught.value.name, caught.value.reason) == (str(tmp_path / "a.png"), "empty file")


@pytest.mark.parametrize(
    ("name", "text"), [(b"\xff.png", "\\xff.png"), (b"a\n\x1b[2J", "a\\n\\x1b[2J"), ("\u00e9", "\u00e9")]
)
def test_names_are_printed_as_text_that_no_terminal_obeys(name, text):
    assert printable(name) == text


def test_floats_are_refused(tmp_path):
    path = _saved(Image.new("F", (2, 2), 0.5), tmp_path / "a.tif")
    with pytest.raises(BadInput, match="unknown range"):
        read_image(path, (2, 2, 1))


def test_pipe_is_refused_without_waiting(tmp_path):
    import os

    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(BadInput, match="not a regular file"):
        read_header(tmp_path / "a.png")


@pytest.mark.parametrize("size", [(9000, 9000), (60000, 60000)])
def test_header_of_a_bomb_is_refused(tmp_path, size):
    (tmp_path / "bomb.png").write_bytes(_png_header(*size))
    with pytest.raises(BadInput, match=r"bomb\.png cannot be used .* more than 50 megapixels"):
        read_image(tmp_path / "bomb.png", (8, 8, 3))


def test_bomb_is_refused_before_its_pixels_are_decoded(tmp_path, monkeypatch):
    content = io.BytesIO()
    Image.new("RGB", (64, 64)).save(content, "PNG")
    monkeypatch.setattr(images, "MAX_PIXELS", 64 * 64 - 1)
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded"))
    with pytest.raises(BadInput, match="64x64 pixels"):
        read_image(content.getvalue(), (8, 8, 3))


def test_two_channels_cannot_be_asked_for(tmp_path, write_image):
    with pytest.raises(BadInput, match="with 1 or 3 channels, not"):
        read_image(write_image(tmp_path / "a.png"), (8, 8, 2))
