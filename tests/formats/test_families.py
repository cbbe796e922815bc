"""Every family in every format: written, opened in its own runtime, and compared with the model."""

import functools

import keras
import numpy as np
import pytest

from keras_vision.commands.export_check import check, random_images
from keras_vision.formats import FORMATS, format_module
from keras_vision.formats.network import with_probabilities
from keras_vision.models import MODELS
from keras_vision.models.blocks import classify, take_pixels
from keras_vision.models.normalization import set_statistics
from keras_vision.runs import load_model, save_model
from tests.models.small import pixels, small_model

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _without_latencies(monkeypatch):
    """Leaves out what takes longer than an export of a small network, and says nothing of it."""
    monkeypatch.setattr("keras_vision.commands.export_check.latency", lambda run, pixels, batch: 1.0)


def import_packages(name):
    for module in FORMATS[name].packages:
        pytest.importorskip(module)


def gelus():
    """A network with GELU wherever it can stand."""
    pixels, x = take_pixels((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, activation="gelu")(x)
    x = keras.layers.SimpleRNN(4, activation="gelu")(keras.layers.Reshape((6, 24))(x))
    return keras.Model(pixels, classify(keras.layers.Activation("gelu")(x), 5))


# Dropout must be out, and of many weights none be missed.
SETTINGS = {"vgg": {"whitening": True, "early_pooling": True, "dropout_rate": 0.9}, "convmixer": {"depth": 4}}
SEPARABLE = {"convolution": "separable", "activation": "prelu"}
# test id -> function that builds it
NETWORKS = {family: functools.partial(small_model, family, **SETTINGS.get(family, {})) for family in MODELS} | {
    "lstm, both directions": functools.partial(small_model, "lstm", bidirectional=True),
    "vgg, separable": functools.partial(small_model, "vgg", **SETTINGS["vgg"], **SEPARABLE),
    "cnn, separable": functools.partial(small_model, "cnn", residual=True, convs_per_stage=2, **SEPARABLE),
    "gelus": gelus,
}


def classifier_of(build, path):
    """Builds a network in mixed precision, saves it, and loads it as a classifier in float32."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = build()
    set_statistics(model, (100.0, 110.0, 120.0), (50.0, 60.0, 70.0))
    model(pixels(), training=True)  # moves the statistics of batch normalisation
    save_model(model, path, {})
    keras.config.set_dtype_policy("float32")
    return with_probabilities(load_model(path, float32=True))


@pytest.fixture(scope="module", params=NETWORKS.values(), ids=NETWORKS)
def network(request, tmp_path_factory):
    """A classifier, images, and its probabilities for them."""
    classifier = classifier_of(request.param, tmp_path_factory.mktemp("network") / "model.keras")
    images = random_images((8, 8, 3))
    return classifier, images, classifier.predict(images.pixels, verbose=0)


@pytest.mark.parametrize("name", FORMATS)
def test_a_model_of_mixed_precision_computes_the_same_and_is_left_as_it_was(name, network, tmp_path):
    import_packages(name)
    classifier, images, expected = network
    before = classifier.get_config()
    format_module(name).write(classifier, tmp_path, origin={})
    assert classifier.get_config() == before
    assert check(name, tmp_path, images, expected)["difference"] <= FORMATS[name].bound
    assert {path.name for path in tmp_path.iterdir()} <= {*FORMATS[name].files}


@pytest.mark.parametrize(("family", "settings"), [("lstm", {"units": 32}), ("cnn", {"filters": (16, 16)})])
def test_litert_quantises_weights_and_all_but_the_states_of_recurrent_layers(family, settings, tmp_path):
    import_packages("litert")
    from ai_edge_litert.interpreter import Interpreter

    from keras_vision.formats import litert

    classifier = classifier_of(functools.partial(small_model, family, **settings), tmp_path / "model.keras")
    litert.write(classifier, tmp_path, origin={}, calibration=random_images((8, 8, 3)).pixels[:16])
    tensors = Interpreter(str(tmp_path / litert.FILE)).get_tensor_details()
    quantised = [int(np.prod(one["shape"])) for one in tensors if one["dtype"] == np.int8]
    assert max(quantised) >= 16 * 16 * 9
    assert (min(quantised) < 1024) == (family == "cnn")  # states are small, and so are weights that stay in float32
