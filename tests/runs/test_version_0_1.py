"""Model files of version 0.1, in `version_0_1/`, give what they gave there.

They were made at commit f959639, whose `keras_vision.models.layers` had the layers: after
`keras.utils.set_random_seed(0)`, for each family in this order, by `build_model(family, (8, 8, 3), 2,
**SETTINGS[family])`, `set_statistics(model, (100.0, 110.0, 120.0), (50.0, 60.0, 70.0))`, five calls `model(IMAGES,
training=True)`, `save_model`, and packed tighter by `zip -9`. `OUTPUTS` is what `model.predict(IMAGES)` gave.
"""

import io
import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from keras_vision.errors import BadInput
from keras_vision.runs import load_model, save_model
from keras_vision.runs.version_0_1 import GELU, MODULE, PACKAGE, in_stock_classes, stock_file

FILES = Path(__file__).with_name("version_0_1")
SETTINGS = {
    "vgg": {"filters": (3, 4), "blocks": (1, 1), "whitening": True},
    "mlp_mixer": {"hidden_dim": 4, "num_blocks": 1, "tokens_mlp_dim": 3, "channels_mlp_dim": 4},
    "convmixer": {"hidden_dim": 4, "depth": 1, "kernel_size": 3},
}
IMAGES = (np.arange(2 * 8 * 8 * 3) * 37 % 256).reshape(2, 8, 8, 3).astype("float32")
OUTPUTS = {
    "vgg": [[0.606797993183136, -0.6917486190795898], [0.15654820203781128, -0.5134128332138062]],
    "mlp_mixer": [[0.20400002598762512, -0.4383942186832428], [0.7414313554763794, 0.14734292030334473]],
    "convmixer": [[-0.07288411259651184, -0.09314513206481934], [0.04953813552856445, -0.16012269258499146]],
}


@pytest.mark.slow
@pytest.mark.parametrize("family", SETTINGS)
def test_an_old_file_gives_what_it_gave_and_is_of_stock_layers_when_saved_again(family, tmp_path):
    model = load_model(FILES / f"{family}.keras")
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), OUTPUTS[family], rtol=1e-5, atol=1e-6)
    save_model(model, tmp_path / "model.keras", {})
    with stock_file(tmp_path / "model.keras") as path:
        assert path == tmp_path / "model.keras"
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(loaded.predict(IMAGES, verbose=0), OUTPUTS[family], rtol=1e-5, atol=1e-6)


def in_bfloat16(path, copy):
    """Writes a copy of a model file whose layers but those of float32 by name compute in bfloat16."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as new:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "config.json":
                config = json.loads(content)
                for layer in config["config"]["layers"]:
                    if layer["name"] not in ("pixels", "normalization", "logits"):
                        layer["config"]["dtype"]["config"]["name"] = "mixed_bfloat16"
                content = json.dumps(config)
            new.writestr(name, content)
    return copy


@pytest.mark.parametrize("family", SETTINGS)
def test_an_old_file_of_mixed_precision_is_rebuilt_in_float32(family, tmp_path):
    path = in_bfloat16(FILES / f"{family}.keras", tmp_path / "mixed.keras")
    assert load_model(path).layers[2].compute_dtype == "bfloat16"
    outputs = load_model(path, float32=True).predict(IMAGES, verbose=0)
    np.testing.assert_allclose(outputs, OUTPUTS[family], rtol=1e-5, atol=1e-6)


def own(name, config=None):
    return {"module": MODULE, "class_name": name, "config": config or {}, "registered_name": PACKAGE + name}


def test_classes_are_put_into_stock_words_however_deep():
    part = {
        "layers": [own("Dense", {"kernel_initializer": own("Dirac"), "activation": GELU | {"shared_object_id": 1}})]
    }
    dense = in_stock_classes(part)["layers"][0]
    assert (dense["module"], dense["class_name"], dense["registered_name"]) == ("keras.layers", "Dense", None)
    assert dense["config"]["kernel_initializer"]["class_name"] == "HeNormal"
    assert dense["config"]["activation"] == "gelu"


@pytest.mark.parametrize(
    "part",
    [
        own("Dense") | {"registered_name": "elsewhere>Dense"},
        own("Dense") | {"module": "os"},
        own("Lambda"),
        GELU | {"config": "keras_vision>set_statistics"},
        {"class_name": ["Dense"], "module": {}, "registered_name": []},
    ],
    ids=str,
)
def test_what_version_0_1_did_not_write_is_left_as_it_is(part):
    assert in_stock_classes([part]) == [part]


def test_the_weights_of_inner_models_are_found(tmp_path):
    from keras_vision.runs.version_0_1 import _renamed

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name in ("layers/pixel_normalization", "layers/functional/layers/pixel_normalization_1"):
            file[f"{name}/vars/0"] = [1.0]
    with h5py.File(io.BytesIO(_renamed(buffer.getvalue()))) as file:
        assert [*file["layers"]] == ["functional", "normalization"]
        assert [*file["layers/functional/layers"]] == ["normalization_1"]
        assert file["layers/normalization/vars/0"][0] == 1.0


@pytest.mark.slow
def test_a_description_that_is_nested_too_deep_is_refused(tmp_path):
    deep = "[" * 100_000 + "]" * 100_000
    with zipfile.ZipFile(FILES / "vgg.keras") as archive, zipfile.ZipFile(tmp_path / "deep.keras", "w") as new:
        for name in archive.namelist():
            new.writestr(name, deep if name == "config.json" else archive.read(name))
    with pytest.raises(BadInput, match="is damaged or cannot be read"):
        load_model(tmp_path / "deep.keras")
