"""What `doctor` looks at: packages, settings that others left, the processor, data sets, disk, memory, directories."""

import dataclasses
import json
import math
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from keras_vision.data.places import DATASETS, locate
from keras_vision.errors import BadInput
from keras_vision.runs import processor_name
from keras_vision.system.keras_settings import BACKEND, foreign_file, foreign_variables
from keras_vision.system.machine import free_memory, instructions, memory_limit, memory_of_machine
from keras_vision.system.onednn import VARIABLE as ONEDNN

MAIN_COMMAND, MAIN_DATASET = "python -m keras_vision.tune --model vgg", "fashion_mnist"
# In bytes: with less than the first the main command fails (it takes 1.03 GB of memory and writes 3 MB), with less than
# the second larger ones do.
DISK, MEMORY = (0.1e9, 2e9), (1.1e9, 4e9)
# Those of vectors and of short floats and integers, as /proc/cpuinfo spells them: x86, then Arm.
INSTRUCTIONS = (
    *("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"),
    *("asimd", "sve", "bf16", "i8mm"),
)
_NAME = "keras-vision"
_FOR_DEVELOPERS = ("test", "dev")
_PROBE_SECONDS = 300

# Run in a process of its own, so that what breaks there (an instruction that the processor lacks, say) is a finding.
_PROBE = """
import json
from keras_vision.system.keras_import import import_keras
import_keras()
import keras, numpy
import tensorflow as tf
import keras_vision.data.prepared, keras_vision.commands.run_pictures, keras_vision.search.loop
from keras_vision.models import build_model
from keras_vision.training.precision import candidates, computing_in
with computing_in():
    build_model("vgg", (28, 28, 1), 10).predict(numpy.zeros((1, 28, 28, 1)), verbose=0)
details = [tf.config.experimental.get_device_details(one) for one in tf.config.list_physical_devices()]
devices = [one.get("device_name", "CPU") for one in details]
print(json.dumps({"backend": keras.backend.backend(), "devices": devices, "precisions": candidates()}))
"""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line: status is "ok", "warning" or "fault"; a fault stops the main command."""

    status: str
    subject: str
    text: str


def findings(data_dir=None, ray=None):
    """Returns all findings, a list of `Finding`.

    Args:
        data_dir: The TFDS directory to look in; None for the usual places.
        ray: The Ray cluster to look at, as in `WorkerSettings`; None for none.
    """
    groups = (packages(), settings_of_others(), computing(), data_sets(data_dir), resources(), run_directory())
    groups += (cluster(ray),) if ray else ()
    return [finding for group in groups for finding in group]


def packages():
    """Finds whether Python and the packages are of the versions that setup.py asks for, and which extras are there."""
    try:
        needed = SpecifierSet(metadata.metadata(_NAME)["Requires-Python"])
    except metadata.PackageNotFoundError:
        yield Finding(
            "warning", _NAME, "not installed, so its requirements are unknown. Try: python -m pip install -e ."
        )
        return
    version = platform.python_version()
    status = "ok" if needed.contains(version, prereleases=True) else "fault"
    yield Finding(status, "python", f"{version} ({needed} is needed), in {sys.executable}")
    for requirement in map(Requirement, metadata.requires(_NAME)):
        extra = re.search(r'extra == "([^"]+)"', str(requirement.marker or ""))
        if extra is None:
            yield _compared(requirement, requirement.name, missing="fault", old="fault")
        elif extra[1] not in _FOR_DEVELOPERS and not requirement.extras:  # tensorflow[and-cuda] is TensorFlow itself
            yield _compared(requirement, f"{requirement.name}, for {extra[1]}", missing="ok", old="warning")


def _compared(requirement, subject, *, missing, old):
    """Returns the finding about one package, with its status where it is `missing` or too `old`."""
    name, needed = requirement.name, requirement.specifier
    mend = f"python -m pip install {shlex.quote(f'{name}{needed}')}"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(missing, subject, f"not installed. To install it: {mend}")
    if needed.contains(version, prereleases=True):
        return Finding("ok", subject, version)
    return Finding(old, subject, f"{version}, but {needed} is needed. Try: {mend}")


def settings_of_others():
    """Finds what another project has set of Keras and TensorFlow, which no command here heeds, and whether a home is.

    They are worth a line where the same network gives other answers in a person's own program.
    """
    if file := foreign_file():
        yield Finding("ok", "keras.json", f"{file} has other settings than our networks need; it is ignored")
    if names := foreign_variables():
        yield Finding("ok", "environment", f"ignored, because they change what is computed: {', '.join(names)}")
    backend = os.environ.get("KERAS_BACKEND") or BACKEND
    if backend != BACKEND:
        yield Finding("ok", "environment", f"KERAS_BACKEND={backend} is ignored: commands compute on {BACKEND}")
    if os.environ.get(ONEDNN) == "0":
        yield Finding("warning", "environment", f"{ONEDNN}=0 makes convolutions slow, often by half or more: unset it")
    if not os.path.isdir(os.path.expanduser("~")):
        yield Finding(
            "ok", "home", "there is no home directory; say where data sets are with --data-dir or TFDS_DATA_DIR"
        )


def computing():
    """Finds the processor and its instructions, and whether a small VGG can be computed, on what and how precisely."""
    known = instructions()
    listed = ", ".join(name for name in INSTRUCTIONS if name in known) or "no known vector instructions"
    yield Finding("ok", "processor", f"{processor_name()}, {os.cpu_count()} cores, instructions: {listed}")
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=True
        )
    except subprocess.TimeoutExpired:
        yield Finding("fault", "computing", f"a small VGG took longer than {_PROBE_SECONDS} s")
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or [f"its process ended with exit code {error.returncode}"])[-1]
        yield Finding("fault", "computing", f"a small VGG did not run: {last}")
    else:
        found = json.loads(probe.stdout.splitlines()[-1])
        yield Finding("ok", "devices", f"{', '.join(found['devices'])}, through Keras on {found['backend']}")
        first, *others = found["precisions"]
        fastest = f"the fastest of {', '.join(found['precisions'])}" if others else f"{first}: here no other is as fast"
        yield Finding("ok", "precision", f"auto takes {fastest}")
        if Path("/proc/driver/nvidia/version").exists() and found["devices"] == ["CPU"]:
            mend = "python -m pip install 'tensorflow[and-cuda]'"
            yield Finding("warning", "devices", f"there is an NVIDIA driver, but TensorFlow sees no GPU. Try: {mend}")


def data_sets(data_dir=None):
    """Finds which of the named data sets are on this machine, and where; see `keras_vision.data.places`."""
    for name in DATASETS:
        is_main = name == MAIN_DATASET
        try:
            place = locate(name, None if name == "digits" else data_dir)
        except BadInput as error:
            is_folder = os.path.isdir(os.path.expanduser(data_dir))
            text = f"not in {data_dir}" + ("" if is_folder else ", which is not a folder")
            yield Finding("fault" if is_main else "ok", name, str(error) if is_main else text)
            continue
        if place.kind == "download":
            mend = " Without a network: --data-dir, or --dataset digits." if is_main else ""
            text = f"not on this machine; it would be downloaded into {place.path}.{mend}"
            yield Finding("warning" if is_main else "ok", name, text)
        else:
            yield Finding("ok", name, f"{place.kind} in {place.path}" if place.path else "part of scikit-learn")


def resources():
    """Finds how much disk and memory are free."""
    yield _enough("disk", shutil.disk_usage(Path.cwd()).free, DISK)
    limit, free = memory_limit(), free_memory()
    shared = f" of the {limit / 1e9:.1f} GB that this process may use" if limit < memory_of_machine()[0] else ""
    if math.isinf(free):
        yield Finding("ok", "memory", "this system does not say how much is free")
    else:
        yield _enough("memory", free, MEMORY, shared)


def _enough(subject, free, limits, shared=""):
    least, comfortable = limits
    status = "fault" if free < least else "warning" if free < comfortable else "ok"
    wanted = {
        "fault": f"; at least {least / 1e9:.1f} GB is needed",
        "warning": f"; {comfortable / 1e9:.1f} GB is better",
    }
    return Finding(status, subject, f"{free / 1e9:.1f} GB free{shared}{wanted.get(status, '')}")


def run_directory():
    """Finds whether runs can be written here."""
    runs = Path("runs")
    try:
        with tempfile.TemporaryFile(dir=runs if runs.exists() else Path.cwd()):
            yield Finding("ok", "runs", f"{runs.resolve()} can be written")
    except OSError as error:
        yield Finding("fault", "runs", f"{runs.resolve()} cannot be written ({error.strerror}). Give --workdir.")


def cluster(address):
    """Finds whether each node of a Ray cluster can run trials: reachable, of the same versions, with shared storage."""
    from keras_vision.commands.doctor_cluster import nodes  # which needs more packages than may be there

    for status, subject, text in nodes(address):
        yield Finding(status, subject, text)
