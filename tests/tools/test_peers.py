"""The peers are what they claim to be: the same networks, from stock Keras, plain Keras Tuner and PyTorch."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import peers_keras
import peers_keras_tuner
import peers_recipes
import pytest

from keras_vision.analysis.counts import count_unbuilt
from keras_vision.models import MODELS, build_model
from keras_vision.models.normalization import set_statistics
from tests.models.small import small_model
from tuner_configs.vgg import model_space

ROOT = Path(__file__).parents[2]


def is_stock(thing):
    return type(thing).__module__.startswith("keras.")


@pytest.mark.parametrize("name", MODELS)
def test_stock_twin_is_the_same_graph_for_the_same_pixels(name):
    model = small_model(name)
    set_statistics(model, mean=[120.0] * 3, std=[60.0] * 3)
    twin = peers_keras.stock_twin(model)
    assert twin.get_config() == model.get_config()
    np.testing.assert_array_equal(*(one.get_layer("normalization").get_weights() for one in (twin, model)))


def test_twin_of_a_vgg_does_not_start_as_the_identity():
    model = small_model("vgg", filters=(8, 8), blocks=(1, 1))
    kernels = [network.get_layer("block2_conv1").get_weights()[0] for network in (model, peers_keras.stock_twin(model))]
    assert [np.count_nonzero(kernel) for kernel in kernels] == [8, 9 * 8 * 8]


def test_l2_is_put_on_kernels():
    twin = peers_keras.stock_twin(small_model("mlp"), l2=0.5)
    kernel = twin.get_layer("logits").kernel
    penalty = 0.5 * sum(float(keras.ops.sum(v**2)) for v in twin.trainable_weights if v.name == "kernel")
    assert kernel.regularizer is not None
    assert sum(map(float, twin.losses)) == pytest.approx(penalty, rel=1e-5)


@pytest.mark.parametrize("name", peers_recipes.RECIPES)
def test_recipe_of_others_builds(name):
    recipe = peers_recipes.RECIPES[name]
    assert count_unbuilt(lambda: build_model(recipe.model, (32, 32, 3), 10, **recipe.settings)).parameters > 10_000


@pytest.mark.parametrize("values", [{}, {"stages": 2, "width": 16, "convs_per_stage": 2, "kernel_size": 5}])
def test_plain_vgg_is_the_network_of_our_space(values):
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    settings = model_space(hp)
    ours = build_model("vgg", (28, 28, 1), 10, **settings)
    theirs = peers_keras_tuner.plain_vgg((28, 28, 1), 10, **settings)
    assert all(map(is_stock, theirs.layers))
    shapes = [[v.shape for v in model.trainable_weights] for model in (ours, theirs)]
    assert shapes[0] == shapes[1]


TORCH = """
import sys
import numpy as np, torch
sys.path.insert(0, "tools")
import peers_torch
from keras_vision.models import build_model
from keras_vision.models.normalization import set_statistics

def converted(kernel):
    # Keras keeps (rows, columns, in, out), PyTorch (out, in, rows, columns); depthwise ones are (rows, columns, out, 1)
    if kernel.ndim == 4:
        is_depthwise = kernel.shape[3] == 1 and kernel.shape[2] > 1
        return kernel.transpose(2, 3, 0, 1) if is_depthwise else kernel.transpose(3, 2, 0, 1)
    return kernel.T if kernel.ndim == 2 else kernel

SMALL = {
    "mlp": {"hidden_units": (12, 8)},
    "cnn": {"filters": (4, 6)},
    "vgg": {"filters": (4, 6), "blocks": (1, 2)},
    "resnet18": {"width": 4, "blocks": (2,)},
    "mlp_mixer": {"patch_size": 2, "hidden_dim": 8, "num_blocks": 2, "tokens_mlp_dim": 6, "channels_mlp_dim": 12},
    "convmixer": {"patch_size": 2, "hidden_dim": 8, "depth": 2},
    "lstm": {"units": 6},
}
pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype("uint8")
for name, builder in peers_torch.FAMILIES.items():
    full = sum(np.prod(v.shape) for v in build_model(name, (32, 32, 3), 10).trainable_weights)
    peer = builder((32, 32, 3), 10, mean=0.0, deviation=1.0)
    assert sum(p.numel() for p in peer.parameters() if p.requires_grad) == full, name

    model = build_model(name, (8, 8, 3), 5, **SMALL[name])
    set_statistics(model, mean=[100.0] * 3, std=[50.0] * 3)
    peer = builder((8, 8, 3), 5, mean=100.0, deviation=50.0, **SMALL[name]).eval()
    trained = [p for p in peer.parameters() if p.requires_grad]
    for parameter, weight in zip(trained, model.trainable_weights, strict=True):
        parameter.data.copy_(torch.tensor(converted(weight.numpy()).copy()))
    expected = model.predict(pixels, verbose=0)
    found = peer(torch.tensor(pixels).permute(0, 3, 1, 2)).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max(), err_msg=name)
print(*peers_torch.FAMILIES)
"""


@pytest.mark.slow
def test_families_in_pytorch_have_our_parameters_and_our_outputs():
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    done = subprocess.run(
        [sys.executable, "-c", TORCH], cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= set(MODELS)


def test_peers_stop_at_the_target_that_they_printed(capsys):
    report = peers_keras.Report(epochs=5, pflop=0.25, target_acc=0.9)
    report.set_model(small_model("mlp"))
    report.model.stop_training = False
    report.on_epoch_end(0, {"val_accuracy": np.float32(0.8)})
    assert not report.model.stop_training
    report.on_epoch_end(1, {"val_accuracy": float(np.float32(5400 / 6000))})
    assert report.model.stop_training
    assert capsys.readouterr().out.splitlines()[1].strip() == "epoch 2 of 5  validation 0.9000  PFLOP 0.5"
