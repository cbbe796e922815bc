"""What is installed is whole: the wheel has every file that the program needs, and works on its own."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "keras_vision", "tuner_configs")


def build(kind, source):
    """Builds a "wheel" or an "sdist" of a folder, beside it and without a download, and returns its path."""
    code = f"from setuptools.build_meta import build_{kind} as build; print(build('..'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, check=True, capture_output=True, text=True)
    return source.parent / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The unpacked wheel, built from a copy of what it is made of."""
    folder = tmp_path_factory.mktemp("wheel")
    source, unpacked = folder / "source", folder / "unpacked"
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    zipfile.ZipFile(build("wheel", source)).extractall(unpacked)
    return unpacked


@pytest.fixture
def clone(tmp_path_factory):
    """A copy of what a clone has, and of what is new here."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    folder = tmp_path_factory.mktemp("sdist") / "clone"
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(os.path.isfile, (ROOT / name for name in names)):
        copy = folder / name.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, copy)
    return folder


def files_in(folder):
    """Yields the paths of all files below a folder, as they are from there."""
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_wheel_has_every_file_of_the_packages(wheel):
    for package in ("keras_vision", "tuner_configs"):
        wanted = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*") if path.is_file()}
        wanted = {path for path in wanted if "__pycache__" not in path.parts}
        assert not {path for path in wanted if not (wheel / path).is_file()}
    assert (wheel / "keras_vision" / "py.typed").is_file()
    assert (wheel / "keras_vision" / "reporting" / "page.html").is_file()


def test_the_wheel_alone_runs_a_command(wheel, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(wheel)}
    for code in (
        "import keras_vision, tuner_configs; print(keras_vision.__file__, tuner_configs.__file__)",
        "import runpy, sys; sys.argv[1:] = ['doctor', '--help']; runpy.run_module('keras_vision', run_name='__main__')",
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert str(wheel) in done.stdout or "--ray local|HOST:PORT" in done.stdout


def test_the_sdist_has_what_a_clone_has_and_makes_the_same_wheel(clone, wheel, tmp_path):
    with tarfile.open(build("sdist", clone)) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    assert not set(files_in(clone)) - set(files_in(unpacked))
    with zipfile.ZipFile(build("wheel", unpacked)) as again:
        assert set(again.namelist()) == set(files_in(wheel))


def test_the_metadata_say_what_the_package_says_of_itself(wheel):
    (path,) = wheel.glob("*.dist-info/METADATA")
    metadata = email.message_from_string(path.read_text(encoding="utf-8"))
    version = re.search(r'__version__ = "(.*)"', (ROOT / "keras_vision" / "__init__.py").read_text(encoding="utf-8"))[1]
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert metadata["Name"] == "keras-vision"
    assert metadata["Version"] == version == cited
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    bare = [one for one in metadata.get_all("Requires-Dist") if ">=" not in one]
    assert not bare  # each has a lower bound


def test_the_steps_of_the_workflow_and_the_check_before_a_commit_are_those_of_make():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    lines = re.findall(r"^make (.+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    targets = {word for line in lines for word in line.split() if not word.startswith("--")}
    assert targets == {"check", "docs", "test"} and all(f"make {target} " in workflow for target in targets)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert "entry: make check\n" in hooks
