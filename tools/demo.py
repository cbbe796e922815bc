"""`make demo`: finds Fashion-MNIST, or fetches it (TFDS, then the system's package archive), and starts the search.

Where it can be had in no way, the search runs on scikit-learn's digits. What happens on the way is told on standard
error; standard output begins with the line that says which data set it is.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from keras_vision.data import locate
from keras_vision.errors import BadInput

NAME, PACKAGE = "fashion_mnist", "dataset-fashion-mnist"
DATA = Path(__file__).resolve().parents[1] / ".data"
ARCHIVE_SECONDS = 5 * 60
TRIALS = "6"  # the third reaches the target, those after it with smaller networks


def choose_data(cache=DATA):
    """Returns (first line to print, arguments for the command).

    Args:
        cache: Directory to unpack the package in; what an earlier demo unpacked there is used again.
    """
    unpacked = cache / PACKAGE / "usr/share/datasets/fashion-mnist"
    place = locate(NAME)
    if place.kind != "download":
        return f"Fashion-MNIST: found in {place.path}", []
    if not _is_found_in(unpacked):
        if directory := _download(place.path):
            return f"Fashion-MNIST: downloaded by TFDS into {directory}", []
        _fetch_package(cache)
    if _is_found_in(unpacked):
        return f"Fashion-MNIST: unpacked from {PACKAGE} in {unpacked}", ["--data-dir", str(unpacked)]
    return (
        "scikit-learn's digits, not Fashion-MNIST: that is not on this machine, and neither TFDS nor a package "
        "archive can supply it",
        ["--dataset", "digits"],
    )


def _is_found_in(directory):
    try:
        return bool(locate(NAME, directory))
    except BadInput:
        return False


def _download(root):
    from keras_vision.data.prepared import download

    try:
        return download(NAME, root, _tell)
    except BadInput as error:
        _tell(str(error))
        return None


def _fetch_package(cache):
    """Downloads the package and unpacks it without installing it; one that was half unpacked is never used."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return
    cache.mkdir(exist_ok=True)
    _tell(f"Downloading the package {PACKAGE} (31 MB) into {cache}")
    if not _succeeds("apt-get", "download", PACKAGE, cwd=cache):
        if os.geteuid() != 0:
            return
        _tell("The package is unknown here; updating the package lists")
        if not (_succeeds("apt-get", "update") and _succeeds("apt-get", "download", PACKAGE, cwd=cache)):
            return
    package = max(cache.glob(f"{PACKAGE}_*.deb"))
    partial = cache / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    if _succeeds("dpkg", "-x", str(package), str(partial)):
        shutil.rmtree(cache / PACKAGE, ignore_errors=True)
        partial.rename(cache / PACKAGE)


def _succeeds(*command, cwd=None):
    try:
        run = subprocess.run(command, cwd=cwd, timeout=ARCHIVE_SECONDS, stdout=sys.stderr, check=False)
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def _tell(line):
    print(line, file=sys.stderr, flush=True)


def main():
    first_line, arguments = choose_data()
    print(first_line, flush=True)
    words = ["-m", "keras_vision.tune", "--model", "vgg", "--target-acc", "0.9", "--max-trials", TRIALS, *arguments]
    os.execv(sys.executable, [sys.executable, *words])


if __name__ == "__main__":
    main()
