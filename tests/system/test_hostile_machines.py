"""Machines that lack what most have: a home, streams, a main thread, docstrings, what only POSIX knows."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_vision.train import main

NAMES = ("Müll", "長い名前", "$x_{1}^", "[bold]a b")

# In a thread, of a user whom the machine does not know, without what Windows lacks.
HOSTILE = """
import os, pwd, select, signal, sys, threading
import filelock, psutil  # which have code of their own for Windows
def unknown(number):
    raise KeyError(number)
pwd.getpwuid = unknown
for module, name in ((signal, "SIGHUP"), (select, "poll"), (os, "sysconf"), (os, "O_DIRECTORY")):
    delattr(module, name)
sys.modules["fcntl"] = None
from keras_vision.train import main
codes = []
thread = threading.Thread(target=lambda: codes.append(main(sys.argv[1:])))
thread.start()
thread.join()
sys.exit(codes[0])
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos [a]*")
    rng = np.random.default_rng(0)
    for label, name in enumerate(NAMES):
        (root / name).mkdir()
        for number in range(12):
            pixels = rng.integers(0, 60, (8, 8, 3)) + 60 * label
            Image.fromarray(pixels.astype("uint8")).save(root / name / f"{number}.png")
    return root


@pytest.mark.slow
def test_a_training_gives_the_same_where_all_that_can_lack_is_lacking(photos, tmp_path, capfd):
    # With docstrings: without them Python would compile all of TensorFlow anew, for half a minute.
    words = ["--model", "cnn", "--set", "filters=4,", "--epochs", "2", "--precision", "float32"]
    words += ["--dataset", f"folder:{photos}", "--workdir"]
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "TF_CPP_MIN_LOG_LEVEL")}
    environment |= {"PYTHONIOENCODING": "ascii", "MPLCONFIGDIR": "/proc/nowhere", "TFDS_DATA_DIR": ""}
    with open(tmp_path / "out", "w") as out:
        poor = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", HOSTILE, *words, tmp_path / "poor"],
            env=environment,
            stdout=out,
            cwd=tmp_path,
        )
    assert main([*words, str(tmp_path / "plain"), "--json"]) == 0
    plain = capfd.readouterr()
    assert poor.wait() == 0, (tmp_path / "out").read_text()
    expected, found = json.loads(plain.out), json.loads((tmp_path / "poor" / "result.json").read_text())
    assert found["val_crossentropy"] == expected["val_crossentropy"]
    assert found["test"]["accuracy"] == expected["test"]["accuracy"]
    assert "figures" not in plain.err  # nor any warning of a font
    assert "Glyph" not in plain.err
    assert (tmp_path / "poor" / "figures" / "confusion_matrix.png").stat().st_size > 1000
    assert "test accuracy" in (tmp_path / "out").read_text().splitlines()[-1]
    assert {path.name for path in tmp_path.iterdir()} == {"out", "plain", "poor"}  # nothing in a folder named ~


STREAMS = """
import sys
from keras_vision.cli import command as cli
from keras_vision.cli.front_door import front_door
from keras_vision.system.settings import Settings

@front_door(Settings)
def front(asked, progress):
    progress.say("Müll 長")
    progress.trial_started(1, None, {"name": "ä"})
    return {"answer": "Müll"}

sys.exit(cli.main(front, "front", show=lambda result, p: p.say(result["answer"]), arguments=sys.argv[1:]))
"""


@pytest.mark.parametrize("closed", ["", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("form", "optimised"), [((), ()), (("--json",), ("-OO",))], ids=["plain", "without docstrings"]
)
def test_closed_streams_and_poor_encodings_end_nothing(closed, form, optimised):
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, *optimised, "-c", STREAMS, *form]
    done = subprocess.run(command, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr in (b"", rb"M\xfcll \u9577" + b"\n" + rb"trial 1: name=\xe4" + b"\n")
    if ">&-" not in closed.replace("2>&-", ""):
        assert done.stdout.splitlines()[-1] == (b'{"answer": "M\\u00fcll"}' if form else rb"M\xfcll")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_full_disk_under_the_progress_does_not_end_the_work_and_under_the_result_is_said(form):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", STREAMS, *form]
        progress_lost = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, stderr=full, check=False)
        result_lost = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (progress_lost.returncode, json.loads(progress_lost.stdout)) == (0, {"answer": "Müll"})
    assert result_lost.returncode == 1
    assert result_lost.stderr.splitlines()[-1] == "keras_vision.front: [Errno 28] No space left on device"


WINDOWS = """
import os, select, signal, sys
import filelock, psutil  # which have code of their own for Windows
for module, name in ((signal, "SIGHUP"), (select, "poll"), (os, "sysconf"), (os, "O_DIRECTORY")):
    delattr(module, name)
sys.modules["fcntl"] = sys.modules["resource"] = None
from keras_vision.cli import command as cli
from keras_vision.cli.front_door import front_door
from keras_vision.system.settings import Settings
from keras_vision.system import machine
from keras_vision.runs import Run
assert machine.free_memory() > 0
with Run(sys.argv[1]).locked() as run:
    run.start({"seed": 0})

@front_door(Settings)
def front(asked, progress):
    "Speak without end."
    while True:
        progress.say("word")

sys.exit(cli.main(front, "front", arguments=[]))
"""


def test_what_windows_lacks_is_not_needed(tmp_path):
    command = [sys.executable, "-c", WINDOWS, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"word\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
    assert (tmp_path / "run" / "config.json").exists()


def test_no_folder_for_temporary_files_is_no_reason_to_stop(monkeypatch, capfd):
    from keras_vision.system.keras_import import native_output_held_back

    def refuse():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with native_output_held_back():
        os.write(2, b"greetings")
    assert capfd.readouterr().err == ""
