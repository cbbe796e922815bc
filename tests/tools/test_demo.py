"""Where `make demo` takes its images from, and what `make` does where it cannot set itself up."""

import dataclasses
import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from keras_vision.data.places import DATASETS, IDX_FILES
from keras_vision.errors import BadInput

ROOT = Path(__file__).parents[2]
PATH = ROOT / "tools" / "demo.py"
INSIDE = Path("dataset-fashion-mnist/usr/share/datasets/fashion-mnist")


def _no_download(spec, root, announce):
    raise BadInput(f"The data set {spec!r} is not on this machine, and its site does not answer. Find a way.")


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
    monkeypatch.setattr("keras_vision.data.prepared.download", _no_download)
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
    downloaded = tmp_path / "fashion_mnist" / "3.0.1"
    monkeypatch.setattr("keras_vision.data.prepared.download", lambda spec, root, announce: downloaded)
    assert demo.choose_data(tmp_path / "cache") == (f"Fashion-MNIST: downloaded by TFDS into {downloaded}", [])


def test_download_that_fails_is_told_on_standard_error(demo, tmp_path, capsys):
    demo.choose_data(tmp_path / "cache")
    told = capsys.readouterr()
    assert "The data set 'fashion_mnist' is not on this machine, and its site does not answer. Find a way." in told.err
    assert told.out == ""


def test_package_is_downloaded_and_unpacked_where_tfds_fails(demo, tmp_path, monkeypatch):
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
    assert started[0][3:] == [
        "--model",
        "vgg",
        "--target-acc",
        "0.9",
        "--max-trials",
        demo.TRIALS,
        "--dataset",
        "digits",
    ]
    assert capsys.readouterr().out.splitlines()[0] == "first line"


@pytest.fixture
def make(tmp_path):
    """Returns a function that runs `make` with a Python whose venv ends half-way, as Debian's without python3-venv."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    for name in ("setup.py", "pyproject.toml"):
        (tmp_path / name).touch()
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\n[ "$1" = -c ] && exit 0\nmkdir -p "$3/bin"; printf "#!/bin/sh\\nexit 1" > "$3/bin/python"\n'
        'chmod +x "$3/bin/python"; exit 1\n'
    )
    python.chmod(0o755)

    def run():
        command = ["make", "-C", tmp_path, "-f", ROOT / "Makefile", f"PYTHON={python}", "VENV=venv", "demo"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_environment_that_cannot_be_made_leaves_nothing_and_names_the_package(make, tmp_path):
    done = make()
    assert "apt-get install python3-venv" in done.stdout
    assert done.returncode == 2 and not (tmp_path / "venv").exists()


def test_environment_of_another_make_is_not_removed(make, tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "keep").touch()
    assert "apt-get install python3-venv" in make().stdout
    assert (tmp_path / "venv" / "keep").exists()
