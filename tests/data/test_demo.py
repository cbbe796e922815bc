"""Where `make demo` takes its images from."""

import dataclasses
import importlib.util
from pathlib import Path

import pytest

from keras_vision.data.places import DATASETS, IDX_FILES

PATH = Path(__file__).parents[2] / "tools" / "demo.py"
INSIDE = Path("dataset-fashion-mnist/usr/share/datasets/fashion-mnist")


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """The tool, on a machine without Fashion-MNIST, without a network and with a package archive that has nothing."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    row = dataclasses.replace(DATASETS["fashion_mnist"], system_dir=str(tmp_path / "system"))
    monkeypatch.setitem(DATASETS, "fashion_mnist", row)
    spec = importlib.util.spec_from_file_location("demo", PATH)
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    monkeypatch.setattr(demo, "_can_download", lambda: False)
    monkeypatch.setattr(demo, "_succeeds", lambda *command, cwd=None: False)
    monkeypatch.setattr(demo.shutil, "which", lambda name: f"/usr/bin/{name}")
    return demo


def _write_idx_files(directory):
    directory.mkdir(parents=True)
    for names in IDX_FILES.values():
        for name in names:
            (directory / name).touch()


def test_files_of_the_system_are_used_where_they_are(demo, tmp_path):
    _write_idx_files(tmp_path / "system")
    assert demo.choose_data(tmp_path / "cache") == (f"Fashion-MNIST: found in {tmp_path / 'system'}", [])


def test_tfds_downloads_where_it_can(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "_can_download", lambda: True)
    assert demo.choose_data(tmp_path / "cache") == ("Fashion-MNIST: TFDS will download it", [])


def test_package_is_downloaded_and_unpacked(demo, tmp_path, monkeypatch):
    cache = tmp_path / "cache"

    def succeeds(*command, cwd=None):
        if command[:2] == ("apt-get", "download"):
            (cwd / "dataset-fashion-mnist_1_all.deb").touch()
        elif command[:2] == ("dpkg", "-x"):
            _write_idx_files(Path(command[3]) / INSIDE.relative_to("dataset-fashion-mnist"))
        return True

    monkeypatch.setattr(demo, "_succeeds", succeeds)
    assert demo.choose_data(cache)[1] == ["--data-dir", str(cache / INSIDE)]


def test_package_unpacked_earlier_is_used_again(demo, tmp_path):
    _write_idx_files(tmp_path / "cache" / INSIDE)
    assert demo.choose_data(tmp_path / "cache")[1] == ["--data-dir", str(tmp_path / "cache" / INSIDE)]


def test_package_lists_are_updated_by_root_where_they_lack_the_package(demo, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(demo, "_succeeds", lambda *command, cwd=None: commands.append(command[:2]) or False)
    monkeypatch.setattr(demo.os, "geteuid", lambda: 0)
    demo.choose_data(tmp_path / "cache")
    assert commands == [("apt-get", "download"), ("apt-get", "update")]


def test_package_lists_are_left_alone_by_others(demo, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(demo, "_succeeds", lambda *command, cwd=None: commands.append(command[:2]) or False)
    monkeypatch.setattr(demo.os, "geteuid", lambda: 1000)
    demo.choose_data(tmp_path / "cache")
    assert commands == [("apt-get", "download")]


def test_digits_stand_in_and_the_first_line_says_so(demo, tmp_path):
    line, arguments = demo.choose_data(tmp_path / "cache")
    assert line.startswith("scikit-learn's digits, not Fashion-MNIST")
    assert arguments == ["--dataset", "digits"]


def test_system_without_apt_gets_digits(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(demo.shutil, "which", lambda name: None)
    assert demo.choose_data(tmp_path / "cache")[1] == ["--dataset", "digits"]


def test_search_is_started_with_the_data_that_was_found(demo, tmp_path, monkeypatch, capsys):
    started = []
    monkeypatch.setattr(demo, "choose_data", lambda: ("first line", ["--dataset", "digits"]))
    monkeypatch.setattr(demo.os, "execv", lambda program, command: started.append(command))
    demo.main()
    assert started[0][1:3] == ["-m", "keras_vision.tune"]
    assert started[0][3:] == ["--model", "vgg", "--target-acc", "0.9", "--dataset", "digits"]
    assert capsys.readouterr().out.splitlines()[0] == "first line"
