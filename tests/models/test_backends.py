"""The families build, train and predict on the other backends of Keras, where those are installed."""

import importlib.util
import os
import subprocess
import sys

import pytest

PROGRAM = """
import keras, numpy as np
from keras_vision.models import MODELS
from keras_vision.models.normalization import set_statistics
from tests.models.small import pixels, small_model

for name in MODELS:
    model = small_model(name)
    set_statistics(model, mean=[127.5] * 3, std=[74.0] * 3)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert np.isfinite(model.train_on_batch(pixels(), np.arange(16) % 5)), name
    assert model.predict(pixels(), verbose=0).shape == (16, 5), name
print(keras.backend.backend(), *MODELS)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_every_family_trains_on_another_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    # On one thread, with AVX2 alone, PyTorch's oneDNN now and then corrupts memory; see system/conv_gradient.py.
    environment = os.environ | {"KERAS_BACKEND": backend, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(backend)
