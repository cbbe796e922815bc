import dataclasses
import json
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_vision import formats
from keras_vision.commands import export as export_command
from keras_vision.commands.export_check import INT8_LOSS
from keras_vision.data.folds import cross_fold
from keras_vision.data.source import DataSource
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.export import export, format_names, main
from keras_vision.formats import FORMATS, saved_model
from keras_vision.formats.model_card import JSON, TEXT
from keras_vision.models import build_model
from keras_vision.models.normalization import set_statistics
from keras_vision.models.sizes import size_of
from keras_vision.predict import predict
from keras_vision.reporting.progress import PlainProgress
from keras_vision.runs import Run, load_model, read_card, replace_card, save_model, write_json
from keras_vision.system.extras import install_command
from keras_vision.train import train
from tests.synthetic import make_split


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _without_latencies(monkeypatch):
    """Leaves out what takes longer than an export of a small network, and says nothing of it."""
    monkeypatch.setattr("keras_vision.commands.export_check.latency", lambda run, pixels, batch: 1.0)


@pytest.fixture
def run_directory(tmp_path, request):
    """A run of a small network, in mixed precision where a test does not say otherwise."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(getattr(request, "param", "mixed_bfloat16"))
    model = build_model("vgg", (8, 8, 3), 4, filters=(8, 16), blocks=(1, 1), dropout_rate=0.5)
    set_statistics(model, (100.0, 110.0, 120.0), (50.0, 60.0, 70.0))
    save_model(model, tmp_path / "run" / "model.keras", {"class_names": ["a", "b", "c", "d"]})
    keras.config.set_dtype_policy("float32")
    return tmp_path / "run"


@pytest.mark.slow
def test_probabilities_agree_without_keras_vision_installed(run_directory, tmp_path):
    (result,) = export(run_directory)["exports"]
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


@pytest.mark.slow
@pytest.mark.parametrize("run_directory", ["float32", "mixed_bfloat16"], indirect=True)
def test_an_exported_keras_file_is_in_float32_and_names_classes(run_directory, tmp_path):
    (result,) = export(run_directory, format="keras")["exports"]
    file = f"{result['path']}/model.keras"
    assert {layer.dtype_policy.name for layer in load_model(file).layers} == {"float32"}
    noise = np.random.default_rng(2).integers(0, 256, (8, 8, 3), "uint8")
    keras.utils.save_img(tmp_path / "noise.png", noise, scale=False)
    ((exported,), (own,)) = (predict(source, [tmp_path / "noise.png"], top=4) for source in (file, run_directory))
    names, probabilities = zip(*((one["class"], one["probability"]) for one in exported["predictions"]), strict=True)
    assert names == tuple(one["class"] for one in own["predictions"])
    assert probabilities == pytest.approx([one["probability"] for one in own["predictions"]], abs=2e-6)


@pytest.mark.slow
def test_an_export_that_differs_is_not_kept_and_the_old_one_stays(run_directory, monkeypatch):
    (result,) = export(run_directory)["exports"]
    strict = dataclasses.replace(FORMATS["saved_model"], bound=-1.0)
    monkeypatch.setitem(FORMATS, "saved_model", strict)
    with pytest.raises(KerasVisionError, match=r"differs from the model by .* more than -1, so it was not kept"):
        export(run_directory)
    saved_model.load(result["path"])
    assert sorted(p.name for p in (run_directory / "export").iterdir()) == ["saved_model"]


def test_a_folder_that_cannot_be_written_is_refused_before_the_model_is_loaded(model_path, monkeypatch):
    monkeypatch.setattr(export_command, "open_subject", lambda *given: pytest.fail("work has started"))
    with pytest.raises(BadInput, match="is not a folder that can be written"):
        export(model_path, format="keras", out="/proc/export")


@pytest.mark.parametrize("given", [",", " "])
def test_a_format_without_a_name_is_refused(given):
    with pytest.raises(BadInput, match=r"names no format\. Name some"):
        format_names(given)


def test_an_unknown_format_is_refused(run_directory):
    with pytest.raises(BadInput, match="Did you mean 'saved_model'"):
        export(run_directory, format="savedmodel")


@pytest.mark.parametrize("given", ["onnx,keras", ["onnx", "keras"], ["onnx,keras", "onnx"], "onnx, keras,"])
def test_formats_are_given_one_by_one_or_with_commas(given):
    assert format_names(given) == ["onnx", "keras"]


@pytest.mark.slow
def test_the_command_takes_a_format_several_times(model_path, capsys):
    assert main([str(model_path), "--format", "keras", "--format", "saved_model", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [one["format"] for one in result["exports"]] == ["keras", "saved_model"]
    assert (model_path.parent / "foreign_export" / "keras" / "model.keras").is_file()


def test_formats_given_together_share_a_folder(model_path, tmp_path):
    export(model_path, format="keras,saved_model", out="out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["keras", "saved_model"]


def test_a_format_that_fails_leaves_the_ones_before_it(model_path, monkeypatch):
    monkeypatch.setitem(FORMATS, "saved_model", dataclasses.replace(FORMATS["saved_model"], bound=-1.0))
    with pytest.raises(KerasVisionError, match="saved_model differs"):
        export(model_path, format="keras,saved_model")
    assert [path.name for path in (model_path.parent / "foreign_export").iterdir()] == ["keras"]


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if row.packages])
def test_missing_packages_are_named_with_the_command_that_installs_them(model_path, name, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    packages = re.escape(install_command("python", name).removeprefix("python"))
    with pytest.raises(BadInput, match=rf"format {name} needs packages .*{packages}"):
        export(model_path, format=name)


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if not row.int8])
def test_formats_without_8_bit_integers_are_refused_by_those_with(model_path, name):
    able = ", ".join(name for name, row in FORMATS.items() if row.int8)
    with pytest.raises(BadInput, match=f"format {name} cannot be quantised to int8. These can: {able}"):
        export(model_path, format=name, quantize="int8")


def test_another_quantisation_is_refused(model_path):
    with pytest.raises(BadInput, match="quantize must be int8, not 'int4'"):
        export(model_path, format="litert", quantize="int4")


@pytest.fixture
def model_path(tmp_path):
    return save(tmp_path, keras.layers.Dense(3, name="logits"))


def save(directory, *ending):
    """Saves a model that was not made by `build_model`."""
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), *ending])
    model.save(directory / "foreign.keras")
    return directory / "foreign.keras"


@pytest.mark.parametrize("name", ["thesis.tex", "saved_model.pb", "model_card.json"])
def test_a_directory_of_something_else_is_refused_and_left_alone(model_path, tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("precious")
    with pytest.raises(BadInput, match=r"holds other things, .*give a new or empty directory"):
        export(model_path, out=out)
    assert (out / name).read_text() == "precious"


def test_an_export_in_another_format_is_refused_and_left_alone(model_path, tmp_path):
    export(model_path, format="keras", out="out")
    with pytest.raises(BadInput, match="or an earlier export in the format saved_model"):
        export(model_path, format="saved_model", out="out")
    assert (tmp_path / "out" / "model.keras").is_file()


def test_a_file_is_refused_and_left_alone(model_path, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(BadInput, match="holds other things"):
        export(model_path, out=tmp_path / "thesis.tex")
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_an_earlier_export_with_a_persons_file_in_it_is_refused(model_path, tmp_path):
    export(model_path, format="keras", out=tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("precious")
    with pytest.raises(BadInput, match="holds other things"):
        export(model_path, format="keras", out=tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").read_text() == "precious"


def test_an_earlier_export_is_replaced_and_its_neighbours_are_left_alone(model_path, tmp_path):
    for neighbour in (".out.tmp", ".out.old"):
        (tmp_path / neighbour).mkdir()
        (tmp_path / neighbour / "notes.txt").write_text("precious")
    before = {*tmp_path.rglob("*")}
    for _ in range(2):
        export(model_path, format="keras", out=tmp_path / "out")
    assert {path for path in tmp_path.rglob("*") if tmp_path / "out" not in (path, *path.parents)} == before


@pytest.mark.slow
def test_the_present_directory_is_a_target_if_it_is_empty(model_path, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert export(model_path, out=".")["exports"][0]["path"] == str(tmp_path / "here")
    assert Path("saved_model.pb").is_file()
    assert {path.name for path in Path().iterdir()} == {JSON, TEXT, *FORMATS["saved_model"].files}


def test_the_help_names_the_formats(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "saved_model, onnx, litert, openvino, keras" in " ".join(capsys.readouterr().out.split())


def test_files_beside_each_other_do_not_replace_each_others_exports(model_path):
    other = shutil.copy(model_path, model_path.with_name("other.keras"))
    paths = [export(source, format="keras")["exports"][0]["path"] for source in (model_path, other)]
    assert all((Path(path) / "model.keras").is_file() for path in paths)
    assert len(set(paths)) == 2


def test_a_target_that_cannot_be_made_is_named(model_path):
    with pytest.raises(KerasVisionError, match=r"foreign\.keras is not a folder that can be written"):
        export(model_path, out=model_path / "out")


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_named_and_the_earlier_export_stays(model_path, tmp_path, name):
    for module in FORMATS[name].packages:
        pytest.importorskip(module)
    (tmp_path / "out").mkdir()
    for file in ("model_card.json", FORMATS[name].files[0]):  # by which an earlier export is known
        (tmp_path / "out" / file).write_text("{}")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # files end after 100 bytes
    try:
        with pytest.raises(KerasVisionError, match="out could not be written"):
            export(model_path, format=name, out=tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before
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
    with pytest.raises(BadInput, match=r"ends in a (softmax|sigmoid) .*Give one that ends in logits"):
        export(save(tmp_path, *ending))
    assert [path.name for path in tmp_path.iterdir()] == ["foreign.keras"]


def test_a_model_with_two_outputs_is_refused(tmp_path):
    pixels = keras.Input((4,))
    outputs = [keras.layers.Dense(3)(pixels), keras.layers.Dense(1)(pixels)]
    keras.Model(pixels, outputs).save(tmp_path / "foreign.keras")
    with pytest.raises(BadInput, match=r"1 inputs and 2 outputs\. Give one with one of each"):
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
        export_command.replace_directory(tmp_path / "missing", tmp_path / "out", aside=tmp_path / "aside")
    assert (tmp_path / "out" / "saved_model.pb").read_text() == "earlier"


class Heard(PlainProgress):
    """Progress that remembers what was said."""

    def __init__(self):
        self.lines = []

    def say(self, text=""):
        self.lines.append(text)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of a network that has learned to tell made-up images apart, and the name of its data set."""
    folder = tmp_path_factory.mktemp("trained")
    training, test = make_split(240, shape=(8, 8, 3), seed=1), make_split(60, shape=(8, 8, 3), seed=2)
    arrays = {"x_train": training.images, "y_train": training.labels, "x_test": test.images, "y_test": test.labels}
    np.savez(folder / "made_up.npz", **arrays)
    small = {"settings": {"filters": (8, 16)}, "epochs": 6, "batch_size": 32, "flip": "none", "shift": 0}
    train("cnn", dataset=f"npz:{folder}/made_up.npz", workdir=folder / "run", precision="mixed_bfloat16", **small)
    return folder / "run"


@pytest.fixture(scope="module")
def exported(trained):
    """What the export of that run says; to be looked at only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras_vision.commands.export_check.latency", lambda run, pixels, batch: 1.0)
        return export(trained, out=trained.parent / "exported")["exports"][0]


@pytest.mark.slow
def test_artifacts_are_compared_on_the_validation_images_of_the_runs_own_data(trained, exported):
    assert exported["source"] == f"validation images of npz:{trained.parent}/made_up.npz"
    assert exported["images"] == exported["accuracy"]["n"] == 24
    assert exported["accuracy"] == exported["float32_accuracy"]
    assert exported["agreement"] == 1


def test_the_test_split_stays_closed(trained, monkeypatch):
    from keras_vision.data.arrays.npz import Archive

    read = Archive.read
    opened = []
    monkeypatch.setattr(Archive, "read", lambda archive, key: opened.append(key) or read(archive, key))
    export(trained, format="keras", out="out")
    assert "x_train" in opened and "x_test" not in opened


def test_the_card_says_what_the_model_is_and_how_well_it_does(trained, exported):
    card = json.loads(Path(exported["path"], "model_card.json").read_text())
    test = json.loads((trained / "result.json").read_text())["test"]
    model = load_model(trained)
    assert card["test"] == {name: test[name] for name in ("accuracy", "n", "interval", "views")}
    assert card["class_names"] == ["0", "1", "2"]
    assert card["trainable_parameters"] == sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert card["parameters"] == size_of(model).parameters
    assert card["macs"] > 0
    assert card["check"]["latency_ms"] == exported["latency_ms"]
    assert {"tensorflow", "keras", "keras-vision"} <= card["versions"].keys()
    text = Path(exported["path"], "README.md").read_text()
    low, high = test["interval"]
    assert f"- test accuracy: {test['accuracy']:.4f} on 60 images (95% interval {low:.4f} to {high:.4f})" in text
    assert "| same top class | 100.00% |" in text
    assert "in this order: 0, 1, 2" in text
    assert "## Licence" in text


def test_the_model_of_a_fold_is_compared_on_its_fold_alone(trained, tmp_path):
    run = Run(shutil.copytree(trained, tmp_path / "copy"))
    card = read_card(run.path) | {"fold": [2, 3]}
    replace_card(run.model_path, card)
    (result,) = export(run.path, format="keras")["exports"]
    fold = cross_fold(DataSource.from_record(card["data_source"]).open(), 2, 3, seed=0).validation
    right = (load_model(run.path, float32=True).predict(fold.images, verbose=0).argmax(axis=1) == fold.labels).mean()
    assert result["accuracy"]["n"] == len(fold) == 80
    assert result["accuracy"]["accuracy"] == pytest.approx(right)


def test_the_model_of_a_fold_is_compared_on_the_validation_images_of_other_data(trained, tmp_path):
    run = Run(shutil.copytree(trained, tmp_path / "copy"))
    replace_card(run.model_path, read_card(run.path) | {"fold": [2, 3]})
    new = make_split(60, shape=(8, 8, 3), seed=5)
    np.savez("new.npz", x_train=new.images, y_train=new.labels)
    (result,) = export(run.path, format="keras", dataset="npz:new.npz", out="out")["exports"]
    assert result["images"] == len(DataSource("npz:new.npz").open().validation)


def test_a_test_accuracy_over_several_views_is_said_to_be_that(trained, tmp_path):
    run = Run(shutil.copytree(trained, tmp_path / "copy"))
    write_json(run.result_path, run.result | {"test": run.result["test"] | {"views": 6}})
    export(run.path, format="keras", out="out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "averaged over 6 views of each; the artifact looks at one" in text


def test_data_that_is_gone_leaves_random_pixels_and_that_is_said(trained, tmp_path):
    alone = tmp_path / "alone.keras"
    save_model(load_model(trained), alone, {"data_source": {"spec": "npz:gone.npz", "seed": 0}})
    heard = Heard()
    (result,) = export(alone, format="keras", progress=heard)["exports"]
    assert result["source"] == "images of random pixels"
    assert "accuracy" not in result
    assert any("Random pixels serve for the comparison" in line and "gone.npz" in line for line in heard.lines)


def test_data_that_was_asked_for_and_is_not_there_is_an_error(trained):
    with pytest.raises(BadInput, match=r"gone\.npz"):
        export(trained, dataset="npz:gone.npz", out="out")


@pytest.mark.slow
def test_a_data_set_that_would_have_to_be_downloaded_is_not(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    alone = tmp_path / "alone.keras"
    save_model(load_model(trained), alone, {"data_source": {"spec": "cifar10", "data_dir": None, "seed": 0}})
    heard = Heard()
    export(alone, format="keras", progress=heard)
    assert any("cifar10, is not on this machine" in line for line in heard.lines)


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if row.int8])
class TestInt8:
    @pytest.fixture(autouse=True)
    def _packages(self, name):
        for module in FORMATS[name].packages:
            pytest.importorskip(module)

    @pytest.mark.slow
    def test_it_keeps_the_accuracy_and_stands_beside_the_float32_export(self, name, trained, tmp_path):
        (whole,) = export(trained, format=name, out=tmp_path / "whole")["exports"]
        (result,) = export(trained, format=name, quantize="int8", out=tmp_path / "int8")["exports"]
        assert result["float32_accuracy"]["accuracy"] - result["accuracy"]["accuracy"] <= INT8_LOSS
        assert result["difference"] > 10 * whole["difference"]  # it does compute in 8 bits
        card = json.loads((tmp_path / "int8" / "model_card.json").read_text())
        assert (card["precision"], card["check"]["accuracy"]["n"]) == ("int8", 24)
        text = (tmp_path / "int8" / "README.md").read_text()
        assert "of the model before it was quantised to int8" in text

    def test_one_that_loses_too_much_is_not_kept(self, name, trained, tmp_path, monkeypatch):
        monkeypatch.setattr("keras_vision.commands.export_check.INT8_LOSS", -1.0)
        with pytest.raises(KerasVisionError, match=f"{name} in int8 is right on .* was not kept"):
            export(trained, format=name, quantize="int8", out=tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_it_needs_images_to_calibrate_on(self, name, model_path):
        with pytest.raises(BadInput, match="quantize=int8 needs training images"):
            export(model_path, format=name, quantize="int8")


def test_a_run_that_is_not_finished_has_no_test_accuracy_on_its_card(run_directory, tmp_path):
    write_json(run_directory / "config.json", {})
    export(run_directory, format="keras", out="out")
    card = json.loads((tmp_path / "out" / "model_card.json").read_text())
    assert set(card["test"].values()) == {None}
    assert "- test accuracy: not measured" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "keras"])
def test_every_export_answers_as_the_calibrated_model_in_its_own_runtime(run_directory, name, tmp_path):
    for module in FORMATS[name].packages:
        pytest.importorskip(module)
    model = load_model(run_directory, float32=True)
    pixels = np.random.default_rng(3).integers(0, 256, (64, 8, 8, 3), "uint8").astype("float32")
    logits = model.predict_on_batch(pixels).astype("float64")
    rows = [{"threshold": 0.0, "answered": 9, "right": 9, "shown": 0.5}]
    card = read_card(run_directory) | {"calibration": {"temperature": 0.05, "images": 9, "answered": rows}}
    replace_card(Run(run_directory).model_path, card)
    (result,) = export(run_directory, format=name)["exports"]
    ((_, serve),) = [*formats.format_module(name).load(Path(result["path"])).items()][:1]
    served = serve(pixels)
    np.testing.assert_allclose(served, keras.ops.softmax(logits / 0.05), atol=1e-4)
    assert np.abs(served - keras.ops.softmax(logits)).max() > 0.01  # else nothing was tested
    assert (served.argmax(axis=1) == logits.argmax(axis=1)).all()
    written = json.loads(Path(result["path"], JSON).read_text())
    assert written["calibration"]["temperature"] == 0.05
    assert "temperature 0.05, on 9 validation images" in Path(result["path"], TEXT).read_text()


@pytest.mark.slow
def test_an_exported_keras_file_of_a_calibrated_model_is_calibrated_once(run_directory, tmp_path):
    rows = [{"threshold": 0.0, "answered": 9, "right": 9, "shown": 0.5}]
    card = read_card(run_directory) | {"calibration": {"temperature": 0.05, "images": 9, "answered": rows}}
    replace_card(Run(run_directory).model_path, card)
    (result,) = export(run_directory, format="keras")["exports"]
    noise = np.random.default_rng(2).integers(0, 256, (8, 8, 3), "uint8")
    keras.utils.save_img(tmp_path / "noise.png", noise, scale=False)
    sources = (f"{result['path']}/model.keras", run_directory)
    ((exported,), (own,)) = (predict(one, [tmp_path / "noise.png"], top=4, at_least=0.3) for one in sources)
    assert [one["class"] for one in exported["predictions"]] == [one["class"] for one in own["predictions"]]
    assert exported["confidence"] == pytest.approx(own["confidence"], abs=2e-6)
