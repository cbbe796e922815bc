"""One training on several devices; where no machine has them, a CPU is divided into two."""

import json
import subprocess
import sys

import pytest

from keras_vision.errors import BadInput
from keras_vision.models import build_model
from keras_vision.reporting.progress import Progress
from keras_vision.train import train
from keras_vision.training import devices
from keras_vision.training.devices import check_gain, devices_for
from keras_vision.training.recipe import Recipe
from tests.synthetic import make_dataset

RECIPE = Recipe(epochs=1, batch_size=32, flip="none", shift=0)
# Trains on one device and on both, the latter with a break between its two epochs.
PROGRAM = """
import json, sys
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from keras_vision.runs import Run
from keras_vision.train import train
from keras_vision.training import devices
from tests.bare import make_bare
import pytest

make_bare(pytest.MonkeyPatch())
devices._seconds_of_step = lambda build, data, recipe, names: 1 / len(names)
given = {"dataset": "digits", "precision": "float32", "epochs": 2, "batch_size": 64, "settings": {"hidden_units": (8,)}}
alone = train("mlp", **given, workdir=sys.argv[1] + "/alone")
begun = train("mlp", **given, workdir=sys.argv[1] + "/both", devices=2, max_minutes=1e-9)
both = train("mlp", **given, workdir=sys.argv[1] + "/both", devices=2)
used = Run(sys.argv[1] + "/both").config["devices"]
print(json.dumps({"alone": dict(alone), "begun": dict(begun), "both": dict(both), "used": used}))
"""


@pytest.mark.slow
def test_two_devices_train_what_one_does_and_go_on_where_they_were_left(tmp_path):
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["used"] == ["CPU:0", "CPU:1"]
    assert (found["begun"]["epochs_run"], found["both"]["epochs_run"]) == (1, 2)
    for measure in ("val_crossentropy", "val_accuracy"):
        assert found["both"][measure] == pytest.approx(found["alone"][measure], rel=1e-3)
    assert found["both"]["test"]["accuracy"] == pytest.approx(found["alone"]["test"]["accuracy"], abs=0.02)


def test_more_devices_than_there_are_is_told_before_work(tmp_path):
    (only,) = devices_for(1)
    with pytest.raises(BadInput, match="devices=99 needs 99 GPUs, but this machine has"):
        train("mlp", dataset="digits", devices=99, workdir=tmp_path / "run")
    assert only in ("CPU:0", "GPU:0")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("together", "is_refused"), [(0.02, True), (0.01, True), (0.006, False)])
def test_what_would_be_slower_is_refused_with_both_times(monkeypatch, together, is_refused):
    seconds = {1: 0.01, 2: together}
    monkeypatch.setattr(devices, "_seconds_of_step", lambda build, data, recipe, names: seconds[len(names)])
    told = []
    progress = Progress()
    monkeypatch.setattr(progress, "say", told.append)
    if is_refused:
        with pytest.raises(BadInput, match=r"a step of this training takes .* on 2 devices and 10\.0 ms on one"):
            check_gain(None, None, RECIPE, ["GPU:0", "GPU:1"], progress)
    else:
        check_gain(None, None, RECIPE, ["GPU:0", "GPU:1"], progress)
        assert told == ["A step takes 6.0 ms on 2 devices and 10.0 ms on one."]


def test_a_step_is_timed_on_few_images_too():
    data = make_dataset()
    build = lambda: build_model("mlp", data.shape, len(data.class_names), hidden_units=(4,))  # noqa: E731
    assert 0 < devices._seconds_of_step(build, data, RECIPE, devices_for(1)) < 10
