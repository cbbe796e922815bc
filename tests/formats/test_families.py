"""Every family in every format: written, opened in its own runtime, and compared with the model."""

import keras
import numpy as np
import pytest

from keras_vision.formats import FORMATS, format_module
from keras_vision.formats.check import check, random_images
from keras_vision.formats.network import with_probabilities
from keras_vision.models import MODELS
from keras_vision.models.normalization import set_statistics
from keras_vision.runs import load_model, save_model
from tests.models.small import pixels, small_model


@pytest.fixture(autouse=True)
def _without_latencies(monkeypatch):
    """Leaves out what takes longer than an export of a small network, and says nothing of it."""
    monkeypatch.setattr("keras_vision.formats.check.latency", lambda run, pixels, batch: 1.0)


def import_packages(name):
    for module in FORMATS[name].packages:
        pytest.importorskip(module)


def saved_model(family, path, **settings):
    """Builds a small model in mixed precision, whose statistics are not those it starts with, and saves it."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = small_model(family, **settings)
    set_statistics(model, (100.0, 110.0, 120.0), (50.0, 60.0, 70.0))
    model(pixels(), training=True)  # moves the statistics of batch normalisation
    save_model(model, path, {})
    keras.config.set_dtype_policy("float32")
    return path


# test id -> (family, settings)
NETWORKS = {family: (family, {}) for family in MODELS} | {
    "whitened vgg": ("vgg", {"whitening": True, "early_pooling": True})
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("family", "settings"), NETWORKS.values(), ids=NETWORKS)
def test_a_model_trained_in_mixed_precision_computes_the_same(name, family, settings, tmp_path):
    import_packages(name)
    classifier = with_probabilities(load_model(saved_model(family, tmp_path / "model.keras", **settings), float32=True))
    images = random_images((8, 8, 3))
    expected = classifier.predict(images.pixels, verbose=0)
    (tmp_path / "artifact").mkdir()
    format_module(name).write(classifier, tmp_path / "artifact", origin={})
    found = check(name, tmp_path / "artifact", images, expected)
    assert found["difference"] <= FORMATS[name].bound
    assert {path.name for path in (tmp_path / "artifact").iterdir()} <= {*FORMATS[name].files}


@pytest.mark.parametrize("name", FORMATS)
def test_both_directions_of_stacked_recurrent_layers_are_written(name, tmp_path):
    import_packages(name)
    path = saved_model("lstm", tmp_path / "model.keras", bidirectional=True)
    classifier = with_probabilities(load_model(path, float32=True))
    images = random_images((8, 8, 3))
    expected = classifier.predict(images.pixels, verbose=0)
    (tmp_path / "artifact").mkdir()
    format_module(name).write(classifier, tmp_path / "artifact", origin={})
    assert check(name, tmp_path / "artifact", images, expected)["difference"] <= FORMATS[name].bound
    np.testing.assert_array_equal(classifier.predict(images.pixels, verbose=0), expected)  # it is left as it was


@pytest.mark.parametrize("name", FORMATS)
def test_a_gelu_of_keras_is_written_wherever_it_stands(name, tmp_path):
    import_packages(name)
    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255)(pixels)
    x = keras.layers.Conv2D(4, 3, activation="gelu")(x)
    x = keras.layers.SimpleRNN(4, activation="gelu")(keras.layers.Reshape((6, 24))(x))
    model = keras.Model(pixels, keras.layers.Dense(5)(keras.layers.Activation("gelu")(x)))
    classifier = with_probabilities(model)
    images = random_images((8, 8, 3))
    expected = classifier.predict(images.pixels, verbose=0)
    (tmp_path / "artifact").mkdir()
    format_module(name).write(classifier, tmp_path / "artifact", origin={})
    assert check(name, tmp_path / "artifact", images, expected)["difference"] <= FORMATS[name].bound
    assert classifier.layers[2].activation is keras.activations.gelu


@pytest.mark.parametrize(("family", "settings"), [("lstm", {"units": 32}), ("cnn", {"filters": (16, 16)})])
def test_litert_quantises_weights_and_all_but_the_states_of_recurrent_layers(family, settings, tmp_path):
    import_packages("litert")
    from ai_edge_litert.interpreter import Interpreter

    from keras_vision.formats import litert

    classifier = with_probabilities(load_model(saved_model(family, tmp_path / "model.keras", **settings), float32=True))
    litert.write(classifier, tmp_path, origin={}, calibration=random_images((8, 8, 3)).pixels[:16])
    tensors = Interpreter(str(tmp_path / litert.FILE)).get_tensor_details()
    quantised = [int(np.prod(one["shape"])) for one in tensors if one["dtype"] == np.int8]
    assert max(quantised) >= 16 * 16 * 9
    assert (min(quantised) < 1024) == (family == "cnn")  # states are small, and so are weights that stay in float32


@pytest.mark.parametrize("name", FORMATS)
def test_dropout_is_out(name, tmp_path):
    import_packages(name)
    path = saved_model("vgg", tmp_path / "model.keras", dropout_rate=0.9)
    classifier = with_probabilities(load_model(path, float32=True))
    (tmp_path / "artifact").mkdir()
    format_module(name).write(classifier, tmp_path / "artifact", origin={})
    run = next(iter(format_module(name).load(tmp_path / "artifact").values()))
    np.testing.assert_array_equal(run(pixels()), run(pixels()))


@pytest.mark.parametrize("name", FORMATS)
def test_a_network_of_many_weights_is_written_whole(name, tmp_path):
    import_packages(name)
    path = saved_model("convmixer", tmp_path / "model.keras", depth=4)
    classifier = with_probabilities(load_model(path, float32=True))
    (tmp_path / "artifact").mkdir()
    format_module(name).write(classifier, tmp_path / "artifact", origin={})
    images = random_images((8, 8, 3))
    found = check(name, tmp_path / "artifact", images, classifier.predict(images.pixels, verbose=0))
    assert found["difference"] <= FORMATS[name].bound
