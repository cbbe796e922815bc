"""Which files are images, whatever they are called, and what is said of those that cannot be read."""

import sys
import types

import numpy as np
import pytest
from PIL import Image

from keras_vision.data import load_dataset
from keras_vision.data.files import file_types
from keras_vision.data.files.file_types import IMAGE, kind_of_file, signature_of
from keras_vision.data.files.images import read_image
from keras_vision.errors import BadInput

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(40)
RED = (200, 10, 10)


def load(path, **arguments):
    return load_dataset(f"folder:{path}", **arguments)


def said(lines, phrase):
    return any(phrase in line for line in lines)


@pytest.fixture
def without_heif(monkeypatch):
    """As where pillow-heif is not installed."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    file_types.readable_formats.cache_clear()
    yield
    file_types.readable_formats.cache_clear()


@pytest.mark.parametrize(
    ("name", "format"),
    [
        *(
            ("a.JPG", "JPEG"),
            ("a.jpe", "JPEG"),
            ("a.jfif", "JPEG"),
            ("a.jif", "JPEG"),
            ("a.dib", "BMP"),
            ("a.ppm", "PPM"),
        ),
        *(("a.pnm", "PPM"), ("a.tga", "TGA"), ("a.jp2", "JPEG2000"), ("a.avif", "AVIF"), ("a.webp", "WEBP")),
        *(("a", "PNG"), ("a.jpg_large", "JPEG"), ("a.1", "GIF"), ("photo.jpeg?w=200", "WEBP"), ("a.orig", "TIFF")),
    ],
)
def test_files_of_unusual_names_are_read(tmp_path, name, format):
    Image.new("RGB", (8, 8), RED).save(tmp_path / name, format)
    assert kind_of_file(tmp_path / name) == IMAGE
    np.testing.assert_allclose(read_image(tmp_path / name, (8, 8, 3))[4, 4], RED, atol=6)


def test_bit_maps_are_black_and_white(tmp_path):
    (tmp_path / "a.pbm").write_bytes(b"P1\n2 1\n1 0\n")
    assert read_image(tmp_path / "a.pbm", (1, 2, 1)).ravel().tolist() == [0, 255]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "Thumbs.db", "a.json", "LICENSE", "a.md", "a.mp4", "a.zip"])
def test_files_that_are_no_images(tmp_path, name):
    (tmp_path / name).write_text("words")
    assert kind_of_file(tmp_path / name) is None


@pytest.mark.parametrize("name", ["a.eps", "a.ps", "a.svg", "a.psd", "a.CR2", "a.dng", "a.dcm"])
def test_pictures_of_kinds_that_cannot_be_read_have_the_name_of_their_kind(name):
    assert kind_of_file(name) not in (IMAGE, None)


def test_postscript_is_never_interpreted(tmp_path):
    Image.new("RGB", (8, 8), RED).save(tmp_path / "a.png", "EPS")
    with pytest.raises(BadInput, match="the content is not an image"):
        read_image(tmp_path / "a.png", (8, 8, 3))


def test_signatures():
    assert (signature_of(HEIC), signature_of(b"8BPS\x00"), signature_of(b"BMW is a car")) == ("HEIC", "Photoshop", None)


def test_pictures_that_cannot_be_read_are_counted_by_kind_and_class(photos, without_heif):
    for number in range(5):
        (photos / "cat" / f"IMG_{number}.HEIC").write_bytes(HEIC)
    (photos / "dog" / "raw.nef").write_bytes(b"raw")
    message = (
        r"6 of 26 pictures in .*photos have formats that cannot be read here: "
        r"5 HEIC \(cat: 5\), 1 camera raw \(dog: 1\)\. "
        r"Install pillow-heif \(pip install pillow-heif\).*--on-bad-image skip\."
    )
    with pytest.raises(BadInput, match=message):
        load(photos)
    dataset = load(photos, on_bad_image="skip")
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test()) == 20
    assert said(dataset.warnings, "5 HEIC (cat: 5), 1 camera raw (dog: 1)")


def test_a_class_of_heic_only_is_no_missing_class(photos, without_heif):
    (photos / "eel").mkdir()
    (photos / "eel" / "1.heic").write_bytes(HEIC)
    with pytest.raises(BadInput, match=r"1 HEIC \(eel: 1\)"):
        load(photos)


def test_heic_in_the_test_folder_is_known_before_the_reading(photos, without_heif, write_image):
    root = photos.parent / "both"
    root.mkdir()
    photos.rename(root / "train")
    write_image(root / "test" / "cat" / "1.png")
    (root / "test" / "dog").mkdir()
    (root / "test" / "dog" / "1.heic").write_bytes(HEIC)
    with pytest.raises(BadInput, match=r"1 of 2 pictures in .*test .*1 HEIC \(dog: 1\)"):
        load(root)


def test_heic_named_jpg_is_called_what_it_is(photos, without_heif):
    (photos / "cat" / "1.jpg").write_bytes(HEIC)
    with pytest.raises(
        BadInput, match=r"1\.jpg \(the content is HEIC, which cannot be read here\. Install pillow-heif"
    ):
        load(photos)


def test_a_raw_file_beside_its_jpeg_is_not_missed(photos):
    (photos / "cat" / "0.nef").write_bytes(b"raw")
    assert not said(load(photos).warnings, "camera raw")


def test_heic_is_read_where_its_package_is_installed(tmp_path, monkeypatch):
    """The package registers an opener for "HEIF"; here one that knows a single picture."""

    def opened(file, name):
        file.close()
        image = Image.new("RGB", (8, 8), RED)
        image.format = "HEIF"
        return image

    def register():
        Image.register_open("HEIF", opened, lambda start: b"ftypheic" in start)

    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    monkeypatch.setitem(sys.modules, "pillow_heif", types.SimpleNamespace(register_heif_opener=register))
    file_types.readable_formats.cache_clear()
    (tmp_path / "a.heic").write_bytes(HEIC)
    try:
        assert kind_of_file(tmp_path / "a.heic") == IMAGE
        assert read_image(tmp_path / "a.heic", (8, 8, 3))[0, 0].tolist() == list(RED)
    finally:
        file_types.readable_formats.cache_clear()


def test_suffixes_that_belie_the_content_are_counted(photos, write_image):
    write_image(photos / "cat" / "x.png", colour=RED).rename(photos / "cat" / "x.jpg")
    dataset = load(photos)
    assert said(dataset.decisions, "In 1 file the suffix does not fit the content")
    assert said(dataset.decisions, "(x.jpg is PNG)")


def test_what_systems_leave_about_is_not_mentioned(photos):
    for name in ("Thumbs.db", "cat/Thumbs.db", "desktop.ini", ".DS_Store", "__MACOSX/cat/._0.png"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).write_bytes(b"x")
    dataset = load(photos)
    assert dataset.class_names == ("cat", "dog")
    assert len(dataset.warnings) == 1  # of the test split


@pytest.mark.filterwarnings("default")
def test_nothing_that_pillow_warns_of_reaches_the_person(photos, recwarn):
    image = Image.new("P", (8, 8))
    image.putpalette([255, 0, 0] * 256)
    image.save(photos / "cat" / "palette.png", transparency=bytes(256))
    Image.new("RGB", (8, 8)).save(photos / "dog" / "exif.jpg", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x00")
    load(photos)
    assert not [str(one.message) for one in recwarn if "PIL" in one.filename]
