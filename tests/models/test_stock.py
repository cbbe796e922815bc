"""A saved model needs Keras and nothing of this package."""

import subprocess
import sys

import numpy as np
import pytest

from keras_vision.models import MODELS
from keras_vision.models.normalization import set_statistics
from keras_vision.runs import save_model
from keras_vision.training.recipe import Recipe
from keras_vision.training.trainer import compile_model
from tests.models.small import pixels, small_model

PROGRAM = """
import pathlib, sys, warnings
warnings.simplefilter("error", UserWarning)
sys.modules["keras_vision"] = None  # whoever imports it gets an ImportError
import keras, numpy as np

images = np.load("images.npy")
for path in sorted(pathlib.Path().glob("*.keras")):
    model = keras.saving.load_model(path, safe_mode=True)
    np.save(path.with_suffix(".npy"), model(images, training=False))
assert not [name for name in sys.modules if name.startswith("keras_vision.")]
"""
# test id -> (family, settings)
NETWORKS = {family: (family, {}) for family in MODELS} | {
    "whitened_vgg": ("vgg", {"whitening": True, "early_pooling": True}),
    "separable_vgg": ("vgg", {"whitening": True, "convolution": "separable", "activation": "prelu"}),
    "gelu": ("mlp", {"activation": "gelu", "dropout_rate": 0.2}),
    "both_ways": ("lstm", {"bidirectional": True}),
}


@pytest.mark.slow
def test_saved_models_load_in_keras_alone_and_give_the_same_outputs(tmp_path):
    np.save(tmp_path / "images.npy", pixels())
    expected = {}
    for name, (family, settings) in NETWORKS.items():
        model = small_model(family, **settings)
        set_statistics(model, mean=[120.0, 110.0, 100.0], std=[60.0, 61.0, 62.0])
        model(pixels(), training=True)  # moves the moving statistics away from their start
        compile_model(model, Recipe(), steps=1)
        save_model(model, tmp_path / f"{name}.keras", {})
        expected[name] = model(pixels(), training=False)
    command = [sys.executable, "-I", "-c", PROGRAM]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    for name, outputs in expected.items():
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy"), outputs, err_msg=name)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_config_names_nothing_of_this_package(name):
    family, settings = NETWORKS[name]
    model = small_model(family, **settings)
    assert "keras_vision" not in model.to_json()
    assert {type(layer).__module__.partition(".")[0] for layer in model.layers} == {"keras"}
