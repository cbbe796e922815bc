import json
import resource
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_vision import export as export_module
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.export import export
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
    expected = keras.ops.softmax(load_model(run_directory, float32=True).predict(pixels, verbose=0))
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
    model = load_model(run_directory, float32=True)
    assert export_module.check_saved_model(model, path) <= 1e-5
    assert sorted(p.name for p in (run_directory / "export").iterdir()) == ["saved_model"]


def test_an_unknown_format_is_refused(run_directory):
    with pytest.raises(BadInput, match="Did you mean 'saved_model'"):
        export(run_directory, format="savedmodel")


@pytest.fixture
def model_path(tmp_path):
    return save(tmp_path, keras.layers.Dense(3, name="logits"))


def save(directory, *ending):
    """Saves a model that was not made by `build_model`."""
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), *ending])
    model.save(directory / "foreign.keras")
    return directory / "foreign.keras"


@pytest.mark.parametrize("name", ["thesis.tex", "saved_model.pb", "keras_vision.json"])
def test_a_directory_of_something_else_is_refused_and_left_alone(model_path, tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("precious")
    with pytest.raises(BadInput, match="which holds other things: expected a new or empty directory"):
        export(model_path, out=out)
    assert (out / name).read_text() == "precious"


def test_a_file_is_refused_and_left_alone(model_path, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(BadInput, match="which holds other things"):
        export(model_path, out=tmp_path / "thesis.tex")
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_an_earlier_export_with_a_persons_file_in_it_is_refused(model_path, tmp_path):
    export(model_path, out=tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("precious")
    with pytest.raises(BadInput, match="which holds other things"):
        export(model_path, out=tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").read_text() == "precious"


def test_an_earlier_export_is_replaced_and_its_neighbours_are_left_alone(model_path, tmp_path):
    for neighbour in (".out.tmp", ".out.old"):
        (tmp_path / neighbour).mkdir()
        (tmp_path / neighbour / "notes.txt").write_text("precious")
    before = {*tmp_path.rglob("*")}
    for _ in range(2):
        export(model_path, out=tmp_path / "out")
    assert {path for path in tmp_path.rglob("*") if tmp_path / "out" not in (path, *path.parents)} == before


def test_the_present_directory_is_a_target_if_it_is_empty(model_path, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert export(model_path, out=".")["path"] == str(tmp_path / "here")
    assert (tmp_path / "here" / "saved_model.pb").is_file()


def test_a_target_that_cannot_be_made_is_named(model_path):
    with pytest.raises(KerasVisionError, match=r"foreign\.keras/out could not be written: .*foreign\.keras'"):
        export(model_path, out=model_path / "out")


def test_a_full_disk_is_named_and_the_earlier_export_stays(model_path, tmp_path):
    path = export(model_path, out=tmp_path / "out")["path"]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # files end after 100 bytes
    try:
        with pytest.raises(KerasVisionError, match="out could not be written"):
            export(model_path, out=path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert export_module.check_saved_model(load_model(model_path), path) <= 1e-5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["foreign.keras", "out"]


@pytest.mark.parametrize(
    "ending",
    [
        [keras.layers.Dense(3, activation="softmax")],
        [keras.layers.Dense(3, activation="sigmoid")],
        [keras.layers.Dense(3), keras.layers.Softmax()],
        [keras.layers.Dense(3), keras.layers.Activation("softmax")],
        [keras.Sequential([keras.Input((16,)), keras.layers.Dense(3, activation="softmax")])],
    ],
)
def test_probabilities_are_not_made_from_probabilities(tmp_path, ending):
    with pytest.raises(BadInput, match=r"ends in a (softmax|sigmoid) .*: expected one that ends in logits"):
        export(save(tmp_path, *ending))
    assert not (tmp_path / "export").exists()


def test_a_model_with_two_outputs_is_refused(tmp_path):
    pixels = keras.Input((4,))
    outputs = [keras.layers.Dense(3)(pixels), keras.layers.Dense(1)(pixels)]
    keras.Model(pixels, outputs).save(tmp_path / "foreign.keras")
    with pytest.raises(BadInput, match="1 inputs and 2 outputs: expected one of each"):
        export(tmp_path / "foreign.keras")


def test_float32_keeps_the_statistics_of_a_stock_normalization(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    normalization = keras.layers.Normalization()
    normalization.adapt(np.array([100.0, 200.0]).reshape(2, 1))
    path = save(tmp_path, normalization, keras.layers.Dense(3))
    pixels = np.full((1, 4, 4, 1), 150.0, "float32")
    logits = load_model(path, float32=True).predict(pixels, verbose=0)
    np.testing.assert_allclose(logits, 0, atol=1e-5)  # 150 is the mean, and biases start at zero


def test_a_float32_model_is_not_rebuilt(model_path, monkeypatch):
    monkeypatch.setattr(keras.Model, "load_weights", None)
    assert load_model(model_path, float32=True).count_params() == 16 * 3 + 3


def test_an_export_that_cannot_be_moved_into_place_leaves_the_earlier_one(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "saved_model.pb").write_text("earlier")
    with pytest.raises(FileNotFoundError):
        export_module.replace_directory(tmp_path / "missing", tmp_path / "out", aside=tmp_path / "aside")
    assert (tmp_path / "out" / "saved_model.pb").read_text() == "earlier"
