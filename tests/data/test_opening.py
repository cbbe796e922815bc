"""Where names lead, and the sources that are plain arrays."""

import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from keras_vision import data
from keras_vision.data import DATASETS, load_dataset, locate
from keras_vision.data.places import FORMS, PATH_KINDS, Place
from keras_vision.errors import BadInput
from tests.functions import functions_of

OPENERS = {
    name.removeprefix("open_"): f"{path.parent.name}.{path.stem}"
    for path in Path(data.__file__).parent.glob("*/*.py")
    for name, arguments in functions_of(path).items()
    if name.startswith("open_") and arguments == ("path", "reading")
}  # kind -> file


def _write_idx(path, values):
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))


@pytest.fixture
def idx_dir(tmp_path):
    """A directory with MNIST's four files: ten classes, ten training images and two test images of each."""
    directory = tmp_path / "idx"
    directory.mkdir()
    generator = np.random.default_rng(0)
    for prefix, count in (("train", 100), ("t10k", 20)):
        _write_idx(directory / f"{prefix}-images-idx3-ubyte.gz", generator.integers(0, 256, (count, 6, 5)))
        _write_idx(directory / f"{prefix}-labels-idx1-ubyte.gz", np.arange(count) % 10)
    return directory


@pytest.fixture
def nothing_installed(tmp_path, monkeypatch):
    """No prepared data set and no system package on this machine; returns TFDS' directory."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    row = dataclasses.replace(DATASETS["fashion_mnist"], system_dir=str(tmp_path / "system"))
    monkeypatch.setitem(DATASETS, "fashion_mnist", row)
    return tmp_path / "tfds"


def _prepare(root, name, version="3.0.1"):
    directory = root / name / version
    directory.mkdir(parents=True)
    (directory / "dataset_info.json").write_text("{}")
    return directory


def test_every_row_says_what_it_is_and_where():
    assert all(row.description and row.looked_for for row in DATASETS.values())


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'fashion_mnist'"):
        locate("fasion_mnist")


@pytest.mark.parametrize(("path", "typed"), [("my photos", "'folder:my photos'"), ("images.npz", "npz:images.npz")])
def test_a_path_without_its_kind_is_answered_with_what_to_type(path, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(path).mkdir() if "." not in path else Path(path).touch()
    with pytest.raises(BadInput, match=f"no data set '{path}'. To read what lies at that path, write {typed}."):
        locate(path)


@pytest.mark.parametrize("kind", sorted(OPENERS.keys() | PATH_KINDS.keys()))
def test_a_kind_that_is_given_by_its_path_has_its_row_and_its_file(kind):
    assert kind in PATH_KINDS, f"open_{kind} in keras_vision.data.{OPENERS[kind]} has no row in places.PATH_KINDS"
    row = PATH_KINDS[kind]
    assert OPENERS.get(kind) == row.file, f"keras_vision.data.{row.file} has no function open_{kind}(path, reading)"
    assert row.image_files in ("all", "some", "none")


@pytest.mark.parametrize("kind", PATH_KINDS)
def test_a_path_where_nothing_is_is_refused(kind, tmp_path):
    with pytest.raises(BadInput, match="nowhere"):
        load_dataset(f"{kind}:{tmp_path}/nowhere")


@pytest.mark.parametrize("kind", FORMS)
def test_kind_without_a_place_is_refused(kind):
    with pytest.raises(BadInput, match=f"lacks its (path|file|name). Write {FORMS[kind]}"):
        load_dataset(f"{kind}:")


def test_prepared_directory_comes_before_the_system_package(nothing_installed, idx_dir):
    prepared = _prepare(nothing_installed, "fashion_mnist")
    idx_dir.rename(idx_dir.parent / "system")
    assert locate("fashion_mnist") == Place("prepared", prepared)


def test_environment_comes_before_the_home_directory(nothing_installed):
    _prepare(nothing_installed.parent / "home" / "tensorflow_datasets", "cifar10")
    prepared = _prepare(nothing_installed, "cifar10")
    assert locate("cifar10").path == prepared


def test_home_directory_is_looked_in(nothing_installed):
    prepared = _prepare(nothing_installed.parent / "home" / "tensorflow_datasets", "cifar10")
    assert locate("cifar10").path == prepared


def test_newest_version_is_taken_by_number(nothing_installed):
    for version in ("3.0.9", "3.0.10", "2.11.0"):
        _prepare(nothing_installed, "cifar10", version)
    assert locate("cifar10").path.name == "3.0.10"


def test_prepared_config_is_found_by_its_name(nothing_installed):
    _prepare(nothing_installed, "pets/small", "1.0.0")
    prepared = _prepare(nothing_installed, "pets/small", "1.10.0")
    _prepare(nothing_installed, "pets/large", "2.0.0")
    assert locate("tfds:pets/small").path == prepared


def test_name_alone_means_the_config_that_tfds_noted_as_default(nothing_installed):
    _prepare(nothing_installed, "pets/small", "1.9.0")
    prepared = _prepare(nothing_installed, "pets/small", "1.10.0")
    _prepare(nothing_installed, "pets/large", "2.0.0")
    note = nothing_installed / "pets" / ".config" / "metadata.json"
    note.parent.mkdir()
    note.write_text('{"default_config_name": "small"}')
    assert locate("tfds:pets").path == prepared


def test_name_alone_means_the_only_config_where_tfds_noted_none(nothing_installed):
    prepared = _prepare(nothing_installed, "pets/small")
    assert locate("tfds:pets").path == prepared


def test_name_alone_means_nothing_among_configs_without_a_default(nothing_installed):
    _prepare(nothing_installed, "pets/small")
    _prepare(nothing_installed, "pets/large")
    assert locate("tfds:pets").kind == "download"


def test_unfinished_version_is_not_taken(nothing_installed):
    prepared = _prepare(nothing_installed, "pets", "1.0.0")
    _prepare(nothing_installed, "pets", "2.0.0.incomplete1A")
    assert locate("tfds:pets").path == prepared


@pytest.mark.parametrize("spec", ["tfds:pets:1.0.0", "tfds:../pets", "tfds:pets/..", "tfds:a/b/c", "tfds:my pets"])
def test_name_that_is_not_one_of_tfds_is_refused(spec):
    with pytest.raises(BadInput, match="Write tfds:NAME or tfds:NAME/CONFIG"):
        locate(spec)


def test_system_package_comes_before_a_download(nothing_installed, idx_dir):
    idx_dir.rename(idx_dir.parent / "system")
    assert locate("fashion_mnist").kind == "idx"


def test_nowhere_means_a_download(nothing_installed):
    assert locate("fashion_mnist") == Place("download", nothing_installed)


def test_data_dir_is_the_only_place_looked_in(nothing_installed, tmp_path):
    _prepare(nothing_installed, "cifar10")
    _prepare(tmp_path / "other", "mnist")
    with pytest.raises(BadInput, match=r"There is no cifar10 in .*other\. Give a TFDS directory that holds cifar10/"):
        locate("cifar10", tmp_path / "other")


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "No such file"), ("empty", "is empty"), ("file", "Not a directory")]
)
def test_data_dir_that_cannot_serve_is_refused_with_the_reason(tmp_path, name, reason):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=reason):
        load_dataset("fashion_mnist", data_dir=tmp_path / name)


@pytest.mark.parametrize("spec", ["digits", "folder:photos", "npz:a.npz"])
def test_data_dir_for_what_is_not_looked_for_is_refused(tmp_path, spec):
    with pytest.raises(BadInput, match=r"data_dir=.* is not needed for"):
        load_dataset(spec, data_dir=tmp_path)


def test_skipping_images_is_refused_where_there_are_no_image_files():
    with pytest.raises(BadInput, match="only with folder:PATH"):
        load_dataset("digits", on_bad_image="skip")


def test_digits_need_nothing():
    dataset = load_dataset("digits")
    assert dataset.shape == (8, 8, 1) and len(dataset.class_names) == 10
    assert (dataset.train.images.min(), dataset.train.images.max()) == (0, 255)


def test_idx_files_are_read(idx_dir):
    dataset = load_dataset("mnist", data_dir=idx_dir)
    assert (dataset.shape, len(dataset.train), len(dataset.test())) == ((6, 5, 1), 90, 20)


def test_idx_pixels_are_those_of_the_file(idx_dir):
    expected = np.random.default_rng(0).integers(0, 256, (100, 6, 5))
    dataset = load_dataset("mnist", data_dir=idx_dir)
    found = {image.tobytes() for image in (*dataset.train.images, *dataset.validation.images)}
    assert found == {image.astype(np.uint8).tobytes() for image in expected}


def test_idx_files_have_the_papers_class_names(idx_dir):
    assert load_dataset("fashion_mnist", data_dir=idx_dir).class_names[:2] == ("T-shirt/top", "Trouser")


@pytest.mark.parametrize("damage", [lambda content: content[:50], lambda content: b"", lambda content: b"no gzip"])
def test_damaged_idx_file_is_named(idx_dir, damage):
    path = idx_dir / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadInput, match=r"train-images-idx3-ubyte\.gz cannot be read \("):
        load_dataset("mnist", data_dir=idx_dir)


def test_idx_files_that_do_not_fit_are_refused(idx_dir):
    _write_idx(idx_dir / "train-labels-idx1-ubyte.gz", np.zeros(7))
    with pytest.raises(BadInput, match=r"\(100, 6, 5\) and \(7,\)"):
        load_dataset("mnist", data_dir=idx_dir)


def test_damaged_test_files_stop_nothing_before_the_test(idx_dir):
    (idx_dir / "t10k-images-idx3-ubyte.gz").write_bytes(b"damaged")
    dataset = load_dataset("mnist", data_dir=idx_dir)
    with pytest.raises(BadInput, match="t10k-images"):
        dataset.test()
