import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from keras_vision.commands.describe import _batch, parse_shape
from keras_vision.data import load_dataset
from keras_vision.data.source import DataSource
from keras_vision.describe import DescribeSettings, describe, main
from keras_vision.errors import BadInput
from keras_vision.models import MODELS, build_model
from keras_vision.reporting.progress import Progress
from keras_vision.runs import save_model
from keras_vision.runs.own_folders import MARK
from tests.models.small import small_model

INSTRUMENTS = {"receptive_field": True, "linearity": True, "gradients": True, "kernels": True, "impulse": "logits"}
SMALL_VGG = ["--model", "vgg", "--input-shape", "8x8x3", "--set", "filters=4,6", "--set", "blocks=1,2"]


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(tmp_path):
    """A run directory that holds nothing but a model."""
    directory = tmp_path / "run"
    save_model(small_model("mlp_mixer"), directory / "model.keras", {})
    return directory


def test_a_new_model_is_counted_layer_by_layer():
    result = describe("mlp_mixer")
    assert result["totals"]["trainable_parameters"] == 2_188_298
    assert result["totals"]["parameters"] == 2_188_298 + 2 * 3  # a mean and a deviation of each colour
    layer = {layer["name"]: layer for layer in result["layers"]}["patches_conv"]
    assert (layer["weights"], layer["biases"], layer["output_shape"]) == (4 * 4 * 3 * 256, 256, (8, 8, 256))
    assert (layer["receptive_field"]["text"], layer["receptive_field"]["jump"]) == ("4x4", (4, 4))


def test_settings_shape_and_classes_reach_the_builder():
    result = describe("mlp", input_shape=(8, 8, 1), num_classes=3, settings={"hidden_units": (5,)})
    assert result["totals"]["weights"] == 64 * 5 + 5 * 3


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_all_instruments_run_on_every_family(name, tmp_path):
    path = tmp_path / "small.keras"
    save_model(small_model(name), path, {})
    result = describe(source=path, check=True, out=tmp_path / "figures", **INSTRUMENTS)
    assert result["findings"] == []
    assert {"gradient_norms", "receptive_fields", "first_layer_kernels", "impulse_logits"} <= {
        file.stem for file in (tmp_path / "figures").glob("*.png")
    }
    json.dumps(dict(result), allow_nan=False)


@pytest.mark.slow
def test_figures_of_a_run_are_written_into_the_run(run):
    result = describe(source=run, kernels=True)
    assert {file.name for file in (run / "figures").iterdir()} == {
        MARK,
        "first_layer_kernels.png",
        "first_layer_kernels_colour.png",
        "token_mixing_units.png",
    }
    assert result["figures"] == [str(path) for path in sorted((run / "figures").glob("*.png"))]


def test_figures_of_a_new_model_are_written_beside_and_announced(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*SMALL_VGG, "--kernels"]) == 0
    assert "figure: figures/first_layer_kernels.png" in capsys.readouterr().out
    assert (tmp_path / "figures" / "first_layer_kernels.png").stat().st_size > 1000


def test_a_data_set_that_nothing_would_look_at_is_refused():
    with pytest.raises(BadInput, match="data_dir=somewhere is used only with --dataset"):
        describe("mlp", gradients=True, data_dir="somewhere")
    with pytest.raises(BadInput, match="dataset=digits is used only with --gradients or --features"):
        describe("mlp", dataset="digits")


def test_gradients_are_those_of_images_of_all_classes(tmp_path):
    x = np.zeros((300, 8, 8, 1), "uint8")
    y = np.repeat([0, 1, 2], 100)
    np.savez(tmp_path / "sorted.npz", x_train=x + y[:, None, None, None].astype("uint8"), y_train=y)
    network = build_model("mlp", (8, 8, 1), 3)
    asked = DescribeSettings("mlp", gradients=True, dataset=f"npz:{tmp_path / 'sorted.npz'}")
    _, labels = _batch(network, asked, None, Progress())
    assert set(labels) == {0, 1, 2}
    assert network.get_layer("normalization").moving_mean.numpy().max() < 3  # its images', and not the noise's


def test_gradients_can_be_measured_on_a_real_data_set(tmp_path):
    result = describe(
        "mlp",
        input_shape=(8, 8, 1),
        settings={"hidden_units": ()},
        gradients=True,
        dataset="digits",
        out=tmp_path / "figures",
    )
    assert result["gradients"]["images"] == "digits"
    assert [layer["name"] for layer in result["gradients"]["layers"]] == ["logits"]


def test_the_own_data_set_of_a_model_is_loaded_as_for_its_training(tmp_path):
    own = DataSource("digits", image_size=12, seed=3).record()
    data = load_dataset("digits", image_size=12, seed=3)
    save_model(build_model("mlp", data.shape, 10), tmp_path / "model.keras", {"data_source": own})
    result = describe(source=tmp_path / "model.keras", gradients=True, dataset="digits", out=tmp_path / "figures")
    assert result["gradients"]["images"] == "digits"


def test_a_data_set_that_does_not_fit_is_refused_with_both_sides_named(tmp_path):
    with pytest.raises(
        BadInput, match=r"digits has images of shape \(8, 8, 1\) in 10 classes, but .* takes \(8, 8, 3\)"
    ):
        describe("mlp", input_shape=(8, 8, 3), gradients=True, dataset="digits", out=tmp_path / "figures")


def test_the_table_says_what_each_layer_costs_and_sees(capsys):
    assert main(["--model", "resnet18"]) == 0
    out = capsys.readouterr().out
    (row,) = [line.split() for line in out.splitlines() if line.split()[:1] == ["stage2_block1_conv1"]]
    assert row == ["stage2_block1_conv1", "16x16x128", "73,728", "0", "18.9", "M", "37.7", "M", "131", "kB",
                   "13x13", "2", "-5"]  # fmt: skip
    # of each norm, 4,800 channels in all, a bias is left; the pixels' needs two numbers for each colour
    assert "parameters: 11,169,168 (11,173,962 trainable)" in out
    assert "in training: 11,169,152 weights, 4,810 biases and 9,606 statistics: 44.7 MB" in out
    assert "inference, per image: 555 M MACs" in out


def test_json_alone_is_on_standard_output(capsys):
    assert main([*SMALL_VGG, "--linearity", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["linearity"]["textbook"][0]["verdicts"]["every_shift"] is True


@pytest.mark.slow
def test_the_tables_of_all_instruments_are_printed(capsys, tmp_path):
    words = ["--linearity", "--gradients", "--receptive-field", "--impulse", "block1_conv1", "--check"]
    assert main([*SMALL_VGG, *words, "--out", str(tmp_path / "figures")]) == 0
    out = capsys.readouterr().out
    assert "keeping the top-right pixel of each 2x2" in out
    assert "Gradients on noise" in out
    assert "measured" in out
    assert "the 3x3x3x4 kernel read back differs from the stored one by" in out
    assert "wiring: 0 findings" in out


def test_a_finding_is_printed_with_its_layers_and_exits_with_1(capsys):
    assert (
        main([*SMALL_VGG[:4], "--model", "cnn", "--set", "activation=linear", "--set", "pooling=none", "--check"]) == 1
    )
    out = capsys.readouterr().out
    assert "linear pair: block1_conv1, block2_conv1: nothing non-linear lies between" in out


BAD = {
    "neither": ([], "Give either --model NAME, or a run directory"),
    "both": (["runs/x", "--model", "vgg"], "either --model NAME, or a run directory"),
    "unknown model": (["--model", "vggg"], "Did you mean 'vgg'?"),
    "unknown setting": (["--model", "vgg", "--set", "filter=3"], "Did you mean 'filters'?"),
    "unknown layer": ([*SMALL_VGG, "--impulse", "block1_conv"], "Did you mean 'block1_conv1'?"),
    "shape": (
        ["--model", "vgg", "--input-shape", "32"],
        "input_shape must be HEIGHTxWIDTHxCHANNELS, such as 32x32x3, not '32'",
    ),
    "no such file": (["nothing.keras"], "a run directory or a local .keras file"),
    "shape of a saved model": (["nothing.keras", "--input-shape", "8x8x3"], "works only with --model NAME"),
    "classes": (["--model", "vgg", "--num-classes", "0"], "num_classes must be a whole number of at least 2, not 0"),
    "seed": (["--model", "vgg", "--seed", "-1"], "seed must be a whole number from 0 to 2147483647, not -1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_with_2_and_says_how_to_mend_it(name, capsys):
    words, message = BAD[name]
    assert main(words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("given", ["28x28x1", "28X28x1", [28, 28, 1]])
def test_shapes_are_read(given):
    assert parse_shape(given) == (28, 28, 1)


def test_a_foreign_model_without_images_is_counted_without_fields(tmp_path):
    path = tmp_path / "vectors.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(path)
    result = describe(source=path)
    assert result["totals"]["parameters"] == 10
    assert result["layers"][-1]["receptive_field"] is None


@pytest.fixture
def digits_run(tmp_path):
    """A run of an untrained network on scikit-learn's digits."""
    model = small_model("cnn", (8, 8, 1), 10)
    card = {"class_names": [*"0123456789"], "data_source": DataSource("digits").record()}
    save_model(model, tmp_path / "run" / "model.keras", card)
    return tmp_path / "run"


@pytest.mark.slow
def test_features_are_drawn_judged_on_validation_images_and_written_for_the_projector(digits_run, tmp_path, capsys):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20), "uint8")).save(tmp_path / "one.png")
    assert main([str(digits_run), "--features", str(tmp_path / "one.png")]) == 0
    out = capsys.readouterr().out
    assert "Units on 160 validation images of digits" in out
    assert "in TensorBoard's projector: " in out
    assert (digits_run / "figures" / "features.png").stat().st_size > 1000
    folder = digits_run / "tensorboard"
    assert (folder / "projector_config.pbtxt").exists()
    lines = (folder / "projector" / "metadata.tsv").read_text().splitlines()
    assert lines[0] == "image\tclass\tanswer"
    assert len(lines) == 161


@pytest.mark.slow
def test_units_are_judged_on_a_folder_where_the_model_names_no_data(run, tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), "uint8")
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    result = describe(source=run, features=str(tmp_path / "photos"), out=tmp_path / "out")
    assert result["features"]["images"] == "3 images that were given"
    assert (tmp_path / "out" / "features.png").exists()
    assert (tmp_path / "out" / "tensorboard" / "projector" / "thumbnails.png").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("digits_run")
@pytest.mark.parametrize(
    ("name", "folder"), [("run/model.keras", "run"), ("alone.keras", ".")], ids=["of a run", "of no run"]
)
def test_features_of_a_model_file_go_into_its_run_or_here(name, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run/config.json").write_text("{}")
    shutil.copy("run/model.keras", "alone.keras")
    Image.fromarray(np.zeros((8, 8), "uint8")).save("one.png")
    result = describe(source=name, features="one.png")
    events = Path(folder, "tensorboard" if folder == "run" else "figures/tensorboard")
    assert Path(result["projector"]).parent == events
    assert [Path(path).parent for path in result["figures"]] == [Path(folder, "figures")]


def test_an_image_that_cannot_be_read_is_refused_with_the_reason(run):
    with pytest.raises(BadInput, match=r"missing\.png cannot be used: no such file\. Give another image"):
        describe(source=run, features="missing.png")
