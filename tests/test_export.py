import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_vision import export as export_module
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.export import as_float32, export
from keras_vision.models import build_model
from keras_vision.models.layers import set_statistics
from keras_vision.runs import load_model, save_model


@pytest.fixture(params=["float32", "mixed_bfloat16"])
def run_directory(tmp_path, request):
    keras.config.set_dtype_policy(request.param)
    model = build_model("vgg", (8, 8, 3), 4, filters=(8, 16), blocks=(1, 1), dropout_rate=0.5)
    set_statistics(model, (100.0, 110.0, 120.0), (50.0, 60.0, 70.0))
    save_model(model, tmp_path / "model.keras", {"class_names": ["a", "b", "c", "d"]})
    return tmp_path


def test_probabilities_agree_without_keras_vision_installed(run_directory, tmp_path):
    result = export(run_directory)
    assert result["difference"] <= 1e-5
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (5, 8, 8, 3)).astype("float32")
    np.save(tmp_path / "pixels.npy", pixels)
    code = (
        "import sys, numpy, tensorflow as tf\n"
        "sys.modules['keras_vision'] = None\n"
        "loaded = tf.saved_model.load(sys.argv[1])\n"
        "numpy.save(sys.argv[3], loaded.serve(tf.constant(numpy.load(sys.argv[2]))).numpy())\n"
    )
    out = tmp_path / "served.npy"
    subprocess.run([sys.executable, "-c", code, result["path"], tmp_path / "pixels.npy", out], check=True, cwd=tmp_path)
    expected = keras.ops.softmax(as_float32(load_model(run_directory)).predict(pixels, verbose=0))
    np.testing.assert_allclose(np.load(out), expected, atol=1e-5)


def test_class_names_lie_beside_the_export(run_directory):
    path = export(run_directory)["path"]
    with open(f"{path}/keras_vision.json", encoding="utf-8") as file:
        assert json.load(file)["class_names"] == ["a", "b", "c", "d"]


def test_an_export_that_differs_is_not_kept_and_the_old_one_stays(run_directory, monkeypatch):
    path = export(run_directory)["path"]
    monkeypatch.setattr(export_module, "TOLERANCE", -1.0)
    with pytest.raises(KerasVisionError, match="differs from the model"):
        export(run_directory)
    monkeypatch.undo()
    model = as_float32(load_model(run_directory))
    assert export_module.check_saved_model(model, path) <= 1e-5
    assert sorted(p.name for p in (run_directory / "export").iterdir()) == ["saved_model"]


def test_an_unknown_format_is_refused(run_directory):
    with pytest.raises(BadInput, match="Did you mean 'saved_model'"):
        export(run_directory, format="savedmodel")
