"""What another project has set of Keras and TensorFlow must not reach a network: weights and answers stay the same."""

import json
import os
import subprocess
import sys

import pytest

from keras_vision.system import keras_settings

HOSTILE = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.5, "backend": "jax"}
VARIABLES = {
    **{"KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "1", "KERAS_NNX_ENABLED": "1"},
    **{"TF_USE_LEGACY_KERAS": "1", "TF2_BEHAVIOR": "0", "TF_ENABLE_AUTO_MIXED_PRECISION": "1"},
    **{"KERASTUNER_TUNER_ID": "worker-7", "KERASTUNER_ORACLE_IP": "10.0.0.1"},
}
# Trains by the front door, or builds with what a person's own import of Keras has read, and prints what came of it.
PROGRAM = """
import json, os, sys
if "first" in sys.argv:
    import keras
    assert keras.config.image_data_format() == "channels_first"
from keras_vision import build_model
if "first" in sys.argv:
    keras.utils.set_random_seed(0)
import numpy as np
answers = {}
SETTINGS = {
    "cnn": {"pooling": "average"},
    "vgg": {"filters": (4, 8), "blocks": (1, 1), "whitening": True},
    "convmixer": {"hidden_dim": 8, "depth": 1},
    "mlp_mixer": {"patch_size": 4, "num_blocks": 1},
}
images = np.random.default_rng(0).integers(0, 256, (4, 12, 8, 3)).astype("float32")
def answers_of():
    import keras
    for name, settings in SETTINGS.items():
        keras.utils.set_random_seed(0)
        model = build_model(name, (12, 8, 3), 3, **settings)
        logits = np.asarray(model(images))
        yield name, [str(logits.dtype), sorted({str(v.dtype) for v in model.variables}), logits.tobytes().hex()]
if "first" in sys.argv:
    answers = dict(answers_of())
    assert keras.config.image_data_format() == "channels_first" and keras.config.floatx() == "float16"
from keras_vision.train import train
result = train("cnn", dataset="digits", settings={"filters": (4,)}, epochs=2, precision="float32", workdir=sys.argv[1])
if "first" not in sys.argv:
    answers = dict(answers_of())
import keras
answers["trained"] = [result["epochs_run"], result["val_crossentropy"], result["test"]["accuracy"]]
answers["settings"] = [keras.config.image_data_format(), keras.config.floatx(), keras.config.backend()]
print(json.dumps(answers))
"""


def started(folder, *words, variables=(), **settings):
    """Starts the program with a made home of Keras."""
    (folder / "home").mkdir(parents=True)
    if settings:
        (folder / "home" / "keras.json").write_text(json.dumps(settings))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KERAS")} | {"KERAS_HOME": f"{folder}/home"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder / "run"), *words],
        env=environment | dict(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("bare_runs")
def test_networks_and_trainings_are_the_same_whatever_another_project_has_set(tmp_path, monkeypatch, capsys):
    running = [
        started(tmp_path / "hostile", variables=VARIABLES, **HOSTILE),
        started(tmp_path / "first", "first", **HOSTILE | {"backend": "tensorflow"}),
    ]
    monkeypatch.setattr(sys, "argv", ["-c", str(tmp_path / "plain")])
    exec(PROGRAM, {})
    plain = json.loads(capsys.readouterr().out)
    (hostile, error), (first, greeting) = (process.communicate() for process in running)
    assert [process.returncode for process in running] == [0, 0], error + greeting
    assert error == ""  # the other had TensorFlow's greeting before we came
    assert plain["settings"] == ["channels_last", "float32", "tensorflow"]
    assert plain["cnn"][0] == "float32"
    assert plain["trained"][0] == 2
    assert json.loads(hostile) == plain
    assert json.loads(first) == plain


@pytest.mark.slow
def test_a_damaged_file_of_settings_does_not_stop_the_import(tmp_path):
    (tmp_path / "keras.json").write_text('{"floatx": "bfloat16", "epsilon": "small"}')
    code = (
        "from keras_vision.system.keras_import import import_keras; import_keras()\n"
        "import keras, os; print(keras.config.floatx(), keras.config.epsilon(), os.environ['KERAS_HOME'])"
    )
    environment = os.environ | {"KERAS_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["float32", "1e-07", str(tmp_path)]
    assert done.stderr == ""


@pytest.mark.parametrize("text", ["[]", "{", '{"floatx": "float64"}', '{"nnx_enabled": true}', '{"backend": "jax"}'])
def test_a_file_that_says_something_else_is_found(text, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert keras_settings.foreign_file() is None
    (tmp_path / "keras.json").write_text(text)
    assert keras_settings.foreign_file() == tmp_path / "keras.json"


def test_a_file_as_keras_writes_it_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    own = {"floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow", "image_data_format": "channels_last"}
    (tmp_path / "keras.json").write_text(json.dumps(own))
    assert keras_settings.foreign_file() is None


def test_another_backend_that_was_imported_before_is_refused_in_a_sentence(monkeypatch, capsys):
    from keras_vision.train import main

    monkeypatch.setattr("keras.config.backend", lambda: "jax")
    assert main(["--dataset", "digits"]) == 2
    assert "Keras runs on jax in this process" in capsys.readouterr().err
