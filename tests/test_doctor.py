import json
import math
import shutil
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest

from keras_vision.commands import doctor as doctor_module
from keras_vision.commands.doctor import (
    computing,
    data_sets,
    packages,
    resources,
    run_directory,
    settings_of_others,
)
from keras_vision.doctor import doctor, main

HEALTHY = """print('{"backend": "tensorflow", "devices": ["CPU"], "precisions": ["float32", "mixed_bfloat16"]}')"""


@pytest.fixture(autouse=True)
def _in_an_empty_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)


@pytest.fixture
def _probed(monkeypatch):
    """Puts a short answer in the place of the probe, which takes ten seconds."""
    monkeypatch.setattr(doctor_module, "_PROBE", HEALTHY)


def by_subject(findings):
    return {one.subject: one for one in findings}


def test_the_packages_that_setup_asks_for_are_all_looked_at():
    found = by_subject(packages())
    assert found["python"].status == found["keras"].status == found["pillow"].status == "ok"
    assert found["keras"].text == metadata.version("keras")
    assert {"onnxruntime, for onnx", "ai-edge-litert, for litert", "torch, for bench"} <= set(found)


@pytest.mark.parametrize(
    ("requirement", "status", "text"),
    [
        ("numpy>=1000", "fault", f"{metadata.version('numpy')}, but >=1000 is needed. Try: python -m pip install"),
        ("no-such-package>=1", "fault", "not installed. To install it: python -m pip install 'no-such-package>=1'"),
        ('numpy>=1000; extra == "x"', "warning", "but >=1000 is needed"),
        ('no-such-package>=1; extra == "x"', "ok", "not installed. To install it: python -m pip install"),
    ],
)
def test_what_is_old_or_missing_is_named_with_the_command_that_mends_it(requirement, status, text, monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: [requirement])
    _, finding = packages()
    assert finding.status == status
    assert text in finding.text


def test_an_older_python_is_a_fault(monkeypatch):
    monkeypatch.setattr("platform.python_version", lambda: "3.10.1")
    assert next(packages()).status == "fault"


def test_a_copy_that_is_not_installed_is_warned_of(monkeypatch):
    monkeypatch.setattr(doctor_module, "_NAME", "no-such-package")
    (finding,) = packages()
    assert finding.status == "warning"


def test_devices_and_precision_are_told(_probed):
    found = by_subject(computing())
    assert found["precision"].text == "auto takes the fastest of float32, mixed_bfloat16"
    assert found["devices"].text == "CPU, through Keras on tensorflow"
    assert "instructions: " in found["processor"].text


def test_a_single_precision_and_convolutions_without_onednn_are_told(monkeypatch):
    monkeypatch.setattr(doctor_module, "_PROBE", HEALTHY.replace(', "mixed_bfloat16"', ""))
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert by_subject(computing())["precision"].text == "auto takes float32: here no other is as fast"
    assert "TF_ENABLE_ONEDNN_OPTS=0 makes convolutions slow" in by_subject(settings_of_others())["environment"].text


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("import os; os.abort()", "its process ended with exit code -6"),
    ],
)
def test_what_breaks_the_computation_is_a_fault_and_not_the_doctors_end(probe, reason, monkeypatch):
    monkeypatch.setattr(doctor_module, "_PROBE", probe)
    finding = by_subject(computing())["computing"]
    assert finding.status == "fault"
    assert reason in finding.text


def test_a_computation_without_end_is_a_fault(monkeypatch):
    monkeypatch.setattr(doctor_module, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(doctor_module, "_PROBE_SECONDS", 0.1)
    assert by_subject(computing())["computing"].status == "fault"


def prepare(name):
    directory = Path("tfds", name, "3.0.1")
    directory.mkdir(parents=True)
    (directory / "dataset_info.json").touch()
    return directory


def test_prepared_data_sets_are_named_with_their_place(monkeypatch):
    directory = prepare("fashion_mnist").resolve()
    monkeypatch.setenv("TFDS_DATA_DIR", str(Path("tfds").resolve()))
    found = by_subject(data_sets())
    assert (found["fashion_mnist"].status, found["fashion_mnist"].text) == ("ok", f"prepared in {directory}")
    assert "not on this machine" in found["cifar10"].text
    assert found["digits"].text == "part of scikit-learn"


def test_a_main_data_set_that_must_be_downloaded_is_warned_of(monkeypatch):
    monkeypatch.setattr("keras_vision.data.places._has_idx", lambda directory: False)
    finding = by_subject(data_sets())["fashion_mnist"]
    assert finding.status == "warning"
    assert "--dataset digits" in finding.text


def test_a_data_dir_without_the_main_data_set_is_a_fault():
    prepare("cifar10")
    found = by_subject(data_sets("tfds"))
    assert (found["fashion_mnist"].status, found["cifar10"].status, found["digits"].status) == ("fault", "ok", "ok")
    assert found["fashion_mnist"].text.startswith(
        "There is no fashion_mnist in tfds. Give a TFDS directory that holds fashion_mnist/"
    )
    assert (found["mnist"].status, found["mnist"].text) == ("ok", "not in tfds")


def test_a_data_dir_that_is_not_there_is_said_to_be_none():
    found = by_subject(data_sets("gone"))
    assert (found["mnist"].status, found["mnist"].text) == ("ok", "not in gone, which is not a folder")
    assert found["fashion_mnist"].status == "fault"


@pytest.mark.parametrize(("free", "status"), [(1e7, "fault"), (1e9, "warning"), (1e11, "ok")])
def test_a_full_disk_is_a_fault(free, status, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=free))
    assert by_subject(resources())["disk"].status == status


@pytest.mark.parametrize(("free", "status"), [(5e8, "fault"), (2e9, "warning"), (8e9, "ok"), (math.inf, "ok")])
def test_too_little_memory_is_a_fault(free, status, monkeypatch):
    monkeypatch.setattr(doctor_module, "free_memory", lambda: free)
    assert by_subject(resources())["memory"].status == status


def test_what_another_project_has_set_is_told(tmp_path, monkeypatch):
    (tmp_path / "keras.json").write_text('{"floatx": "float16"}')
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    found = [one.text for one in settings_of_others()]
    assert found[0].startswith(f"{tmp_path / 'keras.json'} has other settings")
    assert "KERAS_MAX_EPOCHS" in found[1]
    assert "KERAS_BACKEND=jax is ignored" in found[2]


def test_a_limit_below_the_machines_memory_is_told(monkeypatch):
    monkeypatch.setattr(doctor_module, "memory_limit", lambda: 6e9)
    monkeypatch.setattr(doctor_module, "free_memory", lambda: 5e9)
    monkeypatch.setattr(doctor_module, "memory_of_machine", lambda: (64e9, 32e9))
    assert by_subject(resources())["memory"].text == "5.0 GB free of the 6.0 GB that this process may use"


def test_a_place_for_runs_that_cannot_be_written_is_a_fault():
    assert next(run_directory()).status == "ok"
    Path("runs").touch()
    (finding,) = run_directory()
    assert finding.status == "fault"
    assert "Give --workdir" in finding.text


def test_looking_leaves_nothing_behind(_probed, tmp_path):
    doctor()
    assert list(tmp_path.iterdir()) == []


def test_a_fault_makes_the_exit_code_1_and_is_named_on_a_line(_probed, capsys):
    Path("runs").touch()
    assert main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("fault") for line in lines) == 1
    assert lines[-1].startswith("1 of these would stop python -m keras_vision.tune")


def test_a_healthy_machine_exits_0_and_says_so_in_json(_probed, capsys, monkeypatch):
    monkeypatch.setattr(doctor_module, "free_memory", lambda: 8e9)
    assert main(["--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {"processor", "devices", "precision", "disk", "memory", "runs"} <= {one["subject"] for one in findings}
    assert {one["status"] for one in findings} <= {"ok", "warning"}


def test_no_network_is_asked(_probed, monkeypatch):
    def fail(*arguments):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", fail)
    monkeypatch.setattr("socket.getaddrinfo", fail)
    monkeypatch.setattr("urllib.request.urlopen", fail)
    assert doctor()["findings"]


ALONE = """
import sys
names = "keras tensorflow tensorflow_datasets keras_tuner tensorboard rich matplotlib sklearn scipy numpy PIL filelock"
for name in (*names.split(), "psutil"):
    sys.modules[name] = None
from keras_vision import doctor
from keras_vision.commands import doctor as checks
checks._PROBE = "import keras_vision.no_such_module"
sys.exit(doctor.main([]))
"""


def test_the_doctor_needs_none_of_the_packages_that_it_looks_for():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "fault    computing: a small VGG did not run: ModuleNotFoundError: No module named" in done.stdout


@pytest.mark.slow
def test_the_real_probe_computes_a_small_vgg():
    found = by_subject(computing())
    assert found["devices"].status == found["precision"].status == "ok"
    assert "tensorflow" in found["devices"].text
