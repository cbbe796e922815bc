"""What is installed is whole: the wheel has every file that the program needs, and works on its own."""

import email
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "keras_vision", "tuner_configs")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The unpacked wheel, built from a copy of what it is made of; nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    source, unpacked = folder / "source", folder / "unpacked"
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    build = "from setuptools.build_meta import build_wheel; build_wheel('..')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    zipfile.ZipFile(made).extractall(unpacked)
    return unpacked


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


def test_the_packages_of_the_workflow_and_of_the_local_check_are_those_of_make():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    lines = re.findall(r"^make (.+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    targets = {word for line in lines for word in line.split() if not word.startswith("--")}
    assert targets == {"check", "docs", "test"} and all(f"make {target} " in workflow for target in targets)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    checks = re.findall(r"bin/(ruff \w+(?: --check)?)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert len(checks) == 2 and all(f"entry: {check}" in hooks for check in checks)
