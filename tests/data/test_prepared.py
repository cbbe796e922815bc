"""TFDS directories, made here from random images, and what happens where there is no network."""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error

import numpy as np
import pytest
import tensorflow_datasets as tfds

from keras_vision.data import DataSource, load_dataset, load_images, prepared
from keras_vision.errors import BadInput

COUNTS = {"train": 40, "test": 6}
NAMES = tfds.features.ClassLabel(names=["cat", "dog"])


def _examples(count, seed, sizes):
    generator = np.random.default_rng(seed)
    for number, size in zip(range(count), itertools.cycle(sizes), strict=False):
        yield {"image": generator.integers(0, 256, (*size, 3), dtype=np.uint8), "label": number % 2, "id": str(number)}


_examples_as_they_are = _examples


@pytest.fixture
def prepare(tmp_path):
    """Returns a function that prepares a small data set and returns the TFDS directory."""

    def prepare(shape=(6, 5, 3), sizes=((6, 5),), splits=COUNTS, is_labelled=True, label=NAMES, **others):
        features = {"image": tfds.features.Image(shape=shape), "label": label, "id": tfds.features.Text()}
        features = tfds.features.FeaturesDict(features | others)
        tfds.dataset_builders.store_as_tfds_dataset(
            name="pets",
            version="1.2.0",
            features=features,
            split_datasets={
                split: list(enumerate(_examples(count, len(split), sizes))) for split, count in splits.items()
            },
            data_dir=tmp_path / "tfds",
            disable_shuffling=True,
        )
        if is_labelled:  # what makes a data set one of images with labels; the function above cannot say it
            path = tmp_path / "tfds" / "pets" / "1.2.0" / "dataset_info.json"
            keys = {"tuple": {"items": [{"featureKey": "image"}, {"featureKey": "label"}]}}
            path.write_text(json.dumps(json.loads(path.read_text()) | {"supervisedKeys": keys}))
        return tmp_path / "tfds"

    return prepare


def test_splits_names_and_shape_are_read(prepare):
    dataset = load_dataset("tfds:pets", data_dir=prepare())
    assert (dataset.shape, dataset.class_names) == ((6, 5, 3), ("cat", "dog"))
    assert (len(dataset.train), len(dataset.validation), len(dataset.test())) == (36, 4, 6)


def test_pixels_and_labels_are_those_prepared(prepare):
    test = load_dataset("tfds:pets", data_dir=prepare()).test()
    expected = list(_examples(6, len("test"), [(6, 5)]))
    np.testing.assert_array_equal(test.images, [example["image"] for example in expected])
    assert test.labels.tolist() == [example["label"] for example in expected]


def test_without_test_split_one_is_carved(prepare):
    dataset = load_dataset("tfds:pets", data_dir=prepare(splits={"train": 40}))
    assert len(dataset.test()) == 4


@pytest.mark.parametrize(
    ("sizes", "side"), [(((6, 5), (9, 9)), 5), (((300, 200), (90, 120)), 64), (((30, 30), (40, 50)), 24)]
)
def test_images_of_several_sizes_get_a_sensible_one(prepare, sizes, side):
    dataset = load_dataset("tfds:pets", data_dir=prepare(shape=(None, None, 3), sizes=sizes))
    assert dataset.shape == (side, side, 3)
    assert any(f"resized to {side}x{side}" in line for line in dataset.decisions)


def test_images_of_several_sizes_are_resized(prepare):
    directory = prepare(shape=(None, None, 3), sizes=((6, 5), (9, 9)))
    dataset = load_dataset("tfds:pets", data_dir=directory, image_size=8)
    assert dataset.train.images.shape == (36, 8, 8, 3)


def test_test_split_that_is_gone_stops_nothing_before_the_test(prepare):
    directory = prepare()
    for file in (directory / "pets" / "1.2.0").glob("pets-test*"):
        file.unlink()
    dataset = load_dataset("tfds:pets", data_dir=directory)
    assert len(dataset.train) == 36
    with pytest.raises(BadInput, match="test split"):
        dataset.test()


def test_damaged_train_split_is_named(prepare):
    directory = prepare()
    (file,) = (directory / "pets" / "1.2.0").glob("pets-train*")
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(BadInput, match=r"1\.2\.0, train split cannot be read \("):
        load_dataset("tfds:pets", data_dir=directory)


def test_damaged_description_is_named(prepare):
    directory = prepare()
    (directory / "pets" / "1.2.0" / "features.json").write_text("{")
    with pytest.raises(BadInput, match=r"pets/1\.2\.0 cannot be read \("):
        load_dataset("tfds:pets", data_dir=directory)


def test_the_only_image_and_label_need_no_supervised_keys(prepare):
    test = load_dataset("tfds:pets", data_dir=prepare(is_labelled=False)).test()
    assert test.labels.tolist() == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize("is_labelled", [True, False])
def test_labels_may_be_plain_integers(prepare, is_labelled):
    directory = prepare(label=tfds.features.Scalar(np.int64), is_labelled=is_labelled)
    dataset = load_dataset("tfds:pets", data_dir=directory)
    assert dataset.class_names == ("0", "1")
    assert dataset.test().labels.tolist() == [0, 1, 0, 1, 0, 1]


def test_an_integer_that_only_test_images_have_is_measured_and_not_trained_on(prepare, monkeypatch):
    def examples(count, seed, sizes):
        found = _examples_as_they_are(count, seed, sizes)
        yield from (one | {"label": one["label"] if seed == len("train") else 2} for one in found)

    monkeypatch.setitem(globals(), "_examples", examples)
    directory = prepare(label=tfds.features.Scalar(np.int64))
    found = load_images(DataSource("tfds:pets", directory), shape=(6, 5, 3), known=("0", "1", "2"))
    assert (found.class_names, found.images.labels.tolist()) == (("0", "1", "2"), [2] * 6)
    with pytest.raises(BadInput, match="labels that no training image has: 2"):
        load_dataset("tfds:pets", data_dir=directory).test()


def test_classes_may_have_no_names(prepare):
    directory = prepare(label=tfds.features.ClassLabel(num_classes=2))
    assert load_dataset("tfds:pets", data_dir=directory).class_names == ("0", "1")


def test_names_that_no_image_has_are_left_out_and_told(prepare):
    directory = prepare(label=tfds.features.ClassLabel(names=["cat", "dog", "eel", "fox"]))
    dataset = load_dataset("tfds:pets", data_dir=directory)
    assert dataset.class_names == ("cat", "dog")
    assert dataset.test().labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert any(line.endswith("left out: eel, fox.") for line in dataset.decisions)


def test_a_validation_split_is_used(prepare):
    dataset = load_dataset("tfds:pets", data_dir=prepare(splits={"train": 40, "validation": 10, "test": 6}))
    assert (len(dataset.train), len(dataset.validation), len(dataset.test())) == (40, 10, 6)
    assert "own split, validation" in dataset.decisions[0]
    expected = list(_examples(10, len("validation"), [(6, 5)]))
    np.testing.assert_array_equal(dataset.validation.images, [example["image"] for example in expected])


def test_only_a_test_split_can_be_opened_but_not_trained_on(prepare):
    directory = prepare(splits={"test": 6})
    source = prepared.open_prepared(directory / "pets" / "1.2.0", None, known=())
    assert source.train is None and source.class_names == ("cat", "dog") and len(source.test()) == 6
    with pytest.raises(BadInput, match=r"pets has no training images .* It has test\."):
        load_dataset("tfds:pets", data_dir=directory)


def test_a_split_of_another_name_is_trained_on_where_it_is_the_only_one(prepare):
    dataset = load_dataset("tfds:pets", data_dir=prepare(splits={"everything": 40}))
    assert len(dataset.test()) == 4 and "one split, everything" in dataset.decisions[0]


def test_transparent_images_are_laid_over_white(prepare, monkeypatch):
    def examples(count, seed, sizes):
        for number in range(count):
            image = np.full((6, 5, 4), 7, np.uint8)
            image[..., 3] = 255 * (np.arange(5) > number % 4)
            yield {"image": image, "label": number % 2, "id": str(number)}

    monkeypatch.setitem(globals(), "_examples", examples)
    dataset = load_dataset("tfds:pets", data_dir=prepare(shape=(6, 5, 4)))
    assert dataset.shape == (6, 5, 3)
    assert dataset.test().images[1, 0].tolist() == [[255] * 3, [255] * 3, [7] * 3, [7] * 3, [7] * 3]


def test_data_set_without_labels_is_refused(prepare):
    with pytest.raises(BadInput, match=r"no images with one class label each\. Its features are .*label"):
        load_dataset("tfds:pets", data_dir=prepare(is_labelled=False, label=tfds.features.Scalar(np.float32)))


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without prepared data sets, whose downloads are recorded and not made."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, **options: commands.append((command, options)))
    return commands


def test_without_connection_all_other_ways_are_named(nowhere, monkeypatch):
    monkeypatch.setattr(prepared, "_answers", lambda url: False)
    with pytest.raises(BadInput, match=r"does not answer.*--data-dir.*--dataset digits, folder:PATH, npz:PATH"):
        load_dataset("cifar10")
    assert nowhere == []


def test_debians_package_is_named_where_it_would_help(nowhere, monkeypatch, tmp_path):
    monkeypatch.setattr(prepared, "_answers", lambda url: False)
    monkeypatch.setattr("keras_vision.data.places._has_idx", lambda directory: False)
    with pytest.raises(BadInput, match="install Debian's package dataset-fashion-mnist"):
        load_dataset("fashion_mnist")


def test_download_is_announced_and_has_a_time_limit(nowhere, monkeypatch, tmp_path):
    monkeypatch.setattr(prepared, "_answers", lambda url: True)
    lines = []
    with pytest.raises(BadInput):
        load_dataset("cifar10", announce=lines.append)
    assert lines[-1] == f"Downloading cifar10 through TFDS into {tmp_path / 'none'}, for at most 30 minutes"
    assert nowhere[0][1]["timeout"] == prepared.DOWNLOAD_SECONDS


def test_download_that_takes_too_long_is_told(nowhere, monkeypatch):
    def run(command, timeout, **options):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(prepared, "_answers", lambda url: True)
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(BadInput, match="took longer than 30 minutes"):
        load_dataset("cifar10")


def test_name_that_tfds_does_not_know_is_answered_with_the_nearest(nowhere):
    with pytest.raises(BadInput, match="Did you mean 'beans'"):
        load_dataset("tfds:beanz")


def test_config_that_the_data_set_lacks_is_answered_with_its_configs(nowhere):
    with pytest.raises(BadInput, match=r"no config '32x33' of imagenet_resized\. .*are: 8x8, 16x16, 32x32, 64x64"):
        load_dataset("tfds:imagenet_resized/32x33")


def test_config_of_a_data_set_without_configs_is_refused(nowhere):
    with pytest.raises(BadInput, match=r"mnist has no configs\. Write tfds:mnist, without /grey"):
        load_dataset("tfds:mnist/grey")


def test_config_is_downloaded_under_its_name(nowhere, monkeypatch):
    monkeypatch.setattr(prepared, "_answers", lambda url: True)
    with pytest.raises(BadInput):
        load_dataset("tfds:imagenet_resized/8x8")
    assert nowhere[0][0][3] == "imagenet_resized/8x8"


def test_download_that_leaves_nothing_is_told(nowhere, monkeypatch):
    monkeypatch.setattr(prepared, "_answers", lambda url: True)
    with pytest.raises(BadInput, match="TFDS downloaded it, but left no version of it in"):
        load_dataset("cifar10")


def test_download_that_succeeds_is_used(prepare, monkeypatch, tmp_path):
    monkeypatch.setattr(prepared, "can_download", lambda name: True)
    monkeypatch.setattr(subprocess, "run", lambda command, **options: prepare())
    assert prepared.download("tfds:pets", tmp_path / "tfds", print) == tmp_path / "tfds" / "pets" / "1.2.0"


@pytest.mark.slow
def test_asking_for_a_download_is_quiet():
    code = (
        "from keras_vision.data import prepared\n"
        "prepared._answers = lambda url: False\n"
        "assert not prepared.can_download('mnist')\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_connection_check_gives_up_in_time(monkeypatch):
    monkeypatch.setattr(prepared, "CONNECTION_SECONDS", 0.1)
    test_is_over = threading.Event()

    def hang(url, timeout):
        test_is_over.wait(10)
        raise OSError

    monkeypatch.setattr(prepared.urllib.request, "urlopen", hang)
    start = time.monotonic()
    assert not prepared._answers("http://example.invalid/")
    test_is_over.set()
    assert time.monotonic() - start < 5


def test_a_site_that_refuses_us_answers(monkeypatch):
    def refuse(url, timeout):
        raise urllib.error.HTTPError(url, 403, "Forbidden", {}, None)

    monkeypatch.setattr(prepared.urllib.request, "urlopen", refuse)
    assert prepared._answers("http://example.invalid/")


@pytest.mark.real_data
def test_fashion_mnist_is_complete(fashion_mnist):
    splits = fashion_mnist.train, fashion_mnist.validation, fashion_mnist.test()
    assert [len(split) for split in splits] == [54_000, 6_000, 10_000]
    np.testing.assert_allclose(fashion_mnist.statistics.mean, [72.9], atol=0.2)


@pytest.mark.slow
@pytest.mark.real_data
def test_cifar10_is_complete(cifar10):
    assert (len(cifar10.train), len(cifar10.validation), cifar10.shape) == (45_000, 5_000, (32, 32, 3))
    np.testing.assert_allclose(cifar10.statistics.mean, [125.3, 123.0, 113.9], atol=2)
