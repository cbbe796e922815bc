"""Run directories and data under names that some library takes for a pattern, an option or a format."""

import importlib.util
import shutil

import numpy as np
import pytest

from keras_vision.describe import describe
from keras_vision.evaluate import evaluate
from keras_vision.export import export
from keras_vision.predict import predict
from keras_vision.train import train

NAMES = {
    "brackets and stars": "a [1]*?{b}(c)!",
    "quotes and umlauts": "Müll 長い 'x' \"y\" `z`",
    "marks of formats": "%s 100% $HOME ~ #1 @3 a,b a:b;",
    "blanks and dots": " lead ...",
    "an option": "--workdir",
    "backslashes": r"C:\Users\me\[x]",
    "long": "/".join("n" * 100 for _ in range(3)),
    "longest": "m" * 250,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run, of arrays that lie in a folder with an odd name themselves."""
    folder = tmp_path_factory.mktemp("data [x]* ") / "%d é"
    folder.mkdir()
    rng = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 48), ("test", 16)):
        arrays[f"y_{split}"] = labels = np.arange(count) % 2
        arrays[f"x_{split}"] = (rng.integers(0, 90, (count, 8, 8, 1)) + 120 * labels[:, None, None, None]).astype(
            "uint8"
        )
    np.savez(folder / "[data]*.npz", **arrays)
    run = folder / "run [0]"
    train("cnn", dataset=f"npz:{folder}/[data]*.npz", settings={"filters": (4,)}, epochs=2, workdir=run)
    return run


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_command_works_under_odd_names(name, trained, tmp_path):
    run = tmp_path / name
    run.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(trained, run)
    result = evaluate(run)
    assert result["n"] == 16
    assert all(str(run) in path for path in result["figures"])
    assert describe(source=run)["totals"] == describe(source=trained)["totals"]
    (found,) = export(run, format="saved_model")["exports"]
    assert found["agreement"] == 1
    assert (run / "export" / "saved_model" / "variables" / "variables.index").exists()
    (found,) = export(run, out=run / "again [1]*")["exports"]
    assert found["agreement"] == 1
    (answer,) = predict(run, sorted((run / "figures").glob("*.png"))[:1])
    assert answer["predictions"]


@pytest.mark.parametrize(
    ("format", "needs"),
    [("onnx", "tf2onnx"), ("litert", "ai_edge_litert"), ("openvino", "openvino"), ("keras", "keras")],
)
def test_every_format_is_written_under_odd_names(format, needs, trained, tmp_path):
    if importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    out = tmp_path / f"{NAMES['brackets and stars']} {NAMES['quotes and umlauts']} 100%."
    assert export(trained, format=format, out=out)["exports"][0]["agreement"] == 1


@pytest.mark.parametrize("name", ["brackets and stars", "marks of formats", "blanks and dots", "longest"])
def test_a_training_goes_on_under_odd_names(name, trained, tmp_path):
    source = trained.parent / "[data]*.npz"
    options = {
        "dataset": f"npz:{source}",
        "settings": {"filters": (4,)},
        "epochs": 1,
        "workdir": tmp_path / NAMES[name],
    }
    first = train("cnn", **options)
    again = train("cnn", **options)
    assert again["val_accuracy"] == first["val_accuracy"]
    assert (tmp_path / NAMES[name] / "figures" / "confusion_matrix.png").exists()
