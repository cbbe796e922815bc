"""Run directories and data under names that some library takes for a pattern, an option or a format."""

import importlib.util

import numpy as np
import pytest

from keras_vision.describe import describe
from keras_vision.evaluate import evaluate
from keras_vision.export import export
from keras_vision.predict import predict
from keras_vision.train import train

pytestmark = pytest.mark.slow

NAMES = {
    "marks": r"""a [1]*?{b}(c)! Müll 長い 'x' "y" `z` %s 100% $HOME ~ #1 @3 a,b a:b; C:\Users\[x]""",
    "blanks, dots and an option": "--workdir/ lead ...",
    "long": "/".join(("n" * 100, "n" * 100, "m" * 250)),
}
SMALL = {"settings": {"filters": (4,)}, "epochs": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Arrays that lie in a folder with an odd name themselves."""
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
    return f"npz:{folder}/[data]*.npz"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_command_works_under_odd_names(name, data, tmp_path):
    run = tmp_path / name
    first = train("cnn", dataset=data, workdir=run, **SMALL)
    assert train("cnn", dataset=data, workdir=run, **SMALL)["val_accuracy"] == first["val_accuracy"]
    assert (run / "figures" / "confusion_matrix.png").exists()
    result = evaluate(run)
    assert result["n"] == 16
    assert all(str(run) in path for path in result["figures"])
    assert describe(source=run)["totals"]["parameters"] == first["parameters"]
    (found,) = export(run, format="saved_model")["exports"]
    assert found["agreement"] == 1
    assert (run / "export" / "saved_model" / "variables" / "variables.index").exists()
    (found,) = export(run, format="keras", out=run / "again [1]*")["exports"]
    assert found["agreement"] == 1
    (answer,) = predict(run, sorted((run / "figures").glob("*.png"))[:1])
    assert answer["predictions"]


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A run whose directory has an odd name."""
    run = tmp_path_factory.mktemp("runs") / "run [0]"
    train("cnn", dataset=data, workdir=run, **SMALL)
    return run


@pytest.mark.parametrize(
    ("format", "needs"),
    [("onnx", "tf2onnx"), ("litert", "ai_edge_litert"), ("openvino", "openvino"), ("keras", "keras")],
)
def test_every_format_is_written_under_odd_names(format, needs, trained, tmp_path):
    if importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    out = tmp_path / f"{NAMES['marks']} 100%."
    assert export(trained, format=format, out=out)["exports"][0]["agreement"] == 1
